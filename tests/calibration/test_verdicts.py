"""Wilson's interval, verdicts, attainable levels and overlapping draws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats
from statsmodels.stats.proportion import proportion_confint

from signals.calibration.verdicts import (
    attainable_level,
    overlap_inflation,
    rank_level,
    rejection_correlation,
    size_of,
    verdict,
    wilson,
)
from tests.calibration.worlds import World, dates_of, drawn_from, pairs_on, series_of


@pytest.mark.parametrize(("count", "draws"), [(25, 500), (0, 200), (7, 100), (500, 500)])
def test_wilson_is_statsmodels_(count: int, draws: int) -> None:
    expected = proportion_confint(count, draws, alpha=0.01, method="wilson")
    assert wilson(count / draws, draws) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("rate", "draws", "said"),
    [
        (0.05, 500, "holds"),
        (0.05, 2000, "holds"),
        (0.05, 300, "too few draws"),  # contains 5 %, but is wider than it
        (0.05, 99, "too few draws"),
        (0.30, 200, "liberal"),
        (0.30, 99, "too few draws"),
        (0.01, 500, "conservative"),
        (0.07, 2000, "liberal"),
    ],
)
def test_verdicts(rate: float, draws: int, said: str) -> None:
    assert verdict(*wilson(rate, draws), 0.05, draws) == said


def test_p_of_exactly_alpha_is_a_rejection_and_nan_is_no_draw() -> None:
    p = np.r_[np.full(20, 0.05), np.full(180, 0.5), np.full(50, np.nan)]
    size = size_of(p, 0.05, 0.05, length=1, possible=250)
    assert (size.draws, size.effective, size.rate) == (200, 200, 0.1)


def test_no_draw_at_all() -> None:
    size = size_of(np.full(10, np.nan), 0.05, 0.05, length=1, possible=10)
    assert size.verdict == "too few draws"
    assert np.isnan(size.rate)


def test_rejections_of_correlated_normals() -> None:
    random = np.random.default_rng(1)
    x = random.standard_normal(1_000_000)
    for rho in (0.5, 0.9):
        y = rho * x + np.sqrt(1 - rho**2) * random.standard_normal(len(x))
        z = special.ndtri(0.975)
        measured = np.corrcoef(np.abs(x) > z, np.abs(y) > z)[0, 1]
        assert rejection_correlation(rho, 0.05) == pytest.approx(measured, abs=0.01)


def test_overlap_inflates_the_variance_of_a_moving_sum_s_rejection_rate() -> None:
    """1,000 series of 400 overlapping windows of 5: the variance of the rejection rate."""
    random = np.random.default_rng(2)
    noise = random.standard_normal((4000, 404))
    sums = np.cumsum(np.c_[np.zeros(4000), noise], axis=1)
    z = (sums[:, 5:] - sums[:, :-5]) / np.sqrt(5)
    rates = (np.abs(z) > special.ndtri(0.975)).mean(axis=1)
    measured = rates.var() / (0.05 * 0.95 / 400)
    assert overlap_inflation(5, 0.05, 1.0) == pytest.approx(measured, rel=0.08)
    assert overlap_inflation(1, 0.05, 1.0) == 1.0


def test_attainable_levels() -> None:
    returns = pairs_on(series_of(World(assets=12)), ["2021-06-01"])
    group, _ = drawn_from(returns, dates_of(returns, 20), (0, 0))
    exact = stats.binomtest
    level = sum(stats.binom.pmf(w, 12, 0.5) for w in range(13) if exact(w, 12).pvalue <= 0.05)
    assert attainable_level("sign_binomial", group, 0.05) == pytest.approx(level)
    values = np.arange(1, 13)
    signs = (np.arange(2**12)[:, None] >> np.arange(12)) & 1
    sums = signs @ values
    p = np.asarray([min(1, 2 * min((sums <= w).mean(), (sums >= w).mean())) for w in range(79)])
    assert attainable_level("wilcoxon", group, 0.05) == pytest.approx((p[sums] <= 0.05).mean())
    assert attainable_level("bmp_t", group, 0.05) == 0.05
    assert rank_level(121, 0.05) == pytest.approx(6 / 121)
    assert rank_level(100, 0.05) == pytest.approx(0.05)
