"""Panel and inferences → the tables of the CSV reports (columns fixed in ``signals.frames``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from scipy import special

from signals.errors import EventError
from signals.estimate import Estimation
from signals.frames import Floats, Ints, table
from signals.inference import STATISTICS, EventInference, Settings, headline_single
from signals.inference.all_windows import TESTS, single_tests
from signals.inference.single_event import least_squares
from signals.inference.tails import t_p
from signals.inference.variance_ratio import variance_ratio_f
from signals.models import diagnose
from signals.panel import AbnormalPanel, Window
from signals.reports.columns import FlagLists, Text, iso, joined_rows, text


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
    pair = np.repeat(np.arange(n), w)
    return table(
        "abnormal_returns",
        {
            "event_id": text(panel.event_id, pair),
            "ticker": text(panel.ticker, pair),
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
    if panel is None or not windows:
        return table("car", [])
    # The rows of a pair stand together, its windows in order: as the table is sorted.
    windows = sorted(windows)
    flags = FlagLists.of(pair_flags)
    tested = _tests(panel, windows, settings)
    parts = []
    for w, window in enumerate(windows):
        part = _car_columns(panel, window, settings, last_session)
        part |= {f"{name}_value": p[w] for name, p in tested.p_values.items()}
        part["headline_p_value"] = tested.headline_p[w]
        part["flags"] = joined_rows(part.pop("missing"), flags, tested.flags[w])
        if panel.returns == "variance" and returns_panel is not None:
            ratio = variance_ratio_f(returns_panel, window, settings)
            part |= {"statistic": ratio.statistic, "df": ratio.df, "p_value": ratio.p_value}
        parts.append(part)
    pair, which = np.repeat(np.arange(len(panel)), len(windows)), np.tile(
        np.arange(len(windows)), len(panel)
    )  # fmt: skip
    rows: dict[str, Any] = {
        "event_id": text(panel.event_id, pair),
        "ticker": text(panel.ticker, pair),
        "first": np.asarray([a for a, _ in windows])[which],
        "last": np.asarray([b for _, b in windows])[which],
        "group": text(panel.group, pair),
        "calibrated_p_value": np.full(len(pair), np.nan),
        "headline_test": text(tested.headline, which),
        **{name: _interleaved([part[name] for part in parts]) for name in parts[0]},
    }
    return table("car", rows)


def _interleaved(columns: Sequence[Any]) -> Any:
    """(N·W,) of W columns (N,), the W values of a row one after the other."""
    if isinstance(columns[0], np.ndarray):
        return np.stack(columns, axis=1).ravel()
    count = len(columns[0])
    order = np.arange(count * len(columns)).reshape(len(columns), count).T.ravel()
    return pd.concat([pd.Series(c) for c in columns]).array.take(order)


def _car_columns(
    panel: AbnormalPanel,
    window: Window,
    settings: Settings,
    last_session: Mapping[str, np.datetime64],
) -> dict[str, Any]:
    value = panel.car(window)
    std_error = np.sqrt(panel.car_variance(window))
    scar = panel.scar(window)
    df = np.where(np.isfinite(scar), panel.df.astype(float), np.nan)
    half = special.stdtrit(df, 1.0 - settings.alpha / 2.0) * std_error
    seen = panel.observed(window)
    complete = panel.complete(window)
    reason, missing = _why_incomplete(panel, window, seen, last_session)
    status = np.where(complete, 0, np.where(np.isfinite(value), 1, 2))
    return {
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
        "status": text(["complete", "partial", "incomplete"], status),
        "reason": reason,
        "missing": missing,
    }


@dataclass(frozen=True, slots=True, eq=False)
class _Tests:
    """Single-event p-values (W, N) by test; of each window the headline test, its p-value (N,) and
    what it flags."""

    p_values: Mapping[str, Floats]
    headline: Sequence[str]
    headline_p: Sequence[Floats]
    flags: Sequence[FlagLists]


def _tests(panel: AbnormalPanel, windows: Sequence[Window], settings: Settings) -> _Tests:
    headline = [_headline(panel, window) for window in windows]
    if panel.slot is None and panel.space is None:
        every = single_tests(panel, windows, settings)
        rank = FlagLists.where(short_estimation=every.short, coarse_p=every.coarse)
        other = FlagLists.where(short_estimation=every.short)
        return _Tests(
            every.p_values,
            headline,
            [every.p_values[name][w] for w, name in enumerate(headline)],
            [rank if name == "rank_p" else other for name in headline],
        )
    found = [
        {name: _single(name, panel, window, settings) for name in dict.fromkeys([*TESTS, named])}
        for window, named in zip(windows, headline, strict=True)
    ]
    flags = [
        one[name].flags or ((),) * len(panel) for one, name in zip(found, headline, strict=True)
    ]
    return _Tests(
        {name: np.stack([one[name].p_value for one in found]) for name in TESTS},
        headline,
        [one[name].p_value for one, name in zip(found, headline, strict=True)],
        [FlagLists.of(f) for f in flags],
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
) -> tuple[Text, FlagLists]:
    """Words for each pair (blank: complete), and the flag of those used with fewer sessions. Only
    pairs that lack a session cost anything."""
    flag = "missing_return" if panel.span is None else "return_across_gap"
    words, place = [""], np.zeros(len(panel), dtype=np.int64)
    flagged = np.zeros(len(panel), dtype=bool)
    sessions = panel.sessions[:, panel.columns(window)]
    for i in np.flatnonzero(~seen.all(axis=1)):
        missing = sessions[i][~seen[i]]
        closed = last_session.get(str(panel.calendar[i]))
        open_ones = missing[missing > closed] if closed is not None else missing[:0]
        if len(open_ones):
            words.append(f"window_open: {open_ones[0]} has not closed yet")
        else:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            words.append(f"missing_return: {missing[0]}{more}")
            flagged[i] = panel.missing != "strict"
        place[i] = len(words) - 1
    return text(words, place), FlagLists.where(**{flag: flagged})


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
