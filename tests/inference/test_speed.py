"""Speed of the battery and of the bootstraps, as the issue states them (wall, best of three)."""

from __future__ import annotations

import time

import numpy as np
import pytest

from signals.inference import STATISTICS, Settings, battery
from tests.inference.panels import random_panel

pytestmark = pytest.mark.slow
WINDOWS = ((0, 0), (0, 1), (-1, 1), (0, 5), (-10, 10))


def best(run) -> float:
    times = []
    for _ in range(3):
        begin = time.process_time()
        run()
        times.append(time.process_time() - begin)
    return min(times)


@pytest.mark.parametrize("layout", ["one date", "spread", "dense"])
def test_the_whole_cheap_battery_on_a_thousand_events_takes_less_than_two_seconds(layout):
    g = np.random.default_rng(0)
    days = {"one date": 1, "spread": 2_500, "dense": 21}[layout]
    panel = random_panel(n=1_000, t=250, w=21, start=g.integers(0, days, 1_000))
    single = [row for row in STATISTICS.values() if row.scope == "event"]

    def run():
        for window in WINDOWS:
            assert len(battery(panel, window, Settings())) >= 18
            for row in single:
                row.function(panel, window, Settings())

    assert best(run) < 2.0


@pytest.mark.parametrize("name", ["skewness_adjusted_t", "bhar_skewness_t", "stationary_bootstrap"])
def test_9999_draws_on_a_hundred_events_take_less_than_three_seconds(name):
    panel = random_panel(n=100, t=250, w=21, start=np.arange(100) * 30)
    found = []
    seconds = best(
        lambda: found.append(STATISTICS[name].function(panel, (-10, 10), Settings(draws=9_999)))
    )
    assert found[0].status == "ok"
    assert seconds < 3.0
