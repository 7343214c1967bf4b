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

SIZES: Final = (4, 7, 11, 15, 23, 31)
OVERHEAD: Final = 6
"""What a group costs beside its places, in places (measured: 2 µs against 0.33 µs)."""


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """n events, sorted by slot, in G groups of ``size`` places; U distinct slots.

    ``slot`` (U,) and ``count`` (U,) its events. Groups 0 … U−1 are the first of each slot;
    ``further`` the others, which follow in order, as (slice of groups, slot). ``runs`` are ranges
    of 0 … U whose slots follow each other without a gap. ``at`` (n,) where each event sits, a group
    having ``size`` + 1 places; ``free`` the places without an event and ``last`` (G,) the last of
    each group; ``begin`` (G,) each group's first event.
    """

    size: int
    slot: Ints
    count: Ints
    further: tuple[tuple[slice, int], ...]
    runs: tuple[tuple[int, int], ...]
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
        return out.reshape(-1, self.size + 1, values.shape[1])

    def weights(self, scale: Floats, shift: Floats | None = None) -> Floats:
        """(n, D) weights → (G, size + 1, D), zero at free places; against the row of ones stands
        −Σ ``shift``, so that the weighted sum of rows comes out centred."""
        out = np.zeros((len(self.last) * (self.size + 1), scale.shape[1]))
        out[self.at] = scale
        if shift is not None:
            sums = np.add.reduceat(shift, self.begin, axis=0)  # a group's events stand together
            out[self.at[self.begin] // (self.size + 1) * (self.size + 1) + self.size] = -sums
        return out.reshape(-1, self.size + 1, scale.shape[1])


def grouped(slot: Ints, cells: int) -> Groups:
    """Groups of events sorted by ``slot`` (n,), of the size that costs least; ``cells`` = D·T
    results of a product bound the size, so that no product is large enough for the BLAS to split.
    """
    first = np.flatnonzero(np.diff(slot, prepend=slot[0] - 1))
    count = np.diff(first, append=len(slot))
    sizes = [s for s in SIZES if (s + 1) * cells <= SMALL_PRODUCT] or [1]
    cost = [int((-(-count // s)).sum()) * (s + OVERHEAD) for s in sizes]
    size = sizes[int(np.argmin(cost))]
    more = -(-count // size) - 1
    begin = len(count) + np.cumsum(more) - more  # the second group of each slot
    which = np.repeat(np.arange(len(count)), count)
    nth, place = np.divmod(np.arange(len(slot)) - first[which], size)
    group = np.where(nth == 0, which, begin[which] + nth - 1)
    distinct = slot[first]
    edges = [0, *(np.flatnonzero(np.diff(distinct) > 1) + 1).tolist(), len(distinct)]
    further = tuple(
        (slice(int(begin[u]), int(begin[u] + more[u])), int(distinct[u]))
        for u in np.flatnonzero(more).tolist()
    )
    at = group * (size + 1) + place
    taken = np.zeros((len(count) + int(more.sum()), size + 1), dtype=bool)
    taken.reshape(-1)[at] = True
    taken[:, size] = True
    last = np.arange(size, taken.size, size + 1)
    return Groups(
        size, distinct, count, further, tuple(pairwise(edges)), at,
        np.flatnonzero(~taken), np.flatnonzero(place == 0), last,
    )  # fmt: skip
