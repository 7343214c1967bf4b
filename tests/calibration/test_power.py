"""Power from the noncentral t, and by injected effects."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from signals.calibration.power import (
    detectable_ncp,
    group_min_detectable,
    group_power,
    min_detectable,
    power_curve,
    t_power,
)
from signals.calibration.vectorized import VECTORIZED
from tests.calibration.worlds import World, dates_of, drawn_from, pairs_on, series_of


@pytest.mark.parametrize("df", [5, 30, 248])
@pytest.mark.parametrize("ncp", [0.0, 0.5, 2.8, 6.0])
def test_power_is_scipy_s_noncentral_t(df: int, ncp: float) -> None:
    critical = stats.t.isf(0.025, df)
    expected = stats.nct.sf(critical, df, ncp) + stats.nct.cdf(-critical, df, ncp)
    assert float(t_power(ncp, df, 0.05)) == pytest.approx(expected, abs=1e-9)


def test_the_smallest_detectable_effect_is_found_in_four_of_five() -> None:
    random = np.random.default_rng(3)
    df, error = 60, 0.02
    effect = float(min_detectable(np.array([error]), np.array([60.0]), 0.05)[0])
    assert effect == pytest.approx(detectable_ncp(60.0, 0.05) * error)
    z = random.standard_normal(200_000) + effect / error
    t = z / np.sqrt(random.chisquare(df, len(z)) / df)
    found = (np.abs(t) > special.stdtrit(df, 0.975)).mean()
    assert found == pytest.approx(0.8, abs=3 * np.sqrt(0.16 / len(z)))


def test_no_error_no_smallest_effect() -> None:
    assert np.isnan(min_detectable(np.array([np.nan, 0.0]), np.array([30.0, 30.0]), 0.05)).all()


def test_group_power_grows_and_passes_eighty_percent_at_the_smallest_effect() -> None:
    returns = pairs_on(series_of(World(assets=10, sessions=1100)), ["2021-03-01", "2021-06-01"])
    group, _ = drawn_from(returns, dates_of(returns, 200), (0, 0))
    for name in ("bmp_t", "cross_sectional_t", "sign_binomial"):
        statistic = VECTORIZED[name]
        smallest = group_min_detectable(statistic, group, 0.05)
        effects, curve = power_curve(statistic, group, smallest, 0.05)
        assert curve[0] <= 0.15
        assert curve[8] == pytest.approx(0.8, abs=0.02)
        assert curve[-1] > 0.95
        assert effects[8] == pytest.approx(smallest)


def test_the_smallest_effect_of_a_mean_is_what_theory_says() -> None:
    """Twenty independent CARs: 2.8 to 3 standard errors of their mean."""
    returns = pairs_on(series_of(World(assets=20, sessions=1100)), ["2021-06-01"])
    group, _ = drawn_from(returns, dates_of(returns, 200), (0, 0))
    smallest = group_min_detectable(VECTORIZED["cross_sectional_t"], group, 0.05)
    typical = np.nanmean(np.nanstd(group.car, axis=1, ddof=1)) / np.sqrt(20)
    assert smallest == pytest.approx(detectable_ncp(19.0, 0.05) * typical, rel=0.15)
    power = group_power(VECTORIZED["cross_sectional_t"], group, [0.0, smallest], 0.05)
    assert power[0] < 0.12
    assert power[1] > 0.7


def test_a_sign_test_of_four_events_can_never_detect() -> None:
    returns = pairs_on(series_of(World(assets=4)), ["2021-06-01"])
    group, _ = drawn_from(returns, dates_of(returns, 100), (0, 0))
    assert np.isnan(group_min_detectable(VECTORIZED["sign_binomial"], group, 0.05))
