"""Panel and inferences → the tables of the CSV reports (columns fixed in ``signals.frames``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd
from scipy import special

from signals.errors import EventError
from signals.estimate import Estimation
from signals.frames import Floats, Ints, Labels, table
from signals.inference import STATISTICS, EventInference, Settings, headline_single
from signals.inference.single_event import least_squares
from signals.inference.tails import t_p
from signals.inference.variance_ratio import variance_ratio_f
from signals.models import diagnose
from signals.panel import AbnormalPanel, Window
from signals.reports.flags import joined

SINGLE_TESTS = ("rank_p", "conformal_p", "placebo_p")


class PricedSeries(Protocol):
    """A series that says which price column it was made from."""

    @property
    def price_field(self) -> str: ...


class SeriesOfPairs(Protocol):
    """Returns of pairs, daily or of bars: every series once, every pair an index."""

    @property
    def series(self) -> Sequence[PricedSeries]: ...

    @property
    def series_index(self) -> Ints: ...


def models_table(estimation: Estimation, returns: SeriesOfPairs) -> pd.DataFrame:
    """One row for each estimated pair: coefficients, fit and diagnostics."""
    panel = estimation.panel
    if panel is None:
        return table("models", [])
    rows: list[dict[str, Any]] = []
    for i, fit in enumerate(estimation.fits):
        used = panel.est_sessions[i][np.isfinite(panel.residuals[i])]
        row: dict[str, Any] = {
            "event_id": panel.event_id[i],
            "ticker": panel.ticker[i],
            "model": fit.model,
            "engine": fit.engine,
            "n_obs": fit.n_obs,
            "df_resid": fit.df_resid,
            "alpha": np.nan,
            "beta": np.nan,
            "sigma": fit.sigma,
            "r_squared": fit.r_squared,
            "price_field": returns.series[returns.series_index[estimation.index[i]]].price_field,
            "estimation_first": str(used[0]),
            "estimation_last": str(used[-1]),
            **coefficients(fit.names, fit.params),
            **(fit.diagnostics or diagnose(fit)),
        }
        rows.append(row)
    return table("models", rows)


def coefficients(names: Sequence[str], params: Floats) -> dict[str, float]:
    """``const`` → alpha, the market's slope → beta, any other → beta_<factor>."""
    named: dict[str, float] = {}
    for name, value in zip(names, params, strict=True):
        if name == "const":
            named["alpha"] = float(value)
        elif name in ("market", "mkt_rf", "peers"):
            named["beta"] = float(value)
        else:
            named[f"beta_{name}"] = float(value)
    return named


def abnormal_returns_table(panel: AbnormalPanel | None) -> pd.DataFrame:
    """One row for each pair and session of the event window that has a session label."""
    if panel is None:
        return table("abnormal_returns", [])
    n, w = panel.ar.shape
    std_error = np.sqrt(panel.ar_variance())
    std_error = np.where(np.isfinite(panel.ar), std_error, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        sar = np.where(std_error > 0, panel.ar / std_error, np.nan)
    return table(
        "abnormal_returns",
        {
            "event_id": np.repeat(panel.event_id, w),
            "ticker": np.repeat(panel.ticker, w),
            "tau": np.tile(panel.tau, n),
            "session": iso(panel.sessions.ravel()),
            "actual_return": panel.actual.ravel(),
            "expected_return": panel.expected.ravel(),
            "ar": panel.ar.ravel(),
            "std_error": std_error.ravel(),
            "sar": sar.ravel(),
        },
    )


def car_table(
    panel: AbnormalPanel | None,
    windows: Sequence[Window],
    settings: Settings,
    last_session: Mapping[str, np.datetime64],
    pair_flags: Sequence[tuple[str, ...]],
    returns_panel: AbnormalPanel | None = None,
) -> pd.DataFrame:
    """One row for each pair and window: CAR, its forecast error and single-event inference.

    ``last_session`` is the last closed session of each calendar, to tell a window that is still
    open from one with a missing return; ``pair_flags`` what is flagged of each pair. For a study
    of variances ``panel`` holds the excess squared abnormal returns and ``returns_panel`` the
    returns behind them: statistic, df and p-value are then those of the variance ratio F.
    """
    if panel is None:
        return table("car", [])
    parts = [_car_rows(panel, window, settings, last_session, pair_flags) for window in windows]
    if panel.returns == "variance" and returns_panel is not None:
        for window, part in zip(windows, parts, strict=True):
            ratio = variance_ratio_f(returns_panel, window, settings)
            part["statistic"], part["df"] = ratio.statistic, ratio.df
            part["p_value"] = ratio.p_value
    return table("car", pd.concat(parts, ignore_index=True))


def _car_rows(
    panel: AbnormalPanel,
    window: Window,
    settings: Settings,
    last_session: Mapping[str, np.datetime64],
    pair_flags: Sequence[tuple[str, ...]],
) -> pd.DataFrame:
    count = len(panel)
    value = panel.car(window)
    std_error = np.sqrt(panel.car_variance(window))
    scar = panel.scar(window)
    df = np.where(np.isfinite(scar), panel.df.astype(float), np.nan)
    half = special.stdtrit(df, 1.0 - settings.alpha / 2.0) * std_error
    seen = panel.observed(window)
    complete = panel.complete(window)
    reason, flags = _why_incomplete(panel, window, seen, last_session)
    tests = {name: _single(name, panel, window, settings) for name in SINGLE_TESTS}
    headline = _headline(panel, window)
    tested = tests.get(headline) or _single(headline, panel, window, settings)
    own = tested.flags or ((),) * count
    return pd.DataFrame(
        {
            "event_id": panel.event_id,
            "ticker": panel.ticker,
            "first": window[0],
            "last": window[1],
            "group": panel.group,
            "n_returns": seen.sum(axis=1),
            "car": value,
            "std_error": std_error,
            "statistic": scar,
            "df": df,
            "p_value": t_p(scar, df),
            "ci_low": value - half,
            "ci_high": value + half,
            "scar": scar,
            "bhar": panel.bhar(window),
            "rank_p_value": tests["rank_p"].p_value,
            "conformal_p_value": tests["conformal_p"].p_value,
            "placebo_p_value": tests["placebo_p"].p_value,
            "calibrated_p_value": np.full(count, np.nan),
            "headline_test": headline,
            "headline_p_value": tested.p_value,
            "status": np.where(
                complete, "complete", np.where(np.isfinite(value), "partial", "incomplete")
            ),
            "reason": reason,
            "flags": [joined([f], p, o) for f, p, o in zip(flags, pair_flags, own, strict=True)],
        }
    )


def _headline(panel: AbnormalPanel, window: Window) -> str:
    """The single-event test that speaks for the window: by its length, where the model allows."""
    if panel.space is not None:
        return "synthetic_control_p"
    name = headline_single(window[1] - window[0] + 1)
    return name if name == "rank_p" or least_squares(panel) else "placebo_p"


def _single(name: str, panel: AbnormalPanel, window: Window, settings: Settings) -> EventInference:
    result = STATISTICS[name].function(panel, window, settings)
    if not isinstance(result, EventInference):
        raise TypeError(f"{name} is not a single-event statistic")
    return result


def _why_incomplete(
    panel: AbnormalPanel,
    window: Window,
    seen: np.ndarray,
    last_session: Mapping[str, np.datetime64],
) -> tuple[Labels, Labels]:
    reason = np.full(len(panel), "", dtype=object)
    flags = np.full(len(panel), "", dtype=object)
    sessions = panel.sessions[:, panel.columns(window)]
    for i in np.flatnonzero(~seen.all(axis=1)):
        missing = sessions[i][~seen[i]]
        closed = last_session.get(str(panel.calendar[i]))
        open_ones = missing[missing > closed] if closed is not None else missing[:0]
        if len(open_ones):
            reason[i] = f"window_open: {open_ones[0]} has not closed yet"
        else:
            reason[i] = f"missing_return: {missing[0]}" + (
                f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            )
            if panel.missing != "strict":
                flags[i] = "missing_return" if panel.span is None else "return_across_gap"
    return reason, flags


def excluded_table(failures: Sequence[EventError]) -> pd.DataFrame:
    """One row for each pair that could not be studied."""
    return table(
        "excluded",
        [
            {
                "event_id": e.event_id,
                "ticker": e.ticker,
                "stage": e.stage,
                "code": e.code,
                "detail": e.detail,
            }
            for e in failures
        ],
    )


def iso(days: np.ndarray) -> Labels:
    """ISO text of session labels, blank for NaT."""
    text = np.datetime_as_string(days).astype(object)
    text[np.isnat(days)] = ""
    return np.asarray(text, dtype=object)
