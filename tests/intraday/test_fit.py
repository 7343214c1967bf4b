"""The weighted regression of bars against statsmodels' WLS, its variances, and its refusals."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from signals.intraday.fit import fit_bars
from signals.models import FitError

DAYS, SLOTS = 60, 8


def sample(seed=1, long_every=5):
    rng = np.random.default_rng(seed)
    slot = np.tile(np.arange(SLOTS), DAYS)
    kind = np.where(
        (slot == 0) & (np.repeat(np.arange(DAYS), SLOTS) % long_every == 0), SLOTS, slot
    )
    scale = np.r_[0.01, 0.004, 0.002, 0.001, 0.001, 0.001, 0.002, 0.003, 0.015][kind]
    x = rng.normal(0, 1, len(slot)) * scale
    y = 0.0001 + 1.3 * x + rng.normal(0, 1, len(slot)) * scale
    return y, np.column_stack([np.ones(len(y)), x]), kind, scale


def test_it_is_statsmodels_wls_with_the_variance_of_each_hour():
    y, design, kind, _ = sample()
    fit = fit_bars(y, design, kind, SLOTS + 1, ("const", "market"), np.ones(len(y), bool))
    # The last round's weights are the mean squares of the round before: put in once more, they
    # give back almost the same line (the rounds have converged).
    v = np.array([np.mean(fit.residuals[kind == k] ** 2) for k in range(SLOTS + 1)])
    again = sm.WLS(y, design, weights=1 / v[kind]).fit()
    np.testing.assert_allclose(fit.params, again.params, rtol=2e-4)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.inverse)) * fit.sigma, again.bse, rtol=5e-3)
    np.testing.assert_allclose(fit.r_squared, again.rsquared, rtol=1e-3)
    scaled = design / np.sqrt(v[kind])[:, None]
    hat = np.einsum("tk,kj,tj->t", scaled, np.linalg.inv(scaled.T @ scaled), scaled)
    np.testing.assert_allclose(fit.leverage, hat, rtol=2e-2)


def test_exactly_wls_at_its_own_weights():
    y, design, kind, _ = sample()
    fit = fit_bars(y, design, kind, SLOTS + 1, ("const", "market"), np.ones(len(y), bool))
    relative = fit.variance / fit.sigma**2
    exact = sm.WLS(y, design, weights=1 / relative[kind]).fit()
    np.testing.assert_allclose(fit.params, exact.params, rtol=1e-10)
    np.testing.assert_allclose(fit.inverse, exact.normalized_cov_params, rtol=1e-8)
    np.testing.assert_allclose(fit.sigma**2, exact.scale, rtol=1e-10)
    np.testing.assert_allclose(relative[kind].mean(), 1.0)


def test_the_hours_get_their_own_variance():
    y, design, kind, scale = sample(long_every=3)
    fit = fit_bars(y, design, kind, SLOTS + 1, ("const", "market"), np.ones(len(y), bool))
    true = np.array([scale[kind == k][0] for k in range(SLOTS + 1)])
    assert np.all(np.abs(np.sqrt(fit.variance) / true - 1) < 0.35)
    assert np.sqrt(fit.variance[0]) > 5 * np.sqrt(fit.variance[3])


def test_rare_weekends_fall_back_on_all_nights():
    y, design, kind, _ = sample(long_every=20)  # three weekends in sixty sessions
    fit = fit_bars(y, design, kind, SLOTS + 1, ("const", "market"), np.ones(len(y), bool))
    nights = (kind == 0) | (kind == SLOTS)
    mean = (fit.residuals[nights] ** 2).mean()
    ratio = fit.variance[SLOTS] / fit.variance[0]
    assert fit.variance[SLOTS] == pytest.approx(mean, rel=0.02)
    assert 0.8 < ratio < 2.0


def test_hours_seen_too_rarely_are_left_out():
    y, design, kind, _ = sample()
    used = np.ones(len(y), bool)
    used[(kind == 7) & (np.arange(len(y)) > 3 * SLOTS)] = False  # four are left
    fit = fit_bars(y, design, kind, SLOTS + 1, ("const", "market"), used)
    assert np.isnan(fit.variance[7])
    assert np.isnan(fit.residuals[kind == 7]).all()
    assert fit.n_obs == int(used.sum()) - 3 - (int((used & (kind == 7)).sum()) - 3)


def test_market_adjusted_estimates_only_variances():
    y, _, kind, _ = sample()
    fit = fit_bars(y, np.empty((len(y), 0)), kind, SLOTS + 1, (), np.ones(len(y), bool))
    assert fit.params.shape == (0,)
    np.testing.assert_array_equal(fit.residuals, y)
    np.testing.assert_allclose(
        fit.variance[3], (y[kind == 3] ** 2).mean() * fit.sigma**2 / (y**2).mean(), rtol=0.2
    )
    assert np.isnan(fit.r_squared)


def test_refusals():
    y, design, kind, _ = sample()
    none = np.zeros(len(y), bool)
    with pytest.raises(FitError) as found:
        fit_bars(y, design, kind, SLOTS + 1, ("const", "market"), none)
    assert found.value.code == "too_few_returns"
    twice = np.column_stack([design, design[:, 1]])
    with pytest.raises(FitError) as found:
        fit_bars(y, twice, kind, SLOTS + 1, ("const", "market", "again"), ~none)
    assert found.value.code == "rank_deficient"
    assert "again" in found.value.detail
    with pytest.raises(FitError) as found:
        fit_bars(design @ [0.0, 1.0], design, kind, SLOTS + 1, ("const", "market"), ~none)
    assert found.value.code == "zero_variance"
