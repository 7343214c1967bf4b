"""r̄ from running sums of series = r̄ from residuals laid side by side."""

from __future__ import annotations

import numpy as np
import pytest

from signals.calibration.cells import cell_index, compute_cells
from signals.calibration.correlate import pair_correlations
from signals.calibration.correlate_dates import dated_correlations
from signals.inference import correlation
from signals.inference.independence import disjoint_subset
from tests.calibration.worlds import World, dates_of, pairs_on, panel_of_draw, series_of

WINDOWS = [(0, 0), (-1, 1), (-3, 3)]


@pytest.mark.parametrize("model", ["market", "market_adjusted", "constant_mean"])
@pytest.mark.parametrize(
    "world",
    [World(assets=5, rho=0.4), World(assets=6, rho=0.4, tokens=3), World(assets=4, missing=0.05)],
    ids=["stocks", "two calendars", "missing"],
)
def test_r_bar_is_the_registry_s(world: World, model: str) -> None:
    returns = pairs_on(series_of(world), ["2021-03-01", "2021-03-03", "2021-03-04", "2021-06-01"])
    dates = dates_of(returns, 15)
    series, zero, at = cell_index(returns.series_index, dates.zero)
    cells = compute_cells(returns, series, zero, model, WINDOWS, min_returns=60, missing="strict")
    found = pair_correlations(returns, model, cells, at, WINDOWS)
    assert found is not None
    for window in WINDOWS:
        column = WINDOWS.index(window)
        placed = (at >= 0) & np.isfinite(cells.car[at, column])
        for d in (0, 4, 11):
            chosen = np.flatnonzero(placed[d])
            panel = panel_of_draw(returns, np.where(placed[d], dates.zero[d], -1), model=model)
            kept = disjoint_subset(panel, window)[0]
            expected = correlation(panel.take(kept), window).r_bar
            mine = found.mean(window, chosen[kept], placed)[d]
            assert mine == pytest.approx(expected, abs=1e-10)
            whole = found.of_draw(d, chosen[kept], panel.take(kept), window)
            assert whole is not None
            direct = correlation(panel.take(kept), window)
            assert whole.r_bar == pytest.approx(direct.r_bar, abs=1e-10)
            assert whole.overlapping == direct.overlapping
            assert whole.covariance is not None
            assert direct.covariance is not None
            np.testing.assert_allclose(whole.covariance, direct.covariance, atol=1e-12)


def test_a_draw_without_correlations_says_so() -> None:
    """A study of one asset has no pairs of different series: its draws must be asked anew."""
    returns = pairs_on(series_of(World(assets=2)), ["2021-03-01", "2021-06-01"])
    dates = dates_of(returns, 6)
    series, zero, at = cell_index(returns.series_index, dates.zero)
    cells = compute_cells(
        returns, series, zero, "market", [(0, 0)], min_returns=60, missing="strict"
    )
    found = pair_correlations(returns, "market", cells, at, [(0, 0)])
    assert found is not None
    placed = np.flatnonzero(at[0] >= 0)
    panel = panel_of_draw(returns, dates.zero[0], model="market")
    assert found.of_draw(0, placed, panel, (0, 0)) is not None
    assert found.of_draw(len(at), placed, panel, (0, 0)) is None
    twice = np.repeat(placed[:1], 2)  # the same asset on the same date, which a study never uses
    assert found.of_draw(0, twice, panel.take([0, 0]), (0, 0)) is None


def test_no_correlations_without_least_squares() -> None:
    returns = pairs_on(series_of(World(assets=2)), ["2021-03-01"])
    dates = dates_of(returns, 2)
    series, zero, at = cell_index(returns.series_index, dates.zero)
    cells = compute_cells(returns, series, zero, "lad", [(0, 0)], min_returns=60, missing="strict")
    assert pair_correlations(returns, "lad", cells, at, [(0, 0)]) is None


@pytest.mark.parametrize("window", WINDOWS)
def test_many_assets_on_one_calendar_are_the_same(window: tuple[int, int]) -> None:
    """Σẑ of whole dates against every pair's own correlation, also with overlapping windows."""
    days = ["2021-03-01", "2021-03-03", "2021-03-04", "2021-06-01"]
    returns = pairs_on(series_of(World(assets=7, rho=0.4)), days)
    series, zero, at = cell_index(returns.series_index, dates_of(returns, 20).zero)
    cells = compute_cells(
        returns, series, zero, "market", WINDOWS, min_returns=60, missing="strict"
    )
    one = pair_correlations(returns, "market", cells, at, WINDOWS)
    many = dated_correlations(returns, "market", cells, at)
    assert one is not None
    assert many is not None
    placed = (at >= 0) & np.isfinite(cells.car[at, WINDOWS.index(window)])
    placed[:, 3] &= np.arange(len(at)) % 2 == 0
    # One asset's windows never overlap in a group: every asset with one event only.
    members = np.asarray([0, 8, 16, 3, 25, 5, 13])
    expected = one.mean(window, members, placed)
    assert np.isfinite(expected).all()
    np.testing.assert_allclose(many.mean(window, members, placed), expected, atol=1e-12)


def test_a_missing_return_leaves_its_draws_without_r_bar() -> None:
    world = World(assets=5, rho=0.4, missing=0.01)
    returns = pairs_on(series_of(world), ["2021-03-01"])
    series, zero, at = cell_index(returns.series_index, dates_of(returns, 20).zero)
    cells = compute_cells(
        returns, series, zero, "market", [(0, 0)], min_returns=60, missing="available"
    )
    many = dated_correlations(returns, "market", cells, at)
    assert many is not None
    assert cells.rows is not None
    placed = at >= 0
    found = many.mean((0, 0), np.arange(5), placed)
    length = cells.rows.residual.shape[1]
    whole = cells.rows.seen[:, :length].all(axis=1)
    holes = (placed & ~whole[at]).any(axis=1)
    assert holes.any()
    np.testing.assert_array_equal(np.isnan(found), holes)


def test_two_calendars_have_no_common_grid() -> None:
    returns = pairs_on(series_of(World(assets=4, tokens=2)), ["2021-03-01"])
    series, zero, at = cell_index(returns.series_index, dates_of(returns, 3).zero)
    cells = compute_cells(
        returns, series, zero, "market", [(0, 0)], min_returns=60, missing="strict"
    )
    assert dated_correlations(returns, "market", cells, at) is None
