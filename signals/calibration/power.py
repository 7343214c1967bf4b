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
PRECISION = 0.005
STEPS = 14
CURVE_POINTS = 17
NEAR = 1.3
# Statistics that sort, or read the rows of every placebo estimation, at every step of a search.
COSTLY = frozenset(
    {"brown_warner_t", "hotelling_f", "corrado_rank_z", "grank_t", "grank_z", "wilcoxon"}
)


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
        self._known: dict[float, float] = {}

    def power(self, effect: float) -> float:
        """Share of the draws with a p-value that reject at ``effect``; 0 without any."""
        if effect not in self._known:
            self._known[effect] = self._asked(effect)
        return self._known[effect]

    def _asked(self, effect: float) -> float:
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

    The effect is put into ``POWER_DRAWS`` of the draws; the search ends within ``PRECISION`` of
    the result. ``near``: where it begins. NaN where the statistic does not apply or never reaches
    80 % (a sign test of very few events, one day's ranks summed over a long window).
    """
    drawn = drawn.first(POWER_DRAWS)
    typical = drawn.error[np.isfinite(drawn.error)]
    if not typical.size:
        return float("nan")
    ledger = Ledger(name, drawn, alpha)
    if np.isfinite(near):
        low, high = _around(ledger, near)
    else:
        high = 4 * float(np.median(typical)) / np.sqrt(max(drawn.seen.sum(axis=1).max(), 1))
        low, high = _upwards(ledger, 0.0, high, 2.0)
    return _between(ledger, low, high) if np.isfinite(high) else float("nan")


def smallest_effects(
    names: Sequence[str], drawn: DrawnGroup, alpha: float, *, costly: bool
) -> dict[str, float]:
    """:func:`group_min_detectable` of each statistic, each search beginning where the one before
    ended; ``costly`` False leaves out those that read rows."""
    drawn = drawn.first(POWER_DRAWS)
    found: dict[str, float] = {}
    near = float("nan")
    for name in sorted(names, key=lambda n: n in COSTLY):
        if name not in COSTLY or costly:
            found[name] = group_min_detectable(name, drawn, alpha, near)
            near = found[name] if np.isfinite(found[name]) else near
    return found


def _upwards(ledger: Ledger, low: float, high: float, factor: float) -> tuple[float, float]:
    """The first [low, high] with 80 % power at its end; ``high`` NaN where there is none, which
    an effect of far more than any study measures shows at once."""
    for doublings in range(8):
        if ledger.power(high) >= POWER:
            return low, high
        if not doublings and ledger.power(high * factor**7) < POWER:
            break
        low, high = high, factor * high
    return low, float("nan")


def _around(ledger: Ledger, near: float) -> tuple[float, float]:
    """The same from a guess, which may be too large as well as too small."""
    high = near
    if ledger.power(near) < POWER:
        return _upwards(ledger, near, NEAR * near, 2.0)
    while high > near / 20:
        low = high / NEAR
        if ledger.power(low) < POWER:
            return low, high
        high = low
    return 0.0, high


def _between(ledger: Ledger, low: float, high: float) -> float:
    """The effect in [low, high] from which on power is 80 %, to ``PRECISION`` of itself.

    Power is close to a line over a short stretch: the next effect asked is where the line through
    both ends crosses 80 %, or a little beyond it on the side of the farther end.
    """
    below, above = ledger.power(low), ledger.power(high)
    beyond = 0.0
    for _ in range(STEPS):
        if high - low <= PRECISION * high:
            break
        share = (POWER - below) / (above - below) if above > below else 0.5
        middle = low + (high - low) * min(max(share + beyond, 0.05), 0.95)
        power = ledger.power(middle)
        # Toward the end that stays, by more than half the precision asked for.
        step = 0.75 * PRECISION * middle / (high - low)
        if power >= POWER:
            high, above, beyond = middle, power, -step
        else:
            low, below, beyond = middle, power, step
    return float(high)


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
