"""Robust lines E[R_t] = a + b·R_mt: Huber, least absolute deviations, Theil–Sen.

A few violent estimation sessions (earlier earnings, crashes) bend them less than least squares.
None has a closed prediction variance: rank and placebo inference only.
"""

from __future__ import annotations

import warnings
from typing import Final

import numpy as np

from signals.frames import Floats
from signals.models.fit import FitError, ModelFit, Sample
from signals.models.line import line_fit, market_rows
from signals.models.linear import is_zero_variance, least_squares, refuse_zero_variance
from signals.models.rows import Rows

HUBER_C: Final = 1.345
"""95 % efficiency under normal errors."""


def fit_huber(sample: Sample) -> ModelFit:
    """Huber's M-estimator, c = 1.345 (statsmodels RLM).

    Solves Σψ_c((y_t − x_t'b)/s)x_t = 0 by reweighting, s = median absolute residual / 0.6745 at
    each step. ``FitError`` ``not_converged`` where s reaches zero (more than half of the rows lie
    on one line) or the steps do not settle. Huber (1964). Test: tests/models/test_robust.py.
    """
    import statsmodels.api as sm
    from statsmodels.tools.sm_exceptions import ConvergenceWarning

    rows, unit = _checked(sample)
    limit = 500
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            result = sm.RLM(
                rows.y_used / unit, _unit_market(rows)[0], M=sm.robust.norms.HuberT(t=HUBER_C)
            ).fit(maxiter=limit, tol=1e-12, conv="coefs")
        except ConvergenceWarning as stop:
            raise FitError("not_converged", f"huber: {stop}") from stop
    if result.fit_history["iteration"] >= limit or not np.isfinite(result.params).all():
        raise FitError("not_converged", f"huber: no solution within {limit} steps")
    if result.scale < 1e-6:  # in units of the least-squares σ
        raise FitError("not_converged", "huber: most rows lie on one line, which leaves no scale")
    params = np.asarray(result.params) * unit / _unit_market(rows)[1]
    return line_fit("huber", "statsmodels", sample, rows, params)


def fit_lad(sample: Sample) -> ModelFit:
    """Least absolute deviations, min Σ|y_t − a − bR_mt| (statsmodels QuantReg at the median).

    QuantReg's reweighting stops near the optimum; the optimum itself goes through two of the
    points, and Wesolowsky's descent (1981) from there finds it exactly: with one point held, the
    best slope is a weighted median of the slopes to all others. Koenker & Bassett (1978).
    Test: tests/models/test_robust.py (against linear programming).
    """
    import statsmodels.api as sm
    from statsmodels.tools.sm_exceptions import ConvergenceWarning, IterationLimitWarning

    rows, unit = _checked(sample)
    scaled, lengths = _unit_market(rows)
    y = rows.y_used / unit
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # The descent below finishes what the reweighting leaves.
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", IterationLimitWarning)
        start = np.asarray(sm.QuantReg(y, scaled).fit(q=0.5, max_iter=500).params)
    if not np.isfinite(start).all():
        start = least_squares(y, scaled, rows.names).params
    params = _vertex(y, scaled[:, 1], start) * unit / lengths
    return line_fit("lad", "statsmodels", sample, rows, params)


def fit_theil_sen(sample: Sample) -> ModelFit:
    """b = median of the slopes of all pairs, a = median(R) − b·median(R_m) (scipy).

    Pairs with equal R_m have no slope and are left out. Theil (1950), Sen (1968).
    Test: tests/models/test_robust.py (against all pairs by brute force).
    """
    from scipy.stats import theilslopes

    rows, unit = _checked(sample)
    scaled, lengths = _unit_market(rows)
    result = theilslopes(rows.y_used / unit, scaled[:, 1])
    params = np.array([result.intercept, result.slope]) * unit / lengths
    return line_fit("theil_sen", "scipy", sample, rows, params)


def _checked(sample: Sample) -> tuple[Rows, float]:
    """Rows on which a line exists at all, and the unit in which residuals are near one."""
    rows = market_rows(sample)
    y, X = rows.y_used, rows.design_used
    ls = least_squares(y, X, rows.names)
    if is_zero_variance(y, X, ls.params, ls.residuals):
        raise refuse_zero_variance()
    return rows, ls.sigma


def _unit_market(rows: Rows) -> tuple[Floats, Floats]:
    """[1, R_m/sd] and the divisors (1, sd): what iterates is free of the returns' scale."""
    X = rows.design_used
    lengths = np.array([1.0, float(X[:, 1].std())])
    return X / lengths, lengths


def _vertex(y: Floats, x: Floats, start: Floats) -> Floats:
    """The line of least Σ|y − a − bx|, descending from ``start``."""
    residuals = np.abs(y - start[0] - start[1] * x)
    pivot = int(np.argmin(residuals))
    best, best_cost = start, np.inf
    while True:
        other, params = _best_through(pivot, y, x)
        cost = float(np.abs(y - params[0] - params[1] * x).sum())
        if cost >= best_cost * (1 - 1e-15):
            return best
        best, best_cost, pivot = params, cost, other


def _best_through(pivot: int, y: Floats, x: Floats) -> tuple[int, Floats]:
    """The best line through point ``pivot`` and the point that it then meets."""
    dx, dy = x - x[pivot], y - y[pivot]
    others = np.flatnonzero(dx != 0)
    slopes, weights = dy[others] / dx[others], np.abs(dx[others])
    order = np.argsort(slopes, kind="stable")
    half = np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)
    middle = order[min(int(half), len(order) - 1)]
    slope = slopes[middle]
    return int(others[middle]), np.array([y[pivot] - slope * x[pivot], slope])
