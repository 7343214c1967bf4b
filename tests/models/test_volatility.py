"""GARCH: the forecast recursion, the library's own forecasts, and what is refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from arch import arch_model

from signals.models import FitError, fit_model
from signals.models.volatility import Garch
from tests.models.samples import market_sample


def garch_sample(seed=1, T=1500, W=21, **changes):
    """ω = 2e-6, α = 0.08, β = 0.88 around 0.0002 + 1.1·R_m."""
    rng = np.random.default_rng(seed)
    s = market_sample(seed=1000 + seed, T=T, W=W)
    h, e = 5e-5, np.empty(T + W)
    for t in range(T + W):
        e[t] = np.sqrt(h) * rng.normal()
        h = 2e-6 + 0.08 * e[t] ** 2 + 0.88 * h
    y = 0.0002 + 1.1 * np.r_[s.x_est[:, 0], s.x_event[:, 0]] + e
    return dataclasses.replace(s, y_est=y[:T], y_event=y[T:], **changes)


def test_forecast_recursion():
    g = Garch(2e-6, 0.1, 0.85, 0.03, 4e-4)
    first = 2e-6 + 0.1 * 0.03**2 + 0.85 * 4e-4
    mean = 2e-6 / (1 - 0.95)
    steps = np.array([1.0, 2.0, 7.0, 40.0])
    np.testing.assert_allclose(
        g.forecast(steps), mean + 0.95 ** (steps - 1) * (first - mean), rtol=1e-13
    )
    integrated = Garch(1e-6, 0.1, 0.9, 0.0, 1e-4)
    np.testing.assert_allclose(
        integrated.forecast(np.array([3.0])), [1e-6 + 0.9e-4 + 2e-6], rtol=1e-13
    )


def test_agrees_with_the_library_on_percent_returns():
    s = garch_sample()
    fit = fit_model("garch", dataclasses.replace(s, gap=3))
    reference = arch_model(
        100 * s.y_est, x=100 * s.x_est, mean="LS", vol="GARCH", rescale=False
    ).fit(disp="off")
    np.testing.assert_allclose(fit.params[1], reference.params["x0"], rtol=1e-3)
    d = fit.details
    assert d["garch_alpha"] == pytest.approx(reference.params["alpha[1]"], rel=0.02)
    assert d["garch_beta"] == pytest.approx(reference.params["beta[1]"], rel=0.01)
    assert d["garch_omega"] == pytest.approx(reference.params["omega"] / 1e4, rel=0.05)
    ahead = reference.forecast(horizon=24, x=np.zeros((1, 1, 24)), reindex=False).variance
    np.testing.assert_allclose(fit.variance, ahead.to_numpy()[0, 3:] / 1e4, rtol=5e-3)
    np.testing.assert_allclose(
        np.sqrt(fit.est_variance), reference.conditional_volatility / 100, rtol=5e-3
    )


def test_finds_the_truth_and_standardises():
    fit = fit_model("garch", garch_sample(T=4000))
    assert fit.details["garch_alpha"] == pytest.approx(0.08, abs=0.03)
    assert fit.details["garch_beta"] == pytest.approx(0.88, abs=0.04)
    z = fit.residuals / np.sqrt(fit.est_variance)
    assert np.std(z) == pytest.approx(1, abs=0.02)
    raw, clean = fit.residuals**2, z**2
    assert np.corrcoef(raw[1:], raw[:-1])[0, 1] > 0.1
    assert abs(np.corrcoef(clean[1:], clean[:-1])[0, 1]) < 0.05


def test_conditional_variance_is_the_recursion():
    s = garch_sample(T=800)
    fit = fit_model("garch", s)
    d, h, e = fit.details, fit.est_variance, fit.residuals
    np.testing.assert_allclose(
        h[1:],
        d["garch_omega"] + d["garch_alpha"] * e[:-1] ** 2 + d["garch_beta"] * h[:-1],
        rtol=1e-9,
    )
    one_ahead = d["garch_omega"] + d["garch_alpha"] * e[-1] ** 2 + d["garch_beta"] * h[-1]
    assert fit.variance[0] == pytest.approx(one_ahead, rel=1e-12)
    assert np.isfinite(fit.inverse).all()
    assert not fit.inverse.any()
    assert "no_parameter_uncertainty" in fit.flags
    assert fit.df_resid == 795


def test_the_event_window_is_never_looked_at():
    s = garch_sample(T=400)
    a = fit_model("garch", s)
    b = fit_model("garch", dataclasses.replace(s, y_event=s.y_event + 5.0))
    np.testing.assert_array_equal(a.params, b.params)
    np.testing.assert_array_equal(a.variance, b.variance)


def test_missing_rows_move_the_origin_and_are_flagged():
    s = garch_sample(T=400)
    y = s.y_est.copy()
    y[[100, 398, 399]] = np.nan
    fit = fit_model("garch", dataclasses.replace(s, y_est=y))
    assert "garch_gaps" in fit.flags
    d = fit.details
    g = Garch(
        d["garch_omega"],
        d["garch_alpha"],
        d["garch_beta"],
        fit.residuals[397],
        fit.est_variance[397],
    )
    np.testing.assert_allclose(fit.variance, g.forecast(np.arange(3.0, 24.0)), rtol=1e-12)


@pytest.mark.parametrize("c", [1e-3, 50.0])
def test_rescaling_returns_rescales_the_fit(c):
    s = garch_sample(T=500)
    fields = ("y_est", "x_est", "y_event", "x_event")
    scaled = dataclasses.replace(s, **{f: c * getattr(s, f) for f in fields})
    a, b = fit_model("garch", s), fit_model("garch", scaled)
    np.testing.assert_allclose(b.variance, c**2 * a.variance, rtol=1e-6)
    np.testing.assert_allclose(b.expected, c * a.expected, rtol=1e-6, atol=1e-10 * c)


def test_no_convergence_is_an_exclusion_with_the_reason(monkeypatch):
    """A real optimiser run that is cut off after one step."""
    import arch

    build = arch.arch_model

    def hurried(*args, **kwargs):
        model = build(*args, **kwargs)
        fit = model.fit
        model.fit = lambda **options: fit(**{**options, "options": {"maxiter": 1}})
        return model

    monkeypatch.setattr(arch, "arch_model", hurried)
    with pytest.raises(FitError, match="Iteration limit reached") as caught:
        fit_model("garch", garch_sample(T=300))
    assert caught.value.code == "not_converged"


def test_refusals():
    s = market_sample()
    cases = {
        "zero_variance": {"y_est": np.zeros(250)},
        "rank_deficient": {"x_est": np.full((250, 1), 0.001)},
        "too_few_returns": {"y_est": np.where(np.arange(250) < 5, s.y_est, np.nan)},
        "not_finite": {"y_est": np.where(np.arange(250) == 2, 1e308, s.y_est)},
    }
    for code, changes in cases.items():
        with pytest.raises(FitError) as caught:
            fit_model("garch", dataclasses.replace(s, **changes))
        assert caught.value.code == code
