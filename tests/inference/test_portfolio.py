"""The portfolio as one asset, against statsmodels OLS on its own return."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm

from signals.inference import Settings
from signals.inference.portfolio import portfolio_rank_p, portfolio_t
from tests.inference.panels import random_panel

S = Settings()


def plain_portfolio(panel, window):
    """statsmodels OLS of the mean return on the mean regressors, complete common rows."""
    rows = np.isfinite(panel.est_actual).all(axis=0)
    y = panel.est_actual[:, rows].mean(axis=0)
    x = panel.est_design[:, rows].mean(axis=0)
    fit = sm.OLS(y, x).fit(method="qr")
    cols = panel.columns(window)
    x1 = panel.design.mean(axis=0)[cols]
    car = (panel.actual.mean(axis=0)[cols] - x1 @ fit.params).sum()
    u = x1.sum(axis=0)
    variance = fit.mse_resid * len(x1) + u @ fit.cov_params() @ u
    deleted = fit.resid / (1 - fit.get_influence().hat_matrix_diag)
    return car, car / math.sqrt(variance), fit.df_resid, deleted


@pytest.mark.parametrize("gaps", [0.0, 0.03])
@pytest.mark.parametrize("window", [(0, 0), (-1, 1)])
def test_one_shared_date_agrees_with_statsmodels(window, gaps):
    panel = random_panel(seed=3, n=7, t=100, rho=0.4, gaps=gaps, effect=0.01)
    car, t, df, deleted = plain_portfolio(panel, window)
    found = portfolio_t(panel, window, S)
    assert found.estimate == pytest.approx(car, rel=1e-9)
    assert found.statistic == pytest.approx(t, rel=1e-9)
    assert found.df == df
    if window == (0, 0):
        p = (1 + (np.abs(deleted) >= abs(car)).sum()) / (len(deleted) + 1)
        assert portfolio_rank_p(panel, window, S).p_value == pytest.approx(p, rel=1e-12)


def test_many_dates_in_event_time_agree_with_statsmodels():
    panel = random_panel(seed=4, n=5, one_market=False, start=[0, 10, 30, 50, 70])
    car, t, df, _ = plain_portfolio(panel, (-1, 1))
    found = portfolio_t(panel, (-1, 1), S)
    assert found.statistic == pytest.approx(t, rel=1e-9)
    assert (found.estimate, found.df) == (pytest.approx(car, rel=1e-9), df)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"benchmark": ["M", "M", "Q", "M"]}, "mixed_benchmark: M, Q"),
        ({"calendar": ["XNYS", "XPAR", "XNYS", "XNYS"]}, "mixed_calendar: XNYS, XPAR"),
        ({"start": [0, 0, 0, 1]}, "mixed_dates"),
        ({"model": "garch"}, "model: garch"),
        ({"forecast": False}, "model: market"),
    ],
)
def test_what_cannot_be_one_portfolio_is_refused(change, code):
    panel = random_panel(n=4, **change)
    for statistic in (portfolio_t, portfolio_rank_p):
        found = statistic(panel, (0, 1), S)
        assert found.status == "not_applicable"
        assert found.reason.startswith(code)
        assert math.isnan(found.p_value)


def test_too_few_common_rows_are_refused():
    panel = random_panel(n=6, t=60, gaps=0.2)
    assert panel.n_obs.min() >= 30
    assert "complete common estimation rows < 30" in portfolio_t(panel, (0, 0), S).reason


def test_different_regressors_on_the_same_sessions_are_not_one_benchmark():
    panel = random_panel(n=4, one_market=False)
    assert portfolio_t(panel, (0, 0), S).reason.startswith("mixed_benchmark")
