"""Patell, BMP and their adjusted forms against plain loops written from METHODS."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from signals.inference import Settings
from signals.inference.standardized import adjusted_bmp_t, adjusted_patell_z, bmp_t, patell_z
from tests.inference.panels import random_panel

S = Settings()


def plain_scar(panel, window):
    """CAR over the root of s²(L + u'(X0'X0)⁻¹u), event by event, from the raw rows."""
    scars = []
    for i in range(len(panel)):
        rows = np.isfinite(panel.est_actual[i]) & np.isfinite(panel.est_design[i]).all(axis=1)
        x, y = panel.est_design[i, rows], panel.est_actual[i, rows]
        b, *_ = np.linalg.lstsq(x, y, rcond=None)
        s2 = ((y - x @ b) ** 2).sum() / (len(y) - x.shape[1])
        car, u = 0.0, np.zeros(x.shape[1])
        for j, tau in enumerate(panel.tau):
            if window[0] <= tau <= window[1]:
                car += panel.actual[i, j] - panel.design[i, j] @ b
                u += panel.design[i, j]
        length = window[1] - window[0] + 1
        scars.append(car / math.sqrt(s2 * (length + u @ np.linalg.inv(x.T @ x) @ u)))
    return np.array(scars)


def plain_r_bar(panel, window):
    """The double loop of METHODS, pair by pair on common calendar sessions."""
    n, total = len(panel), 0.0
    inside = [j for j, tau in enumerate(panel.tau) if window[0] <= tau <= window[1]]
    series = [
        {
            d: e
            for d, e in zip(panel.est_sessions[i], panel.residuals[i], strict=True)
            if np.isfinite(e)
        }
        for i in range(n)
    ]
    for i in range(n):
        for j in range(i + 1, n):
            wi = {panel.sessions[i, c] for c in inside}
            wj = {panel.sessions[j, c] for c in inside}
            if not wi & wj:
                continue
            common = sorted(set(series[i]) & set(series[j]))
            if len(common) < 30:
                return math.nan
            a = [series[i][d] for d in common]
            b = [series[j][d] for d in common]
            total += len(wi & wj) / math.sqrt(len(wi) * len(wj)) * np.corrcoef(a, b)[0, 1]
    return total / (n * (n - 1) / 2)


@pytest.mark.parametrize("window", [(0, 0), (-1, 1), (-2, 2)])
@pytest.mark.parametrize("gaps", [0.0, 0.1])
def test_all_four_agree_with_plain_loops(window, gaps):
    panel = random_panel(seed=5, n=9, rho=0.3, gaps=gaps, effect=0.004)
    scar, n = plain_scar(panel, window), 9
    df = np.array([np.isfinite(panel.est_actual[i]).sum() - 2 for i in range(n)])
    r_bar = plain_r_bar(panel, window)

    z = scar.sum() / math.sqrt(sum(v / (v - 2) for v in df))
    found = patell_z(panel, window, S)
    assert found.statistic == pytest.approx(z, rel=1e-9)
    assert found.p_value == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-9)
    assert (found.distribution, found.n_events) == ("normal", n)

    found = adjusted_patell_z(panel, window, S)
    assert found.statistic == pytest.approx(z / math.sqrt(1 + (n - 1) * r_bar), rel=1e-9)
    assert found.r_bar == pytest.approx(r_bar, rel=1e-9)

    t = math.sqrt(n) * scar.mean() / scar.std(ddof=1)
    found = bmp_t(panel, window, S)
    assert found.statistic == pytest.approx(t, rel=1e-9)
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(t), n - 1), rel=1e-9)

    found = adjusted_bmp_t(panel, window, S)
    factor = math.sqrt((1 - r_bar) / (1 + (n - 1) * r_bar))
    assert found.statistic == pytest.approx(t * factor, rel=1e-9)
    assert found.df == n - 1


def test_windows_without_a_common_session_leave_the_adjusted_statistics_as_they_were():
    panel = random_panel(seed=2, n=5, start=[0, 100, 200, 300, 400])
    assert adjusted_bmp_t(panel, (0, 1), S).statistic == bmp_t(panel, (0, 1), S).statistic
    assert adjusted_bmp_t(panel, (0, 1), S).r_bar == 0.0
    assert adjusted_patell_z(panel, (0, 1), S).statistic == patell_z(panel, (0, 1), S).statistic


def test_too_few_events_are_refused_with_their_number():
    panel = random_panel(n=2)
    assert bmp_t(panel, (0, 0), S).reason == "few_events: N = 2 < 3"
    assert math.isnan(bmp_t(panel, (0, 0), S).p_value)
    assert patell_z(panel, (0, 0), S).status == "ok"
    assert patell_z(panel.take([0]), (0, 0), S).reason.startswith("one_event: N = 1")


def test_the_same_series_twice_has_no_spread():
    panel = random_panel(n=4).take([0, 0, 0])
    assert bmp_t(panel, (0, 0), S).reason == "zero_variance: the SCARs do not differ"
    assert adjusted_bmp_t(panel, (0, 0), S).status == "not_applicable"


def test_undefined_mean_correlation_refuses_and_never_becomes_a_factor_of_one():
    panel = random_panel(n=4, t=60, start=[0, 0, 0, 40], w=45, first_tau=-2)
    # Windows of 45 days share sessions, but only 20 estimation days are common with the fourth.
    found = adjusted_bmp_t(panel, (-2, 42), S)
    assert found.status == "not_applicable"
    assert "share 20 estimation sessions" in found.reason
    assert math.isnan(found.statistic)
    assert adjusted_patell_z(panel, (-2, 42), S).status == "not_applicable"
    assert patell_z(panel, (-2, 42), S).status == "ok"


def test_models_without_a_prediction_variance_are_refused():
    panel = random_panel(n=5, forecast=False, model="huber")
    for statistic in (patell_z, bmp_t, adjusted_bmp_t, adjusted_patell_z):
        assert statistic(panel, (0, 0), S).reason.startswith("no_forecast_variance")
