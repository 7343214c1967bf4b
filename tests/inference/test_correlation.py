"""r̄ against the double loop of METHODS, on every arrangement of windows."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from signals.inference import Settings, correlation, mean_correlation
from signals.inference.correlation import correlation_of, pair_blocks
from tests.inference.panels import random_panel
from tests.inference.test_standardized import plain_r_bar

ARRANGEMENTS = {
    "one date": 0,
    "staggered": np.arange(9) * 2,
    "clusters": [0, 0, 0, 40, 40, 40, 41, 90, 300],
    "unsorted": [30, 2, 31, 0, 29, 1, 3, 3, 500],
}


@pytest.mark.parametrize("name", ARRANGEMENTS)
@pytest.mark.parametrize("gaps", [0.0, 0.15])
@pytest.mark.parametrize("window", [(0, 0), (-1, 1), (-5, 5)])
def test_against_the_double_loop(name, gaps, window):
    panel = random_panel(seed=71, n=9, t=80, w=11, rho=0.3, gaps=gaps, start=ARRANGEMENTS[name])
    expected = plain_r_bar(panel, window)
    assert mean_correlation(panel, window) == pytest.approx(expected, rel=1e-9, abs=1e-15)


def test_windows_of_different_calendars_are_weighted_by_their_shared_days():
    panel = random_panel(seed=72, n=4, w=5, rho=0.5)
    sessions = panel.sessions.copy()
    # Two assets trade every other day over the same span: 3 of 5 sessions are common.
    sessions[2:] = sessions[2:, [0]] + 2 * np.arange(5)
    panel = replace(panel, sessions=sessions)
    assert mean_correlation(panel, (-2, 2)) == pytest.approx(plain_r_bar(panel, (-2, 2)), rel=1e-9)


def test_sessions_that_are_instants_work_as_days_do():
    panel = random_panel(seed=73, n=6, rho=0.4, start=[0, 0, 1, 1, 2, 60])
    seconds = replace(
        panel,
        sessions=panel.sessions.astype("datetime64[s]"),
        est_sessions=panel.est_sessions.astype("datetime64[s]"),
    )
    assert mean_correlation(seconds, (-1, 1)) == pytest.approx(
        mean_correlation(panel, (-1, 1)), rel=1e-12
    )


def test_many_blocks_count_every_pair_once():
    panel = random_panel(seed=74, n=300, t=40, w=3, start=np.arange(300) // 2)
    found = correlation(panel, (-1, 1))
    first = np.arange(300) // 2
    pairs = sum(int((np.abs(first[i + 1 :] - first[i]) <= 2).sum()) for i in range(300))
    assert found.overlapping == pairs
    assert sum(int(b.wanted.sum()) for b in pair_blocks(panel, (-1, 1))) == pairs
    assert found.r_bar == pytest.approx(plain_r_bar(panel, (-1, 1)), rel=1e-9)


def test_negative_r_bar_is_used_as_it_is():
    panel = random_panel(seed=75, n=2)
    mirrored = replace(
        panel.take([0, 0]), residuals=np.stack([panel.residuals[0], -panel.residuals[0]])
    )
    assert mean_correlation(mirrored, (0, 0)) == pytest.approx(-1.0, rel=1e-12)


def test_undefined_is_nan_with_a_reason():
    one = correlation(random_panel(n=1), (0, 0))
    assert math.isnan(one.r_bar)
    assert one.reason == "one event has no cross-correlation"
    apart = random_panel(n=2, t=60, start=[0, 31], w=35, first_tau=0)
    found = correlation(apart, (0, 34))
    assert "e0000 / T0000 and e0001 / T0001 share 29 estimation sessions" in found.reason
    # 30 common sessions are enough; windows that share no session need none at all.
    assert np.isfinite(mean_correlation(random_panel(n=2, t=60, start=[0, 30], w=35), (-17, 17)))
    assert mean_correlation(random_panel(n=2, t=60, start=[0, 100]), (0, 0)) == 0.0


def test_residuals_without_variation_leave_r_bar_undefined():
    panel = random_panel(n=3)
    flat = panel.residuals.copy()
    flat[1] = 0.0
    found = correlation(replace(panel, residuals=flat), (0, 0))
    assert math.isnan(found.r_bar)
    assert "do not vary" in found.reason


def test_settings_carry_the_correlation_of_their_panel():
    panel = random_panel(n=4, rho=0.3)
    given = replace(correlation(panel, (0, 0)), r_bar=0.123)
    assert correlation_of(panel, (0, 0), Settings(correlation=given)).r_bar == 0.123
    fewer = panel.take([0, 1, 2])
    assert correlation_of(fewer, (0, 0), Settings(correlation=given)).r_bar != 0.123
