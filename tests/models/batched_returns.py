"""Returns for the batched engine's tests: random series, holes, and events as positions."""

from __future__ import annotations

import numpy as np

from signals.models import Sample
from signals.returns.record import AssetSeries, EventReturns

FACTORS = ("market", "mkt_rf", "smb", "hml", "rmw", "cma", "mom")


def make_series(
    rng: np.random.Generator,
    n_series: int,
    sessions: int,
    *,
    factors: tuple[str, ...] = FACTORS,
    holes: float = 0.0,
    shared_market: bool = True,
) -> tuple[AssetSeries, ...]:
    days = np.datetime64("2010-01-04") + np.arange(sessions)
    common = rng.normal(3e-4, 0.01, (sessions, len(factors)))
    rate = np.full(sessions, 1e-4) + rng.normal(0, 1e-5, sessions)
    made = []
    for i in range(n_series):
        x = common if shared_market else rng.normal(3e-4, 0.01, (sessions, len(factors)))
        y = 1e-4 + x @ rng.uniform(0.1, 0.8, len(factors)) + 0.02 * rng.standard_t(4, sessions)
        if holes:
            y[rng.random(sessions) < holes] = np.nan
            x = x.copy()
            x[rng.random(sessions) < holes / 2] = np.nan
        made.append(
            AssetSeries(
                ticker=f"A{i:04d}",
                benchmark="SPY",
                calendar="XNYS",
                price_field="close",
                sessions=days,
                y=y,
                x=x,
                names=factors,
                benchmark_closed=np.zeros(sessions, dtype=bool),
                risk_free=rate,
            )
        )
    return tuple(made)


def make_returns(
    rng: np.random.Generator,
    n_events: int,
    series: tuple[AssetSeries, ...],
    *,
    event_window: tuple[int, int] = (-10, 10),
    length: int = 120,
    gap: int = 0,
    zeros: np.ndarray | None = None,
    inside: bool = True,
) -> EventReturns:
    sessions = len(series[0].y)
    low = length + gap - event_window[0] if inside else 0
    high = sessions - event_window[1] if inside else sessions
    chosen = rng.integers(0, len(series), n_events)
    zero = rng.integers(low, high, n_events) if zeros is None else zeros
    return EventReturns(
        event_id=np.array([f"e{i:06d}" for i in range(n_events)], dtype=object),
        group=np.array(["all"] * n_events, dtype=object),
        category=np.array(["other"] * n_events, dtype=object),
        series=series,
        series_index=chosen,
        zero=zero,
        event_window=event_window,
        length=length,
        gap=gap,
    )


def sample_of(returns: EventReturns, i: int) -> Sample:
    """The rows of event ``i`` cut one by one, as slowly and plainly as can be."""
    series = returns.series[returns.series_index[i]]
    zero = int(returns.zero[i])

    def rows(values: np.ndarray, offsets: np.ndarray) -> np.ndarray:
        out = np.full((len(offsets), *values.shape[1:]), np.nan)
        for j, offset in enumerate(offsets):
            if 0 <= zero + offset < len(values):
                out[j] = values[zero + offset]
        return out

    before, during = returns.estimation_offsets, returns.tau
    return Sample(
        y_est=rows(series.y, before),
        x_est=rows(series.x, before),
        y_event=rows(series.y, during),
        x_event=rows(series.x, during),
        names=series.names,
        tau=during.astype(float),
        gap=returns.gap,
        risk_free_est=None if series.risk_free is None else rows(series.risk_free, before),
        risk_free_event=None if series.risk_free is None else rows(series.risk_free, during),
    )
