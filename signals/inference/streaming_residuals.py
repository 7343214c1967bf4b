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
from signals.inference.streaming_cell_lags import CellLags
from signals.inference.streaming_lags import LagSums, merge_lags
from signals.inference.streaming_ranks import by_membership, can_count, rank_sums, ranks
from signals.inference.streaming_sums import weighted_sum
from signals.models.batched_cars import drop_rows, predict
from signals.models.batched_rows import RowStore

BLOCK: Final = 1024
"""Events whose rows are in hand at a time: enough to keep Python's own time small."""
SORTED_AT_ONCE: Final = 512
"""Events that are ranked at a time: few enough for a core's own cache."""


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
    rows = task.store.length
    which, members = _distinct(task.members)
    sums = _Sums.of(task, len(members))
    lags = CellLags.of(task.lags, task.members, rows)
    for begin in range(0, len(task.zero), BLOCK):
        part = slice(begin, min(begin + BLOCK, len(task.zero)))
        values = block_values(task, part)
        sums.add(values, members[:, part])
        lags.add(values[:, :rows], task.date[part], task.regular[part], part)
    return sums.partial(task.members.sum(axis=1), which, lags.finish())


def _distinct(members: Bools) -> tuple[Ints, Bools]:
    """(C,) which of the distinct sets of events each cell counts, and these sets (U, n)."""
    place: dict[bytes, int] = {}
    which = [place.setdefault(member.tobytes(), len(place)) for member in members]
    return np.array(which, dtype=np.int64), members[[which.index(u) for u in range(len(place))]]


def block_values(task: ChunkTask, part: slice) -> Floats:
    """(n, T+W) estimation residuals beside abnormal returns; NaN where missing."""
    store = task.store
    y, xs = store.whole(task.zero[part], task.series[part])
    _residuals(task, part, y, xs)
    if store.span == store.length + store.width:
        return y
    return np.concatenate([y[:, : store.length], y[:, -store.width :]], axis=1)


def _residuals(task: ChunkTask, part: slice, y: Floats, xs: list[Floats]) -> None:
    """y − x'b in place of the gathered ``y`` (n, rows from the first estimation row on)."""
    store = task.store
    for row in range(part.start, part.stop) if task.dropped else ():
        if row in task.dropped:
            drop_rows(
                y[row - part.start, : store.length],
                task.dropped[row],
                int(task.zero[row]) + store.first,
            )
    with np.errstate(invalid="ignore", over="ignore"):
        y -= predict(task.params[part], xs, store.form, y.shape, scratch=True)


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """A :class:`Partial` under construction, for U distinct sets of events.

    Events without a missing row or a tie add whole numbers: ``above_zero`` (U,) their positive
    residuals, ``ranks`` (U, T+W) and ``places`` (U, T) Σ rank. All others add to ``positive``,
    ``rank`` and ``place`` what a :class:`Partial` has there.
    """

    rows: int
    wanted: bool
    above_zero: Floats
    ranks: Floats
    places: Floats
    positive: Floats
    rank: Floats
    place: Floats
    residual: Floats
    square: Floats
    seen: Floats

    @classmethod
    def of(cls, task: ChunkTask, sets: int) -> _Sums:
        rows, width = task.store.length, task.store.width
        one, est, all_rows = (sets,), (sets, rows), (sets, rows + width)
        shapes = (one, all_rows, est, one, all_rows, est, all_rows, (sets, width), all_rows)
        return cls(rows, task.want_ranks or task.want_places, *(np.zeros(s) for s in shapes))

    def add(self, values: Floats, members: Bools) -> None:
        """Add events with ``values`` (n, T+W) to the sets (U, n) that count them."""
        weight = members.astype(np.float64)
        with np.errstate(invalid="ignore", over="ignore"):
            total = weighted_sum(weight, values)
        if np.isfinite(total).all():  # one missing value would have shown in every set
            self._add_complete(values, members, weight, total)
            return
        seen = np.isfinite(values)
        complete = seen.all(axis=1)
        if complete.any():
            mine, weighing = values[complete], weight[:, complete]
            self._add_complete(mine, members[:, complete], weighing, weighted_sum(weighing, mine))
        lacking = np.flatnonzero(~complete)
        self._add_incomplete(values[lacking], seen[lacking], weight[:, lacking])

    def _add_complete(self, values: Floats, members: Bools, weight: Floats, total: Floats) -> None:
        rows = self.rows
        self.residual[:] += total
        self.square[:] += weighted_sum(weight, values[:, rows:] ** 2)
        self.seen[:] += weight.sum(axis=1)[:, None]
        positive = values[:, :rows] > 0

        def counted(chosen: slice | Ints) -> Floats:
            return np.array([np.count_nonzero(positive[chosen])], dtype=np.float64)

        self.above_zero[:] += by_membership(members, counted, 1)[:, 0]
        if not self.wanted:
            return
        if not can_count(values.shape[1], rows):
            self._add_ranks(values, weight)
            return
        for begin in range(0, len(values), SORTED_AT_ONCE):
            part = slice(begin, begin + SORTED_AT_ONCE)
            ranked, placed, tied = rank_sums(values[part], rows, members[:, part])
            self.ranks[:] += ranked
            self.places[:] += placed
            if tied.size:
                self._add_ranks(values[part][tied], weight[:, part][:, tied])

    def _add_incomplete(self, values: Floats, seen: Bools, weight: Floats) -> None:
        filled = np.where(seen, values, 0.0)
        self.residual[:] += weighted_sum(weight, filled)
        self.square[:] += weighted_sum(weight, filled[:, self.rows :] ** 2)
        self.seen[:] += weighted_sum(weight, seen.astype(np.float64))
        used = np.maximum(seen[:, : self.rows].sum(axis=1), 1)
        self.positive[:] += weight @ ((filled[:, : self.rows] > 0).sum(axis=1) / used)
        if self.wanted:
            self._add_ranks(values, weight)

    def _add_ranks(self, values: Floats, weight: Floats) -> None:
        """One rank at a time, for what cannot be counted."""
        seen = np.isfinite(values)
        ranked, placed = ranks(values, self.rows)
        self.rank[:] += weighted_sum(weight / (seen.sum(axis=1) + 1), ranked)
        used = seen[:, : self.rows].sum(axis=1)
        self.place[:] += weighted_sum(weight / (used + 2), placed)

    def partial(self, events: Ints, which: Ints, lag: tuple[LagSums | None, ...]) -> Partial:
        """The record, one row for each cell."""
        rows, width = self.rows, self.ranks.shape[1]
        return Partial(
            events=events,
            positive=(self.positive + self.above_zero / rows)[which],
            rank=(self.rank + self.ranks / (width + 1))[which],
            place=(self.place + self.places / (rows + 2))[which],
            residual=self.residual[which],
            square=self.square[which],
            seen=self.seen[which],
            lag=lag,
        )


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
    above, event = np.zeros((len(task.event), rows)), np.zeros(len(task.event))
    for begin in range(0, len(chunk.zero), BLOCK):
        part = slice(begin, min(begin + BLOCK, len(chunk.zero)))
        values, xs = chunk.store.estimation(chunk.zero[part], chunk.series[part])
        _residuals(chunk, part, values, xs)
        used = chunk.n_obs[part]
        whole = used == rows
        for cell in range(len(task.event)):
            mine = chunk.members[cell, part]
            level = task.event[cell, part] * chunk.sigma[part]
            counted = _above(values, level, mine & whole)
            counted /= rows + 2.0
            lacking = np.flatnonzero(mine & ~whole)
            if lacking.size:
                weight = 1.0 / (used[lacking] + 2.0)
                counted += weight @ _higher(values[lacking], level[lacking])
            above[cell] += counted
            # An event's rank is one more than the residuals that are not above it.
            event[cell] += ((1.0 + used[mine]) / (used[mine] + 2.0)).sum() - counted.sum()
    return Places(above, event)


def _above(values: Floats, level: Floats, chosen: Bools) -> Floats:
    """(T,) how many of the ``chosen`` events' residuals are above their level; ties count ½."""
    if not chosen.all():
        values, level = values[chosen], level[chosen]
    at = level[:, None]
    with np.errstate(invalid="ignore"):
        higher = _column_counts(values > at)
        reached = _column_counts(values >= at)
    return (higher + reached) / 2.0


def _column_counts(flags: Bools) -> Ints:
    """(T,) True values by column: sums of bytes, of so few rows that a byte holds them."""
    total = np.zeros(flags.shape[1], dtype=np.int64)
    for begin in range(0, len(flags), 255):
        total += flags[begin : begin + 255].view(np.uint8).sum(axis=0, dtype=np.uint8)
    return total


def _higher(values: Floats, level: Floats) -> Floats:
    """(n, T) 1 where a residual is above its event's level, ½ where it is as high, else 0."""
    at = level[:, None]
    with np.errstate(invalid="ignore"):
        return ((values > at).astype(np.float64) + (values >= at)) / 2.0


def merge_places(parts: Iterable[Places]) -> Places:
    """Sums of chunks in order."""
    total: Places | None = None
    for one in parts:
        total = one if total is None else Places(
            total.above + one.above, total.event + one.event
        )  # fmt: skip
    assert total is not None
    return total
