"""One asset, one event: against plain loops, statsmodels, and the formulas as published."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from signals.inference import Settings, headline_single
from signals.inference.single_event import (
    car_t,
    conformal_p,
    deleted_residuals,
    placebo_p,
    rank_p,
    rank_p_negative,
    rank_p_positive,
)
from signals.inference.variance_ratio import variance_panel
from tests.inference.panels import make_panel, random_panel

S = Settings()


def rows_of(panel, i):
    used = np.isfinite(panel.est_actual[i]) & np.isfinite(panel.est_design[i]).all(axis=1)
    return panel.est_design[i, used], panel.est_actual[i, used]


def test_one_session_car_t_is_the_t_of_an_event_dummy_in_one_joint_regression():
    panel = random_panel(seed=8, n=6, gaps=0.05)
    found = car_t(panel, (1, 1), S)
    col = panel.columns((1, 1)).start
    for i in range(6):
        x, y = rows_of(panel, i)
        x = np.vstack([x, panel.design[i, col]])
        dummy = np.zeros(len(x))
        dummy[-1] = 1
        fit = sm.OLS(np.append(y, panel.actual[i, col]), np.column_stack([x, dummy])).fit()
        assert found.statistic[i] == pytest.approx(fit.tvalues[-1], rel=1e-9)
        assert found.p_value[i] == pytest.approx(fit.pvalues[-1], rel=1e-9)
        assert found.df[i] == fit.df_resid


def test_window_car_t_uses_the_square_of_the_sum():
    """Campbell, Lo & MacKinlay's market-model variance s²[L + L²/M + (Σ(R_m − R̄_m))²/S_xx]."""
    panel = random_panel(seed=9, n=4)
    found = car_t(panel, (-2, 2), S)
    for i in range(4):
        x, y = rows_of(panel, i)
        market, m = x[:, 1], len(y)
        b, a = np.polyfit(market, y, 1)
        s2 = ((y - a - b * market) ** 2).sum() / (m - 2)
        event = panel.design[i, :, 1]
        s_xx = ((market - market.mean()) ** 2).sum()
        variance = s2 * (5 + 25 / m + (event - market.mean()).sum() ** 2 / s_xx)
        car = (panel.actual[i] - a - b * event).sum()
        assert found.statistic[i] == pytest.approx(car / math.sqrt(variance), rel=1e-9)
        assert found.p_value[i] == pytest.approx(
            2 * stats.t.sf(abs(car) / math.sqrt(variance), m - 2), rel=1e-9
        )


def test_rank_p_counts_deleted_residuals_predicted_from_the_other_sessions():
    panel = random_panel(seed=10, n=5, t=60, gaps=0.05)
    found = rank_p(panel, (0, 0), S)
    col = panel.columns((0, 0)).start
    for i in range(5):
        x, y = rows_of(panel, i)
        ar = panel.actual[i, col] - panel.design[i, col] @ np.linalg.lstsq(x, y, rcond=None)[0]
        deleted = []
        for t in range(len(y)):  # leave each session out and predict it from the rest
            rest = np.arange(len(y)) != t
            b = np.linalg.lstsq(x[rest], y[rest], rcond=None)[0]
            deleted.append(y[t] - x[t] @ b)
        deleted = np.array(deleted)
        m = len(y)
        assert found.p_value[i] == (1 + (np.abs(deleted) >= abs(ar)).sum()) / (m + 1)
        up, down = rank_p_positive(panel, (0, 0), S), rank_p_negative(panel, (0, 0), S)
        assert up.p_value[i] == (1 + (deleted >= ar).sum()) / (m + 1)
        assert down.p_value[i] == (1 + (deleted <= ar).sum()) / (m + 1)
        assert found.df[i] == m
        ours = deleted_residuals(panel)[i]
        np.testing.assert_allclose(ours[np.isfinite(ours)], deleted, rtol=1e-9, atol=1e-15)


def test_the_papers_form_of_the_rank_test_uses_plain_residuals():
    """Gelbach, Helland & Klick rank the plain residuals e; the ruling ranks e/(1−h). Both numbers
    differ where a leverage point's residual lies near the abnormal return."""
    x = np.concatenate([np.linspace(-1, 1, 40), [6.0]])
    noise = np.random.default_rng(3).normal(size=41)
    noise[-1] = 9.0
    panel = make_panel(0.01 * noise, x[None], [[0.0]], [[0.0]])
    e = panel.residuals[0]
    event = (abs(e[-1]) + abs(deleted_residuals(panel)[0, -1])) / 2  # between the two forms
    panel = make_panel(0.01 * noise, x[None], [[event + panel.expected[0, 0]]], [[0.0]])
    paper = (1 + (np.abs(panel.residuals[0]) >= abs(panel.ar[0, 0])).sum()) / 42
    assert paper == 1 / 42
    assert rank_p(panel, (0, 0), S).p_value[0] == 2 / 42


def plain_conformal(x, y):
    """Refit on all rows, then every cyclic shift, by loops; the window is the last L rows."""

    def p(length):
        e = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
        n = len(e)
        observed = abs(sum(e[n - length :]))
        shifted = [abs(sum(e[(n - length + j + s) % n] for j in range(length))) for s in range(n)]
        return sum(v >= observed - 1e-15 for v in shifted) / n

    return p


@pytest.mark.parametrize("window", [(0, 0), (0, 1), (-2, 2)])
@pytest.mark.parametrize("gaps", [0.0, 0.15])
def test_conformal_p_is_the_share_of_cyclic_shifts_after_refitting(window, gaps):
    panel = random_panel(seed=11, n=6, t=70, gaps=gaps, effect=0.01)
    found = conformal_p(panel, window, S)
    inside = panel.columns(window)
    for i in range(6):
        x, y = rows_of(panel, i)
        x = np.vstack([x, panel.design[i, inside]])
        y = np.append(y, panel.actual[i, inside])
        length = window[1] - window[0] + 1
        assert found.p_value[i] == pytest.approx(plain_conformal(x, y)(length), abs=1e-12)
        assert found.df[i] == len(y)


def test_conformal_p_without_coefficients_and_with_available_sessions():
    market_adjusted = random_panel(seed=1, n=3, constant=False, model="market_adjusted")
    assert np.isfinite(conformal_p(market_adjusted, (0, 1), S).p_value).all()
    g = np.random.default_rng(4)
    y, x = 0.01 * g.normal(size=(2, 50)), 0.01 * g.normal(size=(2, 50))
    y1, x1 = 0.01 * g.normal(size=(2, 3)), 0.01 * g.normal(size=(2, 3))
    y1[0, 1] = np.nan
    panel = make_panel(y, x, y1, x1, missing="available")
    design = np.column_stack([np.ones(52), np.append(x[0], x1[0, [0, 2]])])
    p = plain_conformal(design, np.append(y[0], y1[0, [0, 2]]))(2)
    assert conformal_p(panel, (0, 2), S).p_value[0] == pytest.approx(p, abs=1e-12)


def test_placebo_p_is_rank_p_for_one_session_and_rolling_sums_beyond():
    panel = random_panel(seed=12, n=4, t=90, gaps=0.02)
    np.testing.assert_array_equal(
        placebo_p(panel, (0, 0), S).p_value, rank_p(panel, (0, 0), S).p_value
    )
    found = placebo_p(panel, (-1, 1), S)
    car = panel.car((-1, 1))
    for i in range(4):
        d = deleted_residuals(panel)[i]
        sums = [d[t] + d[t + 1] + d[t + 2] for t in range(88)]
        sums = [s for s in sums if np.isfinite(s)]
        assert found.p_value[i] == (1 + sum(abs(s) >= abs(car[i]) for s in sums)) / (len(sums) + 1)
        assert found.df[i] == len(sums)


def test_a_moving_variance_puts_both_sides_in_units_of_their_own_session():
    """GARCH: AR₀/√v₀ against e_t/√h_t; a doubled h everywhere changes nothing."""
    panel = random_panel(seed=13, n=3, t=90, model="garch")
    g = np.random.default_rng(0)
    h = panel.sigma[:, None] ** 2 * g.uniform(0.3, 3.0, panel.residuals.shape)
    v = panel.sigma[:, None] ** 2 * g.uniform(0.3, 3.0, panel.ar.shape)
    moving = replace(panel, est_variance=h, variance=v)
    z = deleted_residuals(panel) / np.sqrt(h)
    event = panel.ar[:, 2] / np.sqrt(v[:, 2])
    expected = (1 + (np.abs(z) >= np.abs(event)[:, None]).sum(axis=1)) / 91
    np.testing.assert_array_equal(rank_p(moving, (0, 0), S).p_value, expected)
    np.testing.assert_array_equal(placebo_p(moving, (0, 0), S).p_value, expected)
    np.testing.assert_allclose(rank_p(moving, (0, 0), S).statistic, event, rtol=1e-12)
    doubled = replace(panel, est_variance=2 * h, variance=2 * v)
    for window in ((0, 0), (-1, 2)):
        np.testing.assert_array_equal(
            placebo_p(doubled, window, S).p_value, placebo_p(moving, window, S).p_value
        )
    flat = replace(panel, est_variance=np.repeat(panel.sigma[:, None] ** 2, 90, axis=1))
    np.testing.assert_array_equal(
        placebo_p(flat, (-1, 2), S).p_value, placebo_p(panel, (-1, 2), S).p_value
    )
    assert conformal_p(moving, (0, 1), S).reasons[0].startswith("model: garch")
    assert moving.take([1]).est_variance.shape == (1, 90)


def test_a_panel_of_squares_is_ranked_in_its_own_units():
    """Abnormal variance: σ of the squares, not the returns' forecast, is the unit on both sides."""
    panel = random_panel(seed=14, n=4, t=80)
    squares = variance_panel(panel)
    found = rank_p(squares, (0, 0), S)
    for i in range(4):
        e = panel.residuals[i] ** 2 / (panel.sigma[i] ** 2 * (1 - panel.leverage[i])) - 1
        event = panel.ar[i, 2] ** 2 / panel.ar_variance()[i, 2] - 1
        assert found.p_value[i] == (1 + (np.abs(e) >= abs(event)).sum()) / 81
        assert found.statistic[i] == pytest.approx(event / squares.sigma[i], rel=1e-9)
    np.testing.assert_array_equal(placebo_p(squares, (0, 0), S).p_value, found.p_value)


def test_each_refusal_names_its_reason():
    g = np.random.default_rng(5)
    y, x = 0.01 * g.normal(size=(3, 60)), 0.01 * g.normal(size=(3, 60))
    y1, x1 = 0.01 * g.normal(size=(3, 5)), 0.01 * g.normal(size=(3, 5))
    y1[0, 2] = np.nan  # a missing day
    y[1, :35] = np.nan  # 25 returns left
    y[2] = x[2]  # an asset that is its benchmark
    y1[2] = x1[2]
    panel = make_panel(y, x, y1, x1, first_tau=-2)
    for statistic in (car_t, rank_p, conformal_p, placebo_p):
        found = statistic(panel, (0, 0), S)
        assert np.isnan(found.p_value).all()
        assert np.isnan(found.statistic).all()
        assert [r.split(":")[0] for r in found.reasons] == [
            "missing_return", "short_estimation", "zero_variance",
        ]  # fmt: skip


def test_long_windows_and_models_without_variance():
    panel = random_panel(n=3, t=80)
    assert set(rank_p(panel, (0, 1), S).reasons) == {
        "long_window: the rank test is for one session"
    }
    assert set(placebo_p(panel, (-2, 2), S).reasons) == {"short_estimation: M/L < 20"}
    robust = random_panel(n=3, forecast=False, model="huber")
    assert set(car_t(robust, (0, 0), S).reasons) == {"no_forecast_variance"}
    assert np.isfinite(rank_p(robust, (0, 0), S).p_value).all()
    assert np.isfinite(placebo_p(robust, (0, 0), S).p_value).all()
    assert conformal_p(robust, (0, 0), S).reasons[0].startswith("model: huber")
    assert np.isnan(conformal_p(robust, (0, 0), S).p_value).all()


def test_flags_say_when_estimation_is_short_and_p_is_coarse():
    panel = random_panel(n=2, t=50)
    assert car_t(panel, (0, 0), S).flags == (("short_estimation",),) * 2
    fine = rank_p(panel, (0, 0), Settings(alpha=0.01))
    assert fine.flags == (("short_estimation", "coarse_p"),) * 2
    assert car_t(random_panel(n=2, t=80), (0, 0), S).flags == ((), ())


def test_zero_abnormal_return_has_p_one_and_ties_count_against_the_event():
    y = np.tile([0.01, -0.01], 20)[None, :]
    panel = make_panel(y, None, [[0.01]], None)
    # Constant mean: every deleted residual is ±0.01·40/39 ≥ 0.01.
    assert rank_p(panel, (0, 0), S).p_value[0] == 1.0
    still = make_panel(y, None, [[0.0]], None)
    assert car_t(still, (0, 0), S).p_value[0] == 1.0
    assert rank_p(still, (0, 0), S).p_value[0] == 1.0


def test_headline():
    assert headline_single(1) == "rank_p"
    assert headline_single(2) == "conformal_p"
