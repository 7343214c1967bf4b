"""Normal returns of bars: least squares weighted by the variance of each time of day.

Intraday volatility is U-shaped and the overnight gap is a night's worth of news. With v_c the
mean squared residual of time of day c over the estimation sessions (gaps over one night and over
weekends apart), the regression weighs every bar by 1/v_c, so that e/√v_c are alike:

    b = (X₀'WX₀)⁻¹X₀'Wy,   W = diag(v̄/v_c(t)),   s² = e'We/(M − k),   v_t = s²·v_c(t)/v̄

and the event window's forecast covariance is V = diag(v_t) + s²X₁(X₀'WX₀)⁻¹X₁', which is what
the panel holds. The variances come from the residuals themselves, in rounds.

Assumes that bars of the same time of day are alike and residuals uncorrelated; exact p-values
come from comparing with the same time of day on other sessions (``signals.inference.time_of_day``).
Cf. Andersen & Bollerslev (1997) on intraday periodicity. Tests: tests/intraday/test_fit.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from signals.frames import Bools, Floats, Ints
from signals.models import FitError
from signals.models.linear import is_zero_variance, least_squares, refuse_zero_variance

FEWEST_OF_A_KIND: Final = 5
"""Bars of one time of day below which it has no variance of its own."""
_ROUNDS: Final = 3  # of the returns themselves, then twice of the residuals


@dataclass(frozen=True, slots=True, eq=False)
class BarFit:
    """Coefficients (k,), ``inverse`` (k, k) = (X'WX)⁻¹, ``sigma`` s, ``r_squared`` (weighted),
    ``residuals`` and ``leverage`` (T,) NaN on rows not used, ``variance`` (C,) s²·v_c/v̄ by kind of
    bar (NaN for kinds that are too rare), ``n_obs`` M."""

    params: Floats
    inverse: Floats
    sigma: float
    r_squared: float
    residuals: Floats
    leverage: Floats
    variance: Floats
    n_obs: int


def fit_bars(
    y: Floats, design: Floats, kind: Ints, kinds: int, names: tuple[str, ...], used: Bools
) -> BarFit:
    """Weighted least squares of ``y`` (T,) on ``design`` (T, k) over the rows ``used`` (T,).

    ``kind`` (T,) is each row's time of day, 0 … ``kinds`` − 1; the last kind is the overnight gap
    over more than one night, which falls back on all overnight gaps (kind 0) where it is rare.
    With k = 0 nothing is estimated but the variances. Raises :class:`FitError`
    (``too_few_returns``, ``rank_deficient``, ``zero_variance``).
    """
    e, rows = y, used
    for _ in range(_ROUNDS):
        v = _by_kind(e, kind, kinds, rows)
        rows = rows & np.isfinite(v[kind])
        if int(rows.sum()) <= design.shape[1]:
            raise FitError("too_few_returns", f"{int(rows.sum())} bars with a variance")
        relative = v / v[kind[rows]].mean()
        weight = relative[kind[rows]]
        params, inverse, e, leverage, r_squared = _weighted(y, design, rows, weight, names)
    m, k = int(rows.sum()), design.shape[1]
    s2 = float((e[rows] ** 2 / weight).sum() / (m - k))
    return BarFit(params, inverse, float(np.sqrt(s2)), r_squared, e, leverage, s2 * relative, m)


def _by_kind(e: Floats, kind: Ints, kinds: int, used: Bools) -> Floats:
    """(C,) mean squared residual of each kind of bar; NaN where rare or without variation."""
    count = np.bincount(kind[used], minlength=kinds).astype(np.float64)
    squares = np.bincount(kind[used], weights=e[used] ** 2, minlength=kinds)
    if 0 < count[-1] < FEWEST_OF_A_KIND or count[-1] == 0:
        squares[-1] += squares[0]
        count[-1] += count[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(count >= FEWEST_OF_A_KIND, squares / count, np.nan)
    return np.where(mean > 0, mean, np.nan)


def _weighted(
    y: Floats, design: Floats, rows: Bools, weight: Floats, names: tuple[str, ...]
) -> tuple[Floats, Floats, Floats, Floats, float]:
    """b, (X'WX)⁻¹, residuals (T,), leverage (T,) and R² of the rows, each divided by √weight."""
    residuals, leverage = np.full((2, len(y)), np.nan)
    root = np.sqrt(weight)
    k = design.shape[1]
    if not k:
        if not (y[rows] != 0).any():
            raise refuse_zero_variance()
        residuals[rows], leverage[rows] = y[rows], 0.0
        return np.empty(0), np.empty((0, 0)), residuals, leverage, float("nan")
    ls = least_squares(y[rows] / root, design[rows] / root[:, None], names)
    if is_zero_variance(y[rows] / root, design[rows] / root[:, None], ls.params, ls.residuals):
        raise refuse_zero_variance()
    residuals[rows], leverage[rows] = ls.residuals * root, ls.leverage
    total = y[rows] - np.average(y[rows], weights=1 / weight)
    explained = 1 - float((residuals[rows] ** 2 / weight).sum() / (total**2 / weight).sum())
    return ls.params, ls.inverse, residuals, leverage, explained
