"""Sign statistics against plain counts and scipy's exact binomial test."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from signals.inference import Settings
from signals.inference.signs import generalized_sign_z, sign_binomial, sign_z
from tests.inference.panels import make_panel, random_panel

S = Settings()


@pytest.mark.parametrize("gaps", [0.0, 0.2])
def test_all_three_from_counts(gaps):
    panel = random_panel(seed=41, n=13, gaps=gaps, effect=0.01)
    cars = panel.car((-1, 1))
    w = sum(c > 0 for c in cars)
    shares = []
    for e in panel.residuals:
        known = [v for v in e if np.isfinite(v)]
        shares.append(sum(v > 0 for v in known) / len(known))
    p = sum(shares) / 13
    z = (w - 13 * p) / math.sqrt(13 * p * (1 - p))
    found = generalized_sign_z(panel, (-1, 1), S)
    assert found.statistic == pytest.approx(z, rel=1e-9)
    assert found.p_value == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-9)
    plain = sign_z(panel, (-1, 1), S)
    assert plain.statistic == pytest.approx((w - 6.5) / math.sqrt(13 / 4), rel=1e-12)
    exact = sign_binomial(panel, (-1, 1), S)
    assert exact.statistic == w
    assert exact.p_value == pytest.approx(stats.binomtest(w, 13).pvalue, rel=1e-12)
    assert exact.distribution == "binomial"


def test_zeros_are_not_positive():
    y = np.tile([0.01, -0.01], (3, 40))
    panel = make_panel(y, None, [[0.0], [0.0], [0.02]], None, constant=False)
    assert sign_binomial(panel, (0, 0), S).statistic == 1
    # Half of the estimation rows are positive: p̂ = ½ and both forms agree.
    assert generalized_sign_z(panel, (0, 0), S).statistic == sign_z(panel, (0, 0), S).statistic


def test_few_events_are_flagged_and_one_is_refused():
    panel = random_panel(n=5)
    for statistic in (sign_z, sign_binomial, generalized_sign_z):
        assert "few_events" in statistic(panel, (0, 0), S).flags
        assert statistic(panel.take([0]), (0, 0), S).reason.startswith("one_event")
        assert "few_events" not in statistic(random_panel(n=6), (0, 0), S).flags


def test_residuals_of_one_sign_leave_nothing_to_expect():
    panel = make_panel(np.full((3, 40), 0.01), None, [[0.1], [0.2], [0.3]], None, constant=False)
    assert generalized_sign_z(panel, (0, 0), S).reason.startswith("zero_variance")
