"""Estimation of many pairs at once, and which engine a study uses.

``engine = "auto"`` takes statsmodels up to 2,000 event-asset pairs and the batched engine beyond;
both give the same numbers to 1e-10 (tests/study/test_engines.py).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from signals.errors import EventError, SpecError
from signals.estimate import Estimation
from signals.inference.streaming_panel import batched_panel
from signals.models.batched import FORMS, BatchFit
from signals.models.batched_fits import model_fits
from signals.returns import EventReturns

MOST_ONE_BY_ONE: Final = 2_000
"""Pairs up to which ``auto`` fits one by one with statsmodels."""


def engine_for(wanted: str, model: str, pairs: int, missing: str, *, file: object = None) -> str:
    """``statsmodels`` or ``batched``. Raises :class:`SpecError` where ``batched`` is asked for and
    the model or the missing policy has no batched form."""
    possible = model in FORMS and missing != "trade_to_trade"
    if wanted == "batched" and not possible:
        what = f"model {model!r}" if model not in FORMS else f"missing = {missing!r}"
        raise SpecError(
            f"the batched engine cannot estimate {what}",
            file=None if file is None else str(file),
            key="study.engine",
            value=wanted,
            allowed="auto or statsmodels",
        )
    if wanted == "auto":
        return "batched" if possible and pairs > MOST_ONE_BY_ONE else "statsmodels"
    return wanted


def estimate_batched(
    returns: EventReturns, model: str, *, min_returns: int, missing: str
) -> Estimation:
    """As :func:`signals.estimate.estimate`, in a few array computations; ``engine`` of each fit is
    ``batched``, or ``qr`` where a pair's regressors are too nearly collinear for sums."""
    panel, fit = batched_panel(returns, model, min_returns=min_returns, missing=missing)
    return Estimation(
        panel, model_fits(fit), np.flatnonzero(fit.usable), batch_failures(returns, fit)
    )


def batch_failures(returns: EventReturns, fit: BatchFit) -> tuple[EventError, ...]:
    """The pairs of a batch that could not be fitted, each with its reason."""
    lost = np.flatnonzero(~fit.usable)
    return tuple(
        EventError(
            str(returns.event_id[at]),
            returns.series[returns.series_index[at]].ticker,
            "estimation",
            str(fit.failure[i]),
            str(fit.detail[i]),
        )
        for i, at in zip(lost, fit.index[lost], strict=True)
    )
