"""What r̄ needs of a chunk, for every cell: events that cells share are summed once.

Test: tests/inference/test_streaming_lags.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from signals.frames import Bools, Floats, Ints
from signals.inference.streaming_lags import DateSum, LagCollector, LagSums

SESSIONS_AT_ONCE: Final = 128
MEMORY: Final = 1 << 26
"""Bytes that a chunk's sums by session may take: fewer sessions at once where cells are many."""


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
        keys = [member.tobytes() for member in members]
        for lag, key in zip(lags, keys, strict=True):
            depth[key] = max(depth.get(key, 0), lag)
        room = MEMORY // (8 * sum(d * (rows + d) for d in depth.values() if d) + 1)
        slots = min(max(room, 1), SESSIONS_AT_ONCE)
        made = {key: LagCollector(d, rows, slots) for key, d in depth.items() if d}
        return cls(
            lags,
            members,
            tuple(made[key] if lag else None for lag, key in zip(lags, keys, strict=True)),
        )

    def add(self, residuals: Floats, date: Ints, regular: Bools, part: slice) -> None:
        """``residuals`` (n, T) of the events ``part``; those not ``regular`` are passed over."""
        deepest = max((c.depth for c in self.collectors if c), default=0)
        if not deepest or not regular.any():
            return
        members = self.members[:, part]
        if not regular.all():
            residuals, date, members = residuals[regular], date[regular], members[:, regular]
        scale, shift = unit_scales(residuals, deepest)
        flat = (scale == 0).any(axis=(0, 2))
        distinct = {id(c): (c, m) for c, m in zip(self.collectors, members, strict=True) if c}
        for collector, chosen in distinct.values():
            if not chosen.any():
                continue
            take = slice(None) if chosen.all() else chosen
            collector.flat |= bool(flat[take].any())
            depth = collector.depth
            collector.add(
                date[take], residuals[take],
                (scale[0, take, :depth], shift[0, take, :depth]),
                (scale[1, take, :depth], shift[1, take, :depth]),
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

    Returns (scale, shift), each (2, n, depth): late rows, then early rows. Scale 0: residuals
    that do not vary there.
    """
    rows = (e.shape[1] - np.arange(depth))[:, None]
    # Sums and sums of squares of what is left when the rows at one end are taken off.
    left = np.empty((2, 2, depth, len(e)))
    left[0, :, 0] = e.sum(axis=1)
    left[1, :, 0] = np.einsum("nt,nt->n", e, e)
    for side, end in enumerate((e[:, : depth - 1].T, e[:, :-depth:-1].T)):
        np.negative(end, out=left[0, side, 1:])
        np.multiply(end, left[0, side, 1:], out=left[1, side, 1:])
    for lag in range(1, depth):  # cumsum along this axis takes twice the time
        left[:, :, lag] += left[:, :, lag - 1]
    floor = 1e-20 * left[1, 0, 0]
    mean, length = np.divide(left[0], rows), left[1]
    length -= np.multiply(left[0], mean, out=left[0])
    varies = length > floor
    if not varies.all():
        scale = np.where(varies, 1.0 / np.sqrt(np.where(varies, length, 1.0)), 0.0)
    else:
        scale = np.divide(1.0, np.sqrt(length, out=length), out=length)
    return _by_event(scale), _by_event(np.multiply(mean, scale, out=mean))


def _by_event(values: Floats) -> Floats:
    return np.ascontiguousarray(values.transpose(0, 2, 1))
