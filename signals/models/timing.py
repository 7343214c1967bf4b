"""Betas for prices that lag the market: Scholes–Williams and Dimson.

Thin or stale prices spread an asset's reaction over neighbouring sessions, so that the plain
slope is too small. Both models sum slopes on leads and lags and then use the line
E[R_t] = a + β·R_mt with a = mean R − β·mean R_m over the rows used. Rows are consecutive
sessions; a missing or dummied return removes its own row only.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from signals.frames import Floats
from signals.models.fit import FitError, ModelFit, Sample
from signals.models.line import line_fit, market_rows
from signals.models.linear import least_squares
from signals.models.rows import require_rows


def fit_scholes_williams(sample: Sample) -> ModelFit:
    """β = (b₋₁ + b₀ + b₊₁)/(1 + 2ρ_m), moments over the interior rows.

    Interior rows t have R_t, R_m,t−1, R_m,t and R_m,t+1 within the estimation window. b_j is the
    slope of the simple regression of R_t on R_m,t+j over them, ρ_m the correlation of R_m,t with
    R_m,t−1 over them. ``FitError`` ``not_identified`` where 1 + 2ρ_m ≤ 0.
    Scholes & Williams (1977), eqs. 17–19. Test: tests/models/test_timing.py.
    """
    market = sample.x_est[:, _market_column(sample)]
    before, after = _shifted(market, -1), _shifted(market, 1)
    rows = market_rows(sample, also_used=np.asarray(np.isfinite(before) & np.isfinite(after)))
    require_rows(int(rows.used.sum()), 2)
    y, m = rows.y_used, market[rows.used]
    lag, lead = before[rows.used], after[rows.used]
    for values in (lag, m, lead):  # names a constant market before anything is divided by it
        least_squares(y, np.column_stack([np.ones(len(y)), values]), rows.names)
    rho = _covariance(m, lag) / np.sqrt(_covariance(m, m) * _covariance(lag, lag))
    if 1 + 2 * rho <= 0.05:
        raise FitError(
            "not_identified", f"the market's autocorrelation {rho:.2f} leaves 1 + 2ρ near zero"
        )
    slopes = [_covariance(y, v) / _covariance(v, v) for v in (lag, m, lead)]
    beta = sum(slopes) / (1 + 2 * rho)
    params = np.array([y.mean() - beta * m.mean(), beta])
    return line_fit(
        "scholes_williams", "numpy", sample, rows, params, details={"market_rho": float(rho)}
    )


def fit_dimson(
    sample: Sample, lags: int = 1, weights: Literal["plain", "fowler_rorke"] = "plain"
) -> ModelFit:
    """β = Σ_j w_j b_j, j = −q … q, from one regression of R_t on R_m,t−q … R_m,t+q.

    ``lags`` is q (0 … 5). ``weights`` ``"plain"``: w_j = 1 (Dimson 1979);
    ``"fowler_rorke"``: w_j = Σ_{i=|j|−q}^{q} ρ_i / Σ_{i=−q}^{q} ρ_i with the market's
    autocorrelations ρ_i, for q = 1 w_±1 = (1 + ρ₁)/(1 + 2ρ₁) (Fowler & Rorke 1983), which makes
    the sum consistent. ν = M − (2q + 2). Neighbours beyond the estimation window come from
    ``x_est_before`` and ``x_est_after``; without them the edge rows are left out.
    Test: tests/models/test_timing.py.
    """
    if not 0 <= lags <= 5:
        raise ValueError(f"lags: {lags} is not within 0 … 5")
    column = _market_column(sample)
    around = [_shifted(sample.x_est[:, column], j, sample, column) for j in range(-lags, lags + 1)]
    neighbours = np.column_stack(around)
    rows = market_rows(sample, also_used=np.asarray(~np.isnan(neighbours).any(axis=1)))
    n, k = int(rows.used.sum()), 2 * lags + 2
    require_rows(n, k)
    y = rows.y_used
    names = tuple(f"market{j:+d}" if j else "market" for j in range(-lags, lags + 1))
    X = np.column_stack([np.ones(n), neighbours[rows.used]])
    slopes = least_squares(y, X, ("const", *names)).params[1:]
    w = np.ones(2 * lags + 1)
    if weights == "fowler_rorke" and lags:
        w = _fowler_rorke(neighbours[rows.used], lags)
    m = X[:, 1 + lags]
    beta = float(w @ slopes)
    params = np.array([y.mean() - beta * m.mean(), beta])
    name = "dimson" if weights == "plain" else "fowler_rorke"
    detail = {f"slope_{label}": float(b) for label, b in zip(names, slopes, strict=True)}
    return line_fit(name, "statsmodels", sample, rows, params, coefficients=k, details=detail)


def fit_fowler_rorke(sample: Sample) -> ModelFit:
    """Dimson's regression with Fowler and Rorke's weights, one lead and one lag."""
    return fit_dimson(sample, weights="fowler_rorke")


def _fowler_rorke(neighbours: Floats, lags: int) -> Floats:
    """(2q + 1,) weights; ρ_i between R_m,t and R_m,t−i over the rows used."""
    now = neighbours[:, lags]
    rho = np.ones(lags + 1)
    for i in range(1, lags + 1):
        past = neighbours[:, lags - i]
        rho[i] = _covariance(now, past) / np.sqrt(_covariance(now, now) * _covariance(past, past))
    both = np.concatenate([rho[:0:-1], rho])
    total = both.sum()
    if total <= 0.05:
        raise FitError("not_identified", "the market's autocorrelations leave 1 + 2Σρ near zero")
    return np.array([both[abs(j) :].sum() / total for j in range(-lags, lags + 1)])


def _market_column(sample: Sample) -> int:
    if "market" not in sample.names:
        raise FitError("missing_regressor", "the model needs market")
    return sample.names.index("market")


def _covariance(a: Floats, b: Floats) -> float:
    return float((a - a.mean()) @ (b - b.mean()))


def _shifted(market: Floats, steps: int, sample: Sample | None = None, column: int = 0) -> Floats:
    """(T,) R_m of ``steps`` sessions later (negative: earlier), NaN where it does not exist."""
    T, q = len(market), abs(steps)
    before = after = None
    if sample is not None:
        before, after = sample.x_est_before, sample.x_est_after
    pad_before, pad_after = np.full(q, np.nan), np.full(q, np.nan)
    if q and before is not None and len(before):
        tail = before[-q:, column]
        pad_before[q - len(tail) :] = tail
    if q and after is not None and len(after):
        head = after[:q, column]
        pad_after[: len(head)] = head
    padded = np.concatenate([pad_before, market, pad_after])
    return padded[q + steps : q + steps + T]
