"""Residual diagnostics against their formulas written out in numpy."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import stats

from signals.models import diagnose, fit_model
from signals.models.diagnose import diagnose_many
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


@pytest.mark.parametrize(
    "name", ["market", "ff5_mom", "capm_strict", "constant_mean", "market_adjusted"]
)
def test_many_at_once_are_statsmodels_one_by_one(name):
    rng = np.random.default_rng(5)
    fits = []
    for i, missing in enumerate([0, 3, 40, 130, 205, 240]):
        s = (factor_sample if name == "ff5_mom" else market_sample)(seed=i)
        y = s.y_est * 10.0 ** (i - 3)
        y[rng.choice(250, missing, replace=False)] = np.nan
        fits.append(fit_model(name, dataclasses.replace(s, y_est=y)))
    many = diagnose_many(
        np.stack([f.residuals for f in fits]), np.stack([f.est_design for f in fits])
    )
    for i, fit in enumerate(fits):
        one = diagnose(fit)
        for key in one:
            assert many[key][i] == pytest.approx(one[key], rel=1e-7, abs=1e-14, nan_ok=True)


def test_many_without_any_residual_are_nan():
    nothing = diagnose_many(np.full((2, 30), np.nan), np.full((2, 30, 2), np.nan))
    assert all(np.isnan(v).all() for v in nothing.values())
