"""One chunk of events → sums over events: the residual pass of a study at scale.

A chunk's residuals are computed from coefficients already known, ranked, summed and forgotten.
What leaves is a :class:`Partial`: sums over the chunk's events, per cell (a group of events over
one window). Partials are merged in chunk order, so the same chunks give the same bytes whether
they ran here, on threads or on other machines.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from signals.frames import Bools, Floats, Ints
from signals.inference.ranks import average_ranks
from signals.inference.streaming_lags import CellLags, LagSums, merge_lags
from signals.inference.streaming_sums import weighted_sum
from signals.models.batched_cars import BLOCK, drop_rows, predict
from signals.models.batched_rows import RowStore

COLUMN_BITS: Final = 511


@dataclass(frozen=True, slots=True, eq=False)
class ChunkTask:
    """All that one chunk's residual pass needs (picklable): n events in order of day zero.

    ``store`` their rows; ``zero``, ``series`` (n,) places; ``params`` (n, k), ``sigma``, ``n_obs``
    (n,) their fits; ``dropped`` row → series positions; ``members`` (C, n) which events each cell
    counts; ``date`` (n,) session number of day zero, ``regular`` (n,) whose correlations can be
    summed by date; ``lags`` (C,) window lengths for the cells that need r̄, else 0.
    ``want_ranks``: Corrado's sums; ``want_places``: the ranks among estimation rows for GRANK.
    """

    store: RowStore
    zero: Ints
    series: Ints
    params: Floats
    sigma: Floats
    n_obs: Ints
    dropped: dict[int, Ints]
    members: Bools
    date: Ints
    regular: Bools
    lags: tuple[int, ...]
    want_ranks: bool
    want_places: bool


@dataclass(frozen=True, slots=True, eq=False)
class Partial:
    """Sums over a chunk's events, for C cells, T estimation rows and W event rows.

    ``events`` (C,) counts; ``positive`` (C,) Σ share of positive residuals; ``rank`` (C, T+W)
    Σ rank/(T_i+1) over estimation and event rows; ``place`` (C, T) Σ rank/(M_i+2) over the
    estimation rows alone; ``residual`` (C, T+W) Σ residuals and Σ AR, ``square`` (C, W) ΣAR²;
    ``seen`` (C, T+W) events with a value; ``lag`` what r̄ needs, one per cell (or None).
    """

    events: Ints
    positive: Floats
    rank: Floats
    place: Floats
    residual: Floats
    square: Floats
    seen: Floats
    lag: tuple[LagSums | None, ...]


def residual_partial(task: ChunkTask) -> Partial:
    """The sums of one chunk; a pure function of its task."""
    store, cells = task.store, len(task.members)
    rows, width = store.length, store.width
    out = Partial(
        events=task.members.sum(axis=1),
        positive=np.zeros(cells),
        rank=np.zeros((cells, rows + width)),
        place=np.zeros((cells, rows)),
        residual=np.zeros((cells, rows + width)),
        square=np.zeros((cells, width)),
        seen=np.zeros((cells, rows + width)),
        lag=(),
    )
    lags = CellLags.of(task.lags, task.members, rows)
    for begin in range(0, len(task.zero), BLOCK):
        part = slice(begin, min(begin + BLOCK, len(task.zero)))
        values = block_values(task, part)
        _add_block(task, part, values, out)
        lags.add(values[:, :rows], task.date[part], task.regular[part], part)
    return Partial(
        out.events, out.positive, out.rank, out.place, out.residual, out.square, out.seen,
        lags.finish(),
    )  # fmt: skip


def block_values(task: ChunkTask, part: slice) -> Floats:
    """(n, T+W) estimation residuals beside abnormal returns; NaN where missing."""
    store, form = task.store, task.store.form
    zero, series, params = task.zero[part], task.series[part], task.params[part]
    y, xs = store.whole(zero, series)
    for row in range(part.start, part.stop) if task.dropped else ():
        if row in task.dropped:
            drop_rows(
                y[row - part.start, : store.length],
                task.dropped[row],
                int(task.zero[row]) + store.first,
            )
    with np.errstate(invalid="ignore", over="ignore"):
        y -= predict(params, xs, form, y.shape)
    if store.span == store.length + store.width:
        return y
    return np.concatenate([y[:, : store.length], y[:, -store.width :]], axis=1)


def _add_block(task: ChunkTask, part: slice, values: Floats, out: Partial) -> None:
    rows = task.store.length
    weight = task.members[:, part].astype(np.float64)
    seen = np.isfinite(values)
    complete = bool(seen.all())
    filled = values if complete else np.where(seen, values, 0.0)
    counts = seen.sum(axis=1) if not complete else np.full(len(values), values.shape[1])
    used = counts if complete else seen[:, :rows].sum(axis=1)
    used = np.full(len(values), rows) if complete else used
    out.residual[:] += weighted_sum(weight, filled)
    out.square[:] += weighted_sum(weight, filled[:, rows:] ** 2)
    out.seen[:] += (
        weight.sum(axis=1)[:, None] if complete else weighted_sum(weight, seen.astype(float))
    )
    positive = (filled[:, :rows] > 0).sum(axis=1) / np.maximum(used, 1)
    out.positive[:] += (weight * positive).sum(axis=1)
    if not (task.want_ranks or task.want_places):
        return
    ranks, places = _ranks(values, seen, complete, rows)
    if task.want_ranks:
        out.rank[:] += weighted_sum(weight / (counts + 1), ranks)
    if task.want_places:
        out.place[:] += weighted_sum(weight / (used + 2), places)


def _ranks(values: Floats, seen: Bools, complete: bool, rows: int) -> tuple[Floats, Floats]:
    """Ranks among all rows (n, T+W) and among the estimation rows (n, T); 0 where missing.

    One sort serves both: the rank among the estimation rows is the running count of them in
    sorted order. Rows with ties are ranked again with averages.
    """
    n, width = values.shape
    order, tied = _sorted_order(values, complete)
    estimation = np.cumsum(order < rows, axis=1, dtype=np.int16)
    order += (np.arange(n) * width)[:, None]  # flat positions: a third of put_along_axis's time
    ranks, places = np.empty(values.shape), np.empty(values.shape)
    ranks.reshape(-1)[order] = np.arange(1.0, width + 1)
    places.reshape(-1)[order] = estimation
    places = places[:, :rows]
    again = np.flatnonzero(tied)
    if again.size:
        ranks[again] = average_ranks(values[again])
        places[again] = average_ranks(values[again, :rows])
    if not complete:
        ranks = np.where(seen, ranks, 0.0)
        places = np.where(seen[:, :rows], places, 0.0)
    return ranks, places


def _sorted_order(values: Floats, complete: bool) -> tuple[Ints, Bools]:
    """(n, m) column of each sorted value, and (n,) rows in which some values may be tied.

    A vectorised sort of values is three times as fast as one of positions, so the column is
    written into the last nine bits of each value and sorted with it. Two values that agree in all
    other bits (1e-13 of their size) may then be out of order: their row counts as tied, and is
    ranked exactly by the caller.
    """
    if not complete or values.shape[1] > COLUMN_BITS + 1:
        order = np.argsort(values, axis=1)
        ordered = np.take_along_axis(values, order, axis=1)
        return order, (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
    keys = values + 0.0  # a copy, in which −0 is 0
    bits = keys.view(np.int64)
    bits &= ~COLUMN_BITS
    bits |= np.arange(values.shape[1])
    keys.sort(axis=1)
    order = bits & COLUMN_BITS
    bits &= ~COLUMN_BITS
    return order, (bits[:, 1:] == bits[:, :-1]).any(axis=1)


def merge(partials: Iterable[Partial]) -> Partial:
    """Sums of chunks in order of date; one after the other, so none is kept."""
    total: Partial | None = None
    for one in partials:
        total = one if total is None else _then(total, one)
    assert total is not None
    return total


def _then(a: Partial, b: Partial) -> Partial:
    lag = tuple(merge_lags(pair) for pair in zip(a.lag, b.lag, strict=True))
    return Partial(
        a.events + b.events, a.positive + b.positive, a.rank + b.rank, a.place + b.place,
        a.residual + b.residual, a.square + b.square, a.seen + b.seen, lag,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class PlaceTask:
    """The GRANK pass of a chunk: ``chunk`` as before, ``event`` (C', n) each event's SCAR* in
    the first C' cells (only read where the cell counts the event)."""

    chunk: ChunkTask
    event: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """``above`` (C, T) Σ[AR/s > SCAR*]/(M_i+2) (ties count ½) over each estimation row, ``event``
    (C,) Σ rank of SCAR*/(M_i+2)."""

    above: Floats
    event: Floats


def place_partial(task: PlaceTask) -> Places:
    """Where the standardised CARs stand among the estimation residuals; no sorting needed."""
    chunk, rows = task.chunk, task.chunk.store.length
    cells = len(task.event)
    above, event = np.zeros((cells, rows)), np.zeros(cells)
    for begin in range(0, len(chunk.zero), BLOCK):
        part = slice(begin, min(begin + BLOCK, len(chunk.zero)))
        values = block_values(chunk, part)[:, :rows]
        used = chunk.n_obs[part]
        for cell in range(cells):
            weight = chunk.members[cell, part] / (used + 2.0)
            at = (task.event[cell, part] * chunk.sigma[part])[:, None]
            with np.errstate(invalid="ignore"):
                higher = (values > at).astype(np.float64)
                tied = values == at
            if tied.any():
                higher += 0.5 * tied
            above[cell] += np.einsum("n,nt->t", weight, higher)
            event[cell] += (weight * (1.0 + used - higher.sum(axis=1))).sum()
    return Places(above, event)


def merge_places(parts: Iterable[Places]) -> Places:
    """Sums of chunks in order."""
    total: Places | None = None
    for one in parts:
        total = one if total is None else Places(
            total.above + one.above, total.event + one.event
        )  # fmt: skip
    assert total is not None
    return total
