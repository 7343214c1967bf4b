"""Many tests at once, by their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from signals.calibration import adjust, romano_wolf

P = np.array([0.001, 0.04, 0.012, np.nan, 0.3, 0.02])


def test_holm_bh_by_by_hand() -> None:
    found = adjust(P)
    p = np.sort(P[np.isfinite(P)])
    m = len(p)
    holm = np.minimum(1, np.maximum.accumulate(p * (m - np.arange(m))))
    bh = np.minimum.accumulate((p * m / np.arange(1, m + 1))[::-1])[::-1]
    by = np.minimum(1, bh * (1 / np.arange(1, m + 1)).sum())
    order = np.argsort(P[np.isfinite(P)])
    for values, expected in ((found.holm, holm), (found.bh, bh), (found.by, by)):
        np.testing.assert_allclose(values[np.isfinite(P)][order], expected)
        assert np.isnan(values[3])


def test_no_member_no_p() -> None:
    assert np.isnan(adjust(np.full(3, np.nan)).holm).all()
    assert len(adjust(np.empty(0)).bh) == 0


def test_romano_wolf_by_loops() -> None:
    random = np.random.default_rng(5)
    placebo = random.standard_normal((200, 4))
    observed = np.array([2.5, np.nan, -3.1, 0.4])
    mine = romano_wolf(observed, placebo, seed=1)
    left = [2, 0, 3]  # from the largest |observed|
    last = 0.0
    for k, j in enumerate(left):
        beyond = sum(max(abs(row[i]) for i in left[k:]) >= abs(observed[j]) for row in placebo)
        last = max(last, (1 + beyond) / 201)
        assert mine[j] == pytest.approx(last)
    assert np.isnan(mine[1])


def test_romano_wolf_keeps_the_family_wise_error_and_beats_holm_under_dependence() -> None:
    random = np.random.default_rng(8)
    wrong, found_rw, found_holm = 0, 0, 0
    from scipy import special

    for _ in range(400):
        shared = random.standard_normal((301, 1))
        values = 0.95 * shared + np.sqrt(1 - 0.95**2) * random.standard_normal((301, 20))
        wrong += bool((romano_wolf(values[0], values[1:], seed=1) <= 0.05).any())
        moved = values[0].copy()
        moved[0] += 3.0
        found_rw += bool(romano_wolf(moved, values[1:], seed=1)[0] <= 0.05)
        found_holm += bool(adjust(2 * special.ndtr(-np.abs(moved))).holm[0] <= 0.05)
    assert wrong / 400 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)
    assert found_rw > found_holm


def test_missing_placebo_values_do_not_shrink_the_maximum() -> None:
    random = np.random.default_rng(6)
    placebo = random.standard_normal((500, 5))
    full = romano_wolf(np.array([2.6, 2.0, 1.0, 0.5, 0.1]), placebo, seed=1)
    holes = placebo.copy()
    holes[random.random(placebo.shape) < 0.4] = np.nan
    part = romano_wolf(np.array([2.6, 2.0, 1.0, 0.5, 0.1]), holes, seed=1)
    assert part == pytest.approx(full, abs=0.06)
    kept = placebo.copy()
    romano_wolf(np.array([2.6, 2.0, 1.0, 0.5, 0.1]), placebo, seed=1)
    np.testing.assert_array_equal(kept, placebo)
