"""Least squares of one event, right to the last digit: statsmodels' QR, guarded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from signals.frames import Floats
from signals.models.fit import FitError

RANK_TOLERANCE: Final = 1e-13
"""A column whose part not explained by those before it is smaller than this share of its length
adds only rounding noise (NIST's Filip, the worst that is still solvable here, has 4e-8)."""

REFINE_ABOVE: Final = 1e3
"""Scaled condition number from which a solution is refined in extended precision."""

ZERO_VARIANCE: Final = 1e-10
"""Residuals smaller than this share of the terms they are the difference of are rounding noise."""


@dataclass(frozen=True, slots=True, eq=False)
class LeastSquares:
    """b, (X'X)⁻¹, e, h and R² of one regression of y (M,) on X (M, k)."""

    params: Floats
    inverse: Floats
    residuals: Floats
    leverage: Floats
    r_squared: float
    df: int

    @property
    def sigma(self) -> float:
        """√(e'e/(M − k))."""
        return float(np.sqrt(self.residuals @ self.residuals / self.df))


def least_squares(y: Floats, X: Floats, names: tuple[str, ...]) -> LeastSquares:
    """Ordinary least squares b = argmin |y − Xb|² by statsmodels ``OLS.fit(method="qr")``.

    ``y`` (M,), ``X`` (M, k) with any constant among its columns, k ≥ 1, ``names`` (k,). Columns
    are scaled by powers of two, which changes no digit of a well-conditioned fit;
    (X'X)⁻¹ = R⁻¹R⁻ᵀ and h = |q_t|² come from the factors, because X'X itself loses half of the
    digits. A scaled condition number beyond 1e3 adds refinement of b and e together in extended
    precision (Björck 1967), where the platform has it.

    R² is centred when a column is constant, as in statsmodels. Raises :class:`FitError`:
    ``too_few_returns`` (M ≤ k), ``rank_deficient`` (names the columns), ``not_finite``.
    Test: tests/oracles/test_nist.py, tests/models/test_ols.py.
    """
    import statsmodels.api as sm

    n, k = X.shape
    if n <= k:
        raise FitError("too_few_returns", f"{n} complete rows for {k} coefficients")
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = np.sqrt((X**2).sum(axis=0))
        if not np.isfinite(lengths).all() or not np.isfinite(y @ y):
            raise FitError("not_finite", "returns so large that their squares overflow")
        if not lengths.all():
            _refuse(names, lengths == 0)
        scale = 2.0 ** np.round(np.log2(lengths))
        scaled = X / scale
        Q, R = np.linalg.qr(scaled)
        _require_rank(R, lengths / scale, names)
        has_constant = bool((np.ptp(X, axis=0) == 0).any())
        result = sm.OLS(y, scaled, hasconst=has_constant).fit(method="qr")
        params, residuals = np.asarray(result.params), np.asarray(result.resid)
        if np.linalg.cond(R) > REFINE_ABOVE:
            params, residuals = _refined(y, scaled, Q, R, params)
        root = np.linalg.inv(R)
        inverse = (root @ root.T) / np.outer(scale, scale)
        r_squared = _r_squared(y, residuals, has_constant)
        params = params / scale
    if not (np.isfinite(params).all() and np.isfinite(inverse).all()):
        raise FitError("not_finite", "the regression's coefficients overflow")
    return LeastSquares(params, inverse, residuals, (Q**2).sum(axis=1), r_squared, n - k)


def is_zero_variance(y: Floats, X: Floats, params: Floats, residuals: Floats) -> bool:
    """True when the residuals are nothing but rounding: |e| ≤ 1e-10·(|y| + Σ|b_j||x_j|)."""
    size = np.linalg.norm(y) + np.abs(params) @ np.linalg.norm(X, axis=0)
    return bool(np.linalg.norm(residuals) <= ZERO_VARIANCE * size)


def refuse_zero_variance() -> FitError:
    """The error of a fit whose residuals are rounding noise."""
    return FitError(
        "zero_variance",
        "the estimation residuals do not vary (a frozen price, or an asset that is its benchmark)",
    )


def _r_squared(y: Floats, residuals: Floats, centred: bool) -> float:
    deviations = y - y.mean() if centred else y
    total = float(deviations @ deviations)
    return 1.0 - float(residuals @ residuals) / total if total > 0 else float("nan")


def _require_rank(R: Floats, lengths: Floats, names: tuple[str, ...]) -> None:
    """Column j has no part of its own when |R_jj| vanishes beside the column's length."""
    _refuse(names, np.abs(np.diag(R)) <= RANK_TOLERANCE * lengths)


def _refuse(names: tuple[str, ...], dependent: np.ndarray) -> None:
    if not dependent.any():
        return
    bad = [n for n, d in zip(names, dependent, strict=True) if d]
    rest = [n for n, d in zip(names, dependent, strict=True) if not d]
    verb = "is" if len(bad) == 1 else "are"
    raise FitError(
        "rank_deficient",
        f"regressor {', '.join(bad)} {verb} zero or a combination of {', '.join(rest) or 'nothing'}"
        " over the estimation window",
    )


def _refined(
    y: Floats, X: Floats, Q: Floats, R: Floats, params: Floats, steps: int = 3
) -> tuple[Floats, Floats]:
    """Björck's refinement of the augmented system [I X; X' 0][e; b] = [y; 0]."""
    from scipy.linalg import solve_triangular

    long = np.longdouble
    XL, yL, b = X.astype(long), y.astype(long), params.astype(long)
    e = yL - XL @ b
    for _ in range(steps):
        f = (yL - e - XL @ b).astype(np.float64)
        g = -(XL.T @ e).astype(np.float64)
        d = solve_triangular(R, g, trans="T")
        c = Q.T @ f
        e = e + (f - Q @ c + Q @ d)
        b = b + solve_triangular(R, c - d)
    return b.astype(np.float64), e.astype(np.float64)
