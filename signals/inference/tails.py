"""Two-sided and upper-tail p-values, always from the far tail and never as 1 − cdf.

``scipy.special`` instead of ``scipy.stats``: the same numbers at a tenth of the import time.
For symmetric laws the lower tail at −|x| *is* the survival function at |x|. Checked against
``scipy.stats`` survival functions in tests/inference/test_tails.py.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from signals.frames import Floats


def t_p(statistic: Floats | float, df: Floats | float) -> Floats:
    """Two-sided p of Student's t: 2·P(t_df > |statistic|); NaN in, NaN out."""
    return np.asarray(2.0 * special.stdtr(df, -np.abs(statistic)), dtype=np.float64)


def normal_p(statistic: Floats | float) -> Floats:
    """Two-sided p of the standard normal: 2·P(Z > |statistic|)."""
    return np.asarray(2.0 * special.ndtr(-np.abs(statistic)), dtype=np.float64)


def f_p(statistic: Floats | float, df_between: Floats | float, df_within: Floats | float) -> Floats:
    """Upper tail of Fisher's F."""
    return np.asarray(special.fdtrc(df_between, df_within, statistic), dtype=np.float64)


def binomial_p(successes: int, trials: int) -> float:
    """Exact two-sided p of ``successes`` out of ``trials`` at probability ½ (symmetric law)."""
    fewer = min(successes, trials - successes)
    return min(1.0, 2.0 * float(special.bdtr(fewer, trials, 0.5)))
