"""Sources of prices, the cache, and the quality rules."""

from signals.prices.history import FIELDS, PriceBook, PriceFailure, PriceHistory, QualityIssue
from signals.prices.source import PriceRequest, PriceSource, PriceUnavailable

__all__ = [
    "FIELDS",
    "PriceBook",
    "PriceFailure",
    "PriceHistory",
    "PriceRequest",
    "PriceSource",
    "PriceUnavailable",
    "QualityIssue",
]
