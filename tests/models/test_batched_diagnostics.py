"""Diagnostics of many fits equal statsmodels' one by one."""

from __future__ import annotations

import numpy as np
import pytest

from signals.models import diagnose, fit_model
from signals.models.batched import fit_batch
from signals.models.batched_diagnostics import diagnose_batch
from tests.models.batched_returns import make_returns, make_series, sample_of

NAMES = ("durbin_watson", "ljung_box_p", "breusch_pagan_p", "jarque_bera_p")


@pytest.mark.parametrize(
    "model", ["constant_mean", "market_adjusted", "market", "capm_strict", "ff5_mom"]
)
@pytest.mark.parametrize("holes", [0.0, 0.1])
@pytest.mark.parametrize("length", [100, 33])
def test_diagnostics_equal_statsmodels(model: str, holes: float, length: int) -> None:
    rng = np.random.default_rng(41)
    returns = make_returns(rng, 20, make_series(rng, 3, 300, holes=holes), length=length)
    fit = fit_batch(returns, model)
    assert fit.residuals is not None
    assert fit.est_design is not None
    found = diagnose_batch(fit.residuals, fit.est_design, fit.names)
    assert set(found) == set(NAMES)
    for row in np.flatnonzero(fit.usable):
        one = diagnose(fit_model(model, sample_of(returns, int(row))))
        for name in NAMES:
            np.testing.assert_allclose(found[name][row], one[name], rtol=1e-8, atol=1e-12)


def test_a_regressor_that_does_not_vary_is_left_out_and_no_residuals_give_nan() -> None:
    rng = np.random.default_rng(42)
    e = rng.standard_normal((2, 60))
    design = rng.standard_normal((2, 60, 3))
    design[:, :, 0] = 1.0
    design[0, :, 2] = 0.25
    e[1] = np.nan
    found = diagnose_batch(e, design, ("const", "a", "b"))
    alone = diagnose_batch(e[:1], design[:1, :, :2], ("const", "a"))
    np.testing.assert_allclose(found["breusch_pagan_p"][0], alone["breusch_pagan_p"][0], rtol=1e-9)
    assert all(np.isnan(found[name][1]) for name in NAMES)
