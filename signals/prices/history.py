"""The record of one price series, and the book of all series of a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from signals.frames import Days, Floats

FIELDS: Final = ("open", "high", "low", "close", "adj_close", "volume")
PRICE_FIELDS: Final = ("open", "high", "low", "close", "adj_close")
ACTION_FIELDS: Final = ("dividend", "split")

# What a quality issue may be about. The first group concerns the rows of the source, the second
# the prices themselves, the third how the series came here.
ISSUE_CODES: Final[Mapping[str, str]] = {
    "unsorted": "rows were not in order of time; they were sorted",
    "duplicate": "a session stands twice; identical rows count once, conflicting ones are missing",
    "off_calendar": "rows on days (or at times) without a session; they are left out",
    "non_positive": "prices that are zero or negative; they count as missing",
    "gap": "sessions between the first and the last price that have none",
    "stale": "the same close over many sessions in a row",
    "unit": "the price changes by a factor of 100: pence and pounds, or a shifted point",
    "jump": "a return too large to be taken on trust, or an unadjusted split",
    "inconsistent_bar": "high below low, or open or close outside of them",
    "adj_close_partial": "adj_close is blank on sessions that have a close",
    "incomplete": "the newest closed session is not in the source's answer yet",
    "clipped": "the source keeps this interval for a limited time only",
    "name_unchecked": "the study states a name or currency but the source returned none",
    "stale_cache": "the source could not be asked; the stored series was used as it is",
    "delisted": "the source no longer has the series; the stored one was used",
    "cache_corrupt": "the stored file failed its digest and was fetched again",
    "cache_not_written": "the series could not be stored",
    "restated": "the source changed its history; the series was fetched whole again",
}

OF_ONE_RUN: Final = frozenset(
    {"stale_cache", "delisted", "cache_corrupt", "cache_not_written", "restated"}
)
"""Issues of how a series came here this time: another run on the same prices may not have them."""


@dataclass(frozen=True, slots=True, eq=False)
class QualityIssue:
    """One thing that looks wrong in a price series.

    ``code`` is a key of :data:`ISSUE_CODES`; ``session`` is the first session concerned (ISO
    text), ``count`` how many are.
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
    ``adj_close`` adjusted for dividends too. A source that states them has the columns
    ``dividend`` (currency units) and ``split`` (ratio; 0 on sessions without one).
    ``digest`` is the sha256 of sessions and columns (:func:`signals.prices.series.digest_of`).
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
