"""Other events of the same asset near an event: confounding and contamination."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signals.frames import Ints, Labels
from signals.spec import Window


@dataclass(frozen=True, slots=True, eq=False)
class Overlaps:
    """For each of N pairs: ``confounding`` and ``contaminating`` (indices of other pairs of the
    same ticker whose day zero lies in this pair's event window or estimation window)."""

    confounding: tuple[tuple[int, ...], ...]
    contaminating: tuple[tuple[int, ...], ...]

    def text(self, event_id: Labels) -> list[str]:
        """``event:ID;estimation:ID`` for each pair, blank where there is none."""
        return [
            ";".join(
                [f"event:{event_id[j]}" for j in inside]
                + [f"estimation:{event_id[j]}" for j in before]
            )
            for inside, before in zip(self.confounding, self.contaminating, strict=True)
        ]


def find_overlaps(
    ticker: Labels, position: Ints, event_window: Window, estimation_window: Window
) -> Overlaps:
    """Find, for every pair, the other events of its asset inside its two windows.

    ``position`` (N,) is day zero's position on the asset's calendar (−1: unknown, overlaps
    nothing). Windows are inclusive in tau. Pairs are sorted once by ticker and position, so the
    cost is N log N plus the overlaps found.
    """
    count = len(ticker)
    codes = np.unique(ticker.astype(str), return_inverse=True)[1]
    order = np.lexsort((position, codes))
    # One sortable axis: tickers lie further apart than any window reaches.
    span = int(position.max(initial=0)) + 20_000
    axis = codes[order].astype(np.int64) * span + position[order]
    known = position[order] >= 0

    def inside(window: Window) -> tuple[tuple[int, ...], ...]:
        start = np.searchsorted(axis, axis + window[0], side="left")
        stop = np.searchsorted(axis, axis + window[1], side="right")
        found: list[tuple[int, ...]] = [()] * count
        for k in np.flatnonzero(known & (stop - start > (window[0] <= 0 <= window[1]))):
            others = [int(order[j]) for j in range(start[k], stop[k]) if j != k and known[j]]
            found[int(order[k])] = tuple(sorted(others))
        return tuple(found)

    return Overlaps(inside(event_window), inside(estimation_window))
