"""Sign flips against the full product of signs; the stationary bootstrap against a plain loop."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from signals.inference import Settings
from signals.inference.randomization import sign_flip, stationary_bootstrap
from signals.inference.single_event import deleted_residuals
from tests.inference.panels import make_panel, random_panel
from tests.inference.test_ranks import panel_of_cars

S = Settings()


def plain_flip(sums):
    observed = abs(sum(sums))
    every = [abs(np.dot(s, sums)) for s in itertools.product((1, -1), repeat=len(sums))]
    return np.mean([v >= observed - 1e-12 for v in every])


@pytest.mark.parametrize("n", [2, 5, 10])
def test_enumerated_p_is_the_share_of_all_sign_vectors(n):
    cars = np.random.default_rng(n).normal(0.01, 0.02, n)
    panel = panel_of_cars(cars, start=np.arange(n) * 3)
    found = sign_flip(panel, (0, 0), S)
    assert found.p_value == pytest.approx(plain_flip(cars), rel=1e-12)
    assert (found.df, found.n_events) == (n, n)
    assert ("few_events" in found.flags) == (n < 6)


def test_events_of_one_date_flip_together():
    cars = np.random.default_rng(3).normal(0.01, 0.02, 9)
    panel = panel_of_cars(cars, start=[0, 0, 0, 5, 5, 9, 20, 20, 20])
    sums = [cars[:3].sum(), cars[3:5].sum(), cars[5], cars[6:].sum()]
    found = sign_flip(panel, (0, 0), S)
    assert found.p_value == pytest.approx(plain_flip(sums), rel=1e-12)
    assert found.df == 4


def test_windows_that_touch_through_others_are_one_cluster():
    panel = random_panel(n=4, start=[0, 2, 4, 30])
    assert sign_flip(panel, (-1, 1), S).df == 2
    assert sign_flip(panel, (0, 0), S).df == 4


def test_beyond_sixteen_random_vectors_agree_within_their_error():
    cars = np.random.default_rng(4).normal(0.006, 0.02, 17)
    panel = panel_of_cars(cars, start=np.arange(17) * 3)
    p = plain_flip_fast(cars)
    found = sign_flip(panel, (0, 0), S).p_value
    assert abs(found - p) < 4 * math.sqrt(p * (1 - p) / 9_999)


def plain_flip_fast(cars):
    bits = (np.arange(2 ** len(cars))[:, None] >> np.arange(len(cars))) & 1
    return (np.abs((2 * bits - 1) @ cars) >= abs(cars.sum()) - 1e-12).mean()


def test_sign_flip_refusals():
    assert sign_flip(random_panel(n=4), (0, 0), S).reason.startswith("overlapping_windows")
    still = panel_of_cars([0.0, 0.0, 0.0], start=[0, 2, 4])
    assert sign_flip(still, (0, 0), S).reason.startswith("zero_variance")


@pytest.mark.parametrize("window", [(0, 0), (-2, 2)])
def test_stationary_bootstrap_agrees_with_a_plain_loop_within_its_error(window):
    panel = random_panel(seed=61, n=6, rho=0.3, effect=0.004, t=100)
    aar = deleted_residuals(panel).mean(axis=0)
    aar = aar - aar.mean()
    g = np.random.default_rng(0)
    length, t = window[1] - window[0] + 1, len(aar)
    caar = abs(panel.car(window).mean())
    reached, draws = 0, 4_000
    for _ in range(draws):
        place, total = g.integers(t), 0.0
        for _ in range(length):
            total += aar[place]
            place = g.integers(t) if g.random() < t ** (-1 / 3) else (place + 1) % t
        reached += abs(total) >= caar
    p = reached / draws
    found = stationary_bootstrap(panel, window, S)
    assert abs(found.p_value - p) < 4 * math.sqrt(p * (1 - p) * (1 / draws + 1 / 9_999))
    assert found.distribution == "bootstrap"


def test_stationary_bootstrap_of_nothing_is_refused():
    panel = make_panel(np.zeros((3, 40)), None, [[0.1], [0.2], [0.3]], None)
    assert stationary_bootstrap(panel, (0, 0), S).reason.startswith("zero_variance")
