"""Returns, factors and alignment to event time."""

from signals.returns.record import AssetSeries, EventReturns

__all__ = ["AssetSeries", "EventReturns"]
