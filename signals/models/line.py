"""A line E[R_t] = a + b·R_mt whose coefficients were not found by least squares.

Such a model has no closed prediction variance: it hands on residuals for rank and placebo
inference, and NaN where a forecast covariance would stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from signals.frames import Bools, Floats
from signals.models.fit import ModelFit, Sample
from signals.models.linear import is_zero_variance, least_squares, refuse_zero_variance
from signals.models.ols import refuse_overflow, sample_flags
from signals.models.rows import Rows, regression_rows, require_rows


def market_rows(sample: Sample, also_used: Bools | None = None) -> Rows:
    """Rows of y on [1, R_m], restricted further to ``also_used`` (T,)."""
    rows = regression_rows(sample, columns=("market",))
    return rows if also_used is None else replace(rows, used=rows.used & also_used)


def line_fit(
    model: str,
    engine: str,
    sample: Sample,
    rows: Rows,
    params: Floats,
    *,
    coefficients: int = 2,
    flags: tuple[str, ...] = (),
    details: Mapping[str, float] | None = None,
) -> ModelFit:
    """The record of a line with coefficients ``params`` (a, b) on ``rows``.

    σ = √(e'e/(M − k)) with k = ``coefficients`` estimated in all; R² = 1 − e'e/Σ(y − ȳ)² (it may
    be negative for a robust line). ``leverage`` is that of the same rows under least squares, so
    that e/(1 − h) is to first order the residual of a row that was left out.
    """
    y, X = rows.y_used, rows.design_used
    n = len(y)
    require_rows(n, max(coefficients, X.shape[1]))
    ls = least_squares(y, X, rows.names)
    residuals = y - X @ params
    if is_zero_variance(y, X, params, residuals):
        raise refuse_zero_variance()
    total = float(((y - y.mean()) ** 2).sum())
    with np.errstate(over="ignore", invalid="ignore"):
        expected = rows.base + rows.design_event @ params
    refuse_overflow(np.append(expected, params))
    k = len(rows.names)
    return ModelFit(
        model=model,
        engine=engine,
        names=rows.names,
        params=params,
        inverse=np.full((k, k), np.nan),
        sigma=float(np.sqrt(residuals @ residuals / (n - coefficients))),
        df_resid=n - coefficients,
        n_obs=n,
        r_squared=1.0 - float(residuals @ residuals) / total if total > 0 else float("nan"),
        residuals=rows.spread(residuals),
        leverage=rows.spread(ls.leverage),
        expected=expected,
        design=rows.design_event,
        variance=np.full(len(expected), np.nan),
        prediction="rank_only",
        details=details or {},
        flags=sample_flags(sample) + flags,
        est_actual=rows.spread(y),
        est_design=rows.spread(X),
    )
