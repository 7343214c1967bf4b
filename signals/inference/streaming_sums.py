"""Weighted sums over events in products so small that the BLAS does not start threads.

Chunks already run on as many threads as there are; nested ones only wait for each other (measured:
twice the time). And a product that is never split gives the same bytes whatever the BLAS's number
of threads is.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from signals.frames import Floats

SMALL_PRODUCT: Final = 3 << 16
"""OpenBLAS multiplies on one thread up to 2^18 scalar products; three quarters, to be safe."""


def weighted_sum(weight: Floats, values: Floats) -> Floats:
    """``weight`` (C, n) @ ``values`` (n, m), in a fixed order of additions."""
    cells, events = weight.shape
    if cells == 1:
        return np.asarray(np.einsum("n,nm->m", weight[0], values)[None, :])
    step = max(1, SMALL_PRODUCT // (cells * values.shape[1]))
    total = weight[:, :step] @ values[:step]
    for begin in range(step, events, step):
        total += weight[:, begin : begin + step] @ values[begin : begin + step]
    return np.asarray(total)
