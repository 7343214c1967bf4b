"""An independent road to the same CAR: one regression over both windows, with event dummies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signals.models.fit import FitError, Sample
from signals.models.linear import least_squares
from signals.models.rows import regression_rows


@dataclass(frozen=True, slots=True, eq=False)
class ModelCheck:
    """The CAR of a window by event dummies.

    ``car``, ``std_error``, ``t``, ``p_value`` (t_{M−k}): one dummy per session, classical errors;
    equal to the forecast-variance road (``car_t``) exactly.
    ``effect`` = L × the coefficient of one dummy over the whole window, re-estimated together with
    the slopes; ``t_classical``, ``t_hc3``, ``t_hac`` its ratios with classical, HC3 and Newey–West
    errors. The last two are NaN for a one-session window: a dummy fits its only row exactly, and a
    robust error has then nothing to learn from.
    """

    window: tuple[int, int]
    df: int
    car: float
    std_error: float
    t: float
    p_value: float
    effect: float
    t_classical: float
    t_hc3: float
    t_hac: float


def model_check(
    sample: Sample, window: tuple[int, int], *, excess: bool = False, hac_lags: int = 5
) -> ModelCheck:
    """y on [1, x, event dummies] over the complete estimation rows and the window's rows.

    Each dummy's coefficient is the session's abnormal return; with one per session
    CAR = Σγ_τ and 1'Cov(γ)1 = s²(L + u'(X₀'X₀)⁻¹u), u = X₁'1. statsmodels OLS throughout.
    ``FitError`` ``missing_return`` where the window is not complete.
    Binder (1985); Karafiath (1988). Test: tests/models/test_check.py.
    """
    import statsmodels.api as sm
    from scipy import stats

    rows = regression_rows(sample, excess=excess)
    inside = (sample.tau >= window[0]) & (sample.tau <= window[1])
    y1, X1 = (sample.y_event - rows.base)[inside], rows.design_event[inside]
    L = len(y1)
    if window[1] - window[0] + 1 != L or not (np.isfinite(y1).all() and np.isfinite(X1).all()):
        raise FitError("missing_return", f"window [{window[0]}, {window[1]}] is not complete")
    y0, X0 = rows.y_used, rows.design_used
    df = len(y0) - X0.shape[1]
    least_squares(y0, X0, rows.names)  # refuses what cannot be estimated, by name
    y = np.concatenate([y0, y1])
    X = np.vstack([X0, X1])
    each = np.vstack([np.zeros((len(y0), L)), np.eye(L)])
    joint = sm.OLS(y, np.column_stack([X, each])).fit(method="qr")
    pick = np.concatenate([np.zeros(X.shape[1]), np.ones(L)])
    test = joint.t_test(pick)
    t = float(np.squeeze(test.tvalue))
    whole = sm.OLS(y, np.column_stack([X, each.sum(axis=1)])).fit(method="qr")
    hc3 = hac = float("nan")
    if L > 1:
        hc3 = float(whole.get_robustcov_results("HC3").tvalues[-1])
        hac = float(
            whole.get_robustcov_results("HAC", maxlags=hac_lags, use_correction=True).tvalues[-1]
        )
    return ModelCheck(
        window=window,
        df=df,
        car=float(np.squeeze(test.effect)),
        std_error=float(np.squeeze(test.sd)),
        t=t,
        p_value=float(2 * stats.t.sf(abs(t), df)),
        effect=float(L * whole.params[-1]),
        t_classical=float(whole.tvalues[-1]),
        t_hc3=hc3,
        t_hac=hac,
    )
