"""Events of one session in groups of equal size, so that all products are one array operation.

A stack of small matrices is multiplied in one call, outside Python and on one thread each. A
session with more events than a group holds has several groups; free places hold zeros.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from signals.frames import Floats, Ints
from signals.inference.streaming_sums import SMALL_PRODUCT

SIZES: Final = np.array([1, 4, 7, 11, 15, 23, 31])
OVERHEAD: Final = 6
"""What a group costs beside its places, in places (measured: 2 µs against 0.33 µs)."""

LONGEST_RUN: Final = 24
"""Sessions whose sums, with those of the sessions that they meet, stay in a core's own cache."""
Run = tuple[int, int, tuple[tuple[slice, int], ...]]
"""First slots (begin, stop) that follow each other without a gap, and the further groups of theirs
as (slice of groups, slot)."""


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """n events, sorted by slot, in G groups of ``size`` places; U distinct slots.

    ``slot`` (U,) and ``count`` (U,) its events. Groups 0 … U−1 are the first of each slot, the
    others follow in order. ``runs``: see :data:`Run`. ``at`` (n,) where each event sits, a group
    having ``size`` + 1 places; ``free`` the places without an event and ``last`` (G,) the last of
    each group; ``begin`` (G,) each group's first event.
    """

    size: int
    slot: Ints
    count: Ints
    runs: tuple[Run, ...]
    at: Ints
    free: Ints
    begin: Ints
    last: Ints

    def rows(self, values: Floats) -> Floats:
        """(n, m) → (G, size + 1, m): each event's row, zeros at free places, and last ones."""
        out = np.empty((len(self.last) * (self.size + 1), values.shape[1]))
        out[self.at] = values
        out[self.free] = 0.0
        out[self.last] = 1.0
        return out.reshape(len(self.last), self.size + 1, values.shape[1])

    def weights(self, scale: Floats, shift: Floats | None = None) -> Floats:
        """(n, D) weights → (G, size + 1, D), zero at free places; against the row of ones stands
        −Σ ``shift``, so that the weighted sum of rows comes out centred."""
        out = np.zeros((len(self.last) * (self.size + 1), scale.shape[1]))
        out[self.at] = scale
        if shift is not None:
            sums = np.add.reduceat(shift, self.begin, axis=0)  # a group's events stand together
            out[self.at[self.begin] // (self.size + 1) * (self.size + 1) + self.size] = -sums
        return out.reshape(len(self.last), self.size + 1, scale.shape[1])


def grouped(slot: Ints, cells: int) -> Groups:
    """Groups of events sorted by ``slot`` (n,), of the size that costs least; ``cells`` = D·T
    results of a product bound the size, so that no product is large enough for the BLAS to split.
    """
    n = len(slot)
    first = np.flatnonzero(np.concatenate([[True], slot[1:] != slot[:-1]]))
    distinct = slot[first]
    count = np.concatenate([first[1:], [n]]) - first
    sizes = SIZES[(SIZES + 1) * cells <= SMALL_PRODUCT]
    if not len(sizes):
        sizes = SIZES[:1]
    needed = -(-count // sizes[:, None])
    best = int(np.argmin(needed.sum(axis=1) * (sizes + OVERHEAD)))
    size, more = int(sizes[best]), needed[best] - 1
    begin = len(count) + np.cumsum(more) - more  # the second group of each slot
    which = np.repeat(np.arange(len(count)), count)
    within = np.arange(n) - first[which]
    nth = within // size
    place = within - nth * size
    group = np.where(nth == 0, which, begin[which] + nth - 1)
    at = group * (size + 1) + place
    taken = np.zeros(int(needed[best].sum()) * (size + 1), dtype=bool)
    last = np.arange(size, len(taken), size + 1)
    taken[at] = True
    taken[last] = True
    # The further groups of each slot that has any, and where runs end.
    others = [
        (u, slice(int(begin[u]), int(begin[u] + more[u])), int(distinct[u]))
        for u in np.flatnonzero(more).tolist()
    ]
    gaps = (np.flatnonzero(distinct[1:] - distinct[:-1] > 1) + 1).tolist()
    edges = sorted({*range(0, len(distinct), LONGEST_RUN), *gaps, len(distinct)})
    runs = tuple(
        (low, high, tuple((groups, at_slot) for u, groups, at_slot in others if low <= u < high))
        for low, high in pairwise(edges)
    )
    return Groups(
        size, distinct, count, runs, at, np.flatnonzero(~taken), np.flatnonzero(place == 0), last
    )
