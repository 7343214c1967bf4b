"""The record of one price series, and the book of all series of a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from signals.frames import Days, Floats

FIELDS: Final = ("open", "high", "low", "close", "adj_close", "volume")


@dataclass(frozen=True, slots=True, eq=False)
class QualityIssue:
    """One thing that looks wrong in a price series.

    ``code`` is one of ``off_calendar, duplicate, gap, stale, non_positive, jump, unsorted``;
    ``session`` is the first session concerned (ISO text), ``count`` how many are.
    """

    ticker: str
    code: str
    session: str
    count: int
    detail: str


@dataclass(frozen=True, slots=True, eq=False)
class PriceHistory:
    """Prices of one asset on the sessions of its own calendar.

    ``sessions`` (S,) are ``datetime64[D]`` session labels, strictly increasing (intraday:
    ``datetime64[s]`` bar starts in UTC). Every column is (S,) float64 with NaN where the source
    has no value: nothing is filled in. ``close`` is as traded (split-adjusted at most),
    ``adj_close`` adjusted for dividends too.
    """

    ticker: str
    calendar: str
    sessions: Days
    columns: Mapping[str, Floats]
    currency: str = ""
    name: str = ""
    source: str = ""
    fetched_at: str = ""
    digest: str = ""
    issues: tuple[QualityIssue, ...] = ()

    def column(self, name: str) -> Floats:
        """The column, or all-NaN where the source has none."""
        found = self.columns.get(name)
        return np.full(len(self.sessions), np.nan) if found is None else found

    def has(self, name: str) -> bool:
        return name in self.columns and bool(np.isfinite(self.columns[name]).any())


@dataclass(frozen=True, slots=True, eq=False)
class PriceFailure:
    """Why a ticker has no usable series: becomes an exclusion of each of its events.

    ``code``: ``no_prices`` (the source has no such series), ``source_down``,
    ``name_mismatch``, ``currency_mismatch``, ``bad_prices``.
    """

    ticker: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True, eq=False)
class PriceBook:
    """All series of a study by ticker, and the tickers that could not be had."""

    histories: Mapping[str, PriceHistory]
    failures: Mapping[str, PriceFailure] = field(default_factory=dict)
    source: str = ""

    @property
    def issues(self) -> tuple[QualityIssue, ...]:
        return tuple(i for t in sorted(self.histories) for i in self.histories[t].issues)
