"""The least-squares family: constant mean, market-adjusted, market, CAPM and factor models.

All are E[R_t] = base_t + x_t'b with b by ordinary least squares over the complete estimation
rows; they differ in what x holds and whether the risk-free rate is subtracted. With ν = M − k:

    s² = e'e/ν,   V = s²(I + X₁(X₀'X₀)⁻¹X₁')      (METHODS, rulings 1 and 3)

Assumes serially uncorrelated, homoskedastic disturbances; exact t intervals need normality.
Papers: MacKinlay (1997); Campbell, Lo & MacKinlay (1997) ch. 4; Brown & Warner (1985); Fama &
French (1993, 2015); Carhart (1997). Tests: tests/models/test_ols.py, tests/oracles.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from signals.frames import Floats
from signals.models.fit import FitError, ModelFit, Sample
from signals.models.linear import is_zero_variance, least_squares, refuse_zero_variance
from signals.models.rows import Rows, marked, regression_rows, require_rows

FF3: Final = ("mkt_rf", "smb", "hml")
CARHART: Final = (*FF3, "mom")
FF5: Final = (*FF3, "rmw", "cma")
FF5_MOM: Final = (*FF5, "mom")


def fit_constant_mean(sample: Sample) -> ModelFit:
    """E[R_t] = mean of the estimation returns (k = 1). Brown & Warner (1985)."""
    return _fit("constant_mean", regression_rows(sample, columns=()), sample)


def fit_market(sample: Sample) -> ModelFit:
    """E[R_t] = a + b·R_mt (k = 2). MacKinlay (1997)."""
    return _fit("market", regression_rows(sample, columns=("market",)), sample)


def fit_multi_market(sample: Sample) -> ModelFit:
    """E[R_t] = a + b·R_mt + Σc_j·R_jt over the asset's further benchmarks (k = 2 + their number),
    for assets that follow several markets: tokens on bitcoin and ether. MacKinlay (1997)."""
    return _fit("multi_market", regression_rows(sample), sample)


def fit_capm(sample: Sample) -> ModelFit:
    """E[R_t] = r_ft + a + b(R_mt − r_ft) (k = 2); ``market`` is the benchmark's raw return."""
    return _fit("capm", regression_rows(sample, excess=True, columns=("market",)), sample)


def fit_capm_strict(sample: Sample) -> ModelFit:
    """E[R_t] = r_ft + b(R_mt − r_ft): the CAPM's α = 0 imposed (k = 1)."""
    rows = regression_rows(sample, constant=False, excess=True, columns=("market",))
    return _fit("capm_strict", rows, sample)


def fit_ff3(sample: Sample) -> ModelFit:
    """E[R_t] = r_ft + a + b'(mkt_rf, smb, hml) (k = 4). Fama & French (1993)."""
    return _fit("ff3", regression_rows(sample, excess=True, columns=FF3), sample)


def fit_carhart(sample: Sample) -> ModelFit:
    """ff3 with momentum (k = 5). Carhart (1997)."""
    return _fit("carhart", regression_rows(sample, excess=True, columns=CARHART), sample)


def fit_ff5(sample: Sample) -> ModelFit:
    """ff3 with profitability and investment (k = 6). Fama & French (2015)."""
    return _fit("ff5", regression_rows(sample, excess=True, columns=FF5), sample)


def fit_ff5_mom(sample: Sample) -> ModelFit:
    """ff5 with momentum (k = 7)."""
    return _fit("ff5_mom", regression_rows(sample, excess=True, columns=FF5_MOM), sample)


def fit_market_adjusted(sample: Sample) -> ModelFit:
    """E[R_t] = R_mt: nothing is estimated but σ² = ΣAR²/M, about zero, with ν = M.

    k = 0, so ``design`` is (W, 0) and ``inverse`` (0, 0): the forecast term vanishes by itself
    and V = σ²I. R² is NaN (there is no regression). Brown & Warner (1985).
    """
    both = regression_rows(sample, constant=False, columns=("market",))
    y, market = both.y, both.design[:, 0]
    gap = (y - market)[both.used]
    require_rows(len(gap), 0)
    with np.errstate(over="ignore"):
        sigma = float(np.sqrt(gap @ gap / len(gap)))
    refuse_overflow(np.array([sigma]))
    if is_zero_variance(y[both.used], both.design_used, np.ones(1), gap):
        raise refuse_zero_variance()
    window = len(sample.y_event)
    return ModelFit(
        model="market_adjusted",
        engine="statsmodels",
        names=(),
        params=np.empty(0),
        inverse=np.empty((0, 0)),
        sigma=sigma,
        df_resid=len(gap),
        n_obs=len(gap),
        r_squared=float("nan"),
        residuals=both.spread(gap),
        leverage=both.spread(np.zeros(len(gap))),
        expected=both.design_event[:, 0],
        design=np.empty((window, 0)),
        variance=np.full(window, sigma**2),
        flags=sample_flags(sample),
        est_actual=both.spread(y[both.used]),
        est_design=np.empty((len(y), 0)),
    )


def fit_columns(sample: Sample, model: str = "columns", constant: bool = True) -> ModelFit:
    """y on [1, every regressor of the sample]: for models of the user's own."""
    return _fit(model, regression_rows(sample, constant=constant), sample)


def _fit(model: str, rows: Rows, sample: Sample) -> ModelFit:
    y, X = rows.y_used, rows.design_used
    n, k = X.shape
    require_rows(n, k)
    ls = least_squares(y, X, rows.names)
    if is_zero_variance(y, X, ls.params, ls.residuals):
        raise refuse_zero_variance()
    with np.errstate(over="ignore", invalid="ignore"):
        expected = rows.base + rows.design_event @ ls.params
    refuse_overflow(expected)
    return ModelFit(
        model=model,
        engine="statsmodels",
        names=rows.names,
        params=ls.params,
        inverse=ls.inverse,
        sigma=ls.sigma,
        df_resid=ls.df,
        n_obs=n,
        r_squared=ls.r_squared,
        residuals=rows.spread(ls.residuals),
        leverage=rows.spread(ls.leverage),
        expected=expected,
        design=rows.design_event,
        variance=np.full(len(expected), ls.sigma**2),
        flags=sample_flags(sample),
        est_actual=rows.spread(y),
        est_design=rows.spread(X),
    )


def refuse_overflow(values: Floats) -> None:
    """Missing event rows are NaN and stay so; infinities mean that arithmetic overflowed."""
    if np.isinf(values).any():
        raise FitError("not_finite", "returns so large that the arithmetic overflows")


def sample_flags(sample: Sample) -> tuple[str, ...]:
    """``dummies:<n>`` where estimation sessions were absorbed by dummies."""
    count = int(marked(sample).sum())
    return (f"dummies:{count}",) if count else ()
