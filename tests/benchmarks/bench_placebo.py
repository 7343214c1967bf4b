"""Placebo kernels on the mission study's shape: 15 dates × 20 assets (``make bench``)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from signals.inference.streaming_placebo import placebo_panels, placebo_studies
from signals.models.batched_placebo import placebo_cars
from signals.returns.record import EventReturns
from tests.benchmarks.roads import design

WINDOWS = [(0, 0), (0, 1), (-1, 1), (0, 5), (-10, 10)]


def mission_shape(draws: int) -> tuple[EventReturns, np.ndarray]:
    rng = np.random.default_rng(4)
    dates = np.sort(rng.integers(400, 700, 15))
    returns = design(300, 20, 3000)
    returns = replace(returns, series_index=np.tile(np.arange(20), 15), zero=np.repeat(dates, 20))
    return returns, returns.zero[None, :] + rng.integers(0, 2200, draws)[:, None]


def test_cars_of_2000_draws(benchmark: Any) -> None:
    returns, zeros = mission_shape(2000)
    found = benchmark.pedantic(
        placebo_cars, (returns, "market", zeros, WINDOWS), rounds=3, warmup_rounds=1
    )
    assert np.isfinite(found.car).all()


def test_statistics_of_100_draws(benchmark: Any) -> None:
    returns, zeros = mission_shape(100)
    found = benchmark.pedantic(
        placebo_studies, (returns, "market", zeros, WINDOWS), rounds=3, warmup_rounds=1
    )
    assert found.statistic.shape[0] == 100


def test_panels_of_100_draws(benchmark: Any) -> None:
    returns, zeros = mission_shape(100)

    def panels() -> int:
        return sum(len(p) for p in placebo_panels(returns, "market", zeros) if p is not None)

    assert benchmark.pedantic(panels, rounds=3, warmup_rounds=1) == 30_000
