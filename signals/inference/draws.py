"""The generator of a statistic's random numbers: a function of seed, statistic and window only.

So a statistic draws the same numbers whatever else is computed, in whatever order.
"""

from __future__ import annotations

import zlib

import numpy as np

from signals.inference.inference import Settings
from signals.panel import Window


def generator(name: str, window: Window, settings: Settings) -> np.random.Generator:
    """A generator seeded by the study's seed, the statistic's name and the window."""
    label = f"{name}[{window[0]},{window[1]}]".encode()
    return np.random.default_rng([settings.seed, zlib.crc32(label)])
