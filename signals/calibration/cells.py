"""What a placebo study needs of each asset and date, computed once for all draws that use it.

A *cell* is one series with one placebo day zero. Draws share cells: two thousand placebo studies
of three hundred pairs are some ten thousand cells. A cell holds numbers, and, where statistics of
ranks and portfolios are wanted, its rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from signals.calibration.threads import pipelined
from signals.estimate import estimate, wide
from signals.frames import Bools, Days, Floats, Ints
from signals.inference.evidence import SHORTEST_ESTIMATION, varies
from signals.inference.ranks import average_ranks
from signals.inference.variance_ratio import variance_panel
from signals.models import MODELS
from signals.models.batched import FORMS, BatchFit, fit_batch, row_store
from signals.panel import AbnormalPanel, Window
from signals.returns import EventReturns

CHUNK = 2048

_Made = tuple[Ints, dict[str, np.ndarray], dict[str, np.ndarray]]


@dataclass(frozen=True, slots=True, eq=False)
class CellRows:
    """Rows of C cells, T estimation and W event sessions; 0 where there is no return.

    ``seen`` (C, T+W) where there is one, ``whole`` (C,) everywhere; ``u`` (C, T+W) Corrado's U;
    ``residual`` ``leverage`` (C, T); ``rank`` (C, T, int16) *twice* the average rank of each
    residual among the M (an integer also with ties), ``share`` (C, T) that average rank/(M+2);
    ``ordered`` (C, P) the residuals in units of σ from low to high, then +∞ up to a power of two
    P > T; ``ar`` (C, W) abnormal returns.
    """

    seen: Bools
    whole: Bools
    u: Floats
    residual: Floats
    leverage: Floats
    rank: npt.NDArray[np.int16]
    share: Floats
    ordered: Floats
    ar: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """C cells × w windows.

    ``series`` ``zero`` (C,) what and when; ``first_tau`` of the event window; ``car`` ``scar``
    ``error`` (C, w): CAR, CAR over its own forecast error, and that error (σ√L for models
    without one); ``df`` ``n_obs`` ``sigma`` ``positive`` (C,), the last the share of residuals
    above zero; ``params`` (C, k); ``rows`` or None. A cell that cannot be estimated, with M < 30
    or residuals that do not vary is NaN.
    """

    series: Ints
    zero: Ints
    windows: tuple[Window, ...]
    first_tau: int
    car: Floats
    scar: Floats
    error: Floats
    df: Floats
    n_obs: Floats
    sigma: Floats
    positive: Floats
    params: Floats
    rows: CellRows | None = None

    def __len__(self) -> int:
        return len(self.zero)


def cell_index(series_index: Ints, zero: Ints) -> tuple[Ints, Ints, Ints]:
    """Distinct (series, zero) of ``zero`` (D, n), and (D, n) the cell of each (−1: left out)."""
    width = int(zero.max(initial=0)) + 2
    keys = np.where(zero < 0, -1, series_index * width + zero)
    distinct, back = np.unique(keys, return_inverse=True)
    back = back.reshape(zero.shape)
    if len(distinct) and distinct[0] < 0:
        distinct, back = distinct[1:], back - 1
    return distinct // width, distinct % width, back


def compute_cells(
    returns: EventReturns,
    series: Ints,
    zero: Ints,
    model: str,
    windows: Sequence[Window],
    *,
    min_returns: int,
    missing: str,
    rows: bool = True,
    effect: float = 0.0,
    variance: bool = False,
) -> Cells:
    """All cells, ``CHUNK`` at a time; memory with ``rows`` about 43·C·T bytes.

    ``effect`` (decimal) is added to the return of each placebo day zero (to its squared
    standardised return where the study is one of ``variance``): an injected event.
    The numbers are those of ``estimate`` and the panel's own methods
    (tests/calibration/test_cells.py)."""
    columns: dict[str, np.ndarray] = {}
    held: dict[str, np.ndarray] = {}
    chosen = tuple(windows)

    def numbers_of(part: tuple[AbnormalPanel, Floats, Ints]) -> _Made:
        panel, params, index = part
        moved = injected(panel, effect) if effect else panel
        return index, _numbers(moved, params, chosen), _rows(moved) if rows else {}

    panels = cell_panels(
        returns, series, zero, model, min_returns=min_returns, missing=missing, variance=variance
    )
    for index, numbers, lines in pipelined(numbers_of, panels):
        _put(columns, numbers, index, len(zero))
        _put(held, lines, index, len(zero))
    if not columns:
        _put(columns, _nothing(len(chosen)), np.empty(0, dtype=np.int64), len(zero))
    kept = CellRows(**held) if held else None
    first = returns.event_window[0]
    return Cells(series, zero, chosen, first, rows=kept, **columns)


def cell_panels(
    returns: EventReturns,
    series: Ints,
    zero: Ints,
    model: str,
    *,
    min_returns: int,
    missing: str,
    variance: bool = False,
) -> Iterator[tuple[AbnormalPanel, Floats, Ints]]:
    """Panels of the cells chunk by chunk, with coefficients (n, k) and the cells' positions.
    ``variance``: panels of excess squared standardised returns, for studies of variances."""
    if variance:
        for panel, params, index in cell_panels(
            returns, series, zero, model, min_returns=min_returns, missing=missing
        ):
            yield variance_panel(panel), params, index
        return
    if model in FORMS:
        everything = cell_returns(returns, series, zero)
        store = row_store(everything, FORMS[model])
        for begin in range(0, len(zero), CHUNK):
            index = np.arange(begin, min(begin + CHUNK, len(zero)))
            batch = fit_batch(everything, model, index, min_returns=min_returns, rows=store)
            yield batch_panel(everything, batch, missing), batch.params, index
        return
    inside = np.flatnonzero(_inside(returns, series, zero))
    one_by_one = cell_returns(returns, series[inside], zero[inside])
    found = estimate(one_by_one, model, min_returns=min_returns, missing=missing)
    if found.panel is not None:
        params = np.concatenate(wide([fit.params[None, :] for fit in found.fits]))
        yield found.panel, params, inside[found.index]


def _inside(returns: EventReturns, series: Ints, zero: Ints) -> Bools:
    """(C,) cells whose estimation and event windows lie inside their series."""
    size = np.asarray([len(s.sessions) for s in returns.series])[series]
    first, last = returns.estimation_offsets[0], returns.event_window[1]
    return np.asarray((zero + first >= 0) & (zero + last < size))


def injected(panel: AbnormalPanel, effect: float) -> AbnormalPanel:
    """The panel with ``effect`` added to every day-zero return (models are fitted before)."""
    jump = np.where(panel.tau == 0, effect, 0.0)
    return replace(panel, actual=panel.actual + jump, ar=panel.ar + jump)


def cell_returns(returns: EventReturns, series: Ints, zero: Ints) -> EventReturns:
    """The cells as event-asset pairs named by their number."""
    blank = np.full(len(zero), "", dtype=object)
    return replace(
        returns,
        event_id=np.arange(len(zero)).astype(object),
        group=blank,
        category=blank,
        series_index=series,
        zero=zero,
        dropped={},
    )


def batch_panel(returns: EventReturns, batch: BatchFit, missing: str) -> AbnormalPanel:
    """The panel of a batch of fits; pairs without a fit are NaN throughout."""
    index = batch.index
    series = [returns.series[k] for k in returns.series_index[index]]
    assert batch.residuals is not None
    assert batch.leverage is not None
    assert batch.est_actual is not None
    assert batch.est_design is not None

    def text(values: list[str]) -> np.ndarray:
        return np.asarray(values, dtype=object)

    return AbnormalPanel(
        event_id=returns.event_id[index],
        ticker=text([s.ticker for s in series]),
        group=returns.group[index],
        category=returns.category[index],
        calendar=text([s.calendar for s in series]),
        benchmark=text([s.benchmark for s in series]),
        tau=returns.tau,
        sessions=_labels(returns, index, returns.tau),
        actual=batch.actual,
        expected=batch.expected,
        ar=batch.ar,
        variance=np.repeat(batch.sigma[:, None] ** 2, batch.ar.shape[1], axis=1),
        design=batch.design,
        inverse=batch.inverse,
        sigma=batch.sigma,
        df=batch.df,
        n_obs=batch.n_obs,
        residuals=batch.residuals,
        leverage=batch.leverage,
        est_sessions=_labels(returns, index, returns.estimation_offsets),
        est_actual=batch.est_actual,
        est_design=batch.est_design,
        forecast=MODELS[batch.model].prediction == "forecast",
        returns=returns.kind,
        missing=missing,
        model=batch.model,
    )


def _labels(returns: EventReturns, index: Ints, tau: Ints) -> Days:
    """(n, len(tau)) session labels, NaT outside the series."""
    never = np.datetime64("NaT", "s")
    out = np.full((len(index), len(tau)), never, dtype="datetime64[s]")
    if all(s.sessions.dtype == np.dtype("datetime64[D]") for s in returns.series):
        out = out.astype("datetime64[D]")
    for s in np.unique(returns.series_index[index]):
        days = returns.series[s].sessions.astype(out.dtype)
        mine = np.flatnonzero(returns.series_index[index] == s)
        at = returns.zero[index][mine][:, None] + tau[None, :]
        inside = (at >= 0) & (at < len(days))
        out[mine] = np.where(inside, days[np.where(inside, at, 0)], never.astype(out.dtype))
    return out


def _numbers(
    panel: AbnormalPanel, params: Floats, windows: tuple[Window, ...]
) -> dict[str, np.ndarray]:
    with np.errstate(invalid="ignore"):
        usable = (panel.n_obs >= SHORTEST_ESTIMATION) & varies(panel)
        if panel.forecast:
            error = np.stack([np.sqrt(panel.car_variance(w)) for w in windows], axis=1)
        else:
            length = np.asarray([w[1] - w[0] + 1.0 for w in windows])
            error = panel.sigma[:, None] * np.sqrt(length)
        positive = (panel.residuals > 0).sum(axis=1) / np.maximum(panel.n_obs, 1)
    found = {
        "car": np.stack([panel.car(w) for w in windows], axis=1),
        "scar": np.stack([panel.scar(w) for w in windows], axis=1),
        "error": error,
        "df": panel.df.astype(np.float64),
        "n_obs": panel.n_obs.astype(np.float64),
        "sigma": panel.sigma.copy(),
        "positive": positive,
        "params": params.copy(),
    }
    for values in found.values():
        values[~usable] = np.nan
    return found


def _nothing(windows: int) -> dict[str, np.ndarray]:
    wide, flat = np.empty((0, windows)), np.empty(0)
    names = ("df", "n_obs", "sigma", "positive")
    empty = dict.fromkeys(names, flat)
    return {"car": wide, "scar": wide, "error": wide, **empty, "params": np.empty((0, 0))}


def _rows(panel: AbnormalPanel) -> dict[str, np.ndarray]:
    values = np.concatenate([panel.residuals, panel.ar], axis=1)
    seen = np.isfinite(values)
    estimation = seen[:, : panel.residuals.shape[1]]
    ranks = average_ranks(values)
    scale = np.where(panel.sigma > 0, panel.sigma, 1.0)[:, None]
    z = np.where(estimation, panel.residuals / scale, np.nan)
    among = np.where(estimation, average_ranks(z), 0.0)
    ordered = np.full((len(z), 1 << z.shape[1].bit_length()), np.inf)
    ordered[:, : z.shape[1]] = np.sort(np.where(estimation, z, np.inf), axis=1)
    return {
        "seen": seen,
        "whole": seen.all(axis=1),
        "u": np.where(seen, ranks / (seen.sum(axis=1)[:, None] + 1) - 0.5, 0.0),
        "residual": np.where(estimation, panel.residuals, 0.0),
        "leverage": np.where(estimation, panel.leverage, 0.0),
        "rank": np.rint(2 * among).astype(np.int16),
        "share": among / (panel.n_obs[:, None] + 2),
        "ordered": ordered,
        "ar": np.where(np.isfinite(panel.ar), panel.ar, 0.0),
    }


def _put(
    store: dict[str, np.ndarray], found: dict[str, np.ndarray], index: Ints, count: int
) -> None:
    """Store one chunk's arrays at its cells, in arrays over all ``count`` cells."""
    for name, values in found.items():
        if name not in store:
            blank = np.nan if values.dtype.kind == "f" else 0
            store[name] = np.full((count, *values.shape[1:]), blank, dtype=values.dtype)
        store[name][index] = values
