"""Sums of rows over a study's draws: by difference from another window, with holes, and thinned."""

from __future__ import annotations

import numpy as np
import pytest

from signals.calibration.cells import cell_index, compute_cells
from signals.calibration.drawn import row_sums, spread_over
from tests.calibration.worlds import World, dates_of, pairs_on, series_of

DAYS = ["2021-03-01", "2021-03-03", "2021-05-03", "2021-06-01"]


@pytest.mark.parametrize("missing", [0.0, 0.02], ids=["complete", "holes"])
def test_sums_by_difference_are_the_sums(missing: float) -> None:
    returns = pairs_on(series_of(World(assets=5, rho=0.3, missing=missing)), DAYS)
    series, zero, at = cell_index(returns.series_index, dates_of(returns, 25).zero)
    cells = compute_cells(
        returns, series, zero, "market", [(0, 0)], min_returns=60, missing="available"
    )
    rows = cells.rows
    assert rows is not None
    fewer = at[:, 2:].copy()
    fewer[3, :4] = -1
    before = row_sums(cells, at)
    found = row_sums(cells, fewer, before)
    assert found is not None
    for d in range(len(fewer)):
        mine = fewer[d][fewer[d] >= 0]
        np.testing.assert_array_equal(found.n[d], rows.seen[mine].sum(axis=0))
        np.testing.assert_allclose(found.u[d], rows.u[mine].sum(axis=0), atol=1e-12)
        np.testing.assert_allclose(found.residual[d], rows.residual[mine].sum(axis=0), atol=1e-14)
        share = (rows.rank[mine] / 2 / (cells.n_obs[mine][:, None] + 2)).sum(axis=0)
        np.testing.assert_allclose(found.rank[d], share, atol=1e-12)


def test_chosen_draws_are_spread_evenly() -> None:
    np.testing.assert_array_equal(spread_over(10, 5), [0, 2, 4, 6, 8])
    np.testing.assert_array_equal(spread_over(3, 3), [0, 1, 2])
    found = spread_over(860, 200)
    assert len(np.unique(found)) == 200
    assert found[0] == 0
    assert set(np.diff(found)) <= {4, 5}
