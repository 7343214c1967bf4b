"""The event-dummy regression and the forecast-variance road give the same CAR and t."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import statsmodels.api as sm

from signals import abnormal
from signals.models import FitError, fit_model
from signals.models.check import model_check
from tests.models.samples import factor_sample, market_sample


def car_t(name, s, window):
    fit = fit_model(name, s)
    inside = (s.tau >= window[0]) & (s.tau <= window[1])
    car = (s.y_event - fit.expected)[inside].sum()
    variance = abnormal.window_variance(
        fit.variance[None, inside],
        fit.design[None, inside],
        fit.inverse[None],
        np.array([fit.sigma]),
    )[0]
    return car, np.sqrt(variance), fit.df_resid


@pytest.mark.parametrize("window", [(0, 0), (-3, -3), (0, 1), (-10, 10)])
@pytest.mark.parametrize("name", ["market", "ff5_mom"])
def test_two_roads_to_the_same_t(name, window):
    s = market_sample(seed=21) if name == "market" else factor_sample(seed=21)
    found = model_check(s, window, excess=name != "market")
    car, error, df = car_t(name, s, window)
    assert found.car == pytest.approx(car, rel=1e-10)
    assert found.std_error == pytest.approx(error, rel=1e-11)
    assert found.t == pytest.approx(car / error, rel=1e-10)
    assert found.df == df


def test_one_session_robust_errors_are_refused_longer_ones_given():
    s = market_sample(seed=22)
    one = model_check(s, (0, 0))
    assert np.isnan([one.t_hc3, one.t_hac]).all()
    assert one.effect == pytest.approx(one.car, rel=1e-10)
    assert one.t_classical == pytest.approx(one.t, rel=1e-10)
    many = model_check(s, (-5, 5), hac_lags=3)
    inside = np.abs(s.tau) <= 5
    y = np.r_[s.y_est, s.y_event[inside]]
    X = np.c_[
        np.ones(261), np.r_[s.x_est[:, 0], s.x_event[inside, 0]], np.r_[np.zeros(250), np.ones(11)]
    ]
    b = np.linalg.lstsq(X, y, rcond=None)[0]
    e = y - X @ b
    root = np.linalg.inv(X.T @ X)
    h = np.einsum("ij,jk,ik->i", X, root, X)
    hc3 = root @ (X.T * (e / (1 - h)) ** 2) @ X @ root
    assert many.effect == pytest.approx(11 * b[2], rel=1e-9)
    assert many.t_hc3 == pytest.approx(b[2] / np.sqrt(hc3[2, 2]), rel=1e-9)
    g = X * e[:, None]
    S = g.T @ g
    for lag in range(1, 4):
        cross = g[lag:].T @ g[:-lag]
        S += (1 - lag / 4) * (cross + cross.T)
    hac = root @ S @ root * 261 / 258
    assert many.t_hac == pytest.approx(b[2] / np.sqrt(hac[2, 2]), rel=1e-9)


def test_missing_rows():
    s = market_sample(seed=23)
    y, y1 = s.y_est.copy(), s.y_event.copy()
    y[[0, 40]] = np.nan
    y1[12] = np.nan
    gappy = dataclasses.replace(s, y_est=y, y_event=y1)
    assert model_check(gappy, (0, 1)).df == 246
    with pytest.raises(FitError) as caught:
        model_check(gappy, (0, 2))
    assert caught.value.code == "missing_return"
    with pytest.raises(FitError):
        model_check(gappy, (5, 15))


def test_p_value_is_that_of_the_dummy():
    """p is two-sided from t with M − k degrees of freedom, as statsmodels gives it."""
    s = market_sample(seed=24)
    found = model_check(s, (0, 0))
    at = int(np.flatnonzero(s.tau == 0)[0])
    y = np.r_[s.y_est, s.y_event[at]]
    X = np.c_[np.ones(251), np.r_[s.x_est[:, 0], s.x_event[at, 0]], np.r_[np.zeros(250), 1]]
    assert found.p_value == pytest.approx(sm.OLS(y, X).fit().pvalues[2], rel=1e-9)
