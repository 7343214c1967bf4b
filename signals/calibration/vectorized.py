"""Group statistics of all placebo studies at once: draws × pairs in, one p-value a draw out.

Each function is the vectorised form of the registry's statistic of the same name; agreement to
1e-9 on sampled draws is tested (tests/calibration/test_vectorized.py). NaN: not applicable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from scipy import special

from signals.calibration.drawn import DrawnGroup
from signals.calibration.vectorized_rows import (
    brown_warner_p,
    corrado_p,
    grank_t_p,
    grank_z_p,
    hotelling_p,
    portfolio_rank,
    portfolio_t_p,
)
from signals.frames import Bools, Floats
from signals.inference.evidence import ROUNDING
from signals.inference.ranks import EXACT_WILCOXON, average_ranks
from signals.inference.tails import normal_p, t_p

Vectorized = Callable[[DrawnGroup], Floats]


def cross_sectional_p(drawn: DrawnGroup) -> Floats:
    """p of ``cross_sectional_t`` in each draw (D,)."""
    return _mean_t(drawn.car, np.ones(len(drawn)))


def patell_p(drawn: DrawnGroup) -> Floats:
    """p of ``patell_z`` in each draw (D,)."""
    return normal_p(_patell(drawn))


def adjusted_patell_p(drawn: DrawnGroup) -> Floats:
    """p of ``adjusted_patell_z`` in each draw (D,)."""
    inflation = _inflation(drawn)
    with np.errstate(invalid="ignore"):
        return normal_p(_patell(drawn) / np.sqrt(inflation))


def bmp_p(drawn: DrawnGroup) -> Floats:
    """p of ``bmp_t`` in each draw (D,)."""
    return _mean_t(drawn.scar, np.ones(len(drawn)))


def adjusted_bmp_p(drawn: DrawnGroup) -> Floats:
    """p of ``adjusted_bmp_t`` in each draw (D,)."""
    with np.errstate(invalid="ignore"):
        rest = np.where(drawn.r_bar < 1, 1 - drawn.r_bar, np.nan)
        return _mean_t(drawn.scar, np.sqrt(rest / _inflation(drawn)))


def sign_p(drawn: DrawnGroup) -> Floats:
    """p of ``sign_z`` in each draw (D,)."""
    count, w = _signs(drawn)
    return _where(count >= 2, normal_p((w - count / 2) / np.sqrt(np.maximum(count, 1) / 4)))


def sign_binomial_p(drawn: DrawnGroup) -> Floats:
    """p of ``sign_binomial`` in each draw (D,)."""
    count, w = _signs(drawn)
    fewer = np.minimum(w, count - w)
    exact = np.minimum(1.0, 2.0 * special.bdtr(fewer, np.maximum(count, 1).astype(np.int64), 0.5))
    return _where(count >= 2, exact)


def generalized_sign_p(drawn: DrawnGroup) -> Floats:
    """p of ``generalized_sign_z`` in each draw (D,)."""
    count, w = _signs(drawn)
    expected = expected_positive(drawn)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (w - count * expected) / np.sqrt(count * expected * (1 - expected))
    return _where((count >= 2) & (expected > 0) & (expected < 1), normal_p(z))


def expected_positive(drawn: DrawnGroup) -> Floats:
    """(D,) p̂ of the generalised sign test: mean share of positive residuals."""
    positive = np.where(drawn.seen, drawn.cells.positive[drawn.at], 0.0)
    return np.asarray(positive.sum(axis=1) / np.maximum(drawn.seen.sum(axis=1), 1))


def wilcoxon_p(drawn: DrawnGroup) -> Floats:
    """p of ``wilcoxon`` in each draw (D,): exact to 25 CARs without ties, beyond by z.

    Draws with tied |CAR| up to N = 25 are NaN here: with prices as they are there are none.
    """
    moved = np.where(drawn.seen & (drawn.car != 0), drawn.car, np.nan)
    count = np.isfinite(moved).sum(axis=1)
    ranks = average_ranks(np.abs(moved))
    with np.errstate(invalid="ignore"):
        w = np.where(moved > 0, ranks, 0.0).sum(axis=1)
    squares = np.nansum(ranks**2, axis=1)
    z = (w - count * (count + 1) / 4) / np.sqrt(np.maximum(squares, 1.0) / 4)
    p = normal_p(z)
    for n in np.unique(count[(count >= 2) & (count <= EXACT_WILCOXON)]):
        here = count == n
        whole = w[here] == np.rint(w[here])
        untied = np.isclose(squares[here], n * (n + 1) * (2 * n + 1) / 6) & whole
        p[here] = np.where(untied, signed_rank_tails(int(n))[np.rint(w[here]).astype(int)], np.nan)
    return _where(count >= 2, p)


def signed_rank_tails(n: int) -> Floats:
    """Two-sided p of each possible W⁺ = 0 … n(n+1)/2 of n untied values."""
    ways = np.zeros(n * (n + 1) // 2 + 1)
    ways[0] = 1.0
    for rank in range(1, n + 1):
        ways[rank:] = ways[rank:] + ways[: len(ways) - rank]
    lower = np.cumsum(ways)
    upper = np.cumsum(ways[::-1])[::-1]
    return np.asarray(np.minimum(1.0, 2.0 * np.minimum(lower, upper) / 2.0**n))


# The registry's statistics that have a vectorised form, in registry order.
VECTORIZED: Final[Mapping[str, Vectorized]] = {
    "cross_sectional_t": cross_sectional_p,
    "brown_warner_t": brown_warner_p,
    "hotelling_f": hotelling_p,
    "patell_z": patell_p,
    "adjusted_patell_z": adjusted_patell_p,
    "bmp_t": bmp_p,
    "adjusted_bmp_t": adjusted_bmp_p,
    "corrado_rank_z": corrado_p,
    "grank_t": grank_t_p,
    "grank_z": grank_z_p,
    "wilcoxon": wilcoxon_p,
    "sign_z": sign_p,
    "sign_binomial": sign_binomial_p,
    "generalized_sign_z": generalized_sign_p,
    "portfolio_t": portfolio_t_p,
    "portfolio_rank_p": portfolio_rank,
}


def _where(condition: Bools, value: Floats) -> Floats:
    return np.where(condition, value, np.nan)


def _signs(drawn: DrawnGroup) -> tuple[Floats, Floats]:
    with np.errstate(invalid="ignore"):
        positive = (drawn.car > 0).sum(axis=1)
    return drawn.seen.sum(axis=1).astype(np.float64), positive.astype(np.float64)


def _mean_t(values: Floats, factor: Floats) -> Floats:
    """p of √N·mean/sd·factor of each row, t_{N−1}; N ≥ 3, values that differ."""
    seen = np.isfinite(values)
    count = seen.sum(axis=1)
    safe = np.maximum(count, 2)
    held = np.where(seen, values, 0.0)
    mean = held.sum(axis=1) / safe
    off = np.where(seen, values - mean[:, None], 0.0)
    sd = np.sqrt((off**2).sum(axis=1) / (safe - 1))
    fine = (count >= 3) & (sd > ROUNDING * np.abs(held).max(axis=1, initial=0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.sqrt(safe) * mean / sd * factor
    return _where(fine, t_p(np.where(fine, t, np.nan), safe - 1.0))


def _patell(drawn: DrawnGroup) -> Floats:
    seen = np.isfinite(drawn.scar)
    total = np.where(seen, drawn.scar, 0.0).sum(axis=1)
    df = np.where(seen & (drawn.df > 2), drawn.df, np.inf)
    with np.errstate(invalid="ignore"):
        ratio = np.where(np.isfinite(df), df / (df - 2), 0.0)
    spread = np.sqrt(ratio.sum(axis=1))
    fine = (seen.sum(axis=1) >= 2) & (spread > 0)
    return _where(fine, total / np.where(fine, spread, 1.0))


def _inflation(drawn: DrawnGroup) -> Floats:
    """(D,) 1 + (N−1)r̄, NaN where it is not positive."""
    count = np.isfinite(drawn.scar).sum(axis=1)
    with np.errstate(invalid="ignore"):
        inflation = 1 + (count - 1) * drawn.r_bar
        return _where(inflation > 0, inflation)
