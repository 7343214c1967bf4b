"""The market model with GARCH(1,1) disturbances: variance that moves from session to session."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from signals.frames import Floats
from signals.models.fit import FitError, ModelFit, Sample
from signals.models.line import market_rows
from signals.models.linear import is_zero_variance, least_squares, refuse_zero_variance
from signals.models.ols import refuse_overflow, sample_flags
from signals.models.rows import Rows, require_rows

COEFFICIENTS: Final = 5
RESTARTS: Final = 6


@dataclass(frozen=True, slots=True, eq=False)
class Garch:
    """h_{t+1} = ω + αe_t² + βh_t; ``last_residual`` and ``last_variance`` at the last row."""

    omega: float
    alpha: float
    beta: float
    last_residual: float
    last_variance: float

    def forecast(self, steps: Floats) -> Floats:
        """E[h] at 1, 2, … sessions after the last row, shape as ``steps`` (whole, ≥ 1).

        h₁ = ω + αe² + βh, then h_{n+1} = ω + (α + β)h_n: no stationarity is assumed.
        """
        reach = np.empty(int(steps.max()))
        h = self.omega + self.alpha * self.last_residual**2 + self.beta * self.last_variance
        for n in range(len(reach)):
            reach[n] = h
            h = self.omega + (self.alpha + self.beta) * h
        return np.asarray(reach[steps.astype(np.int64) - 1])


def fit_garch(sample: Sample) -> ModelFit:
    """E[R_t] = a + b·R_mt, e_t = √h_t z_t, h_t = ω + αe²_{t−1} + βh_{t−1} (library ``arch``).

    Gaussian quasi-maximum likelihood over the estimation rows only. ``variance`` (W,) are the
    forecasts made at the last complete estimation row: τ is gap + (τ − event_window[0]) + 1
    sessions ahead (more, where the last rows are missing). ``inverse`` is zero: the uncertainty of
    the coefficients is not included (flag ``no_parameter_uncertainty``). ``est_variance`` (T,)
    holds h_t of the estimation rows, so that AR/√h can be ranked against e_t/√h_t; comparing it
    with N(0, 1) would trust the normal law. Rows left out are passed over (flag ``garch_gaps``).

    Estimation runs on returns in units of their residual deviation: an ω of 1e-6 is beyond an
    optimiser's step size, and in percent it stopped 8 log-likelihood units short on a real series
    while reporting success. Flag ``garch_integrated``: α + β ≥ 0.9999. ``FitError``
    ``not_converged`` with the optimiser's reason. Bollerslev (1986).
    Test: tests/models/test_volatility.py.
    """
    rows = market_rows(sample)
    y, X = rows.y_used, rows.design_used
    n = len(y)
    require_rows(n, COEFFICIENTS)
    ls = least_squares(y, X, rows.names)
    if is_zero_variance(y, X, ls.params, ls.residuals):
        raise refuse_zero_variance()
    unit, market_unit = ls.sigma, float(X[:, 1].std())
    result = _estimate(y / unit, X[:, 1] / market_unit)
    a, b, omega, alpha, beta = (float(v) for v in result.params)
    params = np.array([a * unit, b * unit / market_unit])
    residuals = y - X @ params
    h = np.asarray(result.conditional_volatility) ** 2 * unit**2
    garch = Garch(omega * unit**2, alpha, beta, float(residuals[-1]), float(h[-1]))
    expected = rows.design_event @ params
    refuse_overflow(expected)
    total = float(((y - y.mean()) ** 2).sum())
    return ModelFit(
        model="garch",
        engine="arch",
        names=rows.names,
        params=params,
        inverse=np.zeros((2, 2)),
        sigma=float(np.sqrt(residuals @ residuals / (n - COEFFICIENTS))),
        df_resid=n - COEFFICIENTS,
        n_obs=n,
        r_squared=1.0 - float(residuals @ residuals) / total,
        residuals=rows.spread(residuals),
        leverage=rows.spread(np.zeros(n)),
        expected=expected,
        design=rows.design_event,
        variance=garch.forecast(_steps(sample, rows)),
        details={"garch_omega": garch.omega, "garch_alpha": alpha, "garch_beta": beta},
        flags=(*sample_flags(sample), *_flags(rows, garch)),
        est_actual=rows.spread(y),
        est_design=rows.spread(X),
        est_variance=rows.spread(h),
    )


def _estimate(y: Floats, market: Floats) -> Any:
    """The maximum, confirmed: the optimiser at times reports success where it merely stopped, so
    it starts again from its answer until that answer stands."""
    from arch import arch_model

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # outcome and reason are read off the result below
        model = arch_model(y, x=market[:, None], mean="LS", vol="GARCH", rescale=False)
        start, height = None, -np.inf
        for _ in range(RESTARTS):
            try:
                result = model.fit(
                    disp="off",
                    show_warning=False,
                    starting_values=start,
                    options={"maxiter": 1000},
                )
            except (ValueError, np.linalg.LinAlgError) as error:
                raise FitError("not_converged", f"garch: {error}") from error
            start = np.asarray(result.params)
            if result.convergence_flag != 0 or not np.isfinite(start).all():
                reason = result.optimization_result.message
                raise FitError("not_converged", f"garch: the optimiser stopped: {reason}")
            if result.loglikelihood <= height + 1e-4:
                return result
            height = result.loglikelihood
    raise FitError("not_converged", f"garch: {RESTARTS} restarts still improve the likelihood")


def _steps(sample: Sample, rows: Rows) -> Floats:
    """(W,) sessions from the last complete estimation row to each event row."""
    behind = len(rows.used) - 1 - int(np.flatnonzero(rows.used)[-1])
    return np.asarray(behind + sample.gap + (sample.tau - sample.tau[0]) + 1)


def _flags(rows: Rows, garch: Garch) -> tuple[str, ...]:
    seen = np.flatnonzero(rows.used)
    gaps = ("garch_gaps",) if len(seen) != seen[-1] - seen[0] + 1 else ()
    integrated = ("garch_integrated",) if garch.alpha + garch.beta >= 0.9999 else ()
    return ("no_parameter_uncertainty", *gaps, *integrated)
