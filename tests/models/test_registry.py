"""Every registered model keeps the shapes that the panel is stacked from."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from signals.errors import SpecError
from signals.models import MODELS, fit_model, model_row
from tests.models.samples import factor_sample, market_sample

METHODS = (
    "constant_mean",
    "market_adjusted",
    "market",
    "capm",
    "capm_strict",
    "ff3",
    "carhart",
    "ff5",
    "ff5_mom",
    "scholes_williams",
    "dimson",
    "garch",
    "huber",
    "lad",
    "theil_sen",
    "peer_index",
    "synthetic_control",
)


def sample_for(name, **changes):
    row = MODELS[name]
    if row.regressors in ("none", "market"):
        return market_sample(**changes)
    s = factor_sample(**changes)
    if row.regressors == "factors":
        return s
    return dataclasses.replace(s, names=("GOOG", "MSFT", "IBM", "ORCL", "CRM", "SAP"))


def test_every_model_of_the_methods_is_there():
    assert set(METHODS) <= set(MODELS)
    assert set(MODELS) - set(METHODS) == {
        "fowler_rorke",  # Dimson's option, by its own name
        "multi_market",  # the market model on several benchmarks
    }


@pytest.mark.parametrize("name", MODELS)
def test_row_and_fit_agree(name):
    row = MODELS[name]
    assert row.name == name
    assert row.formula.strip()
    assert row.assumptions.strip()
    assert row.paper.strip()
    assert row.fit.__doc__
    s = sample_for(name)
    fit = fit_model(name, s)
    T, W, k = 250, 21, len(fit.names)
    assert fit.model == name
    assert fit.prediction == row.prediction
    assert fit.params.shape == (k,)
    assert fit.inverse.shape == (k, k)
    assert fit.design.shape == (W, k)
    assert fit.est_design.shape == (T, k)
    for rows in (fit.residuals, fit.leverage, fit.est_actual):
        assert rows.shape == (T,)
        assert np.isfinite(rows).sum() == fit.n_obs
    assert fit.expected.shape == fit.variance.shape == (W,)
    assert np.isfinite(fit.variance).all() == (row.prediction == "forecast")
    assert np.isfinite(fit.inverse).all() == (row.prediction == "forecast")
    if row.coefficients is not None:
        assert fit.df_resid == fit.n_obs - row.coefficients
    assert fit.sigma > 0


@pytest.mark.parametrize("name", MODELS)
def test_the_event_return_never_enters_the_fit(name):
    s = sample_for(name)
    moved = dataclasses.replace(s, y_event=s.y_event + 3.0)
    a, b = fit_model(name, s), fit_model(name, moved)
    for field in ("params", "expected", "residuals", "variance"):
        np.testing.assert_array_equal(getattr(a, field), getattr(b, field))


@pytest.mark.parametrize("name", MODELS)
def test_negating_every_return_negates_the_expectation(name):
    s = sample_for(name)
    fields = ("y_est", "x_est", "y_event", "x_event", "risk_free_est", "risk_free_event")
    a = fit_model(name, s)
    b = fit_model(name, dataclasses.replace(s, **{f: -getattr(s, f) for f in fields}))
    np.testing.assert_allclose(b.expected, -a.expected, rtol=1e-5, atol=1e-9)
    assert b.sigma == pytest.approx(a.sigma, rel=1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_samples_are_never_changed(name):
    s = sample_for(name)
    for field in ("y_est", "x_est", "y_event", "x_event", "risk_free_est", "risk_free_event"):
        getattr(s, field).setflags(write=False)
    assert fit_model(name, s).n_obs > 200


def test_an_unknown_model_suggests_the_nearest():
    with pytest.raises(SpecError, match="did you mean 'market_adjusted'") as caught:
        model_row("market_ajusted")
    assert caught.value.key == "study.model"
    with pytest.raises(SpecError):
        fit_model("nothing like it", market_sample())
