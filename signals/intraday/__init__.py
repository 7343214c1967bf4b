"""Event studies on bars of a day: alignment to bars, time-of-day regression, speed of reaction."""

from signals.intraday.align import BarPairs, BarSeries, align_bars
from signals.intraday.measure import Measured, measure

__all__ = ["BarPairs", "BarSeries", "Measured", "align_bars", "measure"]
