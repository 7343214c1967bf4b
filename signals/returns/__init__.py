"""Returns, factors and alignment to event time."""

from signals.returns.align import Aligned, Regressors, align, benchmark_calendars, dropped_rows
from signals.returns.record import AssetSeries, EventReturns

__all__ = [
    "Aligned",
    "AssetSeries",
    "EventReturns",
    "Regressors",
    "align",
    "benchmark_calendars",
    "dropped_rows",
]
