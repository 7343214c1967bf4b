"""Batched fits taken one by one are the fits of the statsmodels path."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from signals.estimate import estimate
from signals.models import diagnose
from signals.models.batched import fit_batch
from signals.models.batched_fits import model_fits
from tests.models.batched_returns import make_returns, make_series


@pytest.mark.parametrize("model", ["constant_mean", "market_adjusted", "market"])
def test_fits_are_the_same(model: str) -> None:
    rng = np.random.default_rng(61)
    returns = make_returns(
        rng, 30, make_series(rng, 3, 400, holes=0.02, factors=("market",)), length=100
    )
    dropped = {2: returns.zero[2] - np.array([15, 40]), 4: returns.zero[4] - np.array([2])}
    returns = replace(returns, dropped=dropped)
    expected = estimate(returns, model, min_returns=80, missing="strict").fits
    found = model_fits(fit_batch(returns, model, min_returns=80, day_zero=True))
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert (one.names, one.flags, one.df_resid) == (other.names, other.flags, other.df_resid)
        assert one.engine == "batched"
        for field in fields(one):
            value, wanted = getattr(one, field.name), getattr(other, field.name)
            if isinstance(value, float | np.ndarray) and np.size(value):
                scale = float(np.nanmax(np.abs(wanted))) if np.isfinite(wanted).any() else 0.0
                np.testing.assert_allclose(
                    value, wanted, rtol=1e-10, atol=max(1e-11 * scale, 1e-15), err_msg=field.name
                )
        for name, value in diagnose(other).items():
            np.testing.assert_allclose(one.diagnostics[name], value, rtol=1e-8, atol=1e-12)


def test_fits_without_residuals_cannot_be_taken_apart() -> None:
    rng = np.random.default_rng(62)
    returns = make_returns(rng, 3, make_series(rng, 1, 300), length=100)
    with pytest.raises(ValueError, match="residuals"):
        model_fits(fit_batch(returns, "market", keep_residuals=False))
