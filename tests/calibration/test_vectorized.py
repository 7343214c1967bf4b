"""Every vectorised statistic is the registry's own, draw by draw, to 1e-9."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from signals.calibration.vectorized import VECTORIZED, signed_rank_tails
from signals.inference import STATISTICS, Settings, battery
from tests.calibration.worlds import (
    World,
    dates_of,
    drawn_from,
    pairs_on,
    panel_of_draw,
    series_of,
)

ONE_DATE = ["2021-06-01"]
MANY = ["2021-03-01", "2021-03-03", "2021-05-03", "2021-06-01", "2021-07-06", "2021-08-03"]


@pytest.mark.parametrize("window", [(0, 0), (0, 1), (-3, 3)])
@pytest.mark.parametrize(
    ("world", "days"),
    [
        (World(assets=8, rho=0.3), ONE_DATE),
        (World(assets=30, rho=0.3), ONE_DATE),
        (World(assets=5, rho=0.3), MANY),
        (World(assets=6, rho=0.2, tokens=3), MANY),
        (World(assets=5, rho=0.3, missing=0.01), MANY),
        (World(assets=1), MANY),
    ],
    ids=["one date", "thirty assets", "many dates", "two calendars", "missing", "one asset"],
)
def test_vectorised_statistics_are_the_registry_s(
    world: World, days: Sequence[str], window: tuple[int, int]
) -> None:
    returns = pairs_on(series_of(world), list(days))
    dates = dates_of(returns, 40)
    group, members = drawn_from(returns, dates, window)
    vectorized = {name: statistic(group) for name, statistic in VECTORIZED.items()}
    compared = set()
    for d in (0, 7, 23):
        zero = np.where(np.isin(np.arange(len(returns)), members), dates.zero[d], -1)
        if np.isnan(group.car[d]).all():
            continue
        panel = panel_of_draw(returns, zero)
        for inference, _ in battery(panel, window, Settings(), list(VECTORIZED)):
            mine = vectorized[inference.name][d]
            if np.isnan(mine) and inference.name in MAY_BE_BLANK:
                continue
            compared.add(inference.name)
            np.testing.assert_allclose(
                mine, inference.p_value, rtol=0, atol=1e-9, err_msg=inference.name
            )
    assert {"bmp_t", "corrado_rank_z", "patell_z", "wilcoxon"} <= compared or len(members) < 3


# Draws whose members miss different rows, or portfolios over several dates, are left blank.
MAY_BE_BLANK = {"portfolio_t", "portfolio_rank_p", "hotelling_f", "grank_z"}


def test_the_one_date_study_has_portfolio_and_hotelling() -> None:
    returns = pairs_on(series_of(World(assets=8, rho=0.3)), ONE_DATE)
    group, _ = drawn_from(returns, dates_of(returns, 20), (0, 0))
    for name in ("portfolio_t", "portfolio_rank_p", "hotelling_f", "grank_t", "adjusted_bmp_t"):
        assert np.isfinite(VECTORIZED[name](group)).all(), name


def test_names_are_the_registry_s() -> None:
    assert all(STATISTICS[name].scope == "group" for name in VECTORIZED)


def test_signed_rank_tails_by_enumeration() -> None:
    n = 6
    signs = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    sums = signs @ np.arange(1, n + 1)
    for w, p in enumerate(signed_rank_tails(n)):
        tail = min((sums <= w).mean(), (sums >= w).mean())
        assert p == pytest.approx(min(1.0, 2 * tail))
