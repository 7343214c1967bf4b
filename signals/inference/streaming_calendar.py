"""Sessions of a study at scale as numbers: labels per series, and one grid for the main calendar.

Two events on the grid share sessions exactly as far as the positions of their day zeros are apart,
so overlaps and lags are differences of integers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from signals.frames import Bools, Ints
from signals.returns.record import AssetSeries, EventReturns

ABSENT = np.iinfo(np.int64).max
"""Label of a session beyond the data."""


@dataclass(frozen=True, slots=True, eq=False)
class SessionNumbers:
    """``labels`` (F,) session labels as integers, each series with margins of ``ABSENT``;
    ``start`` (S,) flat position of a series' first session; ``offset`` (S,) its position in the
    main calendar's grid, −1 where the series is not a run of that grid; ``margin`` rows."""

    labels: Ints
    start: Ints
    offset: Ints
    size: Ints
    margin: int

    def day(self, zero: Ints, series: Ints) -> Ints:
        """(n,) label of day zero."""
        return self.window(zero, series, 0, 1)[:, 0]

    def window(self, zero: Ints, series: Ints, first: int, length: int) -> Ints:
        """(n, length) labels of the sessions from ``first`` on, ``ABSENT`` beyond the data."""
        at = np.clip(zero + first, -self.margin, self.size[series])
        return np.asarray(sliding_window_view(self.labels, length)[self.start[series] + at])

    def position(self, zero: Ints, series: Ints) -> Ints:
        """(n,) grid position of day zero, −1 off the grid."""
        offset = self.offset[series]
        return np.where(offset >= 0, offset + zero, -1)


def session_numbers(returns: EventReturns, margin: int) -> SessionNumbers:
    """Number the sessions of all series; series that share a sessions array share its labels."""
    unit = np.result_type(*[s.sessions.dtype for s in returns.series])
    distinct: dict[int, tuple[int, Ints, str]] = {}
    start = np.zeros(len(returns.series), dtype=np.int64)
    at = margin
    pieces = [np.full(margin, ABSENT)]
    for i, one in enumerate(returns.series):
        key = id(one.sessions)
        if key not in distinct:
            labels = one.sessions.astype(unit).astype(np.int64)
            distinct[key] = (at, labels, one.calendar)
            pieces += [labels, np.full(margin, ABSENT)]
            at += len(labels) + margin
        start[i] = distinct[key][0]
    weight = np.bincount(returns.series_index, minlength=len(returns.series))
    return SessionNumbers(
        labels=np.concatenate(pieces),
        start=start,
        offset=_offsets(returns.series, weight, {k: v[1] for k, v in distinct.items()}),
        size=np.array([len(s.sessions) for s in returns.series], dtype=np.int64),
        margin=margin,
    )


def _offsets(series: tuple[AssetSeries, ...], weight: Ints, labels: dict[int, Ints]) -> Ints:
    """Place of each series in the union of the sessions of the calendar with most events."""
    events: dict[str, int] = {}
    for one, count in zip(series, weight.tolist(), strict=True):
        events[one.calendar] = events.get(one.calendar, 0) + count
    main = max(sorted(events), key=lambda name: events[name])
    arrays = {id(s.sessions): labels[id(s.sessions)] for s in series if s.calendar == main}
    grid = np.unique(np.concatenate(list(arrays.values())))
    places: dict[int, int] = {}
    for key, values in arrays.items():
        place = int(np.searchsorted(grid, values[0])) if len(values) else -1
        fits = np.array_equal(grid[place : place + len(values)], values)
        places[key] = place if fits else -1
    return np.array(
        [places[id(s.sessions)] if s.calendar == main else -1 for s in series], dtype=np.int64
    )


def disjoint(place: Ints, owner: Ints, length: int) -> Bools:
    """(n,) per owner (ticker), the events whose windows share no session.

    Events come sorted by owner, then ``place`` (position of day zero among the owner's sessions),
    ties in order of preference. The largest disjoint subset, as in
    ``independence.disjoint_subset``: an event is taken when its window begins after that of the
    one taken last has ended. All owners step together, so the cost is one array operation per
    event of the busiest owner.
    """
    kept = np.zeros(len(place), dtype=bool)
    if not len(place):
        return kept
    low = int(place.min())
    key = owner * (int(place.max()) - low + length + 1) + (place - low)
    following = np.searchsorted(key, key + length, side="left")
    now = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
    while now.size:
        kept[now] = True
        after = following[now]
        inside = after < len(place)
        now, after = now[inside], after[inside]
        now = after[owner[after] == owner[now]]
    return kept
