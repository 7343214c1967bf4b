"""Identities that any implementation of the statistics satisfies (METHODS), by hypothesis."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signals.inference import STATISTICS, Settings, battery
from signals.panel import AbnormalPanel
from tests.inference.panels import make_panel

S = Settings(draws=199)
WINDOWS = ((0, 0), (-1, 1))
GROUP = [n for n, row in STATISTICS.items() if row.scope == "group"]
SINGLE = [n for n, row in STATISTICS.items() if row.scope == "event"]
DRAWN = {"skewness_adjusted_t", "bhar_skewness_t", "stationary_bootstrap"}
# Statistics that are not odd functions of the returns, with what negation does to them instead.
NOT_ODD = {"hotelling_f", "wilcoxon", "sign_binomial", "bhar_skewness_t"}
# Ratios of a product to itself: a BHAR is not homogeneous in the returns.
NOT_SCALED = {"bhar_skewness_t"}


@st.composite
def studies(draw):
    """The raw arrays of a study: returns, market, starts, tickers; some returns missing."""
    seed = draw(st.integers(0, 2**32 - 1))
    n = draw(st.integers(3, 9))
    t, w = draw(st.integers(35, 60)), 5
    g = np.random.default_rng(seed)
    layout = draw(st.sampled_from(["one date", "apart", "staggered"]))
    start = {"one date": np.zeros(n), "apart": np.arange(n) * 20, "staggered": np.arange(n)}[layout]
    start = start.astype(int)
    market = g.normal(0, 0.01, int(start.max()) + t + w)
    x = market[start[:, None] + np.arange(t + w)]
    y = g.uniform(0.5, 1.5, (n, 1)) * x + g.normal(0, 0.02, (n, t + w))
    if draw(st.booleans()):
        y[:, :t][g.random((n, t)) < 0.03] = np.nan
    return y, x, t, start


def panel_of(y, x, t, start) -> AbnormalPanel:
    return make_panel(y[:, :t], x[:, :t], y[:, t:], x[:, t:], first_tau=-2, start=start)


def answers(panel: AbnormalPanel, window) -> dict[str, tuple]:
    """(statistic, p, status) of every statistic; arrays for single-event ones."""
    found = {}
    for name, row in STATISTICS.items():
        got = row.function(panel, window, S)
        status = got.status if row.scope == "group" else ""
        found[name] = (np.asarray(got.statistic), np.asarray(got.p_value), status)
    return found


def close(a, b, what, rtol=1e-8):
    np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-10, err_msg=what)


@settings(max_examples=25, deadline=None)
@given(studies(), st.floats(0.01, 100.0), st.sampled_from(WINDOWS))
def test_scaling_all_returns_scales_car_and_sigma_and_leaves_every_statistic(study, c, window):
    y, x, t, start = study
    before, after = panel_of(y, x, t, start), panel_of(c * y, c * x, t, start)
    close(after.car(window), c * before.car(window), "car")
    close(after.sigma, c * before.sigma, "sigma")
    one, two = answers(before, window), answers(after, window)
    for name in STATISTICS:
        if name in NOT_SCALED:
            continue
        scale = c if name in ("stationary_bootstrap", "sign_flip") else 1.0  # statistic is the CAAR
        close(two[name][0], scale * one[name][0], name)
        close(two[name][1], one[name][1], name)
        assert two[name][2] == one[name][2], name


@settings(max_examples=25, deadline=None)
@given(studies(), st.sampled_from(WINDOWS))
def test_negating_all_returns_negates_statistics_and_leaves_two_sided_p(study, window):
    y, x, t, start = study
    one, two = (answers(panel_of(s * y, s * x, t, start), window) for s in (1, -1))
    n = len(y)
    for name in STATISTICS:
        if name in NOT_ODD:
            continue
        close(two[name][0], -one[name][0], name)
        if name not in DRAWN:
            close(two[name][1], one[name][1], name)
    close(two["hotelling_f"][0], one["hotelling_f"][0], "hotelling_f")
    close(two["wilcoxon"][0], n * (n + 1) / 2 - one["wilcoxon"][0], "wilcoxon")
    close(two["sign_binomial"][0], n - one["sign_binomial"][0], "sign_binomial")
    for name in ("hotelling_f", "wilcoxon", "sign_binomial"):
        close(two[name][1], one[name][1], name)
    for name in DRAWN - NOT_ODD:  # p is twice a tail share of 199 draws: five Monte-Carlo errors
        p = np.array([one[name][1], two[name][1]])
        if np.isfinite(p).all():
            error = np.sqrt(2 * 2 * p.max() * (1 - p.max() / 2) / 199)
            assert abs(p[0] - p[1]) <= 0.01 + 5 * error, name


@settings(max_examples=25, deadline=None)
@given(studies(), st.sampled_from(WINDOWS), st.randoms(use_true_random=False))
def test_the_order_of_events_is_irrelevant(study, window, shuffler):
    panel = panel_of(*study)
    order = list(range(len(panel)))
    shuffler.shuffle(order)
    one, two = answers(panel, window), answers(panel.take(order), window)
    for name in GROUP:
        close(two[name][0], one[name][0], name)
        close(two[name][1], one[name][1], name)
    for name in SINGLE:
        close(two[name][1], one[name][1][order], name)
    first, again = (battery(p, window, S) for p in (panel, panel.take(order)))
    for (a, advised), (b, still) in zip(first, again, strict=True):
        assert (a.name, a.status, a.n_events, advised) == (b.name, b.status, b.n_events, still)


@settings(max_examples=25, deadline=None)
@given(studies(), st.floats(-0.05, 0.05), st.sampled_from(WINDOWS))
def test_a_constant_added_to_the_market_changes_no_market_model_number(study, shift, window):
    y, x, t, start = study
    before, after = panel_of(y, x, t, start), panel_of(y, x + shift, t, start)
    np.testing.assert_allclose(after.ar, before.ar, rtol=1e-6, atol=1e-12)
    one, two = answers(before, window), answers(after, window)
    for name in STATISTICS:
        if name.startswith("calendar_time"):
            continue  # α itself moves by β·shift: it is defined against the market's level
        close(two[name][0], one[name][0], name, rtol=1e-6)


@settings(max_examples=25, deadline=None)
@given(studies(), st.sampled_from(WINDOWS))
def test_p_values_lie_between_zero_and_one_and_refusals_have_reasons(study, window):
    panel = panel_of(*study)
    for inference, recommended in battery(panel, window, S, tuple(GROUP)):
        if inference.status == "ok":
            assert 0 <= inference.p_value <= 1
        else:
            assert inference.reason
            assert np.isnan(inference.p_value)
            assert not recommended


@settings(max_examples=25, deadline=None)
@given(studies())
def test_a_window_of_one_session_has_the_ar_for_its_car(study):
    panel = panel_of(*study)
    np.testing.assert_array_equal(panel.car((1, 1)), panel.ar[:, panel.columns((1, 1)).start])
    sar = panel.ar / np.sqrt(panel.ar_variance())
    close(panel.scar((1, 1)), sar[:, panel.columns((1, 1)).start], "scar")


@pytest.mark.parametrize("name", sorted(GROUP))
def test_a_returned_inference_is_a_value_and_the_panel_is_untouched(name):
    g = np.random.default_rng(0)
    y, x = 0.01 * g.normal(size=(6, 50)), 0.01 * g.normal(size=(1, 50)).repeat(6, 0)
    panel = panel_of(y, x, 45, 0)
    kept = replace(panel, ar=panel.ar.copy(), residuals=panel.residuals.copy())
    for array in (panel.ar, panel.residuals, panel.design, panel.est_design, panel.sigma):
        array.setflags(write=False)
    first = STATISTICS[name].function(panel, (0, 1), S)
    second = STATISTICS[name].function(panel, (0, 1), S)
    assert str(first.p_value) == str(second.p_value)
    np.testing.assert_array_equal(panel.ar, kept.ar)
    np.testing.assert_array_equal(panel.residuals, kept.residuals)
