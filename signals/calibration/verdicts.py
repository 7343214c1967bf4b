"""Does a statistic keep its size? Wilson's interval on placebo rejections, and the verdict."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from signals.calibration.drawn import DrawnGroup
from signals.calibration.vectorized import expected_positive, signed_rank_tails
from signals.frames import Floats
from signals.inference.ranks import EXACT_WILCOXON
from signals.inference.tails import binomial_p, normal_p

Verdict = Literal["holds", "liberal", "conservative", "too few draws"]
CONFIDENCE = 0.99
FEWEST_DRAWS = 100
WIDEST = 1.1


@dataclass(frozen=True, slots=True, eq=False)
class Size:
    """Rejections of one statistic over placebo studies: ``draws`` with a p-value, ``effective``
    of them counted as independent, ``level`` the attainable level that ``rate`` is judged
    against, Wilson's 99 % interval [``low``, ``high``], and the ``verdict``."""

    draws: int
    effective: int
    level: float
    rate: float
    low: float
    high: float
    verdict: Verdict


def size_of(p_values: Floats, alpha: float, level: float, *, length: int, possible: int) -> Size:
    """The size of a statistic from its placebo p-values (D,), NaN where it did not apply.

    ``length`` of the window and ``possible`` offsets decide how many draws count as independent:
    offsets less than ``length`` sessions apart share sessions (see :func:`overlap_inflation`).
    Checked by tests/calibration/test_verdicts.py.
    """
    seen = np.isfinite(p_values)
    draws = int(seen.sum())
    share = draws / max(possible, 1)
    effective = int(draws / overlap_inflation(length, alpha, min(share, 1.0)))
    if not draws:
        return Size(0, 0, level, np.nan, np.nan, np.nan, "too few draws")
    # p is a float: a randomisation p of exactly α must count as rejected.
    rate = float((p_values[seen] <= alpha * (1 + 1e-12)).mean())
    low, high = wilson(rate, effective)
    return Size(draws, effective, level, rate, low, high, verdict(low, high, level, effective))


def wilson(rate: float, draws: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Wilson's score interval of a share over ``draws`` trials. Wilson (1927)."""
    if draws < 1:
        return 0.0, 1.0
    z = float(special.ndtri(0.5 + confidence / 2))
    centre = (rate + z**2 / (2 * draws)) / (1 + z**2 / draws)
    half = z / (1 + z**2 / draws) * np.sqrt(rate * (1 - rate) / draws + z**2 / (4 * draws**2))
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def verdict(low: float, high: float, level: float, effective: int) -> Verdict:
    """``liberal`` or ``conservative``: the interval lies wholly above or below ``level``;
    ``holds``: it contains it and is no wider than it; else, or below 100 draws, ``too few draws``.

    A tenth of the level is let pass in the width: 500 draws at a rate of exactly 5 % give an
    interval 0.0513 wide.
    """
    if effective < FEWEST_DRAWS:
        return "too few draws"
    if low > level:
        return "liberal"
    if high < level:
        return "conservative"
    return "holds" if high - low <= WIDEST * level else "too few draws"


@functools.lru_cache(maxsize=256)
def overlap_inflation(length: int, alpha: float, share: float) -> float:
    """Variance of the rejection rate over that of independent draws.

    Two draws k < L sessions apart share L − k of the L sessions of every window, so their
    statistics correlate 1 − k/L and their rejections c(1 − k/L); with a ``share`` of all offsets
    drawn, each of the 2(L−1) neighbours is there with that probability:
    1 + 2·share·Σ_k c(1 − k/L), c from the bivariate normal law. 1 for one-session windows.
    """
    near = [1 - k / length for k in range(1, length)]
    return 1.0 + 2.0 * share * sum(rejection_correlation(r, alpha) for r in near)


def rejection_correlation(rho: float, alpha: float) -> float:
    """Correlation of the events |X| > z and |Y| > z, X and Y normal with correlation ρ < 1."""
    z = float(-special.ndtri(alpha / 2))
    x = np.linspace(z, z + 8.0, 2001)
    wide = np.sqrt(1 - rho**2)
    inside = special.ndtr((rho * x - z) / wide) + special.ndtr((-rho * x - z) / wide)
    density = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    joint = 2 * float(np.trapezoid(density * inside, x))
    return (joint - alpha**2) / (alpha * (1 - alpha))


def attainable_level(name: str, drawn: DrawnGroup, alpha: float) -> float:
    """The probability P(p ≤ α) of a discrete statistic under its own null; α for the others.

    Averaged over the draws, whose number of pairs may differ.
    """
    counts, weight = np.unique(drawn.seen.sum(axis=1), return_counts=True)
    keep = counts >= 2
    counts, weight = counts[keep], weight[keep]
    if not len(counts):
        return alpha
    if name in ("sign_z", "sign_binomial", "generalized_sign_z"):
        chance = 0.5
        if name == "generalized_sign_z":
            expected = expected_positive(drawn)
            chance = float(expected[expected > 0].mean())
        levels = [_sign_level(name, int(n), chance, alpha) for n in counts]
    elif name == "wilcoxon":
        levels = [_wilcoxon_level(int(n), alpha) for n in counts]
    elif name == "portfolio_rank_p":
        return rank_level(float(np.nanmedian(drawn.cells.n_obs)) + 1, alpha)
    else:
        return alpha
    return float(np.average(levels, weights=weight))


def rank_level(values: float, alpha: float) -> float:
    """Attainable level of a p that is a multiple of 1/values: ⌊α·values⌋/values."""
    return float(np.floor(alpha * values + 1e-9) / values)


@functools.lru_cache(maxsize=4096)
def _sign_level(name: str, n: int, chance: float, alpha: float) -> float:
    w = np.arange(n + 1)
    if name == "sign_binomial":
        p = np.asarray([binomial_p(int(k), n) for k in w])
    else:
        p = normal_p((w - n * chance) / np.sqrt(n * chance * (1 - chance)))
    logs = special.gammaln(n + 1) - special.gammaln(w + 1) - special.gammaln(n - w + 1)
    mass = np.exp(logs + w * np.log(chance) + (n - w) * np.log1p(-chance))
    return float(mass[p <= alpha].sum())


@functools.lru_cache(maxsize=256)
def _wilcoxon_level(n: int, alpha: float) -> float:
    if n > EXACT_WILCOXON:
        return alpha
    tails = signed_rank_tails(n)
    ways = np.zeros(len(tails))
    ways[0] = 1.0
    for rank in range(1, n + 1):
        ways[rank:] = ways[rank:] + ways[: len(ways) - rank]
    return float(ways[tails <= alpha].sum() / 2.0**n)
