"""Which events share sessions, which of them form the largest disjoint subset, what the study is."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signals.inference.independence import (
    date_clusters,
    disjoint_subset,
    shared_events,
    shares_one_date,
    situation,
    windows_share_sessions,
)
from tests.inference.panels import make_panel, random_panel


def panel_at(starts, tickers=None, event_ids=None, w=5):
    n = len(starts)
    zeros = np.zeros((n, 3)), np.zeros((n, w))
    return make_panel(
        zeros[0], None, zeros[1], None, constant=False, first_tau=-(w // 2),
        start=np.asarray(starts), tickers=tickers, event_ids=event_ids,
    )  # fmt: skip


def test_situations():
    assert situation(random_panel(n=1)) == "one_asset_one_event"
    assert situation(random_panel(n=3)) == "one_event_several_assets"
    assert situation(random_panel(n=3, tickers=["A"] * 3, start=[0, 9, 18])) == (
        "one_asset_several_events"
    )
    assert situation(random_panel(n=3, start=[0, 0, 1])) == "many_assets_many_events"
    assert situation(random_panel(n=3, tickers=["A", "A", "B"])) == "many_assets_many_events"


def test_sharing_is_judged_per_window():
    panel = panel_at([0, 2])
    assert not windows_share_sessions(panel, (0, 0))
    assert not windows_share_sessions(panel, (0, 1))
    assert windows_share_sessions(panel, (-1, 1))
    assert not shares_one_date(panel)
    assert shares_one_date(panel_at([4, 4]))
    assert not windows_share_sessions(panel.take([0]), (-1, 1))


def test_the_disjoint_subset_is_greedy_per_ticker_in_order_of_day_zero():
    panel = panel_at([4, 0, 2, 2, 3], tickers=["A", "A", "A", "B", "B"])
    kept, left = disjoint_subset(panel, (0, 2))
    assert list(kept) == [0, 1, 3]
    assert list(left) == [2, 4]
    kept, left = disjoint_subset(panel, (0, 0))
    assert len(left) == 0


def test_ties_go_by_event_id():
    panel = panel_at([0, 0], tickers=["A", "A"], event_ids=["later", "early"])
    kept, left = disjoint_subset(panel, (0, 0))
    assert (list(kept), list(left)) == ([1], [0])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=7), st.integers(1, 4))
def test_no_disjoint_subset_is_larger(starts, length):
    panel = panel_at(starts, tickers=["A"] * len(starts))
    kept, _ = disjoint_subset(panel, (0, length - 1) if length < 4 else (-1, 2))
    largest = max(
        len(s)
        for r in range(len(starts) + 1)
        for s in itertools.combinations(starts, r)
        if all(abs(a - b) >= length for a, b in itertools.combinations(s, 2))
    )
    assert len(kept) == largest


def test_clusters_join_through_others():
    panel = panel_at([9, 0, 2, 1, 30])
    np.testing.assert_array_equal(date_clusters(panel, (0, 0)), [3, 0, 2, 1, 4])
    np.testing.assert_array_equal(date_clusters(panel, (0, 1)), [1, 0, 0, 0, 2])
    np.testing.assert_array_equal(shared_events(panel, (0, 1)), [False, True, True, True, False])


def test_sessions_beyond_the_data_are_no_sessions():
    panel = panel_at([0, 1])
    sessions = panel.sessions.copy()
    sessions[0, 3:] = np.datetime64("NaT")
    panel = replace(panel, sessions=sessions)
    assert not windows_share_sessions(panel, (1, 1))
    assert windows_share_sessions(panel, (0, 1)) is False
    assert windows_share_sessions(panel, (-1, 0)) is True


@pytest.mark.parametrize("n", [1, 5])
def test_an_event_alone_is_its_own_cluster(n):
    panel = panel_at(np.arange(n) * 50)
    np.testing.assert_array_equal(date_clusters(panel, (-2, 2)), np.arange(n))
