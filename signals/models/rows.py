"""The rows of one event as a model uses them: complete estimation rows, event rows, base rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signals.frames import Bools, Floats
from signals.models.fit import FitError, Sample


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What a linear model regresses on what.

    ``y`` (T,) and ``design`` (T, k) estimation rows, ``used`` (T,) the complete ones among them;
    ``design_event`` (W, k) event rows; ``base`` (W,) what is added back to the prediction (the
    risk-free rate of excess-return models, else 0); ``names`` (k,) the columns.
    """

    y: Floats
    design: Floats
    used: Bools
    design_event: Floats
    base: Floats
    names: tuple[str, ...]

    @property
    def y_used(self) -> Floats:
        return np.ascontiguousarray(self.y[self.used])

    @property
    def design_used(self) -> Floats:
        return np.ascontiguousarray(self.design[self.used])

    def spread(self, values: Floats) -> Floats:
        """(M, …) values of the used rows on all T rows, NaN elsewhere."""
        out = np.full((len(self.used), *values.shape[1:]), np.nan)
        out[self.used] = values
        return out


def regression_rows(
    sample: Sample,
    *,
    constant: bool = True,
    excess: bool = False,
    columns: tuple[str, ...] | None = None,
) -> Rows:
    """Rows of y on [1, x]: complete ones only, those with a dummy dropped.

    ``excess`` subtracts the risk-free rate from y and from a column named ``market`` (factor
    columns such as ``mkt_rf`` are excess returns already). ``columns`` are the regressors that
    the model takes (default: all of ``sample.names``).

    Raises :class:`FitError` ``missing_regressor`` or ``missing_risk_free`` where the sample lacks
    what the model needs, ``not_finite`` for an infinite value.
    """
    chosen = sample.names if columns is None else columns
    absent = [c for c in chosen if c not in sample.names]
    if absent:
        raise FitError("missing_regressor", f"the model needs {', '.join(absent)}")
    index = [sample.names.index(c) for c in chosen]
    y, x, x1 = sample.y_est, sample.x_est[:, index], sample.x_event[:, index]
    base = np.zeros(len(sample.y_event))
    if excess:
        if sample.risk_free_est is None or sample.risk_free_event is None:
            raise FitError("missing_risk_free", "the model needs a risk-free rate")
        is_total = np.array([c == "market" for c in chosen], dtype=np.float64)
        y = y - sample.risk_free_est
        x = x - sample.risk_free_est[:, None] * is_total
        x1 = x1 - sample.risk_free_event[:, None] * is_total
        base = sample.risk_free_event
    if constant:
        x = np.column_stack([np.ones(len(x)), x])
        x1 = np.column_stack([np.ones(len(x1)), x1])
    names = (("const",) if constant else ()) + tuple(chosen)
    refuse_infinite(("asset", y), *zip(names, x.T, strict=True))
    refuse_infinite(*zip(names, x1.T, strict=True))
    used = np.isfinite(y) & np.isfinite(x).all(axis=1) & ~marked(sample)
    return Rows(y, x, used, x1, base, names)


def marked(sample: Sample) -> Bools:
    """(T,) True on estimation rows that a dummy absorbs."""
    if sample.dummies_est is None or sample.dummies_est.size == 0:
        return np.zeros(len(sample.y_est), dtype=bool)
    return np.asarray((sample.dummies_est != 0).any(axis=1))


def refuse_infinite(*columns: tuple[str, Floats]) -> None:
    """An infinite return is a fault of the prices, not a missing value."""
    for name, values in columns:
        if np.isinf(values).any():
            raise FitError("not_finite", f"{name}: an infinite return among its rows")


def require_rows(n_obs: int, coefficients: int) -> None:
    """At least one residual degree of freedom, M > k."""
    if n_obs <= coefficients:
        raise FitError(
            "too_few_returns",
            f"{n_obs} complete estimation returns; the model estimates {coefficients} coefficients"
            if coefficients
            else "no complete estimation return",
        )
