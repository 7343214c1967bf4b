"""On laws that are known the verdicts are right."""

from __future__ import annotations

import numpy as np
import pytest

from signals.calibration.vectorized import VECTORIZED
from signals.calibration.verdicts import attainable_level, size_of
from tests.calibration.worlds import World, dates_of, drawn_from, pairs_on, series_of

RUNS = 40


def verdicts(world: World, names: list[str], window: tuple[int, int]) -> dict[str, str]:
    returns = pairs_on(series_of(world), ["2024-01-03"], event_window=(0, 1), length=60)
    dates = dates_of(returns, 2000)
    group, _ = drawn_from(returns, dates, window)
    length = window[1] - window[0] + 1
    return {
        name: size_of(
            VECTORIZED[name](group), 0.05, attainable_level(name, group, 0.05),
            length=length, possible=dates.possible,
        ).verdict
        for name in names
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("window", [(0, 0), (0, 1)])
def test_nominal_tests_hold(window: tuple[int, int]) -> None:
    said = []
    for seed in range(RUNS):
        world = World(assets=12, sessions=1300, seed=seed)
        said += list(verdicts(world, ["bmp_t", "portfolio_t", "sign_binomial"], window).values())
    assert np.mean([v == "holds" for v in said]) >= 0.95


@pytest.mark.slow
def test_the_cross_sectional_t_on_a_shared_date_is_always_called_liberal() -> None:
    for seed in range(RUNS):
        world = World(assets=12, sessions=1300, rho=0.3, seed=seed)
        found = verdicts(world, ["cross_sectional_t", "portfolio_t"], (0, 0))
        assert found["cross_sectional_t"] == "liberal"
        assert found["portfolio_t"] != "conservative"


def test_one_world_of_each() -> None:
    assert verdicts(World(assets=12, sessions=1300, rho=0.3), ["bmp_t"], (0, 0)) == {
        "bmp_t": "liberal"
    }
    assert verdicts(World(assets=12, sessions=1300), ["portfolio_t"], (0, 0)) == {
        "portfolio_t": "holds"
    }
