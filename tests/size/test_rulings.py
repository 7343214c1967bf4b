"""The rulings of METHODS, each shown by simulation: the peer's formula and ours, side by side."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from signals.inference import Settings, correlation
from signals.inference.single_event import car_t
from signals.inference.standardized import adjusted_patell_z, bmp_t, patell_z
from tests.size.generator import DESIGNS, null_panels
from tests.size.measure import SEED, corrado_factor_rates

pytestmark = pytest.mark.slow
S = Settings()


def near(measured: float, stated: float, n: int, stated_n: int = 2_500) -> None:
    """Within three Monte-Carlo errors of a difference, as METHODS states the agreement."""
    p = stated / 100
    error = 3 * math.sqrt(p * (1 - p) * (1 / stated_n + 1 / n))
    assert abs(measured - p) <= error, (
        f"{100 * measured:.1f} % against {stated} % ± {100 * error:.1f}"
    )


def test_ruling_1_the_variance_of_a_car_is_not_l_times_sigma_squared():
    """M = 30, L = 5: L·σ² rejects 8.9 %, the full quadratic form 5.3 %."""
    panel = next(null_panels(DESIGNS[0], 1, seed=SEED + 3, n=20_000, m=30, length=5))
    ours = car_t(panel, (0, 4), S).p_value
    t = panel.car((0, 4)) / (panel.sigma * math.sqrt(5))
    theirs = 2 * stats.t.sf(np.abs(t), panel.df)
    near((theirs <= 0.05).mean(), 8.9, 20_000)
    near((ours <= 0.05).mean(), 5.3, 20_000)


def test_ruling_2_patell_over_a_window_is_car_over_its_own_deviation():
    """L = 21: ΣSAR/√L rejects 7.9 %, CAR/sd(CAR) 5.6 %."""
    ours, theirs = [], []
    for panel in null_panels(DESIGNS[0], 2_500, seed=SEED + 4, length=21):
        ours.append(patell_z(panel, (0, 20), S).p_value <= 0.05)
        sar = panel.ar / np.sqrt(panel.ar_variance())
        z = sar.sum() / math.sqrt(21 * 20 * 98 / 96)
        theirs.append(abs(z) >= 1.959963984540054)
    near(np.mean(theirs), 7.9, 2_500)
    near(np.mean(ours), 5.6, 2_500)


def test_ruling_4_one_minus_r_bar_does_not_belong_to_adjusted_patell():
    """ρ = .3: with (1 − r̄) in the variance's place 2.0 % are rejected, without 5.3 %."""
    ours, theirs = [], []
    for panel in null_panels(DESIGNS[1], 2_500, seed=SEED + 5):
        found = adjusted_patell_z(panel, (0, 0), S)
        ours.append(found.p_value <= 0.05)
        r_bar = correlation(panel, (0, 0)).r_bar
        theirs.append(abs(found.statistic) * math.sqrt(1 - r_bar) >= 1.959963984540054)
    near(np.mean(theirs), 2.0, 2_500)
    near(np.mean(ours), 5.3, 2_500)


def test_ruling_5_bmp_has_n_minus_1_degrees_of_freedom():
    """N = 5: against the normal 13 % are rejected, against t₄ 5 %."""
    found = [
        bmp_t(panel, (0, 0), S) for panel in null_panels(DESIGNS[0], 2_500, seed=SEED + 6, n=5)
    ]
    near(np.mean([abs(f.statistic) >= 1.959963984540054 for f in found]), 13.0, 2_500)
    near(np.mean([f.p_value <= 0.05 for f in found]), 5.0, 2_500)


def test_corrado_over_21_sessions_needs_the_finite_population_factor():
    without, with_factor = corrado_factor_rates()
    near(without, 3.1, 2_500)
    near(with_factor, 5.4, 2_500)
