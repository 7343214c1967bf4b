"""The battery: what is computed, what is recommended, what is left out and why."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from signals.inference import STATISTICS, EventInference, Inference, Settings, battery
from tests.inference.panels import make_panel, random_panel

S = Settings(draws=199)


def advised(panel, window=(0, 0), names="auto"):
    return {i.name for i, recommended in battery(panel, window, S, names) if recommended}


def test_every_registry_row_is_complete_and_answers_with_its_own_name():
    panel = random_panel(n=12, rho=0.2)
    for name, row in STATISTICS.items():
        assert row.name == name
        assert all((row.null, row.assumptions, row.distribution, row.paper, row.refused_when))
        found = row.function(panel, (0, 0), S)
        assert isinstance(found, EventInference if row.scope == "event" else Inference)
        assert found.name == name


def test_every_name_of_methods_is_in_the_registry():
    named = {
        "car_t", "rank_p", "conformal_p", "placebo_p", "cross_sectional_t", "brown_warner_t",
        "patell_z", "adjusted_patell_z", "bmp_t", "adjusted_bmp_t", "skewness_adjusted_t",
        "corrado_rank_z", "grank_t", "grank_z", "sign_z", "generalized_sign_z", "wilcoxon",
        "sign_flip", "stationary_bootstrap", "portfolio_t", "portfolio_rank_p", "hotelling_f",
        "calendar_time_t", "jaffe_mandelker_z", "bhar_skewness_t",
    }  # fmt: skip
    assert named <= set(STATISTICS)


def test_one_event_several_assets():
    assert advised(random_panel(n=6, t=120)) == {"portfolio_t", "portfolio_rank_p"}
    assert advised(random_panel(n=12, t=120)) == {
        "portfolio_t", "portfolio_rank_p", "adjusted_bmp_t", "grank_t",
    }  # fmt: skip
    # ν = 28 < N + 20: the joint F is shown and not recommended.
    assert "hotelling_f" not in advised(random_panel(n=9, t=30))


def test_raised_event_variance_takes_the_headline_from_the_portfolio():
    g = np.random.default_rng(6)
    y, y1 = 0.01 * g.normal(size=(12, 100)), 0.04 * g.normal(size=(12, 1))
    found = advised(make_panel(y, None, y1, None))
    assert "adjusted_bmp_t" in found
    assert not {"portfolio_t", "portfolio_rank_p"} & found


def test_one_asset_several_events():
    panel = random_panel(n=7, tickers=["A"] * 7, start=np.arange(7) * 30)
    assert advised(panel) == {"bmp_t", "sign_flip"}
    assert advised(panel.take(range(5))) == {"bmp_t"}
    assert advised(panel.take(range(2))) == set()  # refused, so not recommended


def test_many_assets_many_dates_switch_to_the_adjusted_form_when_windows_overlap():
    panel = random_panel(n=12, start=np.arange(12) * 3)
    rest = {"corrado_rank_z", "grank_t", "calendar_time_t"}
    assert advised(panel, (-1, 1)) == {"bmp_t", "generalized_sign_z"} | rest
    assert advised(panel, (-2, 2)) == {"adjusted_bmp_t"} | rest


def test_costly_statistics_come_when_named():
    panel = random_panel(n=8, start=np.arange(8) * 9)
    auto = {i.name for i, _ in battery(panel, (0, 0), S)}
    assert not {"stationary_bootstrap", "skewness_adjusted_t", "sign_flip"} & auto
    assert "car_t" not in auto
    named = battery(panel, (0, 0), S, ("stationary_bootstrap", "bmp_t", "car_t"))
    assert [i.name for i, _ in named] == ["bmp_t", "stationary_bootstrap"]


def test_overlapping_events_of_one_asset_are_left_out_and_named():
    panel = random_panel(
        n=5, tickers=["A", "A", "A", "A", "B"], start=[0, 1, 40, 80, 1],
        event_ids=["first", "too-soon", "third", "fourth", "other"],
    )  # fmt: skip
    for inference, _ in battery(panel, (0, 1), S):
        assert "left out (overlapping windows): too-soon / A" in inference.reason
        assert inference.n_events == 4
    for inference, _ in battery(panel, (0, 0), S):
        assert "too-soon" not in inference.reason


def test_an_incomplete_window_is_left_out_of_that_window_only():
    panel = random_panel(n=5)
    ar = panel.ar.copy()
    ar[2, panel.columns((1, 1))] = np.nan
    panel = replace(panel, ar=ar)
    assert {i.n_events for i, _ in battery(panel, (0, 1), S)} == {4}
    assert {i.n_events for i, _ in battery(panel, (0, 0), S)} == {5}


def test_r_bar_is_shown_where_it_is_used_and_is_that_of_the_events_used():
    panel = random_panel(n=12, rho=0.4)
    found = {i.name: i.r_bar for i, _ in battery(panel, (0, 0), S)}
    assert found["adjusted_bmp_t"] == found["grank_t"] == found["adjusted_patell_z"] > 0.2
    assert math.isnan(found["bmp_t"])


@pytest.mark.parametrize("n", [0, 1])
def test_no_event_and_one_event_are_refused_everywhere(n):
    panel = random_panel(n=2).take(range(n))
    rows = battery(panel, (0, 0), S, tuple(STATISTICS))
    assert len(rows) == sum(r.scope == "group" for r in STATISTICS.values())
    assert all(i.status == "not_applicable" and i.reason and not r for i, r in rows)
    assert all(math.isnan(i.p_value) and math.isnan(i.statistic) for i, _ in rows)
