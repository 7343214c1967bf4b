"""Memory that is used again and again stays with the process."""

from __future__ import annotations

import numpy as np

LARGEST = (1 << 25) - (1 << 16)
"""Just below 32 MB, the largest block that glibc's malloc learns from."""


def keep_freed_memory() -> None:
    """Keep the C library from handing every freed array back to the system.

    A block of events needs some arrays of a megabyte, and the next block the same again. By default
    glibc returns the upper end of its heap whenever more than 128 kB of it are free, so each block
    pays for fresh, zeroed pages: half of the time of short array operations, and most of what two
    threads wait for each other (one lock guards a process's pages). Freeing one large block once
    makes glibc raise that limit to twice its size; no page of it is ever touched. Elsewhere this
    does nothing.
    """
    np.empty(LARGEST, dtype=np.uint8)
