"""Sources of prices, the cache, and the quality rules."""

from signals.prices.cache import CachedSource
from signals.prices.csv_source import CsvSource
from signals.prices.gather import gather, requests_for
from signals.prices.history import (
    FIELDS,
    ISSUE_CODES,
    PriceBook,
    PriceFailure,
    PriceHistory,
    QualityIssue,
)
from signals.prices.parquet_source import ParquetSource
from signals.prices.quality import check_quality
from signals.prices.registry import PRICE_SOURCES, PriceSourceRow, open_source, source_name
from signals.prices.revisions import Revision
from signals.prices.sample_source import SampleSource
from signals.prices.source import PriceRequest, PriceSource, PriceUnavailable
from signals.prices.store import FileStatus, verify
from signals.prices.yahoo_source import YahooSource

__all__ = [
    "FIELDS",
    "ISSUE_CODES",
    "PRICE_SOURCES",
    "CachedSource",
    "CsvSource",
    "FileStatus",
    "ParquetSource",
    "PriceBook",
    "PriceFailure",
    "PriceHistory",
    "PriceRequest",
    "PriceSource",
    "PriceSourceRow",
    "PriceUnavailable",
    "QualityIssue",
    "Revision",
    "SampleSource",
    "YahooSource",
    "check_quality",
    "gather",
    "open_source",
    "requests_for",
    "source_name",
    "verify",
]
