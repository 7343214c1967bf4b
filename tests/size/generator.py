"""Panels of true nulls, exactly as METHODS states them, many at a time.

R_m ~ N(0, 1 %²), one market for all assets in the same-date designs and one per asset otherwise;
β ~ U(0.5, 1.5); σ_i ~ U(1 %, 3 %); errors σ_i·z with z standard normal, t₃/√3 or Exp(1) − 1;
equicorrelation by a common factor in estimation and event rows; the event *variance* multiplied
by 2 on event rows. Ordinary least squares here is the closed form of the simple regression,
done for all replications at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from signals.panel import AbnormalPanel

DAY_ONE = np.datetime64("2000-01-01")


@dataclass(frozen=True)
class Design:
    """One column of the table."""

    name: str
    one_date: bool = False
    rho: float = 0.0
    event_variance: float = 1.0
    law: str = "normal"


DESIGNS = (
    Design("iid"),
    Design("ρ = .3 same date", one_date=True, rho=0.3),
    Design("event variance ×2", event_variance=2.0),
    Design("both", one_date=True, rho=0.3, event_variance=2.0),
    Design("t₃", law="t3"),
    Design("skewed", law="skewed"),
)


def disturbances(
    random: np.random.Generator, shape: tuple[int, ...], law: str, rho: float = 0.0
) -> np.ndarray:
    """(R, N, T) unit-variance disturbances, equicorrelated across N by a common factor."""

    def draw(size: tuple[int, ...]) -> np.ndarray:
        if law == "normal":
            return random.standard_normal(size)
        if law == "t3":
            return random.standard_t(3, size) / np.sqrt(3.0)
        return random.exponential(1.0, size) - 1.0

    own = draw(shape)
    if rho == 0:
        return own
    common = draw((shape[0], 1, shape[2]))
    return np.sqrt(1 - rho) * own + np.sqrt(rho) * common


def null_panels(
    design: Design,
    replications: int,
    *,
    seed: int,
    n: int = 20,
    m: int = 100,
    length: int = 1,
    effect: float = 0.0,
    chunk: int = 250,
) -> Iterator[AbnormalPanel]:
    """``replications`` panels of ``n`` events, M = ``m`` estimation rows, L = ``length``.

    ``effect`` is added to every event-day return, in units of the asset's own σ (power).
    """
    random = np.random.default_rng([seed, DESIGNS.index(design) if design in DESIGNS else 99])
    t = m + length
    shared = _shared_fields(design, n, m, length)
    for begin in range(0, replications, chunk):
        r = min(chunk, replications - begin)
        market = random.normal(0.0, 0.01, (r, 1 if design.one_date else n, t))
        market = np.broadcast_to(market, (r, n, t))
        beta = random.uniform(0.5, 1.5, (r, n, 1))
        sigma = random.uniform(0.01, 0.03, (r, n, 1))
        z = disturbances(random, (r, n, t), design.law, design.rho)
        z[:, :, m:] *= np.sqrt(design.event_variance)
        z[:, :, m:] += effect
        yield from _panels(beta * market + sigma * z, market, m, shared)


def _shared_fields(design: Design, n: int, m: int, length: int) -> dict[str, object]:
    """What all replications have in common: labels and sessions."""
    start = np.zeros(n, dtype=np.int64) if design.one_date else np.arange(n) * 3 * (m + length)
    label = lambda text: np.array([text] * n, dtype=object)  # noqa: E731
    return {
        "event_id": np.array([f"e{i:05d}" for i in range(n)], dtype=object),
        "ticker": np.array([f"T{i:05d}" for i in range(n)], dtype=object),
        "group": label("g"),
        "category": label("c"),
        "calendar": label("24/7"),
        "benchmark": label("M"),
        "tau": np.arange(length),
        "sessions": DAY_ONE + (start[:, None] + m + np.arange(length)),
        "est_sessions": DAY_ONE + (start[:, None] + np.arange(m)),
        "df": np.full(n, m - 2),
        "n_obs": np.full(n, m),
    }


def _panels(
    y: np.ndarray, x: np.ndarray, m: int, shared: dict[str, object]
) -> Iterator[AbnormalPanel]:
    y0, x0 = y[:, :, :m], x[:, :, :m]
    x_mean = x0.mean(axis=2, keepdims=True)
    off = x0 - x_mean
    s_xx = (off**2).sum(axis=2, keepdims=True)
    slope = (off * y0).sum(axis=2, keepdims=True) / s_xx
    intercept = y0.mean(axis=2, keepdims=True) - slope * x_mean
    residuals = y0 - intercept - slope * x0
    sigma = np.sqrt((residuals**2).sum(axis=2) / (m - 2))
    leverage = 1.0 / m + off**2 / s_xx
    expected = intercept + slope * x[:, :, m:]
    inverse = np.empty((*sigma.shape, 2, 2))
    inverse[..., 0, 0] = (1.0 / m + x_mean**2 / s_xx)[..., 0]
    inverse[..., 0, 1] = inverse[..., 1, 0] = (-x_mean / s_xx)[..., 0]
    inverse[..., 1, 1] = (1.0 / s_xx)[..., 0]
    design = np.stack([np.ones_like(x), x], axis=3)
    variance = np.repeat(sigma[:, :, None] ** 2, y.shape[2] - m, axis=2)
    for r in range(len(y)):
        yield AbnormalPanel(
            actual=y[r, :, m:],
            expected=expected[r],
            ar=y[r, :, m:] - expected[r],
            variance=variance[r],
            design=design[r, :, m:],
            inverse=inverse[r],
            sigma=sigma[r],
            residuals=residuals[r],
            leverage=leverage[r],
            est_actual=y0[r],
            est_design=design[r, :, :m],
            **shared,  # type: ignore[arg-type]
        )
