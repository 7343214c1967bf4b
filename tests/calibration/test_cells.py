"""Cells hold the numbers of the slow path."""

from __future__ import annotations

import numpy as np
import pytest

from signals.calibration.cells import cell_index, compute_cells
from signals.inference.ranks import average_ranks
from tests.calibration.worlds import World, dates_of, estimated, pairs_on, panel_of_draw, series_of

WINDOWS = [(0, 0), (0, 1), (-3, 3)]


@pytest.mark.parametrize("missing", [0.0, 0.02])
def test_cells_are_the_fits_of_the_slow_path(missing: float) -> None:
    returns = pairs_on(series_of(World(assets=4, missing=missing)), ["2021-03-01", "2021-06-01"])
    dates = dates_of(returns, 8)
    series, zero, at = cell_index(returns.series_index, dates.zero)
    cells = compute_cells(
        returns, series, zero, "market", WINDOWS, min_returns=60, missing="strict"
    )
    for d in range(len(dates)):
        panel = panel_of_draw(returns, dates.zero[d])
        mine = at[d][dates.zero[d] >= 0]
        for j, window in enumerate(WINDOWS):
            np.testing.assert_allclose(cells.car[mine, j], panel.car(window), atol=1e-12)
            np.testing.assert_allclose(cells.scar[mine, j], panel.scar(window), rtol=1e-9)
        np.testing.assert_allclose(cells.sigma[mine], panel.sigma, rtol=1e-10)
        np.testing.assert_array_equal(cells.df[mine], panel.df)
        rows = cells.rows
        assert rows is not None
        z = panel.residuals / panel.sigma[:, None]
        ranks = average_ranks(z)
        seen = np.isfinite(ranks)
        np.testing.assert_array_equal(rows.rank[mine][seen], np.rint(2 * ranks[seen]))
        np.testing.assert_allclose(rows.residual[mine][seen], panel.residuals[seen], atol=1e-12)


def test_cells_are_shared_by_draws() -> None:
    zero = np.array([[3, 4], [4, -1], [3, 4]])
    series, position, at = cell_index(np.array([0, 1]), zero)
    assert list(zip(series, position, strict=True)) == [(0, 3), (0, 4), (1, 4)]
    np.testing.assert_array_equal(at, [[0, 2], [1, -1], [0, 2]])


def test_models_without_a_batched_form_are_fitted_one_by_one() -> None:
    returns = pairs_on(series_of(World(assets=2)), ["2021-03-01"])
    dates = dates_of(returns, 3)
    series, zero, at = cell_index(returns.series_index, dates.zero)
    cells = compute_cells(returns, series, zero, "huber", WINDOWS, min_returns=60, missing="strict")
    panel = panel_of_draw(returns, dates.zero[0], model="huber")
    np.testing.assert_allclose(cells.car[at[0], 0], panel.car((0, 0)), atol=1e-12)
    # No closed forecast variance: CARs are scaled by σ√L.
    np.testing.assert_allclose(cells.error[at[0], 1], panel.sigma * np.sqrt(2))
    assert np.isnan(cells.scar).all()


def test_an_injected_effect_moves_day_zero_only() -> None:
    returns = pairs_on(series_of(World(assets=2)), ["2021-03-01"])
    dates = dates_of(returns, 5)
    series, zero, _ = cell_index(returns.series_index, dates.zero)
    args = (returns, series, zero, "market", WINDOWS)
    plain = compute_cells(*args, min_returns=60, missing="strict")
    moved = compute_cells(*args, min_returns=60, missing="strict", effect=0.03)
    np.testing.assert_allclose(moved.car - plain.car, 0.03, atol=1e-12)
    np.testing.assert_array_equal(moved.sigma, plain.sigma)
    assert estimated(returns).panel is not None
