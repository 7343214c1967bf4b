"""Ranks of many events' residuals, or just their sums by row: what Corrado's and GRANK's need.

Most events have no missing row and no tie. For them only Σ rank by row is wanted, so no rank is
ever written to its place: the sorted columns are counted (``bincount``) with the rank as weight.
Those sums are whole numbers and exact, in whatever order they are added. The others are ranked one
row each (``ranks``). Tests: tests/inference/test_streaming_ranks.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from signals.frames import Bools, Floats, Ints
from signals.inference.ranks import average_ranks

COLUMN_BITS: Final = 511
EVENT_ROWS: Final = 255
"""Event rows up to which their number below a residual fits a byte."""
BOTH: Final = float(1 << 26)
"""A sum of ranks and 2²⁶ times another fit one double: both below 2²⁶ for up to 131,072 events."""
EVERY_BYTE: Final = np.uint64(0x0101010101010101)


def can_count(width: int, rows: int) -> bool:
    """Whether :func:`rank_sums` can take events of ``width`` rows, ``rows`` of them estimation."""
    return width <= COLUMN_BITS + 1 and width - rows <= EVENT_ROWS


def rank_sums(values: Floats, rows: int, members: Bools) -> tuple[Floats, Floats, Ints]:
    """Σ rank over events by row, for events without missing rows.

    ``values`` (n, m) of which the first ``rows`` are estimation rows; ``members`` (U, n) which
    events each sum is over. Returns Σ rank among all rows (U, m), Σ rank among the estimation rows
    (U, rows), and the events that have ties and are in neither sum.
    """
    bits = _sorted_keys(values)
    order = bits & COLUMN_BITS
    bits &= ~COLUMN_BITS
    tied = _tied_rows(bits)
    if tied.size:
        members = members.copy()
        members[:, tied] = False
    # The k-th smallest has rank k among all rows, and k less the event rows below it among the
    # estimation rows: both in one weight.
    weight = _event_rows_below(order, rows) * -BOTH
    weight += np.arange(1.0, values.shape[1] + 1) * (1.0 + BOTH)

    def counted(chosen: slice | Ints) -> Floats:
        columns, ranked = order[chosen].reshape(-1), weight[chosen].reshape(-1)
        return np.asarray(np.bincount(columns, ranked, values.shape[1]), dtype=np.float64)

    sums = by_membership(members, counted, values.shape[1])
    places = np.floor(sums / BOTH)
    return sums - places * BOTH, places[:, :rows], tied


def by_membership(members: Bools, summed: Callable[[slice | Ints], Floats], width: int) -> Floats:
    """(U, width) ``summed`` of each set of events, from as few events as possible: sums of whole
    numbers, so that a set that lacks a few is the sum of all less theirs."""
    out = np.zeros((len(members), width))
    n = members.shape[1]
    counts = members.sum(axis=1).tolist()
    everyone = summed(slice(None)) if any(2 * count > n for count in counts) else None
    for u, count in enumerate(counts):
        if everyone is not None and 2 * count > n:
            out[u] = everyone
            if count < n:
                out[u] -= summed(np.flatnonzero(~members[u]))
        elif count:
            out[u] = summed(np.flatnonzero(members[u]))
    return out


def _sorted_keys(values: Floats) -> Ints:
    """(n, m) each row sorted, the bits of the doubles with the column in their last nine.

    A vectorised sort of values is three times as fast as one of positions, so the column is
    written into the value and sorted with it. Two values that agree in all other bits (1e-13 of
    their size) may then be out of order; :func:`_tied_rows` names such rows.
    """
    keys = values + 0.0  # a copy, in which −0 is 0
    bits = keys.view(np.int64)
    bits &= ~COLUMN_BITS
    bits |= np.arange(values.shape[1])
    keys.sort(axis=1)
    return bits


def _tied_rows(bits: Ints) -> Ints:
    """Rows in which two neighbours of the sorted values (without their columns) are equal."""
    flat = bits.reshape(-1)
    if not (flat[1:] == flat[:-1]).any():  # rows' ends meet here too: that can only look closer
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero((bits[:, 1:] == bits[:, :-1]).any(axis=1))


def _event_rows_below(order: Ints, rows: int) -> np.ndarray:
    """(n, m) bytes: how many of the sorted columns up to each are event rows (column ≥ ``rows``).

    Running sums of bytes, eight to a word: a product with 0x0101… sums a word's bytes, and the
    sums of the words before it are added to all of them.
    """
    n, width = order.shape
    flags = np.zeros((n, -(-width // 8) * 8), dtype=np.uint8)
    np.greater_equal(order, rows, out=flags[:, :width].view(bool))
    words = flags.view("<u8")
    words *= EVERY_BYTE
    total = words >> np.uint64(56)
    before = np.cumsum(total, axis=1)
    before -= total
    before *= EVERY_BYTE
    words += before
    return flags[:, :width]


def ranks(values: Floats, rows: int) -> tuple[Floats, Floats]:
    """Ranks among all rows (n, m) and among the estimation rows (n, rows); 0 where missing, and
    averages where tied."""
    seen = np.isfinite(values)
    n, width = values.shape
    order = np.argsort(values, axis=1)
    ordered = np.take_along_axis(values, order, axis=1)
    again = np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).any(axis=1))
    estimation = np.cumsum(order < rows, axis=1, dtype=np.int16)
    order += (np.arange(n) * width)[:, None]  # flat positions: a third of put_along_axis's time
    found, places = np.empty(values.shape), np.empty(values.shape)
    found.reshape(-1)[order] = np.arange(1.0, width + 1)
    places.reshape(-1)[order] = estimation
    places = places[:, :rows]
    if again.size:
        found[again] = average_ranks(values[again])
        places[again] = average_ranks(values[again, :rows])
    return np.where(seen, found, 0.0), np.where(seen[:, :rows], places, 0.0)
