"""Calendar-time statistics against statsmodels and plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from signals.inference import Settings
from signals.inference.calendar_time import (
    calendar_time_hac_t,
    calendar_time_t,
    calendar_time_wls_t,
    jaffe_mandelker_z,
)
from tests.inference.panels import make_panel, random_panel

S = Settings()


def calendar_panel(seed=51, n=14, t=80, w=9, spread=30, **kwargs):
    """Events whose market return is a function of the calendar day, with starts drawn."""
    g = np.random.default_rng(seed)
    days = t + w + spread
    market = g.normal(0, 0.01, days)
    common = g.normal(0, 0.008, days)
    start = np.sort(g.integers(0, spread, n))
    rows = start[:, None] + np.arange(t + w)
    y = g.uniform(0.5, 1.5, (n, 1)) * market[rows] + common[rows] + g.normal(0, 0.02, rows.shape)
    y[:, t:] += 0.004
    x = market[rows]
    return make_panel(y[:, :t], x[:, :t], y[:, t:], x[:, t:], first_tau=-4, start=start, **kwargs)


def plain_portfolio(panel, window):
    inside = panel.columns(window)
    by_day: dict = {}
    for i in range(len(panel)):
        for c in range(inside.start, inside.stop):
            by_day.setdefault(panel.sessions[i, c], []).append((i, c))
    days = sorted(by_day)
    y = np.array([np.mean([panel.actual[i, c] for i, c in by_day[d]]) for d in days])
    x = np.array([np.mean([panel.design[i, c] for i, c in by_day[d]], axis=0) for d in days])
    return y, x, np.array([len(by_day[d]) for d in days]), [by_day[d] for d in days]


@pytest.mark.parametrize("window", [(-1, 2), (-4, 4)])
def test_alpha_by_ols_wls_and_hac_as_statsmodels(window):
    panel = calendar_panel(n=24, spread=60)
    y, x, n, _ = plain_portfolio(panel, window)
    ols = sm.OLS(y, x).fit()
    found = calendar_time_t(panel, window, S)
    assert found.statistic == pytest.approx(ols.tvalues[0], rel=1e-9)
    assert found.p_value == pytest.approx(ols.pvalues[0], rel=1e-9)
    assert (found.estimate, found.df) == (pytest.approx(ols.params[0], rel=1e-9), ols.df_resid)
    wls = sm.WLS(y, x, weights=n).fit()
    found = calendar_time_wls_t(panel, window, S)
    assert found.statistic == pytest.approx(wls.tvalues[0], rel=1e-9)
    lags = int(4 * (len(y) / 100) ** (2 / 9))
    hac = sm.OLS(y, x).fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True})
    found = calendar_time_hac_t(panel, window, S)
    assert found.statistic == pytest.approx(hac.tvalues[0], rel=1e-9)
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(hac.tvalues[0]), len(y) - 2), rel=1e-9)


def test_models_without_factors_average_abnormal_returns():
    g = np.random.default_rng(1)
    for model, constant in {"constant_mean": True, "market_adjusted": False}.items():
        panel = make_panel(
            0.01 * g.normal(size=(6, 50)), None, 0.01 * g.normal(size=(6, 4)), None,
            start=np.arange(6) * 2, model=model, constant=constant,
        )  # fmt: skip
        assert panel.design.shape[2] == constant
        _, _, _, members = plain_portfolio(panel, (0, 3))
        ar = np.array([np.mean([panel.ar[i, c] for i, c in m]) for m in members])
        found = calendar_time_t(panel, (0, 3), S)
        assert found.statistic == pytest.approx(stats.ttest_1samp(ar, 0).statistic, rel=1e-9)


def test_a_model_without_a_constant_still_gets_an_alpha():
    panel = calendar_panel(constant=False, model="capm_strict")
    y, x, _, _ = plain_portfolio(panel, (0, 3))
    fit = sm.OLS(y, sm.add_constant(x)).fit()
    assert calendar_time_t(panel, (0, 3), S).statistic == pytest.approx(fit.tvalues[0], rel=1e-9)


def test_calendar_time_refusals():
    one_day = random_panel(n=6)
    assert calendar_time_t(one_day, (0, 0), S).reason.startswith("few_sessions: D = 1")
    assert calendar_time_hac_t(calendar_panel(spread=5), (0, 1), S).reason.startswith(
        "few_sessions: D = "
    )
    mixed = calendar_panel(n=3, benchmark=["M", "Q", "M"])
    assert calendar_time_t(mixed, (0, 3), S).reason == "mixed_benchmark: M, Q"
    mixed = calendar_panel(n=3, calendar=["XNYS", "24/7", "XNYS"])
    assert calendar_time_t(mixed, (0, 3), S).reason == "mixed_calendar: 24/7, XNYS"
    assert "few_sessions" in calendar_time_t(random_panel(n=5), (-2, 2), S).flags


def test_jaffe_mandelker_with_pairwise_calendar_correlations():
    panel = calendar_panel(seed=52)
    window = (-2, 2)
    _, _, _, members = plain_portfolio(panel, window)
    series = [
        dict(zip(panel.est_sessions[i], panel.residuals[i], strict=True)) for i in range(len(panel))
    ]
    total = 0.0
    for composition in members:
        ar = np.mean([panel.ar[i, c] for i, c in composition])
        variance = 0.0
        for i, _ in composition:
            for j, _ in composition:
                rho = 1.0
                if i != j:
                    common = sorted(set(series[i]) & set(series[j]))
                    a, b = ([series[m][d] for d in common] for m in (i, j))
                    rho = np.corrcoef(a, b)[0, 1]
                variance += panel.sigma[i] * panel.sigma[j] * rho
        total += ar / math.sqrt(variance / len(composition) ** 2)
    z = total / math.sqrt(len(members))
    found = jaffe_mandelker_z(panel, window, S)
    assert found.statistic == pytest.approx(z, rel=1e-9)
    assert found.p_value == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-9)


def test_jaffe_mandelker_on_common_rows_is_the_compositions_own_sd():
    panel = random_panel(seed=53, n=6, rho=0.4)
    ar = panel.ar[:, panel.columns((0, 0))].mean()
    e = panel.residuals.mean(axis=0)
    sd = math.sqrt((e**2).sum() / panel.df[0])
    assert jaffe_mandelker_z(panel, (0, 0), S).statistic == pytest.approx(ar / sd, rel=1e-9)


def test_jaffe_mandelker_needs_common_sessions():
    panel = random_panel(n=3, t=60, start=[0, 0, 40], w=45, first_tau=-2)
    assert jaffe_mandelker_z(panel, (-2, 42), S).reason.startswith("r_bar")
