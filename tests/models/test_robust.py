"""Robust lines against independent roads: linear programming, brute force, plain reweighting."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from scipy.optimize import linprog

from signals.models import FitError, fit_model
from tests.models.samples import market_sample

ROBUST = ("huber", "lad", "theil_sen")


def fat_sample(seed, T=120):
    rng = np.random.default_rng(seed)
    s = market_sample(seed=seed, T=T)
    y = s.y_est + 0.01 * rng.standard_t(2, T)
    y[5] += 0.4
    return dataclasses.replace(s, y_est=y)


@pytest.mark.parametrize("seed", range(8))
def test_lad_is_the_linear_programme(seed):
    s = fat_sample(seed)
    y, X = s.y_est, np.c_[np.ones(120), s.x_est]
    I = np.eye(120)  # noqa: E741 the identity
    best = linprog(
        np.r_[0, 0, np.ones(240)],
        A_eq=np.c_[X, I, -I],
        b_eq=y,
        bounds=[(None, None)] * 2 + [(0, None)] * 240,
        method="highs-ds",
    )
    fit = fit_model("lad", s)
    assert np.abs(y - X @ fit.params).sum() == pytest.approx(best.fun, rel=1e-11)
    np.testing.assert_allclose(fit.params, best.x[:2], rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_theil_sen_is_brute_force(seed):
    s = fat_sample(seed)
    x, y = s.x_est[:, 0], s.y_est
    slope = np.median(
        [(y[j] - y[i]) / (x[j] - x[i]) for i, j in itertools.combinations(range(120), 2)]
    )
    fit = fit_model("theil_sen", s)
    np.testing.assert_allclose(fit.params, [np.median(y) - slope * np.median(x), slope], rtol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_huber_is_the_reweighted_line(seed):
    s = fat_sample(seed)
    y, X = s.y_est, np.c_[np.ones(120), s.x_est]
    b = np.linalg.lstsq(X, y, rcond=None)[0]
    for _ in range(2000):
        e = y - X @ b
        scale = np.median(np.abs(e)) / 0.6744897501960817
        w = np.minimum(1, 1.345 * scale / np.abs(e))
        b = np.linalg.solve(X.T @ (w[:, None] * X), X.T @ (w * y))
    np.testing.assert_allclose(fit_model("huber", s).params, b, rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("name", ROBUST)
def test_one_violent_session_bends_least_squares_only(name):
    s = market_sample(seed=3)
    y = s.y_est.copy()
    worst = int(np.argmax(s.x_est[:, 0]))
    y[worst] -= 0.5
    bent = dataclasses.replace(s, y_est=y)
    clean = fit_model("market", s).params[1]
    assert abs(fit_model("market", bent).params[1] - clean) > 0.3
    assert abs(fit_model(name, bent).params[1] - clean) < 0.2


@pytest.mark.parametrize("name", ROBUST)
def test_record_of_a_line_without_a_forecast_variance(name):
    s = market_sample()
    y, x1 = s.y_est.copy(), s.x_event.copy()
    y[[0, 9]] = np.nan
    x1[2] = np.nan
    fit = fit_model(name, dataclasses.replace(s, y_est=y, x_event=x1))
    assert fit.prediction == "rank_only"
    assert np.isnan(fit.variance).all()
    assert np.isnan(fit.inverse).all()
    assert (fit.n_obs, fit.df_resid) == (248, 246)
    used = np.isfinite(y)
    np.testing.assert_array_equal(np.isfinite(fit.residuals), used)
    e = y[used] - fit.params[0] - fit.params[1] * s.x_est[used, 0]
    np.testing.assert_allclose(fit.residuals[used], e, atol=1e-16)
    assert fit.sigma == pytest.approx(np.sqrt(e @ e / 246), rel=1e-13)
    np.testing.assert_array_equal(np.isnan(fit.expected), np.isnan(x1[:, 0]))
    np.testing.assert_allclose(fit.leverage[used].sum(), 2, rtol=1e-12)


@pytest.mark.parametrize("name", ROBUST)
@pytest.mark.parametrize("c", [1e-6, 1e6])
def test_rescaling(name, c):
    s = fat_sample(1)
    fields = ("y_est", "x_est", "y_event", "x_event")
    scaled = dataclasses.replace(s, **{f: c * getattr(s, f) for f in fields})
    a, b = fit_model(name, s), fit_model(name, scaled)
    np.testing.assert_allclose(b.expected, c * a.expected, rtol=1e-7, atol=1e-12 * c)
    np.testing.assert_allclose(b.sigma, c * a.sigma, rtol=1e-9)


@pytest.mark.parametrize("name", ROBUST)
def test_refusals(name):
    s = market_sample()
    cases = {
        "zero_variance": {"y_est": np.zeros(250)},
        "rank_deficient": {"x_est": np.full((250, 1), 0.001)},
        "too_few_returns": {"y_est": np.where(np.arange(250) < 2, s.y_est, np.nan)},
        "not_finite": {"y_est": np.where(np.arange(250) == 2, 1e308, s.y_est)},
        "missing_regressor": {"names": ("peer",)},
    }
    for code, changes in cases.items():
        with pytest.raises(FitError) as caught:
            fit_model(name, dataclasses.replace(s, **changes))
        assert caught.value.code == code


def test_huber_without_spread_says_so():
    s = market_sample()
    y = np.zeros(250)
    y[::10] = s.y_est[::10]  # nine sessions of ten without a trade
    with pytest.raises(FitError, match="huber") as caught:
        fit_model("huber", dataclasses.replace(s, y_est=y))
    assert caught.value.code == "not_converged"
    stale = fit_model("lad", dataclasses.replace(s, y_est=y))
    np.testing.assert_allclose(stale.params, 0, atol=1e-15)
