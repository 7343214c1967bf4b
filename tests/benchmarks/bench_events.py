"""Events a second by each road (pytest-benchmark; ``make bench``, never in the test run)."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest

from tests.benchmarks.roads import LARGEST, ROADS, design, plain_numpy

SIZES = (1_000, 10_000, 100_000)
CASES = [(road, n) for road in ROADS for n in SIZES if n <= LARGEST.get(road, n)]


@pytest.mark.parametrize(("road", "n"), CASES)
def test_study(benchmark: Any, road: str, n: int) -> None:
    if road.startswith("eventstudy") and importlib.util.find_spec("eventstudy") is None:
        pytest.skip("pip install --target somewhere --no-deps eventstudy, and add it to PYTHONPATH")
    returns = design(n)
    answer = benchmark.pedantic(ROADS[road], (returns,), rounds=3, warmup_rounds=1)
    np.testing.assert_allclose(answer.caar, plain_numpy(returns).caar, rtol=0, atol=1e-12)
    benchmark.extra_info["events_per_second"] = n / benchmark.stats.stats.min
