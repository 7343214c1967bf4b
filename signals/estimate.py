"""The pure kernel: returns → abnormal-return panel (→ inferences, in ``signals.inference``).

Called by the study on its events and by the calibration on placebo dates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from signals.errors import EventError
from signals.frames import Floats, Ints, Labels, frozen
from signals.models import MODELS, FitError, ModelFit, Sample, fit_model
from signals.panel import AbnormalPanel
from signals.returns import AssetSeries, EventReturns

EDGE = 5  # regressor rows kept on each side of a window, for models with leads and lags


@dataclass(frozen=True, slots=True, eq=False)
class Estimation:
    """``panel`` of the N pairs that could be estimated (None when there is none), their ``fits``,
    ``index`` (N,) their places in the returns record, and the ``failures`` of the others."""

    panel: AbnormalPanel | None
    fits: tuple[ModelFit, ...]
    index: Ints
    failures: tuple[EventError, ...]


class Estimator(Protocol):
    """Anything that estimates as :func:`estimate` does, elsewhere: same input, same bytes."""

    def __call__(
        self, returns: EventReturns, model: str, *, min_returns: int, missing: str
    ) -> Estimation: ...


def estimate(returns: EventReturns, model: str, *, min_returns: int, missing: str) -> Estimation:
    """Fit the model to every pair, one by one, and stack the results into a panel.

    A pair with fewer than ``min_returns`` complete estimation rows, without its day-zero return,
    or to which the model cannot be fitted becomes an :class:`EventError`.
    """
    fits: list[ModelFit] = []
    samples: list[Sample] = []
    kept: list[int] = []
    failures: list[EventError] = []
    for i in range(len(returns)):
        sample = sample_of(returns, i)
        try:
            _require_returns(sample, min_returns)
            _require_event_window(returns, i, sample)
            fit = fit_model(model, sample)
        except FitError as error:
            ticker = returns.series[returns.series_index[i]].ticker
            failures.append(
                EventError(str(returns.event_id[i]), ticker, "estimation", error.code, error.detail)
            )
            continue
        fits.append(fit)
        samples.append(sample)
        kept.append(i)
    index = np.asarray(kept, dtype=np.int64)
    panel = stack(returns, index, samples, fits, model, missing) if kept else None
    return Estimation(panel, tuple(fits), index, tuple(failures))


def sample_of(returns: EventReturns, i: int) -> Sample:
    """The estimation and event rows of pair ``i`` (copies only where rows are left out)."""
    series = returns.series[returns.series_index[i]]
    zero = int(returns.zero[i])
    first, last = returns.event_window
    end = zero + first - returns.gap
    start = end - returns.length
    event = slice(zero + first, zero + last + 1)
    y_est, x_est = series.y[start:end], series.x[start:end]
    dropped = returns.dropped.get(i)
    if dropped is not None:
        inside = dropped[(dropped >= start) & (dropped < end)] - start
        y_est = y_est.copy()
        y_est[inside] = np.nan
    rate = series.risk_free
    return Sample(
        y_est=y_est,
        x_est=x_est,
        y_event=series.y[event],
        x_event=series.x[event],
        names=series.names,
        tau=returns.tau.astype(np.float64),
        gap=returns.gap,
        risk_free_est=None if rate is None else rate[start:end],
        risk_free_event=None if rate is None else rate[event],
        span_est=None if series.span is None else series.span[start:end],
        span_event=None if series.span is None else series.span[event],
        x_est_before=_edge(series, start - EDGE, start),
        x_est_after=_edge(series, end, end + EDGE),
        x_event_before=_edge(series, event.start - EDGE, event.start),
        x_event_after=_edge(series, event.stop, event.stop + EDGE),
    )


def _edge(series: AssetSeries, start: int, stop: int) -> Floats:
    """Regressor rows beside a window, NaN beyond the series."""
    out = np.full((stop - start, series.x.shape[1]), np.nan)
    low, high = max(start, 0), min(stop, len(series.sessions))
    if high > low:
        out[low - start : high - start] = series.x[low:high]
    return out


def _require_returns(sample: Sample, min_returns: int) -> None:
    complete = np.isfinite(sample.y_est) & np.isfinite(sample.x_est).all(axis=1)
    if sample.risk_free_est is not None:
        complete &= np.isfinite(sample.risk_free_est)
    count = int(complete.sum())
    if count < min_returns:
        raise FitError(
            "too_few_returns", f"{count} estimation returns; the study requires {min_returns}"
        )


def _require_event_window(returns: EventReturns, i: int, sample: Sample) -> None:
    """Day zero must be there: without it there is nothing to study."""
    column = -returns.event_window[0]
    if not 0 <= column < len(sample.y_event) or sample.span_event is not None:
        return  # from trade to trade day zero may lie inside a longer return
    series = returns.series[returns.series_index[i]]
    session = series.sessions[returns.zero[i]]
    if not np.isfinite(sample.y_event[column]):
        raise FitError("missing_day_zero", f"no return of {series.ticker} on day zero {session}")
    if not np.isfinite(sample.x_event[column]).all():
        if series.benchmark_closed[returns.zero[i]]:
            raise FitError(
                "benchmark_closed",
                f"{series.benchmark} has no close of the same date on day zero {session}",
            )
        what = "factors" if len(series.names) > 1 else (series.benchmark or "regressors")
        raise FitError("missing_benchmark", f"no return of {what} on day zero {session}")


def wide(arrays: Sequence[Floats], *, square: bool = False) -> list[Floats]:
    """Matrices with columns (and rows, where ``square``) of zeros after their own, so that all are
    as wide as the widest: a pair with fewer regressors than others has none of the others'."""
    width = max(a.shape[1] for a in arrays)
    if all(a.shape[1] == width for a in arrays):
        return list(arrays)
    more = [width - a.shape[1] for a in arrays]
    return [np.pad(a, [(0, m if square else 0), (0, m)]) for a, m in zip(arrays, more, strict=True)]


def stack(
    returns: EventReturns,
    index: Ints,
    samples: Sequence[Sample],
    fits: Sequence[ModelFit],
    model: str,
    missing: str,
) -> AbnormalPanel:
    """One panel from single fits: arrays are stacked once and set read-only."""
    actual = np.stack([s.y_event for s in samples])
    expected = np.stack([f.expected for f in fits])
    offsets = returns.zero[index][:, None]
    series = [returns.series[k] for k in returns.series_index[index]]

    def labels(tau: Ints) -> np.ndarray:
        return np.stack([s.sessions[p] for s, p in zip(series, offsets + tau, strict=True)])

    def text(values: list[str]) -> np.ndarray:
        return np.asarray(values, dtype=object)

    return AbnormalPanel(
        event_id=frozen(returns.event_id[index]),
        ticker=frozen(text([s.ticker for s in series])),
        group=frozen(returns.group[index]),
        category=frozen(returns.category[index]),
        calendar=frozen(text([s.calendar for s in series])),
        benchmark=frozen(text([s.benchmark for s in series])),
        tau=frozen(returns.tau),
        sessions=frozen(labels(returns.tau)),
        actual=frozen(actual),
        expected=frozen(expected),
        ar=frozen(actual - expected),
        variance=frozen(np.stack([f.variance for f in fits])),
        design=frozen(np.stack(wide([f.design for f in fits]))),
        inverse=frozen(np.stack(wide([f.inverse for f in fits], square=True))),
        sigma=frozen(np.asarray([f.sigma for f in fits])),
        df=frozen(np.asarray([f.df_resid for f in fits], dtype=np.int64)),
        n_obs=frozen(np.asarray([f.n_obs for f in fits], dtype=np.int64)),
        residuals=frozen(np.stack([f.residuals for f in fits])),
        leverage=frozen(np.stack([f.leverage for f in fits])),
        est_sessions=frozen(labels(returns.estimation_offsets)),
        est_actual=frozen(np.stack([f.est_actual for f in fits])),
        est_design=frozen(np.stack(wide([f.est_design for f in fits]))),
        est_variance=frozen(np.stack([f.est_variance for f in fits]))
        if len(fits[0].est_variance)
        else None,
        space=_gaps(fits) if fits[0].placebo is not None else None,
        span=None
        if samples[0].span_event is None
        else frozen(np.stack([np.asarray(s.span_event) for s in samples])),
        forecast=MODELS[model].prediction == "forecast",
        returns=returns.kind,
        missing=missing,
        model=model,
    )


def _gaps(fits: Sequence[ModelFit]) -> Labels:
    """(N,) placebo gaps of synthetic controls, one record an event."""
    out = np.empty(len(fits), dtype=object)
    for i, fit in enumerate(fits):
        out[i] = fit.placebo
    return out
