"""Batched fits one by one, for tables and models that read a ``ModelFit``."""

from __future__ import annotations

import numpy as np

from signals.models.batched import BatchFit
from signals.models.batched_diagnostics import diagnose_batch
from signals.models.fit import ModelFit


def model_fits(fit: BatchFit) -> tuple[ModelFit, ...]:
    """A ``ModelFit`` of every usable event of ``fit`` (which kept its residuals), in order.

    Arrays are views; the diagnostics of all events are computed at once. For as many events as
    have a row each in a report: beyond, read the arrays. Test: tests/models/test_batched_fits.py.
    """
    if fit.residuals is None or fit.leverage is None:
        raise ValueError("these fits kept no residuals")
    assert fit.est_actual is not None
    assert fit.est_design is not None
    tests = diagnose_batch(fit.residuals, fit.est_design, fit.names)
    made = []
    for i in np.flatnonzero(fit.usable).tolist():
        made.append(
            ModelFit(
                model=fit.model,
                engine=str(fit.engine[i]),
                names=fit.names,
                params=fit.params[i],
                inverse=fit.inverse[i],
                sigma=float(fit.sigma[i]),
                df_resid=int(fit.df[i]),
                n_obs=int(fit.n_obs[i]),
                r_squared=float(fit.r_squared[i]),
                residuals=fit.residuals[i],
                leverage=fit.leverage[i],
                expected=fit.expected[i],
                design=fit.design[i],
                variance=np.full(len(fit.expected[i]), fit.sigma[i] ** 2),
                diagnostics={name: float(values[i]) for name, values in tests.items()},
                est_actual=fit.est_actual[i],
                est_design=fit.est_design[i],
            )
        )
    return tuple(made)
