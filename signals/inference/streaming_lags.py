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

Scales = tuple[Floats, Floats]


@dataclass(frozen=True, slots=True, eq=False)
class DateSum:
    """The regular events of one cell and one day zero: ``date`` its session number, ``count``
    events, ``sum`` (D, T) Σz⁺ or Σz⁻ by lag (row δ begins with its own first row)."""

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
            products[delta] += float(one.sum[delta] @ now.sum[delta])
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

    def add(self, date: int, e: Floats, late: Scales, early: Scales) -> None:
        """``e`` (n, T) residuals of regular events of one date, their scales for all lags."""
        if self.open is not None and self.open[0] != date:
            self.close()
        count, sums = 0, [np.zeros((self.depth, self.rows)) for _ in range(2)]
        if self.open is not None:
            count, sums = self.open[1], [self.open[2], self.open[3]]
        for total, (scale, mean) in zip(sums, (late, early), strict=True):
            weight = scale[:, : self.depth].T
            shift = (weight * mean[:, : self.depth].T).sum(axis=1)
            np.add(total, weight @ e - shift[:, None], out=total)
        self.flat |= bool((late[0][:, : self.depth] == 0).any())
        self.flat |= bool((early[0][:, : self.depth] == 0).any())
        self.open = (date, count + len(e), sums[0], sums[1])

    def close(self) -> None:
        """The open date is complete: let it meet the dates before it."""
        if self.open is None:
            return
        date, count, late, early = self.open
        self.open = None
        for delta in range(1, self.depth):
            late[delta, :-delta] = late[delta, delta:]
            late[delta, -delta:] = 0.0
            early[delta, -delta:] = 0.0
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
        late, early = unit_scales(residuals, regular, deepest)
        edges = (np.flatnonzero(np.diff(date)) + 1).tolist()
        distinct = {id(c): (c, m) for c, m in zip(self.collectors, self.members, strict=True) if c}
        for begin, stop in zip([0, *edges], [*edges, len(date)], strict=True):
            rows = slice(begin, stop)
            for collector, member in distinct.values():
                at = np.flatnonzero(member[part][rows] & regular[rows]) + begin
                if at.size:
                    pick = rows if len(at) == stop - begin else at
                    collector.add(
                        int(date[begin]), residuals[pick],
                        (late[0][pick], late[1][pick]), (early[0][pick], early[1][pick]),
                    )  # fmt: skip

    def finish(self) -> tuple[LagSums | None, ...]:
        """One record per cell (one and the same for cells that share)."""
        made = {id(c): c.finish() for c in self.collectors if c}
        return tuple(made[id(c)] if c else None for c in self.collectors)


def unit_scales(e: Floats, regular: Bools, depth: int) -> tuple[Scales, Scales]:
    """1/length and mean of each event's last and first T − δ residuals, δ < ``depth``.

    Returns ((scale, mean), (scale, mean)), each (n, depth): late rows, then early rows. Scale 0:
    residuals that do not vary there, and events that are not ``regular``.
    """
    safe = np.where(regular[:, None], e, 0.0) if not regular.all() else e
    total, squares = safe.sum(axis=1), np.einsum("nt,nt->n", safe, safe)
    rows = e.shape[1] - np.arange(depth)
    sides = []
    for end in (safe[:, : depth - 1], safe[:, ::-1][:, : depth - 1]):
        gone = np.zeros((len(e), depth))
        gone_squares = np.zeros((len(e), depth))
        np.cumsum(end, axis=1, out=gone[:, 1:])
        np.cumsum(end**2, axis=1, out=gone_squares[:, 1:])
        mean = (total[:, None] - gone) / rows
        length = squares[:, None] - gone_squares - rows * mean**2
        varies = length > 1e-20 * squares[:, None]
        scale = np.where(varies, 1.0 / np.sqrt(np.where(varies, length, 1.0)), 0.0)
        sides.append((scale, mean))
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
