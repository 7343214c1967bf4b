"""r̄ by dates: the sum of all pairwise correlations without forming a pair.

Events on one calendar whose T estimation rows are complete and whose day zeros are δ sessions
apart have T − δ common estimation sessions and L − δ common window sessions. With z⁺ᵢδ the last
T − δ residuals of event i, centred and scaled to length one, and z⁻ⱼδ the first T − δ of event j,

    ρ_ij = z⁺ᵢδ·z⁻ⱼδ,   A_dδ = Σ_{i on d} z⁺ᵢδ,   Σ_i Σ_{j on d+δ} ρ_ij = Σ_j z⁻ⱼδ·A_dδ,
    Σ_{i<j on d} ρ_ij = (‖A_d0‖² − n_d)/2,   r̄ = Σ_δ (L−δ)/L Σ_d … / (N(N−1)/2),

which is the definition in ``correlation.py``, exactly, in O(N·L·T) instead of O(N²·T). Both steps
are matrix products (``streaming_groups``): of all dates of a block at once, so that a date with
four events costs little more than its share. Events with missing rows are not handled here:
``streaming_pairs`` adds their pairs one by one. Test: tests/inference/test_streaming_lags.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view

from signals.frames import Floats, Ints
from signals.inference.streaming_groups import Groups, grouped
from signals.inference.streaming_sums import weighted_sum


@dataclass(frozen=True, slots=True, eq=False)
class DateSum:
    """The regular events of one cell and one day zero: ``date`` its session number, ``count``
    events, ``sum`` (D, T) Σz⁺ or Σz⁻ by lag, of which row δ holds the last or first T − δ."""

    date: int
    count: int
    sum: Floats


@dataclass(frozen=True, slots=True, eq=False)
class LagSums:
    """What one cell's dates within a chunk add up to, for lags δ < D.

    ``products`` (D,) Σρ over pairs δ sessions apart, ``pairs`` (D,) their number; ``head`` Σz⁻ of
    the dates that earlier chunks still have to meet, ``tail`` Σz⁺ of those that later ones have;
    ``flat``: a regular event whose residuals do not vary on some T − δ rows (r̄ is undefined).
    """

    products: Floats
    pairs: Ints
    head: tuple[DateSum, ...]
    tail: tuple[DateSum, ...]
    flat: bool

    def then(self, later: LagSums) -> LagSums:
        """Both, ``later`` following in order of date; the pairs between them are added."""
        products, pairs = self.products + later.products, self.pairs + later.pairs
        for early in later.head:
            _meet(self.tail, early, products, pairs)
        last = later.tail[-1].date
        depth = len(products)
        tail = [t for t in self.tail if last - t.date < depth] + list(later.tail)
        begin = self.head[0].date
        head = list(self.head) + [h for h in later.head if h.date - begin < depth]
        return LagSums(products, pairs, tuple(head), tuple(tail), self.flat or later.flat)


def _meet(before: Sequence[DateSum], now: DateSum, products: Floats, pairs: Ints) -> None:
    """Add the pairs between the dates ``before`` (their Σz⁺) and ``now`` (its Σz⁻)."""
    for one in before:
        delta = now.date - one.date
        if delta < len(products):
            rows = one.sum.shape[1]
            products[delta] += float(one.sum[delta, delta:] @ now.sum[delta, : rows - delta])
            pairs[delta] += one.count * now.count


class LagCollector:
    """Collects one cell's :class:`LagSums` from blocks of residuals in order of date.

    ``late`` holds Σz⁺, a slot for each session: row δ has T values and D zeros behind them. What
    the early rows of slot s meet, row δ of slot s − δ from its δ-th value on, are then rows of a
    strided view (``before``, δ descending), so no sum is copied to be multiplied. Sessions without
    events are zeros; D of them in a row are as good as more.
    """

    def __init__(self, depth: int, rows: int, capacity: int) -> None:
        slots, wide = depth + max(capacity, depth + 1), rows + depth
        self.depth, self.rows = depth, rows
        self.products = np.zeros(depth)
        self.pairs = np.zeros(depth, dtype=np.int64)
        self.head: list[DateSum] = []
        self.late = np.empty((slots, depth, wide))
        self.late[:depth] = 0.0
        self.late[:, :, rows:] = 0.0
        self.before = as_strided(
            self.late.reshape(-1)[(depth - 1) * (wide + 1) :],
            (slots - depth + 1, depth - 1, rows),
            tuple(8 * step for step in (depth * wide, (depth - 1) * wide - 1, 1)),
        )
        self.count = np.zeros(slots, dtype=np.int64)
        self.counts_before = sliding_window_view(self.count, depth)[:, :-1]
        self.slot, self.date = depth - 1, 0  # of the last date, which may go on
        self.open = depth - 1
        self.goes_on = False  # whether the first of the new events are of that date
        self.flat = False

    def add(self, date: Ints, e: Floats, late: tuple[Floats, Floats],
            early: tuple[Floats, Floats]) -> None:  # fmt: skip
        """``e`` (n, T) residuals of events in order of ``date`` (n,), none missing; ``late`` and
        ``early`` their scales and shifts, each (n, D)."""
        self._remember_head(date, e, *early)
        begin = 0
        while begin < len(date):
            if not self.count.any():
                self.date = int(date[begin])
            apart = np.diff(date[begin:], prepend=self.date)
            slot = self.slot + np.cumsum(np.minimum(apart, self.depth))
            fits = int(np.searchsorted(slot, len(self.count)))
            if fits < len(slot) and 2 * self.slot > len(self.count):
                self._forget()
                continue
            part = slice(begin, begin + fits)
            groups = grouped(slot[:fits], self.depth * self.rows)
            rows = groups.rows(e[part])
            self._make_room(groups)
            self._meet(
                groups,
                rows,
                groups.weights(late[0][part], late[1][part]).transpose(0, 2, 1),
                groups.weights(early[0][part, :0:-1])[:, : groups.size],
            )
            begin, self.date = begin + fits, int(date[begin + fits - 1])

    def _make_room(self, groups: Groups) -> None:
        """Zeros for the sessions without events; the groups' events are counted in their slots."""
        slots = groups.slot
        empty = np.ones(slots[-1] - self.slot, dtype=bool)
        empty[slots[slots > self.slot] - self.slot - 1] = False
        self.late[self.slot + 1 + np.flatnonzero(empty), :, : self.rows] = 0.0
        self.goes_on = bool(slots[0] == self.slot and self.count[self.slot])
        self.count[slots] += groups.count
        self.slot = int(slots[-1])

    def _meet(self, groups: Groups, rows: Floats, late: Floats, early: Floats) -> None:
        """Put Σz⁺, ``late`` (G, D, p) times ``rows`` (G, p, T), into the groups' slots, and let the
        events of every group, weighted with ``early`` (G, p − 1, D − 1), meet the D − 1 sessions
        before theirs. A few sessions at a time: what one writes, the next find in the cache."""
        slots, own = groups.slot, self.late[:, :, : self.rows]
        events = rows[:, : groups.size]
        earliest = slots - self.depth + 1
        counts = self.counts_before[earliest]
        self.pairs[:0:-1] += groups.count @ counts
        met = counts.sum(axis=1)
        products = np.zeros(early.shape)
        for begin, stop, further in groups.runs:
            first, count = slots[begin], stop - begin
            so_far = own[first].copy() if self.goes_on and not begin else None
            np.matmul(late[begin:stop], rows[begin:stop], out=own[first : first + count])
            if so_far is not None:
                own[first] += so_far
            for group, slot in further:
                for sums in np.matmul(late[group], rows[group]):
                    own[slot] += sums
            # The others are centred, so it does not matter that these rows are not.
            if met[begin:stop].any():
                others = self.before[earliest[begin] : earliest[begin] + count]
                np.matmul(events[begin:stop], others.transpose(0, 2, 1), out=products[begin:stop])
                for group, slot in further:
                    others = self.before[slot - self.depth + 1]
                    np.matmul(events[group], others.T, out=products[group])
        self.products[:0:-1] += np.einsum("gpd,gpd->d", products, early)

    def _remember_head(self, date: Ints, e: Floats, scale: Floats, shift: Floats) -> None:
        """Σz⁻ of the dates that an earlier chunk's can meet."""
        begin = self.head[0].date if self.head else int(date[0])
        near = int(np.searchsorted(date, begin + self.depth))
        edges = np.flatnonzero(np.diff(date[:near])) + 1
        for part in np.split(np.arange(near), edges) if near else ():
            own, day = slice(part[0], part[-1] + 1), int(date[part[0]])
            sums = weighted_sum(np.ascontiguousarray(scale[own].T), e[own])
            sums -= shift[own].sum(axis=0)[:, None]
            count = len(part)
            if self.head and self.head[-1].date == day:
                last = self.head.pop()
                count, sums = count + last.count, sums + last.sum
            self.head.append(DateSum(day, count, sums))

    def _close(self, until: int) -> None:
        """Count the pairs within the dates in slots below ``until``, which are complete."""
        if until > self.open:
            own = self.late[self.open : until, 0, : self.rows]
            count = self.count[self.open : until]
            self.products[0] += (float(np.einsum("ut,ut->", own, own)) - int(count.sum())) / 2.0
            self.pairs[0] += int((count * (count - 1) // 2).sum())
            self.open = until

    def _forget(self) -> None:
        """Make room: only the last D slots stay, which later dates can meet."""
        self._close(self.slot)
        stay = slice(self.slot - self.depth + 1, self.slot + 1)
        for array in (self.late, self.count):
            array[: self.depth] = array[stay]
        self.count[self.depth :] = 0
        self.slot = self.open = self.depth - 1

    def finish(self) -> LagSums | None:
        if not self.count.any():
            return None
        self._close(self.slot + 1)
        tail = tuple(
            DateSum(self.date - self.slot + s, int(self.count[s]),
                    self.late[s, :, : self.rows].copy())
            for s in range(self.slot - self.depth + 1, self.slot + 1)
            if self.count[s]
        )  # fmt: skip
        return LagSums(self.products, self.pairs, tuple(self.head), tail, self.flat)


def merge_lags(parts: Sequence[LagSums | None]) -> LagSums | None:
    """Chunks in order of date; a date may be split between them."""
    total: LagSums | None = None
    for part in parts:
        total = part if total is None else total if part is None else total.then(part)
    return total


def weighted(sums: LagSums, length: int) -> float:
    """Σ w_ij ρ_ij over the regular pairs, w = (L − δ)/L."""
    depth = min(length, len(sums.products))
    return float((length - np.arange(depth)) @ sums.products[:depth]) / length
