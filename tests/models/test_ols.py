"""The least-squares family against statsmodels called directly and against plain numpy."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import statsmodels.api as sm

from signals import abnormal
from signals.models import MODELS, FitError, fit_model
from tests.models.samples import FACTORS, factor_sample, market_sample

FAMILY = [n for n, row in MODELS.items() if row.batched]
ESTIMATED = [n for n in FAMILY if n != "market_adjusted"]


def sample_of(name, **changes):
    return (factor_sample if MODELS[name].regressors == "factors" else market_sample)(**changes)


def plain_rows(name, s):
    """y, X, X₁ and what is added back, written out by hand for every model."""
    rf, rf1 = s.risk_free_est, s.risk_free_event
    one, one1 = np.ones(len(s.y_est)), np.ones(len(s.y_event))
    if name == "constant_mean":
        return s.y_est, one[:, None], one1[:, None], 0 * one1
    if name == "market":
        return s.y_est, np.c_[one, s.x_est], np.c_[one1, s.x_event], 0 * one1
    if name == "capm":
        return s.y_est - rf, np.c_[one, s.x_est[:, 0] - rf], np.c_[one1, s.x_event[:, 0] - rf1], rf1
    if name == "capm_strict":
        return s.y_est - rf, s.x_est - rf[:, None], s.x_event - rf1[:, None], rf1
    columns = {
        "ff3": ("mkt_rf", "smb", "hml"),
        "carhart": ("mkt_rf", "smb", "hml", "mom"),
        "ff5": ("mkt_rf", "smb", "hml", "rmw", "cma"),
        "ff5_mom": ("mkt_rf", "smb", "hml", "rmw", "cma", "mom"),
    }[name]
    index = [FACTORS.index(c) for c in columns]
    return s.y_est - rf, np.c_[one, s.x_est[:, index]], np.c_[one1, s.x_event[:, index]], rf1


@pytest.mark.parametrize("name", ESTIMATED)
def test_agrees_with_statsmodels(name):
    s = sample_of(name)
    fit = fit_model(name, s)
    y, X, X1, base = plain_rows(name, s)
    reference = sm.OLS(y, X).fit(method="qr")
    close = {"rtol": 1e-12, "atol": 0}
    np.testing.assert_allclose(fit.params, reference.params, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(fit.sigma, np.sqrt(reference.mse_resid), **close)
    np.testing.assert_allclose(fit.r_squared, reference.rsquared, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(fit.leverage, reference.get_influence().hat_matrix_diag, **close)
    np.testing.assert_allclose(
        fit.sigma * np.sqrt(np.diag(fit.inverse)), reference.bse, rtol=1e-12, atol=0
    )
    np.testing.assert_allclose(fit.expected, base + reference.predict(X1), rtol=1e-12, atol=1e-16)
    np.testing.assert_allclose(fit.residuals, reference.resid, rtol=0, atol=1e-15)
    forecast = reference.get_prediction(X1)
    ours = abnormal.session_variance(
        fit.variance[None], fit.design[None], fit.inverse[None], np.array([fit.sigma])
    )[0]
    np.testing.assert_allclose(ours, forecast.se_mean**2 + reference.mse_resid, rtol=1e-12, atol=0)
    assert (fit.n_obs, fit.df_resid) == (len(y), len(y) - X.shape[1])
    assert len(fit.params) == MODELS[name].coefficients
    assert fit.engine == "statsmodels"


@pytest.mark.parametrize("name", ESTIMATED)
def test_agrees_with_plain_numpy_qr(name):
    s = sample_of(name, seed=9)
    fit = fit_model(name, s)
    y, X, X1, base = plain_rows(name, s)
    Q, R = np.linalg.qr(X)
    b = np.linalg.solve(R, Q.T @ y)
    e = y - X @ b
    s2 = e @ e / (len(y) - X.shape[1])
    np.testing.assert_allclose(fit.params, b, rtol=1e-11, atol=1e-15)
    np.testing.assert_allclose(fit.sigma**2, s2, rtol=1e-12)
    np.testing.assert_allclose(fit.inverse, np.linalg.inv(X.T @ X), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(fit.expected, base + X1 @ b, rtol=1e-11, atol=1e-16)


def test_market_adjusted_estimates_nothing():
    s = market_sample()
    fit = fit_model("market_adjusted", s)
    gap = s.y_est - s.x_est[:, 0]
    np.testing.assert_allclose(fit.sigma**2, np.mean(gap**2), rtol=1e-14)
    assert fit.df_resid == fit.n_obs == 250
    assert fit.design.shape == (21, 0)
    assert fit.inverse.shape == (0, 0)
    assert fit.est_design.shape == (250, 0)
    np.testing.assert_array_equal(fit.expected, s.x_event[:, 0])
    variance = abnormal.window_variance(
        fit.variance[None], fit.design[None], fit.inverse[None], np.array([fit.sigma])
    )
    np.testing.assert_allclose(variance, 21 * fit.sigma**2, rtol=1e-14)


def test_car_variance_has_the_closed_form():
    """s²[L + L²/M + (Σ(R_m − R̄_m))²/S_xx]: the square of the sum, not the sum of squares."""
    s = market_sample(seed=4)
    fit = fit_model("market", s)
    m, mean = s.x_event[:, 0], s.x_est.mean()
    sxx = ((s.x_est - mean) ** 2).sum()
    L, M = len(m), len(s.y_est)
    closed = fit.sigma**2 * (L + L**2 / M + (m - mean).sum() ** 2 / sxx)
    ours = abnormal.window_variance(
        fit.variance[None], fit.design[None], fit.inverse[None], np.array([fit.sigma])
    )[0]
    np.testing.assert_allclose(ours, closed, rtol=1e-12)
    wrong = fit.sigma**2 * (L + L**2 / M + ((m - mean) ** 2).sum() / sxx)
    assert abs(ours / wrong - 1) > 1e-4


@pytest.mark.parametrize("name", FAMILY)
def test_missing_rows_are_left_out_and_stay_missing(name):
    s = sample_of(name)
    y, x, x1 = s.y_est.copy(), s.x_est.copy(), s.x_event.copy()
    y[[3, 100]] = np.nan
    x[50] = np.nan
    x1[4] = np.nan
    fit = fit_model(name, dataclasses.replace(s, y_est=y, x_est=x, x_event=x1))
    used = np.ones(250, dtype=bool)
    used[[3, 100] if name == "constant_mean" else [3, 50, 100]] = False
    assert fit.n_obs == used.sum()
    np.testing.assert_array_equal(np.isfinite(fit.residuals), used)
    np.testing.assert_array_equal(np.isfinite(fit.leverage), used)
    np.testing.assert_array_equal(np.isfinite(fit.est_actual), used)
    kept = dataclasses.replace(
        s, y_est=s.y_est[used], x_est=s.x_est[used], risk_free_est=s.risk_free_est[used]
    )
    again = fit_model(name, kept)
    np.testing.assert_array_equal(fit.params, again.params)
    np.testing.assert_array_equal(fit.residuals[used], again.residuals)
    assert np.isnan(fit.expected[4]) == (name != "constant_mean")
    assert np.isfinite(np.delete(fit.expected, 4)).all()


def test_dummied_rows_equal_the_regression_with_dummies():
    s = market_sample(seed=7)
    dummies = np.zeros((250, 3))
    dummies[[10, 11, 200], [0, 1, 2]] = 1.0
    fit = fit_model("market", dataclasses.replace(s, dummies_est=dummies))
    joint = sm.OLS(s.y_est, np.c_[np.ones(250), s.x_est, dummies]).fit(method="qr")
    np.testing.assert_allclose(fit.params, joint.params[:2], rtol=1e-12)
    np.testing.assert_allclose(fit.sigma, np.sqrt(joint.mse_resid), rtol=1e-12)
    np.testing.assert_allclose(fit.inverse, joint.normalized_cov_params[:2, :2], rtol=1e-9)
    assert fit.df_resid == joint.df_resid == 245
    assert fit.flags == ("dummies:3",)
    assert np.isnan(fit.residuals[[10, 11, 200]]).all()


@pytest.mark.parametrize("name", FAMILY)
def test_constant_series_is_refused(name):
    s = sample_of(name)
    changes = {"y_est": s.risk_free_est.copy() if MODELS[name].excess else np.full(250, 0.001)}
    if name == "market_adjusted":
        changes["x_est"] = np.full((250, 1), 0.001)
    with pytest.raises(FitError, match="do not vary") as caught:
        fit_model(name, dataclasses.replace(s, **changes))
    assert caught.value.code == "zero_variance"


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
@pytest.mark.parametrize("name", ["market", "market_adjusted", "capm", "capm_strict"])
def test_asset_that_is_its_benchmark_is_refused(name, scale):
    s = market_sample()
    same = dataclasses.replace(
        s,
        y_est=scale * s.x_est[:, 0],
        x_est=scale * s.x_est,
        risk_free_est=scale * s.risk_free_est,
    )
    with pytest.raises(FitError) as caught:
        fit_model(name, same)
    assert caught.value.code == "zero_variance"


@pytest.mark.parametrize("name", FAMILY)
def test_too_few_rows_are_refused(name):
    k = MODELS[name].coefficients
    s = sample_of(name, T=250)
    y = s.y_est.copy()
    y[k:] = np.nan
    with pytest.raises(FitError) as caught:
        fit_model(name, dataclasses.replace(s, y_est=y))
    assert caught.value.code == "too_few_returns"
    y[: k + 1] = s.y_est[: k + 1]
    assert fit_model(name, dataclasses.replace(s, y_est=y)).n_obs == k + 1


def test_constant_benchmark_is_named():
    s = market_sample()
    for constant in (0.0, 0.001):
        with pytest.raises(FitError, match="regressor market is") as caught:
            fit_model("market", dataclasses.replace(s, x_est=np.full((250, 1), constant)))
        assert caught.value.code == "rank_deficient"


def test_dependent_factor_is_named():
    s = factor_sample()
    x = s.x_est.copy()
    x[:, 2] = 0.4 * x[:, 0] - 2 * x[:, 1]
    with pytest.raises(FitError, match="regressor hml is") as caught:
        fit_model("ff5", dataclasses.replace(s, x_est=x))
    assert caught.value.code == "rank_deficient"
    assert "mkt_rf, smb" in caught.value.detail


@pytest.mark.parametrize("name", FAMILY)
@pytest.mark.parametrize("huge", [1e308, np.inf])
def test_extreme_returns_are_refused_without_a_warning(name, huge):
    s = sample_of(name)
    y = s.y_est.copy()
    y[7] = huge
    with pytest.raises(FitError) as caught:
        fit_model(name, dataclasses.replace(s, y_est=y))
    assert caught.value.code == "not_finite"


def test_extreme_event_row_is_refused_without_a_warning():
    s = market_sample()
    x1 = s.x_event.copy()
    x1[0] = 1.7e308
    with pytest.raises(FitError) as caught:
        fit_model("market", dataclasses.replace(s, x_event=x1))
    assert caught.value.code == "not_finite"


def test_models_that_need_more_than_the_sample_has():
    s = dataclasses.replace(market_sample(), risk_free_est=None)
    with pytest.raises(FitError, match="risk-free") as caught:
        fit_model("capm", s)
    assert caught.value.code == "missing_risk_free"
    with pytest.raises(FitError, match="smb, hml") as caught:
        fit_model("ff3", dataclasses.replace(market_sample(), names=("mkt_rf",)))
    assert caught.value.code == "missing_regressor"


@pytest.mark.parametrize("name", FAMILY)
def test_rescaling_all_returns_rescales_the_fit(name):
    s, c = sample_of(name), 37.5
    scaled = dataclasses.replace(
        s,
        **{
            f: c * getattr(s, f)
            for f in ("y_est", "x_est", "y_event", "x_event", "risk_free_est", "risk_free_event")
        },
    )
    a, b = fit_model(name, s), fit_model(name, scaled)
    np.testing.assert_allclose(b.sigma, c * a.sigma, rtol=1e-12)
    np.testing.assert_allclose(b.expected, c * a.expected, rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(b.leverage, a.leverage, rtol=1e-10)


def test_adding_a_constant_to_the_market_leaves_the_abnormal_returns():
    s = market_sample()
    moved = dataclasses.replace(s, x_est=s.x_est + 0.3, x_event=s.x_event + 0.3)
    np.testing.assert_allclose(
        fit_model("market", moved).expected, fit_model("market", s).expected, atol=1e-14
    )
