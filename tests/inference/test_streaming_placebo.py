"""Placebo studies draw by draw equal studies on the same dates."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import numpy as np

from signals.estimate import estimate
from signals.inference.streaming import STREAMED, study_at_scale
from signals.inference.streaming_placebo import placebo_panels, placebo_studies
from signals.models.batched_placebo import placebo_cars
from signals.returns.record import EventReturns
from tests.inference.test_streaming_panel import assert_same_panel
from tests.models.batched_returns import make_returns, make_series

WINDOWS = [(0, 0), (-1, 1), (-5, 5)]


def pattern(holes: float = 0.0) -> tuple[EventReturns, np.ndarray]:
    """Six dates × five assets, and the whole pattern moved to twelve other places."""
    rng = np.random.default_rng(51)
    series = make_series(rng, 5, 700, holes=holes, factors=("market",))
    dates = np.array([200, 203, 240, 241, 290, 330])
    returns = make_returns(rng, 30, series, event_window=(-5, 5), length=100)
    returns = replace(returns, series_index=np.tile(np.arange(5), 6), zero=np.repeat(dates, 5))
    return returns, returns.zero[None, :] + np.arange(-80, 340, 35)[:, None]


def test_each_draw_is_a_study() -> None:
    for holes in (0.0, 0.01):
        returns, zeros = pattern(holes)
        with ProcessPoolExecutor(2) as pool:
            found = placebo_studies(returns, "market", zeros, WINDOWS, run=pool.map)
        alone = placebo_studies(returns, "market", zeros, WINDOWS)
        np.testing.assert_array_equal(found.statistic, alone.statistic)
        assert found.statistic.shape == (len(zeros), len(WINDOWS), len(STREAMED))
        for d in range(0, len(zeros), 3):
            study = study_at_scale(replace(returns, zero=zeros[d]), "market", WINDOWS)
            np.testing.assert_allclose(found.car[d], study.cars.car, rtol=1e-10, atol=1e-12)
            for w, cell in enumerate(study.cells):
                assert found.n_events[d, w] == len(cell.members)
                for s, one in enumerate(cell.statistics):
                    values = (found.statistic[d, w, s], found.p_value[d, w, s])
                    np.testing.assert_allclose(
                        values, (one.statistic, one.p_value), rtol=1e-9, atol=1e-10
                    )


def test_cars_of_draws() -> None:
    returns, zeros = pattern()
    found = placebo_cars(returns, "market", zeros, WINDOWS)
    assert found.car.shape == (len(zeros), 30, 3)
    for d in (0, 7):
        done = estimate(replace(returns, zero=zeros[d]), "market", min_returns=1, missing="strict")
        assert done.panel is not None
        for w, window in enumerate(WINDOWS):
            np.testing.assert_allclose(found.car[d, :, w], done.panel.car(window), atol=1e-12)
            np.testing.assert_allclose(
                found.scar[d, :, w], done.panel.scar(window), rtol=1e-9, atol=1e-10
            )
        np.testing.assert_array_equal(found.df[d], done.panel.df)


def test_panels_of_draws() -> None:
    returns, zeros = pattern(0.02)
    zeros = np.vstack([zeros, np.zeros((1, 30), dtype=int)])
    panels = list(placebo_panels(returns, "market", zeros, min_returns=90))
    assert len(panels) == len(zeros)
    assert panels[-1] is None
    for d in (0, 5, 11):
        moved = replace(returns, zero=zeros[d])
        done = estimate(moved, "market", min_returns=90, missing="strict")
        assert panels[d] is not None
        assert done.panel is not None
        assert_same_panel(panels[d], done.panel)
