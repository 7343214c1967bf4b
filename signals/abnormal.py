"""Abnormal returns and the forecast covariance that they carry (functions of arrays).

For one event with estimation rows X₀ (M, k), event rows X₁ (W, k), residual variance s²:

    AR = y₁ − X₁b,    V = diag(v) + s²·X₁(X₀'X₀)⁻¹X₁',    v_t = s² unless the model says otherwise.

No statistic re-derives an event's variance: all use the functions here. (METHODS, ruling 1:
the variance of a CAR is the full quadratic form, not L·s².)
"""

from __future__ import annotations

import numpy as np

from signals.frames import Floats


def car(ar: Floats) -> Floats:
    """Cumulative abnormal return CAR = Σ AR over the last axis, NaN when a session is missing.

    Source: Campbell, Lo & MacKinlay (1997), eq. 4.4.9. Units: decimal return.
    """
    return np.asarray(ar.sum(axis=-1))


def window_variance(variance: Floats, design: Floats, inverse: Floats, sigma: Floats) -> Floats:
    """Forecast variance of CAR: Σv_t + s²·u'(X₀'X₀)⁻¹u with u = X₁'1.

    Shapes: ``variance`` (N, L), ``design`` (N, L, k), ``inverse`` (N, k, k), ``sigma`` (N,) → (N,).
    Assumes serially uncorrelated disturbances. For the market model this equals
    s²[L + L²/M + (Σ(R_m − R̄_m))²/S_xx] (Campbell, Lo & MacKinlay 1997, eq. 4.4.10 summed).
    """
    u = design.sum(axis=1)
    quadratic = np.einsum("nk,nkj,nj->n", u, inverse, u)
    return np.asarray(variance.sum(axis=1) + sigma**2 * quadratic)


def session_variance(variance: Floats, design: Floats, inverse: Floats, sigma: Floats) -> Floats:
    """Forecast variance of each single AR: v_t + s²·x_t'(X₀'X₀)⁻¹x_t; same shapes → (N, L)."""
    quadratic = np.einsum("nlk,nkj,nlj->nl", design, inverse, design)
    return np.asarray(variance + sigma[:, None] ** 2 * quadratic)


def bhar(actual: Floats, expected: Floats) -> Floats:
    """Buy-and-hold abnormal return Π(1+R) − Π(1+E[R]) over the last axis; simple returns only.

    Source: Lyon, Barber & Tsai (1999). NaN when a session of the window is missing.
    """
    return np.asarray(np.prod(1.0 + actual, axis=-1) - np.prod(1.0 + expected, axis=-1))
