"""Samples for the tests of the models: seeded, with the truth they were drawn from."""

from __future__ import annotations

from typing import Any

import numpy as np

from signals.models import Sample

FACTORS = ("mkt_rf", "smb", "hml", "rmw", "cma", "mom")


def market_sample(seed: int = 1, T: int = 250, W: int = 21, **changes: Any) -> Sample:
    """y = 0.0003 + 1.2·R_m + 1.5 % noise, with a risk-free rate near 0.02 % a session."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0.0004, 0.01, (T + W, 1))
    y = 0.0003 + 1.2 * x[:, 0] + rng.normal(0, 0.015, T + W)
    free = 0.0002 + 0.00001 * rng.random(T + W)
    return _split(y, x, ("market",), free, T, W, changes)


def factor_sample(seed: int = 2, T: int = 250, W: int = 21, **changes: Any) -> Sample:
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 0.01, (T + W, 6)) @ np.linalg.cholesky(0.3 + 0.7 * np.eye(6)).T
    free = np.full(T + W, 0.00015)
    y = free + 0.0001 + x @ np.array([1.1, 0.4, -0.3, 0.2, 0.1, -0.2]) + rng.normal(0, 0.02, T + W)
    return _split(y, x, FACTORS, free, T, W, changes)


def _split(y, x, names, free, T, W, changes):
    fields = {
        "y_est": y[:T],
        "x_est": x[:T],
        "y_event": y[T:],
        "x_event": x[T:],
        "names": names,
        "tau": np.arange(W, dtype=float) - W // 2,
        "risk_free_est": free[:T],
        "risk_free_event": free[T:],
    }
    return Sample(**{**fields, **changes})
