"""Bar returns → the abnormal-return panel of an intraday study.

The estimation rows of a pair are whole sessions, laid on a grid of ``length`` sessions × K times
of day: bars of sessions that were cut short (half days) stay empty, so that the same column is
the same time of day in every session.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from signals.errors import EventError
from signals.estimate import Estimation, wide
from signals.frames import Bools, Days, Floats, Ints, frozen
from signals.intraday.align import BarPairs, BarSeries
from signals.intraday.fit import BarFit, fit_bars
from signals.models import FitError, ModelFit
from signals.models.diagnose import diagnose_many
from signals.panel import AbnormalPanel
from signals.sessions.bars import BarCalendar, alignment_matters
from signals.spec import StudySpec
from signals.spec.defaults import CLOSE


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """``estimation`` as of a daily study; ``alignment`` of each pair's bars (``open`` or
    ``clock``; blank where both are the same), for remarks."""

    estimation: Estimation
    alignment: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """What all pairs of a study share: window, estimation sessions and columns of the grid."""

    first: int
    last: int
    length: int
    gap: int
    slots: int
    min_sessions: int


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """One pair: fit, and the arrays of its event window and of its grid."""

    fit: ModelFit
    event: Ints
    est_sessions: Days
    actual: Floats


def measure(
    spec: StudySpec, pairs: BarPairs, dropped: Mapping[int, Ints] | None = None
) -> Measured:
    """Fit every pair and stack the panel. A pair with fewer than ``min_returns`` matched sessions,
    or without its day-zero return, becomes an :class:`EventError` with counts.

    ``dropped`` maps a pair to session positions (of its bar calendar) that its estimation leaves
    out. Checked by tests/intraday/test_measure.py.
    """
    frame = _frame(spec, pairs)
    kept: list[int] = []
    rows: list[_Rows] = []
    failures: list[EventError] = []
    for i in range(len(pairs.rows)):
        series = pairs.series[pairs.series_index[i]]
        out = (dropped or {}).get(i, np.empty(0, dtype=np.int64))
        try:
            rows.append(_pair(spec.model, series, int(pairs.zero[i]), frame, out))
        except FitError as error:
            event = str(pairs.frame.at[pairs.rows[i], "event_id"])
            failures.append(
                EventError(event, series.ticker, "estimation", error.code, error.detail)
            )
            continue
        kept.append(i)
    index = np.asarray(kept, dtype=np.int64)
    panel = _stack(spec, pairs, index, rows, frame) if kept else None
    fits = _diagnosed([r.fit for r in rows])
    own = [pairs.series[pairs.series_index[i]].bars for i in kept]
    alignment = tuple(b.alignment if alignment_matters(b.name, b.interval) else "" for b in own)
    return Measured(Estimation(panel, fits, index, tuple(failures)), alignment)


def _frame(spec: StudySpec, pairs: BarPairs) -> _Frame:
    slots = max((s.bars.slots for s in pairs.series), default=1)
    first, last = spec.event_window
    to_close = CLOSE in (last, *(b for _, b in spec.windows))
    numbers = [b for b in (last, *(b for _, b in spec.windows)) if b != CLOSE]
    last = max([*numbers, slots - 1 if to_close else first])
    estimation = spec.estimation
    return _Frame(first, last, estimation.length, estimation.gap, slots, estimation.min_returns)


def _pair(model: str, series: BarSeries, zero: int, frame: _Frame, dropped: Ints) -> _Rows:
    bars = series.bars
    event = np.arange(zero + frame.first, zero + frame.last + 1)
    place, known = _grid(bars, int(bars.session[event[0]]), frame)
    safe = np.where(known, place, 0)
    known &= bars.usual_length()[safe] & ~np.isin(bars.session[safe], dropped)
    actual = np.where(known, series.y[safe], np.nan)
    x = np.where(known[:, None], series.x[safe], np.nan)
    complete = np.isfinite(actual) & np.isfinite(x).all(axis=1)
    _require(series, zero, complete, bars, frame)
    kinds = frame.slots + 1
    kind_of = np.where(bars.long_gap, frame.slots, bars.slot)
    adjusted = model == "market_adjusted"
    design = np.empty((len(x), 0)) if adjusted else np.column_stack([np.ones(len(x)), x])
    y = actual - x[:, 0] if adjusted else actual
    names = () if adjusted else ("const", *series.names)
    fitted = fit_bars(y, design, kind_of[safe], kinds, names, complete)
    fit = _model_fit(model, series, fitted, y, design, event, kind_of, names)
    fit = replace(
        fit,
        df_resid=int(_sessions_with(complete, frame).sum()) - 1,
        est_variance=np.where(
            np.isfinite(fitted.residuals), fitted.variance[kind_of[safe]], np.nan
        ),
    )
    labels = np.where(known, bars.starts[safe], np.datetime64("NaT", "s"))
    return _Rows(fit, event, labels, actual)


def _grid(bars: BarCalendar, event_session: int, frame: _Frame) -> tuple[Ints, Bools]:
    """(length·K,) positions of the estimation bars, and which of them exist."""
    end = event_session - frame.gap
    sessions = np.arange(end - frame.length, end)
    there = sessions >= 0
    at = np.where(there, sessions, 0)
    # Slot 0 belongs to the night: a session that opens without a gap begins with slot 1.
    column = np.arange(frame.slots) - bars.slot[bars.first[at]][:, None]
    known = (column >= 0) & (column < bars.count[at][:, None]) & there[:, None]
    return (bars.first[at][:, None] + column).ravel(), known.ravel()


def _sessions_with(complete: Bools, frame: _Frame) -> Bools:
    """(length,) True for sessions of which at least half of the usual bars are complete."""
    by_session = complete.reshape(frame.length, frame.slots)
    usual = by_session.any(axis=0).sum()
    return np.asarray(by_session.sum(axis=1) * 2 >= max(usual, 1))


def _require(
    series: BarSeries, zero: int, complete: Bools, bars: BarCalendar, frame: _Frame
) -> None:
    found = int(_sessions_with(complete, frame).sum()) if complete.any() else 0
    both = f"{series.ticker} and {series.benchmark}" if series.names else series.ticker
    if found < frame.min_sessions:
        raise FitError(
            "too_few_returns",
            f"{found} of {frame.length} estimation sessions have matching {bars.interval} bars of "
            f"{both} ({int(complete.sum())} bars); the study requires {frame.min_sessions}",
        )
    where = "the overnight gap" if bars.gap[zero] else "the bar"
    label = f"{where} from {bars.starts[zero]}Z to {bars.ends[zero]}Z"
    if not np.isfinite(series.y[zero]):
        raise FitError("missing_day_zero", f"no return of {series.ticker} over {label}")
    if not np.isfinite(series.x[zero]).all():
        raise FitError("missing_benchmark", f"no return of {series.benchmark} over {label}")


def _model_fit(
    model: str, series: BarSeries, fitted: BarFit, y: Floats, design: Floats,
    event: Ints, kind_of: Ints, names: tuple[str, ...],
) -> ModelFit:  # fmt: skip
    bars, x = series.bars, series.x[event]
    k = design.shape[1]
    event_design = np.column_stack([np.ones(len(event)), x]) if k else np.empty((len(event), 0))
    expected = event_design @ fitted.params if k else x[:, 0]
    # A bar that an early close cuts short has its share of the usual bar's variance.
    usual = bars.usual[bars.slot[event]]
    seconds = (bars.ends[event] - bars.starts[event]).astype(np.int64)
    share = np.where(bars.gap[event] | (usual == 0), 1.0, seconds / np.maximum(usual, 1))
    used = np.isfinite(fitted.residuals)
    return ModelFit(
        model=model, engine="weighted", names=names, params=fitted.params,
        inverse=fitted.inverse, sigma=fitted.sigma, df_resid=0, n_obs=fitted.n_obs,
        r_squared=fitted.r_squared, residuals=fitted.residuals, leverage=fitted.leverage,
        expected=expected, design=event_design,
        variance=fitted.variance[kind_of[event]] * share,
        est_actual=np.where(used, y, np.nan),
        est_design=np.where(used[:, None], design, np.nan),
    )  # fmt: skip


def _diagnosed(fits: list[ModelFit]) -> tuple[ModelFit, ...]:
    """The fits with the diagnostics of their residuals, each in units of its hour's deviation."""
    if not fits:
        return ()
    alike = np.stack([f.residuals / np.sqrt(f.est_variance) for f in fits])
    design = np.stack(wide([f.est_design for f in fits]))
    found = diagnose_many(alike, design)
    return tuple(
        replace(f, diagnostics={name: float(values[i]) for name, values in found.items()})
        for i, f in enumerate(fits)
    )


def _stack(
    spec: StudySpec, pairs: BarPairs, index: Ints, rows: list[_Rows], frame: _Frame
) -> AbnormalPanel:
    series = [pairs.series[k] for k in pairs.series_index[index]]
    zero = pairs.zero[index]
    actual = np.stack([s.y[r.event] for s, r in zip(series, rows, strict=True)])
    fits = [r.fit for r in rows]
    expected = np.stack([f.expected for f in fits])
    session = np.stack([s.bars.session[r.event] for s, r in zip(series, rows, strict=True)])
    close = [int(s.bars.close_position(z[None])[0]) for s, z in zip(series, zero, strict=True)]

    def text(values: list[Any]) -> np.ndarray:
        return frozen(np.asarray(values, dtype=object))

    def of(name: str) -> np.ndarray:
        values = [getattr(f, name) for f in fits]
        if values[0].ndim == 2:
            values = wide(values, square=name == "inverse")
        return frozen(np.stack(values))

    def at_event(name: str) -> np.ndarray:
        found = [getattr(s.bars, name)[r.event] for s, r in zip(series, rows, strict=True)]
        return frozen(np.stack(found))

    chosen = pairs.frame.loc[pairs.rows[index]]
    return AbnormalPanel(
        event_id=text(chosen["event_id"].tolist()), ticker=text([s.ticker for s in series]),
        group=text(chosen["group"].tolist()), category=text(chosen["category"].tolist()),
        calendar=text([s.bars.name for s in series]),
        benchmark=text(["+".join((s.benchmark, *s.names[1:])) for s in series]),
        tau=frozen(np.arange(frame.first, frame.last + 1)), sessions=at_event("starts"),
        actual=frozen(actual), expected=frozen(expected), ar=frozen(actual - expected),
        variance=of("variance"), design=of("design"), inverse=of("inverse"),
        sigma=frozen(np.asarray([f.sigma for f in fits])),
        df=frozen(np.asarray([f.df_resid for f in fits], dtype=np.int64)),
        n_obs=frozen(np.asarray([f.n_obs for f in fits], dtype=np.int64)),
        residuals=of("residuals"), leverage=of("leverage"),
        est_sessions=frozen(np.stack([r.est_sessions for r in rows])),
        est_actual=frozen(np.stack([r.actual for r in rows])), est_design=of("est_design"),
        returns=spec.returns, missing=spec.missing, model=spec.model,
        est_variance=of("est_variance"), ends=at_event("ends"), slot=at_event("slot"),
        day=frozen(session - session[:, :1]), gap_bar=at_event("gap"),
        close=frozen(np.asarray(close, dtype=np.int64) - zero), slots=frame.slots,
    )  # fmt: skip
