"""On 498 real stocks the streamed statistics are the in-memory ones, and r̄ is no small thing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from signals.inference import Settings
from signals.inference.auto import battery
from signals.inference.streaming import STREAMED, study_at_scale
from signals.inference.streaming_panel import batched_panel
from signals.returns.record import AssetSeries, EventReturns

WINDOWS = [(0, 0), (-1, 1), (-10, 10)]


def real_returns(shared: Path, n: int, dates: int, seed: int) -> EventReturns:
    """``n`` events on ``dates`` random days; the market is the equal-weighted mean of all."""
    path = shared / "market" / "panel" / "sp500_adjclose_2023-01-03_2026-01-30.csv.gz"
    prices = pd.read_csv(path, index_col=0, parse_dates=True)
    returns = prices / prices.shift(1) - 1.0
    market = returns.mean(axis=1).to_numpy()
    sessions = prices.index.to_numpy().astype("datetime64[D]")
    closed = np.zeros(len(sessions), dtype=bool)
    x = market[:, None]
    series = tuple(
        AssetSeries(
            ticker, "EW", "XNYS", "adj_close", sessions, returns[ticker].to_numpy(), x,
            ("market",), closed,
        )
        for ticker in prices.columns
    )  # fmt: skip
    rng = np.random.default_rng(seed)
    blank = np.full(n, "", dtype=object)
    return EventReturns(
        event_id=np.array([f"e{i:05d}" for i in range(n)], dtype=object),
        group=blank,
        category=blank,
        series=series,
        series_index=rng.integers(0, len(series), n),
        zero=rng.choice(rng.integers(265, len(sessions) - 11, dates), n),
        event_window=(-10, 10),
        length=250,
        gap=0,
    )


@pytest.mark.shared
@pytest.mark.parametrize(("n", "dates"), [(300, 300), (400, 8)])
def test_real_returns(shared: Path, n: int, dates: int) -> None:
    returns = real_returns(shared, n, dates, seed=n)
    panel, fit = batched_panel(returns, "market")
    assert panel is not None
    study = study_at_scale(returns, "market", WINDOWS, workers=2)
    np.testing.assert_array_equal(study.failure, fit.failure)
    for cell in study.cells:
        expected = {i.name: i for i, _ in battery(panel, cell.window, Settings(), STREAMED)}
        for one in cell.statistics:
            other = expected[one.name]
            assert (one.status, one.n_events) == (other.status, other.n_events)
            np.testing.assert_allclose(
                [one.estimate, one.statistic, one.p_value, one.r_bar],
                [other.estimate, other.statistic, other.p_value, other.r_bar],
                rtol=1e-9, atol=1e-11, err_msg=one.name,
            )  # fmt: skip
        assert cell.correlation.overlapping > 0
