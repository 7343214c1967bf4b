"""Cross-section statistics against plain loops, scipy and an exact Wilks test."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from signals.inference import Settings
from signals.inference.cross_section import (
    brown_warner_t,
    cross_sectional_t,
    hotelling_f,
    skewness_adjusted_t,
)
from signals.inference.long_horizon import bhar_skewness_t
from tests.inference.panels import make_panel, random_panel

S = Settings()


@pytest.mark.parametrize("window", [(0, 0), (-2, 1)])
def test_cross_sectional_t_is_the_one_sample_t(window):
    panel = random_panel(seed=21, n=11, effect=0.005)
    cars = [sum(row[panel.columns(window)]) for row in panel.ar]
    expected = stats.ttest_1samp(cars, 0.0)
    found = cross_sectional_t(panel, window, S)
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-9)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    assert found.estimate == pytest.approx(np.mean(cars), rel=1e-12)


@pytest.mark.parametrize("gaps", [0.0, 0.2])
def test_brown_warner_as_published(gaps):
    panel = random_panel(seed=22, n=7, gaps=gaps)
    aar = []
    for t in range(panel.residuals.shape[1]):
        seen = [e for e in panel.residuals[:, t] if np.isfinite(e)]
        aar.append(sum(seen) / len(seen))
    m, mean = len(aar), sum(aar) / len(aar)
    sd = math.sqrt(sum((a - mean) ** 2 for a in aar) / (m - 1))
    event = [panel.ar[:, c].mean() for c in range(1, 4)]
    t = sum(event) / (math.sqrt(3) * sd)
    found = brown_warner_t(panel, (-1, 1), S)
    assert found.statistic == pytest.approx(t, rel=1e-9)
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(t), m - 1), rel=1e-9)
    assert found.df == m - 1


def plain_hall(x, centre=0.0):
    n, mean = len(x), sum(x) / len(x)
    sd = math.sqrt(sum((v - mean) ** 2 for v in x) / (n - 1))
    s = (mean - centre) / sd
    g = n / ((n - 1) * (n - 2)) * sum(((v - mean) / sd) ** 3 for v in x)
    return math.sqrt(n) * (s + g * s**2 / 3 + g**2 * s**3 / 27 + g / (6 * n))


def test_skewness_adjusted_t_is_halls_transformation():
    panel = random_panel(seed=23, n=15, effect=0.01)
    cars = panel.car((0, 1))
    found = skewness_adjusted_t(panel, (0, 1), S)
    assert found.statistic == pytest.approx(plain_hall(list(cars)), rel=1e-9)
    assert found.distribution == "bootstrap"


def test_skewness_bootstrap_p_agrees_with_a_plain_bootstrap_within_its_error():
    panel = random_panel(seed=24, n=12, effect=0.008)
    cars = panel.car((0, 0))
    g = np.random.default_rng(0)
    observed = plain_hall(list(cars))
    drawn = np.array([plain_hall(list(g.choice(cars, 12)), cars.mean()) for _ in range(2_000)])
    p = 2 * min((drawn <= observed).mean(), (drawn >= observed).mean())
    found = skewness_adjusted_t(panel, (0, 0), S).p_value
    assert abs(found - p) < 3 * 2 * math.sqrt(p / 2 * (1 - p / 2) * (1 / 2_000 + 1 / 9_999))


def test_draws_depend_on_the_seed_only():
    panel = random_panel(seed=24, n=12)
    first = skewness_adjusted_t(panel, (0, 0), Settings(draws=499))
    again = skewness_adjusted_t(panel.take(np.arange(12)[::-1]), (0, 0), Settings(draws=499))
    other = skewness_adjusted_t(panel, (0, 0), Settings(draws=499, seed=3))
    assert first.p_value == again.p_value
    assert first.p_value != other.p_value


def test_bhar_skewness_t_uses_products_and_refuses_log_returns():
    panel = random_panel(seed=25, n=10)
    inside = panel.columns((-2, 2))
    bhar = [
        math.prod(1 + a for a in panel.actual[i, inside])
        - math.prod(1 + e for e in panel.expected[i, inside])
        for i in range(10)
    ]
    found = bhar_skewness_t(panel, (-2, 2), S)
    assert found.statistic == pytest.approx(plain_hall(bhar), rel=1e-9)
    assert found.estimate == pytest.approx(np.mean(bhar), rel=1e-9)
    log = bhar_skewness_t(random_panel(n=10, returns="log"), (0, 1), S)
    assert log.reason.startswith("log_returns")


@pytest.mark.parametrize("gaps", [0.0, 0.03])
def test_hotelling_is_the_exact_sur_wilks_f(gaps):
    """One session: Wilks' Λ of the multivariate regressions with and without an event dummy."""
    panel = random_panel(seed=26, n=4, t=90, rho=0.4, gaps=gaps, effect=0.01)
    rows = np.isfinite(panel.est_actual).all(axis=0)
    col = panel.columns((0, 0)).start
    y = np.vstack([panel.est_actual[:, rows].T, panel.actual[:, col]])
    x = np.vstack([panel.est_design[0, rows], panel.design[0, col]])
    dummy = np.zeros((len(x), 1))
    dummy[-1] = 1

    def error_matrix(design):
        e = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
        return e.T @ e

    wide = np.hstack([x, dummy])
    wilks = np.linalg.det(error_matrix(wide)) / np.linalg.det(error_matrix(x))
    df = len(wide) - wide.shape[1]
    f = (1 - wilks) / wilks * (df - 4 + 1) / 4
    found = hotelling_f(panel, (0, 0), S)
    assert found.statistic == pytest.approx(f, rel=1e-9)
    assert found.p_value == pytest.approx(stats.f.sf(f, 4, df - 3), rel=1e-9)
    assert found.df == df - 3


def test_hotelling_over_a_window_from_the_formula():
    panel = random_panel(seed=27, n=3)
    x, y, x1 = panel.est_design[0], panel.est_actual.T, panel.design[0]
    b = np.linalg.lstsq(x, y, rcond=None)[0]
    e, nu = y - x @ b, len(y) - 2
    a = (panel.actual.T - x1 @ b).sum(axis=0)
    u = x1.sum(axis=0)
    c = 5 + u @ np.linalg.inv(x.T @ x) @ u
    f = (nu - 3 + 1) / (nu * 3) * a @ np.linalg.inv(e.T @ e / nu) @ a / c
    assert hotelling_f(panel, (-2, 2), S).statistic == pytest.approx(f, rel=1e-9)


def test_hotelling_refusals():
    few_rows = random_panel(n=40, t=35)
    assert hotelling_f(few_rows, (0, 0), S).reason.startswith("few_rows: ν = 33 < N = 40")
    dates = random_panel(n=3, start=[0, 50, 100])
    assert hotelling_f(dates, (0, 0), S).reason.startswith("mixed_dates")
    same = random_panel(n=3).take([0, 1, 1])
    assert hotelling_f(same, (0, 0), S).reason.startswith("rank_deficient")


@pytest.mark.parametrize("statistic", [cross_sectional_t, skewness_adjusted_t, bhar_skewness_t])
def test_two_events_and_equal_events_are_refused(statistic):
    assert statistic(random_panel(n=2), (0, 0), S).reason == "few_events: N = 2 < 3"
    equal = random_panel(n=4).take([1, 1, 1, 1])
    assert statistic(equal, (0, 0), S).reason.startswith("zero_variance")
    assert math.isnan(statistic(equal, (0, 0), S).p_value)


def test_frozen_residuals_have_no_aar_to_compare_with():
    panel = make_panel(np.zeros((3, 40)), None, [[0.1], [0.2], [0.3]], None)
    assert brown_warner_t(panel, (0, 0), S).reason == "zero_variance: the AAR do not vary"
