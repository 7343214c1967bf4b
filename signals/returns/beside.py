"""Further benchmarks of an asset (``benchmark = ["BTC-USD", "ETH-USD"]``), a column each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from signals.prices import PriceBook
from signals.returns.record import AssetSeries
from signals.returns.series import asset_series
from signals.sessions import trading_calendar
from signals.spec import StudySpec


def further_benchmarks(spec: StudySpec, ticker: str) -> tuple[str, ...]:
    """The benchmarks that the asset names beside its market."""
    return next((a.beside for a in spec.assets if a.ticker == ticker), ())


def with_further(
    series: AssetSeries,
    spec: StudySpec,
    prices: PriceBook,
    calendars: dict[str, str],
    start: int,
    stop: int,
) -> AssetSeries:
    """The series with one more regressor, named by its ticker, for each further benchmark: its
    return between its last closes at or before the asset's, as the market's is measured.

    ``calendars`` maps benchmarks to calendars, ``start … stop − 1`` are the series' positions.
    Checked by tests/study/test_two_benchmarks.py.
    """
    names = further_benchmarks(spec, series.ticker)
    if not names or "market" not in series.names:
        return series
    columns, closed = [series.x], series.benchmark_closed
    for name in names:
        other = asset_series(
            prices.histories[series.ticker], prices.histories[name], start=start, stop=stop,
            calendar=trading_calendar(series.calendar),
            benchmark_calendar=trading_calendar(calendars.get(name, series.calendar)),
            field=series.price_field, kind=spec.returns,
            trade_to_trade=spec.missing == "trade_to_trade",
        )  # fmt: skip
        columns.append(other.x)
        closed = closed | other.benchmark_closed
    return replace(
        series, x=np.hstack(columns), names=("market", *names), benchmark_closed=closed,
        benchmark="+".join((series.benchmark, *names)),
    )  # fmt: skip
