"""Residual diagnostics against their formulas written out in numpy."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import stats

from signals.models import diagnose, fit_model
from tests.models.samples import factor_sample, market_sample


def test_every_number_against_its_formula():
    s = market_sample(seed=11)
    fit = fit_model("market", s)
    e, M = fit.residuals, 250
    found = diagnose(fit)
    assert found["durbin_watson"] == pytest.approx((np.diff(e) ** 2).sum() / (e @ e), rel=1e-12)
    rho = np.array([(e[j:] @ e[:-j]) / (e @ e) for j in range(1, 11)])  # e has mean zero
    q = M * (M + 2) * (rho**2 / (M - np.arange(1, 11))).sum()
    assert found["ljung_box_p"] == pytest.approx(stats.chi2.sf(q, 10), rel=1e-9)
    r2 = np.corrcoef(e**2, s.x_est[:, 0])[0, 1] ** 2
    assert found["breusch_pagan_p"] == pytest.approx(stats.chi2.sf(M * r2, 1), rel=1e-9)
    skew, kurt = stats.skew(e), stats.kurtosis(e)
    jb = M / 6 * (skew**2 + kurt**2 / 4)
    assert found["jarque_bera_p"] == pytest.approx(stats.chi2.sf(jb, 2), rel=1e-9)


def test_what_does_not_apply_is_nan():
    for name in ("constant_mean", "market_adjusted"):
        found = diagnose(fit_model(name, market_sample()))
        assert np.isnan(found["breusch_pagan_p"])
        assert np.isfinite(found["durbin_watson"])
        assert np.isfinite(found["jarque_bera_p"])
    short = diagnose(fit_model("market", market_sample(T=9)))
    assert np.isnan(short["ljung_box_p"])


def test_short_and_gappy_samples_use_fewer_lags():
    s = market_sample(T=30)
    y = s.y_est.copy()
    y[5] = np.nan
    fit = fit_model("market", dataclasses.replace(s, y_est=y))
    e = fit.residuals[np.isfinite(fit.residuals)]
    rho = np.array([(e[j:] @ e[:-j]) / (e @ e) for j in range(1, 6)])
    q = 29 * 31 * (rho**2 / (29 - np.arange(1, 6))).sum()
    assert diagnose(fit)["ljung_box_p"] == pytest.approx(stats.chi2.sf(q, 5), rel=1e-9)


def test_diagnostics_do_not_depend_on_the_scale():
    s = factor_sample()
    a = diagnose(fit_model("ff5_mom", s))
    fields = ("y_est", "x_est", "y_event", "x_event", "risk_free_est", "risk_free_event")
    for c in (1e-60, 1e60):
        scaled = dataclasses.replace(s, **{f: c * getattr(s, f) for f in fields})
        b = diagnose(fit_model("ff5_mom", scaled))
        for key, value in a.items():
            assert b[key] == pytest.approx(value, rel=1e-8)
