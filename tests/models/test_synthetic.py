"""Synthetic control: known weights, an independent optimiser, the placebo's arithmetic and size."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.optimize import minimize

from signals.models import FitError, Sample, fit_model
from signals.models.synthetic import (
    simplex_weights,
    space_p_value,
    space_placebo,
    synthetic_control_p,
    treated_donors,
)


def donor_sample(weights, noise, seed=0, T=200, W=11, effect=0.0):
    rng = np.random.default_rng(seed)
    J = len(weights)
    x = 0.01 * rng.normal(size=(T + W, 1)) + 0.01 * rng.normal(size=(T + W, J))
    y = x @ np.asarray(weights) + noise * rng.normal(size=T + W)
    y[T + W // 2 :] += effect
    names = tuple(f"D{j}" for j in range(J))
    return Sample(y[:T], x[:T], y[T:], x[T:], names, np.arange(W) - W // 2.0)


def test_known_weights_are_recovered():
    truth = np.array([0.5, 0.3, 0.2, 0.0, 0.0])
    s = donor_sample(truth, noise=1e-9)
    fit = fit_model("synthetic_control", s)
    np.testing.assert_allclose(list(fit.weights.values()), truth, atol=1e-6)
    noisy = fit_model("synthetic_control", donor_sample(truth, noise=0.002))
    np.testing.assert_allclose(list(noisy.weights.values()), truth, atol=0.05)
    np.testing.assert_allclose(fit.expected, s.x_event @ truth, atol=1e-7)


@pytest.mark.parametrize("seed", range(6))
def test_weights_are_the_constrained_optimum(seed):
    s = donor_sample([0.6, 0.9, -0.4, 0.1, 0.3, -0.2, 0.0], noise=0.01, seed=seed)
    w = simplex_weights(s.y_est, s.x_est)
    assert w.min() >= 0
    assert w.sum() == pytest.approx(1, abs=1e-14)
    gaps = s.y_est[:, None] - s.x_est
    gradient = gaps.T @ (gaps @ w)  # stationarity: equal on the support, no smaller elsewhere
    active = w > 0
    level = gradient[active].mean()
    np.testing.assert_allclose(gradient[active], level, rtol=1e-9)
    assert (gradient[~active] >= level * (1 - 1e-9)).all()
    other = minimize(
        lambda v: 1e4 * ((s.y_est - s.x_est @ v) ** 2).sum(),
        np.full(7, 1 / 7),
        jac=lambda v: -2e4 * s.x_est.T @ (s.y_est - s.x_est @ v),
        bounds=[(0, 1)] * 7,
        constraints={"type": "eq", "fun": lambda v: v.sum() - 1},
        method="SLSQP",
        options={"ftol": 1e-14},
    )
    np.testing.assert_allclose(w, other.x, atol=1e-5)


def test_record():
    s = donor_sample([0.5, 0.5, 0.0], noise=0.01)
    y, x1 = s.y_est.copy(), s.x_event.copy()
    y[3] = np.nan
    x1[2, 1] = np.nan
    fit = fit_model("synthetic_control", dataclasses.replace(s, y_est=y, x_event=x1))
    w = np.array(list(fit.weights.values()))
    used = np.isfinite(y)
    e = y[used] - s.x_est[used] @ w
    np.testing.assert_allclose(fit.residuals[used], e, atol=1e-16)
    assert fit.sigma == pytest.approx(np.sqrt((e**2).mean()), rel=1e-13)
    assert (fit.n_obs, fit.df_resid, fit.prediction) == (199, 199, "rank_only")
    assert np.isnan(fit.expected[2])
    assert np.isfinite(np.delete(fit.expected, 2)).all()
    assert fit.design.shape == (11, 1)
    assert np.isnan(fit.inverse).all()


def test_placebo_p_is_the_share_of_ratios():
    before = np.ones((4, 10))
    after = np.array([[3.0, 3.0], [1.0, 1.0], [-4.0, 4.0], [3.0, -3.0]])
    assert synthetic_control_p(before, after) == pytest.approx(3 / 4)
    assert synthetic_control_p(before, -after) == pytest.approx(3 / 4)
    assert np.isnan(synthetic_control_p(before[:1], after[:1]))
    after[1, 0] = np.nan
    assert np.isnan(synthetic_control_p(before, after))


def test_placebo_in_space_by_hand():
    s = donor_sample([0.5, 0.3, 0.2, 0.0], noise=0.004, effect=0.08)
    placebo = space_placebo(s, "META")
    assert list(placebo.units) == ["META", "D0", "D1", "D2", "D3"]
    w = simplex_weights(s.x_est[:, 1], s.x_est[:, [0, 2, 3]])
    np.testing.assert_allclose(
        placebo.after[2], s.x_event[:, 1] - s.x_event[:, [0, 2, 3]] @ w, rtol=1e-12
    )
    assert space_p_value(placebo, slice(5, 11)) == pytest.approx(1 / 5)
    assert space_p_value(placebo, slice(0, 5)) > 1 / 5


def test_the_fit_carries_its_placebos():
    s = donor_sample([0.5, 0.3, 0.2, 0.0], noise=0.004, effect=0.08)
    fit = fit_model("synthetic_control", s)
    np.testing.assert_array_equal(fit.placebo.before[0], fit.residuals)
    np.testing.assert_allclose(fit.placebo.after[0], s.y_event - fit.expected, atol=1e-16)
    assert space_p_value(fit.placebo, slice(5, 11)) == pytest.approx(1 / 5)
    one = dataclasses.replace(s, names=("A",), x_est=s.x_est[:, :1], x_event=s.x_event[:, :1])
    assert fit_model("synthetic_control", one).placebo is None


def test_a_donor_that_the_event_hits_too_is_named():
    weights = {"GOOG": 0.6, "MSFT": 0.4, "IBM": 0.0}
    assert treated_donors(weights, {"META", "MSFT", "IBM"}) == ("donors_treated:MSFT",)
    assert treated_donors(weights, {"META", "IBM"}) == ()


def test_placebo_size_with_exchangeable_units():
    """Nineteen donors and no event: p ≤ 0.05 in about one study of twenty."""
    rng = np.random.default_rng(11)
    rejected, studies = 0, 400
    for _ in range(studies):
        r = 0.01 * rng.normal(size=(60, 1)) + 0.01 * rng.normal(size=(60, 20))
        s = Sample(
            r[:50, 0],
            r[:50, 1:],
            r[50:, 0],
            r[50:, 1:],
            tuple(map(str, range(19))),
            np.arange(10.0),
        )
        rejected += space_p_value(space_placebo(s)) <= 0.05 + 1e-12
    assert abs(rejected / studies - 0.05) < 3 * np.sqrt(0.05 * 0.95 / studies)


def test_refusals():
    s = donor_sample([0.5, 0.5], noise=0.01)
    cases = {
        "no_donors": {"names": (), "x_est": s.x_est[:, :0], "x_event": s.x_event[:, :0]},
        "zero_variance": {"y_est": s.x_est[:, 1]},
        "too_few_returns": {"y_est": np.full(200, np.nan)},
        "not_finite": {"y_est": np.where(np.arange(200) == 1, 1e308, s.y_est)},
    }
    for code, changes in cases.items():
        with pytest.raises(FitError) as caught:
            fit_model("synthetic_control", dataclasses.replace(s, **changes))
        assert caught.value.code == code
    with pytest.raises(FitError, match="two donors"):
        space_placebo(
            dataclasses.replace(s, names=("A",), x_est=s.x_est[:, :1], x_event=s.x_event[:, :1])
        )
