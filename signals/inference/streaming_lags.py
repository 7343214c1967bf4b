"""r̄ by dates: the sum of all pairwise correlations without forming a pair.

Events on one calendar whose T estimation rows are complete and whose day zeros are δ sessions
apart have T − δ common estimation sessions and L − δ common window sessions. With z⁺ᵢδ the last
T − δ residuals of event i, centred and scaled to length one, and z⁻ⱼδ the first T − δ of event j,

    ρ_ij = z⁺ᵢδ·z⁻ⱼδ,   Σ_{i on d} Σ_{j on d+δ} ρ_ij = (Σᵢ z⁺ᵢδ)·(Σⱼ z⁻ⱼδ),
    Σ_{i<j on d} ρ_ij = (‖Σᵢ z_i‖² − n_d)/2,   r̄ = Σ_δ (L−δ)/L Σ_d … / (N(N−1)/2),

which is the definition in ``correlation.py``, exactly, in O(N·L·T) instead of O(N²·T). The sums
over a date's events are one matrix product. Events with missing rows are not handled here:
``streaming_pairs`` adds their pairs one by one. Test: tests/inference/test_streaming_lags.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from signals.frames import Bools, Floats, Ints
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

    The Σz⁺ of the last D dates stand in a ring, slot date mod D, rows padded with D zeros. The
    row that lag δ asks of date − δ starts δ further right for each δ: a skewed view of one gather.
    """

    def __init__(self, depth: int, rows: int) -> None:
        self.depth, self.rows = depth, rows
        self.products = np.zeros(depth)
        self.pairs = np.zeros(depth, dtype=np.int64)
        self.head: list[DateSum] = []
        self.ring = np.zeros((depth, depth, rows + depth))
        self.work = np.zeros(1 + (depth - 1) * (rows + depth + 1))
        self.counts = np.zeros(depth, dtype=np.int64)
        self.last: int | None = None
        self.open: tuple[int, int, Floats] | None = None
        self.flat = False

    def add(self, date: int, e: Floats, scale: Floats, shift: Floats, chosen: Bools) -> None:
        """``e`` (n, T) residuals of events of one date, zero where not regular; their ``scale``
        and ``shift`` (2, D, n), late and early; and which of the events count."""
        if self.open is not None and self.open[0] != date:
            self.close()
        weight = scale.reshape(2 * self.depth, -1)
        less = shift.reshape(2 * self.depth, -1)
        count = int(np.count_nonzero(chosen))
        if count < len(chosen):
            weight, less = weight * chosen, less * chosen
        sums = weighted_sum(weight, e) - less.sum(axis=1)[:, None]
        if self.open is not None:
            count, sums = count + self.open[1], sums + self.open[2]
        self.open = (date, count, sums)

    def close(self) -> None:
        """The open date is complete: let it meet the dates before it, and remember it."""
        if self.open is None:
            return
        date, count, sums = self.open
        self.open = None
        depth, rows = self.depth, self.rows
        late, early = sums[:depth], sums[depth:]
        self.products[0] += (float(early[0] @ early[0]) - count) / 2.0
        self.pairs[0] += count * (count - 1) // 2
        if self.last is not None:
            for gone in range(self.last + 1, min(date, self.last + depth) + 1):
                self.ring[gone % depth] = 0.0
                self.counts[gone % depth] = 0
        lags = np.arange(1, depth)
        slots = (date - lags) % depth
        if depth > 1 and self.counts[slots].any():
            # One gather laid out so that the row of lag δ begins δ columns further right.
            wide = rows + depth
            self.work[: (depth - 1) * wide].reshape(depth - 1, wide)[:] = self.ring[slots, lags]
            skewed = self.work[1:].reshape(depth - 1, wide + 1)[:, :rows]
            self.products[1:] += np.einsum("dt,dt->d", skewed, early[1:])
            self.pairs[1:] += self.counts[slots] * count
        self.ring[date % depth, :, :rows] = late
        self.counts[date % depth] = count
        self.last = date
        if date - (self.head[0].date if self.head else date) < depth:
            self.head.append(DateSum(date, count, early))

    def finish(self) -> LagSums | None:
        self.close()
        if self.last is None:
            return None
        dates = [d for d in range(self.last - self.depth + 1, self.last + 1)
                 if self.counts[d % self.depth]]  # fmt: skip
        tail = tuple(
            DateSum(d, int(self.counts[d % self.depth]),
                    self.ring[d % self.depth, :, : self.rows].copy())
            for d in dates
        )  # fmt: skip
        return LagSums(self.products, self.pairs, tuple(self.head), tail, self.flat)


@dataclass(frozen=True, slots=True, eq=False)
class CellLags:
    """The collectors of a chunk's cells; cells of the same events share one, as deep as the
    longest of their windows."""

    lags: tuple[int, ...]
    members: Bools
    collectors: tuple[LagCollector | None, ...]

    @classmethod
    def of(cls, lags: tuple[int, ...], members: Bools, rows: int) -> CellLags:
        depth: dict[bytes, int] = {}
        for lag, member in zip(lags, members, strict=True):
            key = member.tobytes()
            depth[key] = max(depth.get(key, 0), lag)
        made = {key: LagCollector(d, rows) for key, d in depth.items() if d}
        return cls(
            lags,
            members,
            tuple(
                made[member.tobytes()] if lag else None
                for lag, member in zip(lags, members, strict=True)
            ),
        )

    def add(self, residuals: Floats, date: Ints, regular: Bools, part: slice) -> None:
        """``residuals`` (n, T) of the events ``part``; those not ``regular`` are passed over."""
        deepest = max((c.depth for c in self.collectors if c), default=0)
        if not deepest or not regular.any():
            return
        safe = residuals if regular.all() else np.where(regular[:, None], residuals, 0.0)
        scale, shift = unit_scales(safe, deepest)
        flat = regular & (scale == 0).any(axis=(0, 1))
        edges = (np.flatnonzero(np.diff(date)) + 1).tolist()
        distinct = {id(c): (c, m) for c, m in zip(self.collectors, self.members, strict=True) if c}
        for collector, member in distinct.values():
            chosen = member[part] & regular
            collector.flat |= bool((flat & chosen).any())
            mine, less = scale[:, : collector.depth], shift[:, : collector.depth]
            for begin, stop in zip([0, *edges], [*edges, len(date)], strict=True):
                if chosen[begin:stop].any():
                    collector.add(
                        int(date[begin]), safe[begin:stop], mine[:, :, begin:stop],
                        less[:, :, begin:stop], chosen[begin:stop],
                    )  # fmt: skip

    def finish(self) -> tuple[LagSums | None, ...]:
        """One record per cell, as deep as the cell's own windows: which cells share a collector
        differs from chunk to chunk, and records of one cell are added."""
        made = {id(c): c.finish() for c in self.collectors if c}
        return tuple(
            _as_deep_as(made[id(c)], lag) if c else None
            for c, lag in zip(self.collectors, self.lags, strict=True)
        )


def _as_deep_as(sums: LagSums | None, depth: int) -> LagSums | None:
    """The same dates for lags below ``depth`` only."""
    if sums is None or len(sums.products) == depth:
        return sums
    begin, last = sums.head[0].date, sums.tail[-1].date
    head = [h for h in sums.head if h.date - begin < depth]
    tail = [t for t in sums.tail if last - t.date < depth]
    return LagSums(
        sums.products[:depth].copy(),
        sums.pairs[:depth].copy(),
        tuple(DateSum(h.date, h.count, h.sum[:depth]) for h in head),
        tuple(DateSum(t.date, t.count, t.sum[:depth]) for t in tail),
        sums.flat,
    )


def unit_scales(e: Floats, depth: int) -> tuple[Floats, Floats]:
    """1/length of each event's last and first T − δ residuals about their mean, and mean/length.

    Returns (scale, shift), each (2, depth, n): late rows, then early rows. Scale 0: residuals
    that do not vary there.
    """
    total, squares = e.sum(axis=1), np.einsum("nt,nt->n", e, e)
    rows = (e.shape[1] - np.arange(depth))[:, None]
    gone, gone_squares = np.zeros((2, depth, len(e))), np.zeros((2, depth, len(e)))
    for side, end in enumerate((e[:, : depth - 1].T, e[:, ::-1][:, : depth - 1].T)):
        np.cumsum(end, axis=0, out=gone[side, 1:])
        np.cumsum(end**2, axis=0, out=gone_squares[side, 1:])
    mean = (total - gone) / rows
    length = squares - gone_squares - rows * mean**2
    varies = length > 1e-20 * squares
    scale = np.where(varies, 1.0 / np.sqrt(np.where(varies, length, 1.0)), 0.0)
    return scale, scale * mean


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
