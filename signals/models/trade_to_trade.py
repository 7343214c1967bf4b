"""Returns from trade to trade: thinly traded assets without inventing a price.

A return over n sessions has n times the constant and n times the variance of one session's:

    R_t = n_t·a + b·R_mt + e_t,   Var(e_t) = n_t·s²,

with R_m the benchmark's return over the same n_t sessions. Rows are divided by √n_t, so that
ordinary least squares is efficient; residuals are then those of one session's size.
Source: Maynes & Rumsey (1993). Tests: tests/models/test_trade_to_trade.py.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from signals.errors import SpecError
from signals.frames import Floats
from signals.models.fit import ModelFit, Sample
from signals.models.ols import fit_columns, fit_market_adjusted

MODELS_FROM_TRADE_TO_TRADE = ("constant_mean", "market_adjusted", "market")


def fit_trade_to_trade(model: str, sample: Sample) -> ModelFit:
    """Fit ``model`` to returns that run over ``sample.span_est`` sessions each.

    ``design`` of the event rows is [n_t, R_mt], ``variance`` n_t·s²: the forecast covariance of
    METHODS then holds for windows that the returns tile. Raises :class:`SpecError` for models
    whose regressors cannot be measured from trade to trade.
    """
    if model not in MODELS_FROM_TRADE_TO_TRADE:
        raise SpecError(
            f"the model {model!r} cannot be estimated from trade to trade",
            key="study.missing",
            value="trade_to_trade",
            allowed=f"strict or available, or a model of {', '.join(MODELS_FROM_TRADE_TO_TRADE)}",
        )
    assert sample.span_est is not None
    assert sample.span_event is not None
    root = np.sqrt(sample.span_est)
    market_est = sample.x_est[:, :1] if model != "constant_mean" else sample.x_est[:, :0]
    market_event = sample.x_event[:, :1] if model != "constant_mean" else sample.x_event[:, :0]
    if model == "market_adjusted":
        scaled = replace(sample, y_est=sample.y_est / root, x_est=market_est / root[:, None])
        fit = fit_market_adjusted(scaled)
    else:
        scaled = replace(
            sample,
            y_est=sample.y_est / root,
            x_est=np.column_stack([root, market_est / root[:, None]]),
            x_event=np.column_stack([sample.span_event, market_event]),
            names=("const", "market")[: 1 + market_est.shape[1]],
        )
        fit = fit_columns(scaled, model=model, constant=False)
    gaps = int((sample.span_est > 1).sum())
    flags = (*fit.flags, f"trade_to_trade:{gaps}") if gaps else fit.flags
    return replace(fit, variance=_event_variance(fit.sigma, sample.span_event), flags=flags)


def _event_variance(sigma: float, span: Floats) -> Floats:
    return np.asarray(sigma**2 * span)
