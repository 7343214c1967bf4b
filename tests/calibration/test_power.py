"""Power from the noncentral t, and by injected effects."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from signals.calibration.cells import cell_index, compute_cells
from signals.calibration.drawn import DrawnGroup, drawn_group
from signals.calibration.injection import injection_for
from signals.calibration.placebo import PlaceboDates
from signals.calibration.power import (
    COSTLY,
    POWER,
    detectable_ncp,
    group_min_detectable,
    group_power,
    min_detectable,
    power_curve,
    rejected,
    smallest_effects,
    t_power,
)
from signals.calibration.vectorized import VECTORIZED
from signals.returns import EventReturns
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
    for name in ("bmp_t", "cross_sectional_t", "sign_binomial", "corrado_rank_z", "grank_t"):
        smallest = group_min_detectable(name, group, 0.05)
        effects, curve = power_curve(name, group, smallest, 0.05)
        assert curve[0] <= 0.15
        assert (np.diff(curve[2:]) >= -0.01).all()
        assert curve[8] == pytest.approx(0.8, abs=0.02)
        assert curve[-1] > 0.95
        assert effects[8] == pytest.approx(smallest)


def test_the_smallest_effect_of_a_mean_is_what_theory_says() -> None:
    """Twenty independent CARs: 2.8 to 3 standard errors of their mean."""
    returns = pairs_on(series_of(World(assets=20, sessions=1100)), ["2021-06-01"])
    group, _ = drawn_from(returns, dates_of(returns, 200), (0, 0))
    smallest = group_min_detectable("cross_sectional_t", group, 0.05)
    typical = np.nanmean(np.nanstd(group.car, axis=1, ddof=1)) / np.sqrt(20)
    assert smallest == pytest.approx(detectable_ncp(19.0, 0.05) * typical, rel=0.15)
    power = group_power("cross_sectional_t", group, [0.0, smallest], 0.05)
    assert power[0] < 0.12
    assert power[1] > 0.7


def test_a_sign_test_of_four_events_can_never_detect() -> None:
    returns = pairs_on(series_of(World(assets=4)), ["2021-06-01"])
    group, _ = drawn_from(returns, dates_of(returns, 100), (0, 0))
    assert np.isnan(group_min_detectable("sign_binomial", group, 0.05))


def estimated_anew(
    returns: EventReturns, dates: PlaceboDates, group: DrawnGroup, effect: float
) -> DrawnGroup:
    """The group with the effect on the day-zero returns, every cell computed again."""
    series, zero, at = cell_index(returns.series_index, dates.zero)
    moved = compute_cells(
        returns, series, zero, "market", [group.window], min_returns=60, missing="strict",
        effect=effect,
    )  # fmt: skip
    return drawn_group(
        moved, at, group.window, group.r_bar, independent=group.independent,
        one_asset=group.one_asset,
    )  # fmt: skip


@pytest.mark.parametrize("window", [(0, 0), (0, 1), (-3, 3)])
@pytest.mark.parametrize("missing", [0.0, 0.01])
@pytest.mark.parametrize("effect", [0.004, 0.03, -0.01])
def test_an_effect_put_in_is_the_study_computed_anew_with_it(
    window: tuple[int, int], missing: float, effect: float
) -> None:
    returns = pairs_on(series_of(World(assets=9, rho=0.2, missing=missing)), ["2021-06-01"])
    dates = dates_of(returns, 40)
    group, members = drawn_from(returns, dates, window)
    assert len(members) == len(returns)
    anew = estimated_anew(returns, dates, group, effect)
    compared = set()
    for name, statistic in VECTORIZED.items():
        some = np.array([0, 3, 17, 39])
        found = statistic(injection_for(name, group)(np.arange(len(group)), effect))
        np.testing.assert_allclose(found, statistic(anew), rtol=0, atol=1e-9, err_msg=name)
        part = statistic(injection_for(name, group)(some, effect))
        np.testing.assert_allclose(part, found[some], rtol=0, atol=1e-12, err_msg=name)
        compared |= {name} if np.isfinite(found).any() else set()
    # A shared date refuses grank_z; missing rows refuse the joint F.
    assert compared >= COSTLY - {"grank_z", "hotelling_f"}


def test_the_smallest_effect_of_rank_statistics_by_brute_force() -> None:
    """A plain bisection that computes every cell again for every effect it asks about."""
    returns = pairs_on(series_of(World(assets=12, rho=0.2, sessions=1100)), ["2021-06-01"])
    dates = dates_of(returns, 150)
    group, _ = drawn_from(returns, dates, (0, 0))
    names = ["adjusted_bmp_t", "corrado_rank_z", "grank_t", "wilcoxon", "brown_warner_t"]
    found = smallest_effects(names, group, 0.05, costly=True)
    for name in names:
        low, high = 0.0, 0.1
        for _ in range(12):
            middle = (low + high) / 2
            power = rejected(VECTORIZED[name](estimated_anew(returns, dates, group, middle)), 0.05)
            low, high = (low, middle) if power >= POWER else (middle, high)
        assert found[name] == pytest.approx(high, rel=0.01), name
        at_it = VECTORIZED[name](estimated_anew(returns, dates, group, found[name]))
        assert rejected(at_it, 0.05) >= POWER


def test_costly_statistics_are_sought_only_where_they_are_wanted() -> None:
    returns = pairs_on(series_of(World(assets=6)), ["2021-06-01"])
    group, _ = drawn_from(returns, dates_of(returns, 100), (0, 0))
    assert set(smallest_effects(["bmp_t", "grank_t"], group, 0.05, costly=False)) == {"bmp_t"}


def test_one_day_s_ranks_over_a_long_window_never_reach_eighty_percent() -> None:
    returns = pairs_on(series_of(World(assets=3)), ["2021-06-01"])
    group, _ = drawn_from(returns, dates_of(returns, 100), (-3, 3))
    assert np.isnan(group_min_detectable("corrado_rank_z", group, 0.05))
