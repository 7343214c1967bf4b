"""Other events of the same asset near an event: confounding and contamination."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
import pandas as pd

from signals.frames import Bools, Ints, Labels
from signals.spec import Window


@dataclass(frozen=True, slots=True, eq=False)
class Others(Sequence[tuple[int, ...]]):
    """For each of N pairs the indices of other pairs, ascending: those of pair ``i`` are
    ``flat[offsets[i] : offsets[i + 1]]``. Reads like a tuple of tuples; a million pairs with ten
    million neighbours are two arrays."""

    offsets: Ints
    flat: Ints

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, i: int) -> tuple[int, ...]: ...
    @overload
    def __getitem__(self, i: slice) -> tuple[tuple[int, ...], ...]: ...
    def __getitem__(self, i: int | slice) -> tuple[int, ...] | tuple[tuple[int, ...], ...]:
        if isinstance(i, slice):
            return tuple(self[k] for k in range(*i.indices(len(self))))
        at = range(len(self))[i]
        return tuple(self.flat[self.offsets[at] : self.offsets[at + 1]].tolist())

    @property
    def any(self) -> Bools:
        """(N,) True for the pairs that have others."""
        return np.asarray(self.offsets[1:] > self.offsets[:-1])


@dataclass(frozen=True, slots=True, eq=False)
class Overlaps:
    """For each of N pairs: ``confounding`` and ``contaminating`` (indices of other pairs of the
    same ticker whose day zero lies in this pair's event window or estimation window)."""

    confounding: Others
    contaminating: Others

    def text(self, event_id: Labels) -> pd.Series[str]:
        """(N,) ``event:ID;estimation:ID`` for each pair, blank where there is none."""
        import pyarrow as pa
        from pyarrow import compute

        count = len(self.confounding)
        text = pa.large_string()
        ids = pa.array(np.asarray(event_id, dtype=object), text)
        nothing = pa.scalar("", text)
        words = pa.concat_arrays(
            [
                compute.binary_join_element_wise(pa.scalar(kind, text), ids, nothing)
                for kind in ("event:", "estimation:")
            ]
        )
        offsets = self.confounding.offsets + self.contaminating.offsets
        flat = np.empty(int(offsets[-1]), dtype=np.int64)
        for shift, part, before in (
            (0, self.confounding, self.contaminating.offsets[:-1]),
            (count, self.contaminating, self.confounding.offsets[1:]),
        ):
            # Of each pair the confounding ones stand first.
            place = np.arange(len(part.flat)) + np.repeat(before, np.diff(part.offsets))
            flat[place] = part.flat + shift
        listed = pa.LargeListArray.from_arrays(pa.array(offsets), words.take(pa.array(flat)))
        joined = compute.binary_join(listed, pa.scalar(";", text))
        dtype: Any = pd.StringDtype("pyarrow", na_value=np.nan)
        return pd.Series(dtype.__from_arrow__(joined))


def find_overlaps(
    ticker: Labels, position: Ints, event_window: Window, estimation_window: Window
) -> Overlaps:
    """Find, for every pair, the other events of its asset inside its two windows.

    ``position`` (N,) is day zero's position on the asset's calendar (−1: unknown, overlaps
    nothing). Windows are inclusive in tau. Pairs are sorted once by ticker and position, so the
    cost is N log N plus the overlaps found. Checked by ``tests/sessions/test_overlap.py``.
    """
    count = len(ticker)
    known = np.flatnonzero(position >= 0)
    codes = pd.factorize(ticker[known])[0].astype(np.int64)
    # One sortable axis: tickers lie further apart than any window reaches.
    axis = codes * (int(position.max(initial=0)) + 20_000) + position[known]
    order = np.argsort(axis, kind="stable")
    axis, order = axis[order], known[order]

    def inside(window: Window) -> Others:
        start = np.searchsorted(axis, axis + window[0], side="left")
        stop = np.searchsorted(axis, axis + window[1], side="right")
        near = stop - start
        # The pair itself is among those of a window that holds tau = 0.
        begins = np.cumsum(near) - near
        place = np.arange(int(near.sum())) - np.repeat(begins - start, near)
        owner = np.repeat(order, near)
        other = order[place]
        kept = owner != other
        # One number that sorts by owner, then by the other's index.
        key = np.sort(owner[kept] * count + other[kept])
        owner, flat = np.divmod(key, max(count, 1))
        offsets = np.zeros(count + 1, dtype=np.int64)
        np.cumsum(np.bincount(owner, minlength=count), out=offsets[1:])
        return Others(offsets, flat)

    return Overlaps(inside(event_window), inside(estimation_window))
