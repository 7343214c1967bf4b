"""The smallest effect that a study would have seen, and how power grows with the effect."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from scipy import optimize, special

from signals.calibration.drawn import DrawnGroup
from signals.calibration.injection import injection_for
from signals.calibration.vectorized import VECTORIZED
from signals.frames import Floats

POWER = 0.8
POWER_DRAWS = 200
STEPS = 9
CURVE_POINTS = 17
# Statistics that sort, or read the rows of every placebo estimation, at every step of a search;
# the search begins at the smallest effect of the first of ``NEIGHBOURS`` that has one.
COSTLY = frozenset(
    {"brown_warner_t", "hotelling_f", "corrado_rank_z", "grank_t", "grank_z", "wilcoxon"}
)
NEIGHBOURS = ("adjusted_bmp_t", "bmp_t", "cross_sectional_t", "patell_z")
NEAR = 1.25
STEPS_NEAR = 6


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


def group_power(name: str, drawn: DrawnGroup, effects: Sequence[float], alpha: float) -> Floats:
    """Power curve of a group statistic: share of the placebo studies in which it rejects at
    level α once each of ``effects`` is put into them (:mod:`signals.calibration.injection`)."""
    ledger = Ledger(name, drawn, alpha)
    return np.asarray([ledger.power(e) for e in effects])


class Ledger:
    """Which draws reject once an effect is put into them; costly statistics are asked rarely.

    A draw that rejects at an effect rejects at every larger one, one that does not rejects at no
    smaller one: after a few steps of a search most draws need not be asked again. This holds
    where the estimate has the effect's sign, so only effects found in more than half of the
    draws decide upwards, and an effect decides downwards to half of itself.
    """

    def __init__(self, name: str, drawn: DrawnGroup, alpha: float) -> None:
        self._statistic = VECTORIZED[name]
        self._costly = name in COSTLY
        self._injection = injection_for(name, drawn)
        self._alpha = alpha
        self._found = np.full(len(drawn), np.inf)  # the smallest effect known to be found
        self._missed = np.full(len(drawn), -np.inf)  # the largest one known not to be

    def power(self, effect: float) -> float:
        """Share of the draws with a p-value that reject at ``effect``; 0 without any."""
        found = self._found <= effect
        missed = ~found & (self._missed >= effect) & (self._missed <= 2 * effect)
        asked = np.flatnonzero(~found & ~missed)
        p_values = np.full(len(found), np.nan)
        if len(asked):
            p_values[asked] = self._statistic(self._injection(asked, effect))
        answered = np.isfinite(p_values)
        rejects = answered & (np.where(answered, p_values, 1.0) <= self._alpha)
        judged = int((found | missed | answered).sum())
        share = int((found | rejects).sum()) / judged if judged else 0.0
        if self._costly and share > 0.5:
            self._found[rejects] = np.minimum(self._found[rejects], effect)
        if self._costly:
            quiet = answered & ~rejects
            self._missed[quiet] = np.maximum(self._missed[quiet], effect)
        return share


def group_min_detectable(
    name: str, drawn: DrawnGroup, alpha: float, near: float = float("nan")
) -> float:
    """Smallest injected effect that a group statistic detects in 80 % of its placebo studies.

    The effect is put into the first ``POWER_DRAWS`` draws; bisection to 1/500 of its bracket,
    so the result is right to a few tenths of a percent of itself. ``near``: where a costly
    statistic is first asked. NaN where the statistic does not apply or never reaches 80 % (a sign
    test of very few events, one day's ranks summed over a long window).
    """
    drawn = drawn.first(POWER_DRAWS)
    typical = drawn.error[np.isfinite(drawn.error)]
    if not typical.size:
        return float("nan")
    ledger = Ledger(name, drawn, alpha)
    if name in COSTLY and np.isfinite(near):
        low, high = _around(ledger, near)
        steps = STEPS_NEAR
    else:
        high = 4 * float(np.median(typical)) / np.sqrt(max(drawn.seen.sum(axis=1).max(), 1))
        low, high = _upwards(ledger, 0.0, high, 2.0)
        steps = STEPS
    if not np.isfinite(high):
        return float("nan")
    for _ in range(steps):
        middle = (low + high) / 2
        if ledger.power(middle) >= POWER:
            high = middle
        else:
            low = middle
    return float(high)


def smallest_effects(
    names: Sequence[str], drawn: DrawnGroup, alpha: float, *, costly: bool
) -> dict[str, float]:
    """:func:`group_min_detectable` of each statistic; ``costly`` False leaves out those that
    read rows."""
    drawn = drawn.first(POWER_DRAWS)
    found = {n: group_min_detectable(n, drawn, alpha) for n in names if n not in COSTLY}
    if costly:
        known = [found[n] for n in NEIGHBOURS if np.isfinite(found.get(n, np.nan))]
        near = known[0] if known else float("nan")
        for n in names:
            if n in COSTLY:
                found[n] = group_min_detectable(n, drawn, alpha, near)
    return found


def _upwards(ledger: Ledger, low: float, high: float, factor: float) -> tuple[float, float]:
    """The first [low, high] with 80 % power at its end; ``high`` NaN where there is none."""
    for _ in range(8):
        if ledger.power(high) >= POWER:
            return low, high
        low, high = high, factor * high
    return low, float("nan")


def _around(ledger: Ledger, near: float) -> tuple[float, float]:
    """The same from a guess, which may be too large as well as too small."""
    high = near
    if ledger.power(near) < POWER:
        return _upwards(ledger, near, NEAR * near, NEAR)
    while high > near / 20:
        low = high / NEAR
        if ledger.power(low) < POWER:
            return low, high
        high = low
    return 0.0, high


def power_curve(
    name: str, drawn: DrawnGroup, smallest: float, alpha: float
) -> tuple[Floats, Floats]:
    """Effects from 0 to twice the smallest detectable one, and the power at each."""
    effects = np.linspace(0.0, 2.0, CURVE_POINTS) * smallest
    ledger = Ledger(name, drawn.first(POWER_DRAWS), alpha)
    power = np.zeros(CURVE_POINTS)
    middle = CURVE_POINTS // 2
    for k in sorted(range(CURVE_POINTS), key=lambda k: abs(k - middle)):
        power[k] = ledger.power(float(effects[k]))
    return effects, power


def rejected(p_values: Floats, alpha: float) -> float:
    """Share of the draws with a p-value that reject at level α."""
    seen = np.isfinite(p_values)
    return float((p_values[seen] <= alpha).mean()) if seen.any() else 0.0
