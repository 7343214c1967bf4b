"""What an expected-return model hands on: one frozen record per event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from signals.frames import Floats


def _no_rows() -> Floats:
    return np.empty(0)


def _no_design() -> Floats:
    return np.empty((0, 0))


class FitError(Exception):
    """This model cannot be fitted to this event's rows. ``code`` becomes the exclusion's."""

    def __init__(self, code: str, detail: str) -> None:
        self.code = code
        self.detail = detail
        super().__init__(detail)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """The rows of one event-asset pair, in the asset's own session order.

    T estimation rows, W event rows, p regressor columns (no constant). ``y_est`` (T,),
    ``x_est`` (T, p), ``y_event`` (W,), ``x_event`` (W, p), decimal returns, NaN where missing.
    ``names`` (p,) are the columns' names (``market``, or ``mkt_rf smb …``); ``risk_free_est`` and
    ``risk_free_event`` are given for models on excess returns (``y`` is then the raw return; the
    model subtracts). ``gap`` is the number of sessions between the two windows, ``tau`` (W,) the
    event time of the event rows. For models that need neighbours in time (Scholes–Williams,
    Dimson) rows are consecutive sessions, so lags are shifts; ``x_before``/``x_after`` hold up
    to five further regressor rows on each side of the estimation window (then the event
    window), so that lags at the edge exist. ``span_est`` (T,) and ``span_event`` (W,) are the
    sessions that each return runs over, where returns are from trade to trade.

    ``dummies_est`` (T, d): each column marks one estimation session (a single 1) that another
    event of the asset is held to have moved. A dummy of its own fits its row exactly, so every
    model drops the marked rows: coefficients, s² and ν are those of the regression with dummies.
    """

    y_est: Floats
    x_est: Floats
    y_event: Floats
    x_event: Floats
    names: tuple[str, ...]
    tau: Floats
    gap: int = 0
    risk_free_est: Floats | None = None
    risk_free_event: Floats | None = None
    x_est_before: Floats | None = None
    x_est_after: Floats | None = None
    x_event_before: Floats | None = None
    x_event_after: Floats | None = None
    dummies_est: Floats | None = None
    span_est: Floats | None = None
    span_event: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SpacePlacebo:
    """Gaps (actual − synthetic) of the treated asset and of each donor as if it had been treated.

    ``units`` (U,) the treated one first; ``before`` (U, M) on the complete estimation rows,
    ``after`` (U, W) on the event rows, NaN where missing.
    """

    units: tuple[str, ...]
    before: Floats
    after: Floats


@dataclass(frozen=True, slots=True, eq=False)
class ModelFit:
    """Normal returns of one event, with what is needed to state their uncertainty.

    M complete estimation rows, k estimated coefficients (constant included), W event rows.

    ``names``/``params`` (k,) coefficients; ``inverse`` (k, k) = (X₀'X₀)⁻¹; ``sigma`` residual
    standard deviation √(e'e/ν); ``df_resid`` ν = M − k; ``residuals`` (T,) with NaN on rows not
    used; ``leverage`` (T,) h_t = x_t'(X₀'X₀)⁻¹x_t; ``expected`` (W,) E[R]; ``design`` (W, k) the
    event rows X₁; ``variance`` (W,) the one-session innovation variance (σ² for homoskedastic
    models, the h-step forecasts for GARCH). ``prediction``: ``"forecast"`` when
    V = diag(variance) + σ²X₁(X₀'X₀)⁻¹X₁' holds, ``"rank_only"`` when the model has no closed
    prediction variance (then only rank and placebo inference is valid, and ``inverse`` and
    ``variance`` are NaN).

    ``est_actual`` (T,) and ``est_design`` (T, k) are the estimation rows y and X₀ as the model
    saw them (net of the risk-free rate where it is), NaN on rows not used. ``est_variance`` (T,)
    the conditional variances of the estimation rows where the model has them (GARCH), else empty.
    ``weights`` are the donors' shares of a synthetic control, by name, and ``placebo`` its gaps
    and those of its donors (:func:`signals.models.synthetic.space_p_value`); ``details`` what else
    a model estimated (GARCH coefficients, slopes on leads and lags); ``diagnostics`` the tests of
    :func:`signals.models.diagnose`, where they were run.
    """

    model: str
    engine: str
    names: tuple[str, ...]
    params: Floats
    inverse: Floats
    sigma: float
    df_resid: int
    n_obs: int
    r_squared: float
    residuals: Floats
    leverage: Floats
    expected: Floats
    design: Floats
    variance: Floats
    prediction: Literal["forecast", "rank_only"] = "forecast"
    diagnostics: Mapping[str, float] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    est_actual: Floats = field(default_factory=_no_rows)
    est_design: Floats = field(default_factory=_no_design)
    est_variance: Floats = field(default_factory=_no_rows)
    weights: Mapping[str, float] = field(default_factory=dict)
    details: Mapping[str, float] = field(default_factory=dict)
    placebo: SpacePlacebo | None = None
