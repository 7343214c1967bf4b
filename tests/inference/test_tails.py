"""Tails against scipy.stats, deep in them too."""

import numpy as np
import pytest
from scipy import stats

from signals.inference.tails import binomial_p, f_p, normal_p, t_p


def test_two_sided_tails_are_twice_the_survival_function():
    x = np.array([0.0, 0.3, -1.96, 4.5, -12.0, 30.0])
    np.testing.assert_allclose(normal_p(x), 2 * stats.norm.sf(np.abs(x)), rtol=1e-12)
    for df in (2, 19, 248):
        np.testing.assert_allclose(t_p(x, df), 2 * stats.t.sf(np.abs(x), df), rtol=1e-9)
    assert normal_p(30.0) > 0  # 1 − cdf would be exactly zero


def test_f_and_binomial():
    assert f_p(3.2, 4, 60) == pytest.approx(stats.f.sf(3.2, 4, 60), rel=1e-12)
    for n in (1, 2, 7, 30):
        for w in range(n + 1):
            assert binomial_p(w, n) == pytest.approx(stats.binomtest(w, n).pvalue, rel=1e-12)


def test_nan_stays_nan():
    assert np.isnan(t_p(np.nan, 5))
    assert np.isnan(normal_p(np.nan))
