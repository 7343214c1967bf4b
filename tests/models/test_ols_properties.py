"""Identities of least squares on arbitrary samples (hypothesis)."""

from __future__ import annotations

import dataclasses

import numpy as np
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from signals import abnormal
from signals.models import fit_model
from signals.models.check import model_check
from tests.models.samples import market_sample

SETTINGS = settings(max_examples=40, deadline=None)


@st.composite
def samples(draw):
    """Market samples of any length and scale, with missing rows on both sides."""
    T, W = draw(st.integers(12, 300)), draw(st.integers(1, 30))
    s = market_sample(seed=draw(st.integers(0, 10**6)), T=T, W=W)
    scale = 10.0 ** draw(st.integers(-6, 4))
    gaps = draw(st.lists(st.integers(0, T - 1), max_size=T // 3))
    y, x = scale * s.y_est, scale * s.x_est
    y[gaps[::2]] = np.nan
    x[gaps[1::2]] = np.nan
    return dataclasses.replace(
        s, y_est=y, x_est=x, y_event=scale * s.y_event, x_event=scale * s.x_event
    )


@SETTINGS
@given(samples())
def test_market_model_is_statsmodels_ols(s):
    used = np.isfinite(s.y_est) & np.isfinite(s.x_est[:, 0])
    reference = sm.OLS(s.y_est[used], sm.add_constant(s.x_est[used, 0])).fit(method="qr")
    fit = fit_model("market", s)
    size = np.abs(reference.params).max()
    np.testing.assert_allclose(fit.params, reference.params, rtol=1e-12, atol=1e-14 * size)
    np.testing.assert_allclose(fit.sigma**2, reference.mse_resid, rtol=1e-12)
    np.testing.assert_allclose(
        fit.sigma**2 * fit.inverse, reference.cov_params(), rtol=1e-9, atol=1e-15
    )


@SETTINGS
@given(samples(), st.floats(1e-3, 1e3), st.floats(-5, 5))
def test_scale_and_shift_of_the_market(s, c, shift):
    fit = fit_model("market", s)
    unit = np.abs(np.r_[s.x_est[np.isfinite(s.x_est)], s.x_event[:, 0]]).max()
    other = fit_model(
        "market",
        dataclasses.replace(
            s, x_est=c * (s.x_est + shift * unit), x_event=c * (s.x_event + shift * unit)
        ),
    )
    np.testing.assert_allclose(other.sigma, fit.sigma, rtol=1e-9)
    ar, again = s.y_event - fit.expected, s.y_event - other.expected
    np.testing.assert_allclose(again, ar, rtol=1e-7, atol=1e-9 * fit.sigma)


@SETTINGS
@given(samples())
def test_residuals_are_orthogonal_and_leverages_sum_to_k(s):
    fit = fit_model("market", s)
    used = np.isfinite(fit.residuals)
    e, X = fit.residuals[used], fit.est_design[used]
    bound = 1e-9 * np.linalg.norm(e) * np.linalg.norm(X, axis=0)
    assert (np.abs(X.T @ e) <= bound).all()
    assert abs(fit.leverage[used].sum() - 2) < 1e-9


@SETTINGS
@given(samples())
def test_dummy_regression_gives_the_same_t(s):
    window = (int(s.tau[0]), int(s.tau[-1]))
    fit = fit_model("market", s)
    variance = abnormal.window_variance(
        fit.variance[None], fit.design[None], fit.inverse[None], np.array([fit.sigma])
    )[0]
    t = (s.y_event - fit.expected).sum() / np.sqrt(variance)
    found = model_check(s, window)
    np.testing.assert_allclose(found.t, t, rtol=1e-7, atol=1e-9)
