"""All windows at once give the p-values that each test gives for each window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from signals.inference import Settings
from signals.inference.all_windows import EVENTS_AT_ONCE, TESTS, single_tests
from signals.panel import AbnormalPanel
from tests.inference.panels import make_panel, random_panel

S = Settings()
WINDOWS = ((0, 0), (0, 1), (-1, 1), (-2, 2), (1, 1))


def with_holes(panel: AbnormalPanel) -> AbnormalPanel:
    """Some events lack a session of the window; one has residuals that do not vary."""
    ar, sigma, residuals = panel.ar.copy(), panel.sigma.copy(), panel.residuals.copy()
    ar[::7, 3] = np.nan
    ar[5, :] = np.nan
    sigma[2], residuals[2] = 0.0, 0.0
    return replace(panel, ar=ar, sigma=sigma, residuals=residuals)


def reference(panel: AbnormalPanel) -> dict[str, np.ndarray]:
    return {
        name: np.stack([function(panel, window, S).p_value for window in WINDOWS])
        for name, function in TESTS.items()
    }


@pytest.mark.parametrize(
    "panel",
    [
        random_panel(seed=1, n=EVENTS_AT_ONCE + 40, t=120, one_market=False),
        with_holes(random_panel(seed=2, n=60, t=120, effect=0.01)),
        with_holes(random_panel(seed=3, n=60, t=120, gaps=0.01)),
        with_holes(random_panel(seed=4, n=40, t=110, gaps=0.002, missing="available")),
        random_panel(seed=5, n=10, t=50),
        random_panel(seed=6, n=10, t=25),
        random_panel(seed=7, n=10, t=15),
    ],
    ids=["complete", "holes", "gaps", "available", "short", "shorter", "coarse"],
)
def test_the_same_p_values_as_window_by_window(panel: AbnormalPanel) -> None:
    found = single_tests(panel, WINDOWS, S)
    for name, expected in reference(panel).items():
        np.testing.assert_array_equal(found.p_values[name], expected, err_msg=name)


@pytest.mark.parametrize("regressors", [0, 2])
def test_other_designs(regressors: int) -> None:
    g = np.random.default_rng(9)
    x = g.normal(0, 0.01, (6, 90, 2)) if regressors else None
    y = g.normal(0, 0.01, (6, 90))
    panel = make_panel(
        y[:, :85], None if x is None else x[:, :85], y[:, 85:], None if x is None else x[:, 85:],
        first_tau=-2,
    )  # fmt: skip
    found = single_tests(panel, WINDOWS, S)
    for name, expected in reference(panel).items():
        np.testing.assert_array_equal(found.p_values[name], expected, err_msg=name)


def test_a_regressor_far_from_zero_is_left_to_the_functions() -> None:
    """Its running sums would lose the digits that decide a tie."""
    panel = random_panel(seed=10, n=8, t=100)
    shift = np.array([0.0, 1.0])
    far = replace(
        panel, design=panel.design + 1e4 * shift, est_design=panel.est_design + 1e4 * shift
    )
    found = single_tests(far, WINDOWS, S)
    for name, expected in reference(far).items():
        np.testing.assert_array_equal(found.p_values[name], expected, err_msg=name)


def test_flags_of_few_rows() -> None:
    found = single_tests(random_panel(seed=7, n=3, t=15), WINDOWS, S)
    assert found.short.all()
    assert found.coarse.all()
    found = single_tests(random_panel(seed=7, n=3, t=80), WINDOWS, S)
    assert not found.short.any()
    assert not found.coarse.any()
