"""Small panels for tests: ordinary least squares by numpy QR, nothing of the code under test."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from signals.panel import AbnormalPanel

DAY_ONE = np.datetime64("2020-01-01")


def make_panel(
    y_est,
    x_est,
    y_event,
    x_event,
    *,
    first_tau: int = 0,
    tickers: Sequence[str] | None = None,
    event_ids: Sequence[str] | None = None,
    start=0,
    calendar="24/7",
    benchmark="M",
    constant: bool = True,
    returns: str = "simple",
    missing: str = "strict",
    forecast: bool = True,
    model: str = "market",
) -> AbnormalPanel:
    """N events: ``y_est`` (N, T), ``x_est`` (N, T[, p]) or None, ``y_event`` (N, W), ``x_event``.

    ``start`` (scalar or (N,)) is the day number of the first estimation row; rows are consecutive
    days and the event rows follow at once.
    """
    y_est, y_event = np.atleast_2d(y_est).astype(float), np.atleast_2d(y_event).astype(float)
    n, t = y_est.shape
    w = y_event.shape[1]
    x_est = _regressors(x_est, n, t, constant)
    x_event = _regressors(x_event, n, w, constant)
    k = x_est.shape[2]
    out = {
        name: np.full(shape, np.nan)
        for name, shape in {
            "ar": (n, w), "inverse": (n, k, k), "sigma": (n,), "residuals": (n, t),
            "leverage": (n, t), "expected": (n, w),
        }.items()
    }  # fmt: skip
    n_obs = np.zeros(n, dtype=np.int64)
    design = x_est.copy()
    for i in range(n):
        rows = np.isfinite(y_est[i]) & np.isfinite(x_est[i]).all(axis=1)
        n_obs[i] = rows.sum()
        design[i, ~rows] = np.nan
        x, y = x_est[i, rows], y_est[i, rows]
        if k:
            q, r = np.linalg.qr(x)
            b = np.linalg.solve(r, q.T @ y)
            root = np.linalg.inv(r)
            out["inverse"][i] = root @ root.T
            out["leverage"][i, rows] = (q**2).sum(axis=1)
            fitted, expected = x @ b, x_event[i] @ b
        else:
            fitted, expected = np.zeros(len(y)), np.zeros(w)
            out["leverage"][i, rows] = 0.0
        out["residuals"][i, rows] = y - fitted
        out["sigma"][i] = np.sqrt(((y - fitted) ** 2).sum() / (len(y) - k))
        out["expected"][i] = expected
        out["ar"][i] = y_event[i] - expected
    begin = np.broadcast_to(np.asarray(start), (n,))[:, None]
    label = lambda given, default: np.array(  # noqa: E731
        list(given) if given is not None and not isinstance(given, str) else default, dtype=object
    )
    return AbnormalPanel(
        event_id=label(event_ids, [f"e{i:04d}" for i in range(n)]),
        ticker=label(tickers, [f"T{i:04d}" for i in range(n)]),
        group=np.array(["g"] * n, dtype=object),
        category=np.array(["c"] * n, dtype=object),
        calendar=label(calendar, [calendar] * n),
        benchmark=label(benchmark, [benchmark] * n),
        tau=np.arange(first_tau, first_tau + w),
        sessions=DAY_ONE + (begin + t + np.arange(w)),
        actual=y_event,
        variance=np.repeat(out["sigma"][:, None] ** 2, w, axis=1),
        design=x_event,
        df=n_obs - k,
        n_obs=n_obs,
        est_sessions=DAY_ONE + (begin + np.arange(t)),
        est_actual=y_est,
        est_design=design,
        forecast=forecast,
        returns=returns,
        missing=missing,
        model=model,
        **out,
    )


def _regressors(x, n: int, rows: int, constant: bool) -> np.ndarray:
    columns = []
    if constant:
        columns.append(np.ones((n, rows, 1)))
    if x is not None:
        x = np.asarray(x, dtype=float)
        if x.ndim == 1:
            x = np.broadcast_to(x, (n, rows))
        columns.append(x[:, :, None] if x.ndim == 2 else x)
    return np.concatenate(columns, axis=2) if columns else np.zeros((n, rows, 0))


def random_panel(
    seed: int = 1,
    n: int = 8,
    t: int = 80,
    w: int = 5,
    *,
    one_market: bool = True,
    rho: float = 0.0,
    gaps: float = 0.0,
    effect: float = 0.0,
    **kwargs,
) -> AbnormalPanel:
    """Market-model returns with equicorrelated errors; ``gaps`` is the share of missing returns
    in the estimation rows."""
    g = np.random.default_rng(seed)
    market = g.normal(0, 0.01, (1 if one_market else n, t + w)).repeat(
        n if one_market else 1, axis=0
    )
    beta = g.uniform(0.5, 1.5, (n, 1))
    sigma = g.uniform(0.01, 0.03, (n, 1))
    z = np.sqrt(rho) * g.normal(size=(1, t + w)) + np.sqrt(1 - rho) * g.normal(size=(n, t + w))
    y = beta * market + sigma * z
    y[:, t:] += effect
    if gaps:
        y[:, :t][g.random((n, t)) < gaps] = np.nan
    kwargs.setdefault("first_tau", -(w // 2))
    return make_panel(y[:, :t], market[:, :t], y[:, t:], market[:, t:], **kwargs)
