"""Earnings dates as the catalogue wants them: a New York day, and before or after the market.

The dates come from any callable ``symbol → instants`` (Yahoo's is
:func:`signals.providers.yahoo.earnings_dates`); services state the hour at best, so it decides
between before and after the session only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from signals.errors import DataError

ZONE: Final = ZoneInfo("America/New_York")
OPEN: Final = time(9, 30)
CLOSE: Final = time(16, 0)
Ask = Callable[[str], Iterable[datetime]]


@dataclass(frozen=True, slots=True, eq=False)
class EarningsDay:
    """``day`` is an ISO date; ``timing`` pre_open, intraday, post_close or unknown."""

    ticker: str
    day: str
    timing: str


def earnings_days(ticker: str, ask: Ask, first: str = "", last: str = "") -> list[EarningsDay]:
    """Earnings days of a ticker between two ISO dates (empty: open), each once, in order."""
    found: dict[str, EarningsDay] = {}
    for moment in ask(ticker):
        made = _day(ticker, moment)
        if (not first or made.day >= first) and (not last or made.day <= last):
            known = found.get(made.day)
            if known is None or known.timing == "unknown":
                found[made.day] = made
    return [found[d] for d in sorted(found)]


def _day(ticker: str, moment: datetime) -> EarningsDay:
    if not isinstance(moment, datetime):
        if isinstance(moment, date):
            return EarningsDay(ticker, moment.isoformat(), "unknown")
        raise DataError("is no earnings date", column=ticker, value=moment)
    if moment.tzinfo is None:
        return EarningsDay(ticker, moment.date().isoformat(), "unknown")
    local = moment.astimezone(ZONE)
    at = local.time()
    if at == time(0, 0):
        timing = "unknown"
    elif at < OPEN:
        timing = "pre_open"
    else:
        timing = "post_close" if at >= CLOSE else "intraday"
    return EarningsDay(ticker, local.date().isoformat(), timing)
