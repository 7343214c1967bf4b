"""Many tests at once: Holm, Benjamini–Hochberg, Benjamini–Yekutieli, Romano–Wolf."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signals.frames import Floats

METHODS = {"holm": "holm", "bh": "fdr_bh", "by": "fdr_by"}


@dataclass(frozen=True, slots=True, eq=False)
class Adjusted:
    """Adjusted p-values of one family of F tests, each (F,): family-wise ``holm``, false
    discovery rate ``bh`` (independent or positively dependent tests) and ``by`` (any
    dependence)."""

    holm: Floats
    bh: Floats
    by: Floats


def adjust(p_values: Floats) -> Adjusted:
    """Holm (1979), Benjamini & Hochberg (1995), Benjamini & Yekutieli (2001), by statsmodels.

    NaN p-values are no members of the family and stay NaN.
    Checked by tests/calibration/test_families.py (definitions by hand).
    """
    from statsmodels.stats.multitest import multipletests

    member = np.isfinite(p_values)
    found = {name: np.full(len(p_values), np.nan) for name in METHODS}
    if member.any():
        for name, method in METHODS.items():
            found[name][member] = multipletests(p_values[member], method=method)[1]
    return Adjusted(**found)


def romano_wolf(observed: Floats, placebo: Floats, seed: int) -> Floats:
    """(F,) step-down adjusted p of studentised |statistics| against joint placebo draws.

    ``observed`` (F,), ``placebo`` (D, F) the same statistics on placebo dates, joint in time, so
    the dependence of the tests is in them. With the hypotheses ordered from the largest observed,
    p_j = (1 + #{draws: max over the hypotheses from j on ≥ observed_j})/(D + 1), made monotone.
    Where a draw could not place a test its value is taken from another draw of the same test
    (seeded): a maximum over fewer tests would be too small.
    NaN observed: no member. Romano & Wolf (2005). Checked by tests/calibration/test_families.py.
    """
    out = np.full(len(observed), np.nan)
    draws = len(placebo)
    members = np.flatnonzero(np.isfinite(observed))
    if not draws or not len(members):
        return out
    values = np.abs(placebo[:, members])
    random = np.random.Generator(np.random.PCG64(seed))
    for column in values.T:
        missing = ~np.isfinite(column)
        pool = column[~missing]
        column[missing] = random.choice(pool, missing.sum()) if len(pool) else np.inf
    size = np.abs(observed[members])
    order = np.argsort(-size, kind="stable")
    rest = np.maximum.accumulate(values[:, order][:, ::-1], axis=1)[:, ::-1]
    p = (1 + (rest >= size[order]).sum(axis=0)) / (draws + 1)
    out[members[order]] = np.maximum.accumulate(p)
    return out
