"""The smallest effect that a study would have seen, and how power grows with the effect."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from scipy import optimize, special

from signals.calibration.drawn import DrawnGroup
from signals.calibration.vectorized import Vectorized
from signals.frames import Floats

POWER = 0.8
POWER_DRAWS = 200
STEPS = 9
CURVE_POINTS = 17
# Statistics whose smallest effect is sought by injection in every run. The others need sorting
# or whole estimation windows at every step: `signals calibrate --effect` shows their power.
SEARCHED = frozenset(
    {"cross_sectional_t", "patell_z", "adjusted_patell_z", "bmp_t", "adjusted_bmp_t",
     "sign_binomial", "generalized_sign_z", "portfolio_t", "portfolio_rank_p"}
)  # fmt: skip


def t_power(ncp: Floats | float, df: float, alpha: float) -> Floats:
    """Power of the two-sided t test: P(|T| > t_{1−α/2}), T noncentral t_ν(ncp).

    P(T > c; δ) = P(T < −c; −δ): the far tail, never 1 − cdf. Checked by
    tests/calibration/test_power.py (scipy.stats.nct, simulation).
    """
    critical = float(special.stdtrit(df, 1.0 - alpha / 2.0))
    ncp = np.asarray(ncp, dtype=np.float64)
    upper = special.nctdtr(df, -ncp, -critical)
    lower = special.nctdtr(df, ncp, -critical)
    return np.asarray(np.nan_to_num(upper, nan=0.0) + np.nan_to_num(lower, nan=0.0))


@functools.lru_cache(maxsize=1024)
def detectable_ncp(df: float, alpha: float, power: float = POWER) -> float:
    """The noncentrality at which the two-sided t_ν test has the given power."""
    top = 4.0
    while float(t_power(top, df, alpha)) < power:
        top *= 2
    return float(
        optimize.brentq(lambda ncp: float(t_power(ncp, df, alpha)) - power, 0.0, top, xtol=1e-10)
    )


def min_detectable(error: Floats, df: Floats, alpha: float) -> Floats:
    """(N,) smallest |effect| on a CAR that its t interval would detect with 80 %.

    δ = ncp*(ν, α)·√Var(CAR), decimal; NaN where there is no forecast error.
    """
    out = np.full(len(error), np.nan)
    fine = np.isfinite(error) & (error > 0) & np.isfinite(df) & (df > 0)
    for value in np.unique(df[fine]):
        here = fine & (df == value)
        out[here] = detectable_ncp(float(value), alpha) * error[here]
    return out


def event_power(effects: Floats, error: float, df: float, alpha: float) -> Floats:
    """Power curve of one event's t test: (E,) power at each ``effects`` (E,), decimal."""
    return t_power(effects / error, df, alpha)


def group_power(
    statistic: Vectorized, drawn: DrawnGroup, effects: Sequence[float], alpha: float
) -> Floats:
    """Power curve of a group statistic: share of the placebo studies in which it rejects at
    level α once each of ``effects`` is added to every CAR."""
    return np.asarray([rejected(statistic(drawn.shifted(e)), alpha) for e in effects])


def group_min_detectable(statistic: Vectorized, drawn: DrawnGroup, alpha: float) -> float:
    """Smallest injected effect that a group statistic detects in 80 % of its placebo studies.

    The effect is added to every CAR of the first ``POWER_DRAWS`` draws; bisection to 1/500 of
    its bracket, so the result is right to a few tenths of a percent of itself. NaN where the
    statistic does not apply or never reaches 80 % (a sign test of very few events).
    """
    drawn = drawn.first(POWER_DRAWS)
    typical = drawn.error[np.isfinite(drawn.error)]
    if not typical.size or not np.isfinite(statistic(drawn)).any():
        return float("nan")
    high = 4 * float(np.median(typical)) / np.sqrt(max(drawn.seen.sum(axis=1).max(), 1))
    low = 0.0
    for _ in range(8):
        if rejected(statistic(drawn.shifted(high)), alpha) >= POWER:
            break
        low, high = high, 2 * high
    else:
        return float("nan")
    for _ in range(STEPS):
        middle = (low + high) / 2
        if rejected(statistic(drawn.shifted(middle)), alpha) >= POWER:
            high = middle
        else:
            low = middle
    return float(high)


def power_curve(
    statistic: Vectorized, drawn: DrawnGroup, smallest: float, alpha: float
) -> tuple[Floats, Floats]:
    """Effects from 0 to twice the smallest detectable one, and the power at each."""
    effects = np.linspace(0.0, 2.0, CURVE_POINTS) * smallest
    return effects, group_power(statistic, drawn.first(POWER_DRAWS), effects.tolist(), alpha)


def rejected(p_values: Floats, alpha: float) -> float:
    """Share of the draws with a p-value that reject at level α."""
    seen = np.isfinite(p_values)
    return float((p_values[seen] <= alpha).mean()) if seen.any() else 0.0
