"""Running sums of several series at once: any window's sums are two look-ups each.

Sums run within ``STEP`` sessions (a product with a triangle of ones, which the BLAS does four times
as fast as one addition can follow the other) and over the steps before them. Regressors that all
series of a part share are summed once. Test: tests/models/test_batched_sums.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from signals.frames import Bools, Floats, Ints
from signals.models.batched_rows import RowStore

STEP: Final = 1 << 4
SPLIT: Final = 3 << 16
"""Scalar products below which the BLAS keeps to one thread (it splits from 2^18)."""


@dataclass(frozen=True, slots=True, eq=False)
class Cumulated:
    """Σ over sessions before t of f quantities of c series: ``within`` (f, c·l) from the begin of
    t's step on, ``before`` (f, c·l/STEP) all steps before it. One column serves all series when
    c = 1."""

    within: Floats
    before: Floats
    columns: int

    @classmethod
    def of(cls, values: Floats) -> Cumulated:
        """``values`` (f, c, l), l a multiple of STEP; the first session's is at place 1."""
        f, c, length = values.shape
        parts = -(-length * STEP // SPLIT)
        stack = values.reshape(-1, length // (STEP * parts), STEP)
        within = np.matmul(stack, np.triu(np.ones((STEP, STEP)))).reshape(
            f, c, length // STEP, STEP
        )
        total = within[..., -1]
        before = np.cumsum(total, axis=2)
        before -= total
        return cls(within.reshape(f, c * length), before.reshape(f, c * length // STEP), c)

    def at(self, column: Ints, place: Ints, rows: slice | Ints = slice(None)) -> Floats:
        """(rows, n) sums of the sessions before ``place`` (n,) of series ``column``."""
        if self.columns > 1:
            place = place + column * (self.within.shape[1] // self.columns)
        found = np.take(self.within[rows], place, axis=1)
        found += np.take(self.before[rows], place >> 4, axis=1)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class RunningSums:
    """Running sums of some series, centred, on complete rows; q = p + 1 columns y, x₁ …

    ``own`` y, y·y, y·x₁ …; ``common`` x₁ … and their products x_i·x_j, i ≤ j; ``seen`` complete
    rows, or None where all are. ``column`` (S,) where a series stands here (−1: it does not),
    ``centre`` (S, q) what was subtracted, ``finite`` (S,) False for series that hold an infinite
    value.
    """

    own: Cumulated
    common: Cumulated
    seen: Cumulated | None
    column: Ints
    centre: Floats
    finite: Bools

    def before(self, series: Ints, place: Ints) -> tuple[Floats, Floats, Floats]:
        """Counts (n,), sums (q, n) and products (m, n), in the order of ``np.triu_indices(q)``, of
        the sessions before ``place`` (n,)."""
        column, p = self.column[series], self.centre.shape[1] - 1
        own, common = self.own.at(column, place), self.common.at(column, place)
        count = place.astype(np.float64) if self.seen is None else self.seen.at(column, place)[0]
        return (
            count, np.concatenate([own[:1], common[:p]]), np.concatenate([own[1:], common[p:]]),
        )  # fmt: skip

    def first(self, series: Ints, place: Ints) -> tuple[Floats, Floats]:
        """Counts (n,) and sums (q, n) alone."""
        column, p = self.column[series], self.centre.shape[1] - 1
        own = self.own.at(column, place, slice(1))
        common = self.common.at(column, place, slice(p))
        count = place.astype(np.float64) if self.seen is None else self.seen.at(column, place)[0]
        return count, np.concatenate([own, common])


def running_sums(store: RowStore, members: Ints) -> RunningSums:
    """Running sums of the series ``members``: O(rows · m), m = 1 + q + q(q+1)/2."""
    sizes, p = store.size[members], len(store.x)
    longest = int(sizes.max())
    parts = -(-(longest + 1) * STEP // SPLIT)
    length = -(-(longest + 1) // (STEP * parts)) * STEP * parts
    y = _laid(store.y, store.y_start[members], sizes, length)
    starts = store.x_start[members]
    alike = bool((starts == starts[0]).all() and (sizes == longest).all())
    some = slice(1) if alike else slice(None)
    xs = [_laid(x, starts[some], sizes[some], length) for x in store.x]
    complete = np.isfinite(sum(xs, start=y))
    finite = np.ones(len(store.size), dtype=bool)
    seen: Cumulated | None = None
    if not complete.all():
        finite[members] = ~np.logical_or.reduce([np.isinf(v).any(axis=1) for v in (y, *xs)])
        y, *xs = (np.where(complete, values, 0.0) for values in (y, *xs))
        complete[(np.arange(length) > sizes[:, None]) | (np.arange(length) == 0)] = False
        seen = Cumulated.of(complete[None].astype(np.float64))
    columns = [y, *xs]
    centre = np.zeros((len(store.size), p + 1))
    if store.form.constant:
        count = sizes if seen is None else np.maximum(complete.sum(axis=1), 1)
        for j, values in enumerate(columns):
            mean = values.sum(axis=1) / count[: len(values)]
            centre[members, j] = mean
            values[:, 1:] -= mean[:, None]
            if seen is not None:
                values[~complete] = 0.0
    own = np.stack([y, *(y * values for values in columns)])
    left, right = np.triu_indices(p)
    common = [*xs, *(xs[i] * xs[j] for i, j in zip(left, right, strict=True))]
    column = np.full(len(store.size), -1, dtype=np.int64)
    column[members] = np.arange(len(members))
    return RunningSums(
        Cumulated.of(own), Cumulated.of(np.stack(common) if common else np.empty((0, 1, length))),
        seen, column, centre, finite,
    )  # fmt: skip


def _laid(flat: Floats, start: Ints, size: Ints, length: int) -> Floats:
    """(c, length) the series beside each other, from place 1 on, zeros around them."""
    out = np.zeros((len(start), length))
    for row, begin, count in zip(out, start.tolist(), size.tolist(), strict=True):
        row[1 : count + 1] = flat[begin : begin + count]
    return out
