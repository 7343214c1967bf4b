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

Scales = tuple[Floats, Floats]


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
    """Collects one cell's :class:`LagSums` from blocks of residuals in order of date."""

    def __init__(self, depth: int, rows: int) -> None:
        self.depth, self.rows = depth, rows
        self.products = np.zeros(depth)
        self.pairs = np.zeros(depth, dtype=np.int64)
        self.head: list[DateSum] = []
        self.recent: list[DateSum] = []
        self.open: tuple[int, int, Floats, Floats] | None = None
        self.flat = False

    def add(self, date: int, e: Floats, late: Scales, early: Scales, chosen: Bools) -> None:
        """``e`` (n, T) residuals of events of one date, zero where not regular, their scales
        (D', n) for D' ≥ D lags, and which of the events count."""
        if self.open is not None and self.open[0] != date:
            self.close()
        every = bool(chosen.all())
        sides = []
        for scale, shift in (late, early):
            weight, less = scale[: self.depth], shift[: self.depth]
            if not every:
                weight, less = weight * chosen, less * chosen
            sides.append(weighted_sum(weight, e) - less.sum(axis=1)[:, None])
        count = int(chosen.sum())
        if self.open is not None:
            count, sides = count + self.open[1], [self.open[2] + sides[0], self.open[3] + sides[1]]
        self.open = (date, count, sides[0], sides[1])

    def close(self) -> None:
        """The open date is complete: let it meet the dates before it."""
        if self.open is None:
            return
        date, count, late, early = self.open
        self.open = None
        now = DateSum(date, count, early)
        self.products[0] += (float(early[0] @ early[0]) - count) / 2.0
        self.pairs[0] += count * (count - 1) // 2
        self.recent = [one for one in self.recent if date - one.date < self.depth]
        _meet(self.recent, now, self.products, self.pairs)
        self.recent.append(DateSum(date, count, late))
        if date - (self.head[0].date if self.head else date) < self.depth:
            self.head.append(now)

    def finish(self) -> LagSums | None:
        self.close()
        if not self.recent:
            return None
        return LagSums(self.products, self.pairs, tuple(self.head), tuple(self.recent), self.flat)


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
        late, early = unit_scales(safe, deepest)
        flat = regular & ((late[0] == 0) | (early[0] == 0)).any(axis=0)
        edges = (np.flatnonzero(np.diff(date)) + 1).tolist()
        distinct = {id(c): (c, m) for c, m in zip(self.collectors, self.members, strict=True) if c}
        for collector, member in distinct.values():
            chosen = member[part] & regular
            collector.flat |= bool((flat & chosen).any())
            for begin, stop in zip([0, *edges], [*edges, len(date)], strict=True):
                rows = slice(begin, stop)
                if chosen[rows].any():
                    collector.add(
                        int(date[begin]), safe[rows],
                        (late[0][:, rows], late[1][:, rows]),
                        (early[0][:, rows], early[1][:, rows]), chosen[rows],
                    )  # fmt: skip

    def finish(self) -> tuple[LagSums | None, ...]:
        """One record per cell (one and the same for cells that share)."""
        made = {id(c): c.finish() for c in self.collectors if c}
        return tuple(made[id(c)] if c else None for c in self.collectors)


def unit_scales(e: Floats, depth: int) -> tuple[Scales, Scales]:
    """1/length of each event's last and first T − δ residuals about their mean, and mean/length.

    Returns ((scale, shift), (scale, shift)), each (depth, n): late rows, then early rows. Scale 0:
    residuals that do not vary there.
    """
    total, squares = e.sum(axis=1), np.einsum("nt,nt->n", e, e)
    rows = (e.shape[1] - np.arange(depth))[:, None]
    sides = []
    for end in (e[:, : depth - 1], e[:, ::-1][:, : depth - 1]):
        gone, gone_squares = np.zeros((depth, len(e))), np.zeros((depth, len(e)))
        np.cumsum(end.T, axis=0, out=gone[1:])
        np.cumsum(end.T**2, axis=0, out=gone_squares[1:])
        mean = (total - gone) / rows
        length = squares - gone_squares - rows * mean**2
        varies = length > 1e-20 * squares
        scale = np.where(varies, 1.0 / np.sqrt(np.where(varies, length, 1.0)), 0.0)
        sides.append((scale, scale * mean))
    return sides[0], sides[1]


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
