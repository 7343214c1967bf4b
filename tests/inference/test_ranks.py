"""Rank statistics against plain loops, a dummy regression, enumeration and scipy."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from signals.inference import Settings
from signals.inference.ranks import average_ranks, corrado_rank_z, grank_t, grank_z, wilcoxon
from tests.inference.panels import make_panel, random_panel
from tests.inference.test_standardized import plain_r_bar, plain_scar

S = Settings()


def test_average_ranks_as_scipy_with_ties_and_gaps():
    g = np.random.default_rng(0)
    values = g.integers(0, 6, (20, 15)).astype(float)
    values[g.random((20, 15)) < 0.2] = np.nan
    expected = stats.rankdata(values, axis=1, nan_policy="omit")
    np.testing.assert_array_equal(average_ranks(values), expected)


def plain_u(panel):
    """U_it over the estimation rows and the whole event window, by loops."""
    columns = panel.residuals.shape[1] + len(panel.tau)
    u = np.full((len(panel), columns), np.nan)
    for i in range(len(panel)):
        series = list(panel.residuals[i]) + list(panel.ar[i])
        known = [v for v in series if np.isfinite(v)]
        for t, v in enumerate(series):
            if np.isfinite(v):
                below = sum(k < v for k in known)
                equal = sum(k == v for k in known)
                u[i, t] = (below + (equal + 1) / 2) / (len(known) + 1) - 0.5
    return u


@pytest.mark.parametrize("window", [(0, 0), (-1, 1), (-2, 2)])
@pytest.mark.parametrize("gaps", [0.0, 0.1])
def test_corrado_over_a_window(window, gaps):
    panel = random_panel(seed=31, n=8, gaps=gaps, effect=0.01)
    u = plain_u(panel)
    z = []
    for t in range(u.shape[1]):
        column = [v for v in u[:, t] if np.isfinite(v)]
        z.append(sum(column) / math.sqrt(len(column)))
    total = len(z)
    s = math.sqrt(sum(v * v for v in z) / total)
    length = window[1] - window[0] + 1
    start = panel.residuals.shape[1] + panel.columns(window).start
    expected = sum(z[start : start + length]) / s / math.sqrt(length)
    expected /= math.sqrt(1 - (length - 1) / (total - 1))
    found = corrado_rank_z(panel, window, S)
    assert found.statistic == pytest.approx(expected, rel=1e-9)
    assert found.p_value == pytest.approx(2 * stats.norm.sf(abs(expected)), rel=1e-9)
    assert found.estimate == pytest.approx(u[:, start : start + length].mean(), rel=1e-9)


def test_corrado_handles_ties_by_average_ranks():
    y = np.tile([0.01, 0.0, 0.0, -0.01], (3, 10))
    panel = make_panel(y, None, [[0.0], [0.01], [0.0]], None)
    u = plain_u(panel)
    z = u.sum(axis=0) / math.sqrt(3)
    expected = z[-1] / math.sqrt((z**2).mean())
    assert corrado_rank_z(panel, (0, 0), S).statistic == pytest.approx(expected, rel=1e-9)


def test_corrado_without_variation_is_refused():
    panel = make_panel(np.zeros((3, 40)), None, np.zeros((3, 1)), None)
    assert corrado_rank_z(panel, (0, 0), S).reason.startswith("zero_variance")


def plain_grank(panel, window, r_bar):
    """U of the estimation AR/s and of SCAR*, event last; NaN where missing."""
    scar = plain_scar(panel, window)
    event = scar / scar.std(ddof=1) * (math.sqrt(1 - r_bar) if r_bar > 0 else 1.0)
    n, t = panel.residuals.shape
    u = np.full((n, t + 1), np.nan)
    for i in range(n):
        e = panel.residuals[i]
        known = [v for v in e / panel.sigma[i] if np.isfinite(v)] + [event[i]]
        for j, v in enumerate([*(e / panel.sigma[i]), event[i]]):
            if np.isfinite(v):
                u[i, j] = (sum(k <= v for k in known)) / (len(known) + 1) - 0.5
    return u


@pytest.mark.parametrize("gaps", [0.0, 0.1])
@pytest.mark.parametrize("window", [(0, 0), (-1, 1)])
def test_grank_t_by_loops(window, gaps):
    panel = random_panel(seed=32, n=10, rho=0.3, gaps=gaps, effect=0.01)
    r_bar = plain_r_bar(panel, window)
    assert r_bar > 0
    u = plain_grank(panel, window, r_bar)
    n, total = u.shape
    squares = 0.0
    for t in range(total):
        column = [v for v in u[:, t] if np.isfinite(v)]
        squares += (sum(column) / len(column)) ** 2 * len(column) / n
    z = u[:, -1].mean() / math.sqrt(squares / total)
    t = z * math.sqrt((total - 2) / (total - 1 - z**2))
    found = grank_t(panel, window, S)
    assert found.statistic == pytest.approx(t, rel=1e-9)
    assert found.df == total - 2
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(t), total - 2), rel=1e-9)
    assert found.r_bar == pytest.approx(r_bar, rel=1e-9)


def test_grank_t_is_the_t_of_a_dummy_in_a_regression_of_mean_ranks():
    panel = random_panel(seed=33, n=9, rho=0.2)
    u = plain_grank(panel, (0, 0), plain_r_bar(panel, (0, 0)))
    dummy = np.zeros(u.shape[1])
    dummy[-1] = 1
    fit = sm.OLS(u.mean(axis=0), np.column_stack([np.ones_like(dummy), dummy])).fit()
    assert grank_t(panel, (0, 0), S).statistic == pytest.approx(fit.tvalues[1], rel=1e-9)


@pytest.mark.parametrize("gaps", [0.0, 0.1])
def test_grank_z_for_independent_events(gaps):
    panel = random_panel(seed=34, n=6, gaps=gaps, start=np.arange(6) * 20)
    u = plain_grank(panel, (-1, 1), 0.0)
    sizes = np.isfinite(u).sum(axis=1)
    z = u[:, -1].sum() / math.sqrt(sum((t - 1) / (12 * (t + 1)) for t in sizes))
    found = grank_z(panel, (-1, 1), S)
    assert found.statistic == pytest.approx(z, rel=1e-9)
    if not gaps:
        t = sizes[0]
        assert z == pytest.approx(math.sqrt(12 * 6 * (t + 1) / (t - 1)) * u[:, -1].mean())


def test_grank_refusals_and_flag():
    assert grank_t(random_panel(n=4), (0, 0), S).reason == "few_events: N = 4 < 5"
    assert grank_t(random_panel(n=9), (0, 0), S).flags == ("few_events",)
    assert grank_t(random_panel(n=10), (0, 0), S).flags == ()
    assert grank_z(random_panel(n=6), (0, 0), S).reason.startswith("overlapping_windows")
    equal = random_panel(n=6).take([0] * 6)
    assert grank_t(equal, (0, 0), S).status == "not_applicable"


def panel_of_cars(cars, **kwargs):
    """Constant-mean events with these CARs on day zero (estimation mean is zero)."""
    cars = np.asarray(cars, dtype=float)
    y = np.tile([0.01, -0.01], (len(cars), 20))
    return make_panel(y, None, cars[:, None], None, constant=False, **kwargs)


def test_wilcoxon_exact_is_scipys():
    cars = np.random.default_rng(1).normal(0.01, 0.02, 14)
    found = wilcoxon(panel_of_cars(cars), (0, 0), S)
    expected = stats.wilcoxon(cars, method="exact")
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-12)
    assert found.statistic == stats.wilcoxon(cars, alternative="greater").statistic
    assert found.distribution == "randomization"
    assert found.estimate == pytest.approx(np.median(cars))


def test_wilcoxon_with_ties_and_zeros_enumerates_the_ranks_as_they_are():
    cars = [0.02, 0.02, -0.02, 0.01, 0.0, 0.03, -0.01, 0.05, 0.03]
    moved = np.array([c for c in cars if c])
    ranks = stats.rankdata(np.abs(moved))
    w = ranks[moved > 0].sum()
    all_w = np.array([ranks @ s for s in itertools.product((0, 1), repeat=len(moved))])
    p = min(1, 2 * min((all_w <= w).mean(), (all_w >= w).mean()))
    found = wilcoxon(panel_of_cars(cars), (0, 0), S)
    assert (found.statistic, found.p_value) == (w, pytest.approx(p, rel=1e-12))
    assert found.n_events == 9


def test_wilcoxon_beyond_25_is_scipys_normal_form():
    cars = np.round(np.random.default_rng(2).normal(0.004, 0.02, 60), 3)
    found = wilcoxon(panel_of_cars(cars), (0, 0), S)
    expected = stats.wilcoxon(cars, method="asymptotic", zero_method="wilcox")
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    assert found.distribution == "normal"


def test_wilcoxon_negated_mirrors_its_statistic():
    cars = np.random.default_rng(3).normal(size=11) * 0.01
    plus = wilcoxon(panel_of_cars(cars), (0, 0), S)
    minus = wilcoxon(panel_of_cars(-cars), (0, 0), S)
    assert minus.statistic == 11 * 12 / 2 - plus.statistic
    assert minus.p_value == plus.p_value


def test_wilcoxon_small_and_still():
    assert wilcoxon(panel_of_cars([0.1, 0.2, 0.3, 0.4, 0.5]), (0, 0), S).flags == (
        "short_estimation", "few_events",
    )  # fmt: skip
    assert wilcoxon(panel_of_cars([0.1, 0.2, 0.3, 0.4, 0.5]), (0, 0), S).p_value == 2**-4
    assert wilcoxon(panel_of_cars([0.0, 0.0, 0.1]), (0, 0), S).status == "not_applicable"
