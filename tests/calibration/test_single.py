"""Single-event tests on placebo dates are the registry's, date by date."""

from __future__ import annotations

import numpy as np
import pytest

from signals.calibration.cells import cell_index, compute_cells
from signals.calibration.single import single_sizes
from signals.inference import STATISTICS, Settings
from tests.calibration.worlds import World, dates_of, pairs_on, panel_of_draw, series_of

WINDOWS = [(0, 0), (0, 1)]


def test_sizes_of_headline_tests() -> None:
    returns = pairs_on(series_of(World(assets=2, sessions=500)), ["2020-06-01"])
    dates = dates_of(returns, 150)
    series, zero, _ = cell_index(returns.series_index, dates.zero)
    cells = compute_cells(
        returns, series, zero, "market", WINDOWS, min_returns=60, missing="strict"
    )
    found = single_sizes(
        returns, cells, "market", WINDOWS, Settings(), min_returns=60, missing="strict",
        possible=dates.possible,
    )  # fmt: skip
    p = {w: [] for w in WINDOWS}
    for draw in dates.zero:
        one = np.where(returns.series_index == 1, draw, -1)
        if (one >= 0).any():
            panel = panel_of_draw(returns, one)
            for window, name in (((0, 0), "rank_p"), ((0, 1), "conformal_p")):
                p[window].append(STATISTICS[name].function(panel, window, Settings()).p_value[0])
    for window in WINDOWS:
        size = found.by_series[1, window]
        assert size.draws == len(p[window])
        assert size.rate == pytest.approx(np.mean(np.asarray(p[window]) <= 0.05))
    assert found.pooled["rank_p", (0, 0)].level == pytest.approx(6 / 121)
    assert found.pooled["car_t", (0, 0)].level == 0.05
