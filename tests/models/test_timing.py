"""Scholes–Williams and Dimson against plain loops, an instrument form and a known truth."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from signals.models import FitError, Sample, fit_model
from signals.models.timing import fit_dimson
from tests.models.samples import market_sample


def slope(x, y):
    return ((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum()


def delayed_sample(T=20000, seed=5, market_delay=0.0, ar=0.0):
    """A true beta of 1.5 of which 40 % shows one session late. ``market_delay`` of the measured
    market is late too (nonsynchronous trading); ``ar`` is the true market's autocorrelation."""
    rng = np.random.default_rng(seed)
    true = np.zeros(T + 30)
    shocks = rng.normal(0, 0.01, T + 30)
    for t in range(1, T + 30):
        true[t] = ar * true[t - 1] + shocks[t]
    m = (1 - market_delay) * true + market_delay * np.roll(true, 1)
    y = 1.5 * (0.6 * true + 0.4 * np.roll(true, 1)) + rng.normal(0, 0.01, T + 30)
    return Sample(
        y[5 : T + 5],
        m[5 : T + 5, None],
        y[T + 5 : T + 25],
        m[T + 5 : T + 25, None],
        ("market",),
        np.arange(20.0),
        x_est_before=m[:5, None],
        x_est_after=m[T + 5 : T + 10, None],
    )


def test_scholes_williams_by_hand():
    s = market_sample(seed=8, T=100)
    y, m = s.y_est, s.x_est[:, 0]
    r, now, lag, lead = y[1:-1], m[1:-1], m[:-2], m[2:]
    rho = np.corrcoef(now, lag)[0, 1]
    beta = (slope(lag, r) + slope(now, r) + slope(lead, r)) / (1 + 2 * rho)
    alpha = r.mean() - beta * now.mean()
    fit = fit_model("scholes_williams", s)
    np.testing.assert_allclose(fit.params, [alpha, beta], rtol=1e-11)
    assert (fit.n_obs, fit.df_resid) == (98, 96)
    assert np.isnan(fit.residuals[[0, 99]]).all()
    np.testing.assert_allclose(fit.residuals[1:-1], r - alpha - beta * now, atol=1e-15)
    np.testing.assert_allclose(fit.expected, alpha + beta * s.x_event[:, 0], rtol=1e-11)
    assert fit.prediction == "rank_only"
    # The same estimator as an instrument: z_t = R_m,t−1 + R_m,t + R_m,t+1 (equal up to edges).
    z = lag + now + lead
    instrument = np.cov(z, r)[0, 1] / np.cov(z, now)[0, 1]
    assert beta == pytest.approx(instrument, rel=0.03)


def test_a_missing_return_removes_what_needs_it():
    s = market_sample(T=60)
    y, x = s.y_est.copy(), s.x_est.copy()
    y[10] = np.nan
    x[30] = np.nan
    fit = fit_model("scholes_williams", dataclasses.replace(s, y_est=y, x_est=x))
    gone = {0, 59, 10, 29, 30, 31}
    assert set(np.flatnonzero(np.isnan(fit.residuals))) == gone
    fit = fit_model("dimson", dataclasses.replace(s, y_est=y, x_est=x))
    assert set(np.flatnonzero(np.isnan(fit.residuals))) == gone


def test_nonsynchronous_trading():
    """Asset and index late, true market free of autocorrelation: the sums find 1.5; the plain
    slope tends to Cov/Var = 1.5·(0.6·0.7 + 0.4·0.3)/(0.7² + 0.3²) = 1.397."""
    s = delayed_sample(market_delay=0.3)
    for name in ("scholes_williams", "dimson", "fowler_rorke"):
        assert fit_model(name, s).params[1] == pytest.approx(1.5, abs=0.05)
    assert fit_model("market", s).params[1] == pytest.approx(1.397, abs=0.03)


def test_delayed_asset_on_a_timely_autocorrelated_market():
    """Here the regression on leads and lags is the true one and its plain sum is right."""
    s = delayed_sample(ar=0.15)
    assert fit_model("dimson", s).params[1] == pytest.approx(1.5, abs=0.05)
    assert fit_model("scholes_williams", s).params[1] < 1.46


def test_fowler_rorke_differs_from_dimson_under_autocorrelation():
    s = market_sample(seed=8, T=300)
    m = s.x_est[:, 0]
    lag, now, lead = m[:-2], m[1:-1], m[2:]
    X = np.c_[np.ones(298), lag, now, lead]
    b = np.linalg.lstsq(X, s.y_est[1:-1], rcond=None)[0][1:]
    rho = np.corrcoef(now, lag)[0, 1]
    w = (1 + rho) / (1 + 2 * rho)
    plain, weighted = fit_model("dimson", s), fit_model("fowler_rorke", s)
    assert plain.params[1] == pytest.approx(b.sum(), rel=1e-10)
    assert weighted.params[1] == pytest.approx(w * b[0] + b[1] + w * b[2], rel=1e-10)
    assert plain.params[0] == pytest.approx(s.y_est[1:-1].mean() - b.sum() * now.mean(), rel=1e-9)


def test_two_lags_have_the_published_weights():
    s = market_sample(seed=12, T=200)
    m = s.x_est[:, 0]
    cols = [m[2 + j : len(m) - 2 + j] for j in range(-2, 3)]
    b = np.linalg.lstsq(np.c_[np.ones(196), np.array(cols).T], s.y_est[2:-2], rcond=None)[0][1:]
    r1, r2 = np.corrcoef(cols[2], cols[1])[0, 1], np.corrcoef(cols[2], cols[0])[0, 1]
    total = 1 + 2 * r1 + 2 * r2
    w1, w2 = (1 + 2 * r1 + r2) / total, (1 + r1 + r2) / total
    fit = fit_dimson(s, lags=2, weights="fowler_rorke")
    assert fit.params[1] == pytest.approx(w2 * (b[0] + b[4]) + w1 * (b[1] + b[3]) + b[2], rel=1e-10)
    assert fit.df_resid == 196 - 6
    no_lags = fit_dimson(s, lags=0)
    np.testing.assert_allclose(no_lags.params, fit_model("market", s).params, rtol=1e-10)


def test_neighbours_beyond_the_window_complete_the_edges():
    s = delayed_sample(T=100)
    fit = fit_model("dimson", s)
    assert fit.n_obs == 100
    alone = fit_model("dimson", dataclasses.replace(s, x_est_before=None, x_est_after=None))
    assert alone.n_obs == 98
    m = np.r_[s.x_est_before[-1], s.x_est[:, 0], s.x_est_after[0]]
    X = np.c_[np.ones(100), m[:-2], m[1:-1], m[2:]]
    b = np.linalg.lstsq(X, s.y_est, rcond=None)[0]
    assert fit.params[1] == pytest.approx(b[1:].sum(), rel=1e-10)


@pytest.mark.parametrize("name", ["scholes_williams", "dimson", "fowler_rorke"])
def test_refusals(name):
    s = market_sample()
    alternating = np.where(np.arange(250) % 2, 0.01, -0.01)[:, None] * (1 + 1e-3 * s.x_est)
    cases = {
        "zero_variance": {"y_est": np.zeros(250)},
        "rank_deficient": {"x_est": np.full((250, 1), 0.001)},
        "too_few_returns": {"y_est": np.where(np.arange(250) < 2, s.y_est, np.nan)},
        "not_finite": {"y_est": np.where(np.arange(250) == 2, np.inf, s.y_est)},
        "missing_regressor": {"names": ("peer",)},
    }
    if name != "dimson":
        cases["not_identified"] = {"x_est": alternating}
    for code, changes in cases.items():
        with pytest.raises(FitError) as caught:
            fit_model(name, dataclasses.replace(s, **changes))
        assert caught.value.code == code
