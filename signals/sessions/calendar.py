"""Trading calendars as arrays: sessions, opens and closes, early closes and holidays included.

The dates come from the ``exchange_calendars`` library; ``24/7`` (tokens) has one session per UTC
day that closes at the next midnight.
"""

from __future__ import annotations

import functools
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from signals.errors import SpecError, nearest
from signals.frames import Days, Ints, frozen

ALWAYS_OPEN = "24/7"
FIRST_SESSION = "1990-01-01"


@dataclass(frozen=True, slots=True, eq=False)
class TradingCalendar:
    """Sessions of one exchange.

    ``sessions`` (S,) ``datetime64[D]`` labels; ``opens`` and ``closes`` (S,) ``datetime64[us]``
    UTC instants of the real open and close of each session.
    """

    name: str
    timezone: str
    sessions: Days
    opens: Days
    closes: Days

    def position(self, session: Days) -> Ints:
        """Positions of session labels; −1 for a day without a session."""
        found = np.searchsorted(self.sessions, session)
        inside = found < len(self.sessions)
        match = np.zeros(np.shape(session), dtype=bool)
        match[inside] = self.sessions[found[inside]] == np.asarray(session)[inside]
        return np.where(match, found, -1)

    def reacting_position(self, instant: Days) -> Ints:
        """Day zero: position of the first session that closes *after* each instant.

        News before the close → that session; at or after the close, or on a day without a
        session → the next one. ``len(sessions)`` where the calendar ends before. Shape as given.
        """
        return np.asarray(np.searchsorted(self.closes, instant, side="right"), dtype=np.int64)


def calendar_names() -> list[str]:
    """All calendar names that a study file may use (``24/7`` and exchange codes)."""
    import exchange_calendars

    return sorted({ALWAYS_OPEN, *exchange_calendars.get_calendar_names(include_aliases=False)})


@functools.lru_cache(maxsize=64)
def trading_calendar(name: str, first: str = FIRST_SESSION) -> TradingCalendar:
    """The calendar ``name`` from ``first`` to the end of next year.

    Raises :class:`SpecError` for a name that is no calendar, with the nearest known one.
    """
    last = f"{datetime.now(UTC).year + 1}-12-31"
    if name == ALWAYS_OPEN:
        days = np.arange(np.datetime64(first, "D"), np.datetime64(last, "D") + 1)
        opens = days.astype("datetime64[us]")
        closes = (days + 1).astype("datetime64[us]")
        return TradingCalendar(name, "UTC", frozen(days), frozen(opens), frozen(closes))
    calendar = _exchange_calendar(name, first, last)
    return TradingCalendar(
        name,
        str(calendar.tz),
        frozen(calendar.sessions.to_numpy().astype("datetime64[D]")),
        frozen(calendar.opens_nanos.astype("datetime64[ns]").astype("datetime64[us]")),
        frozen(calendar.closes_nanos.astype("datetime64[ns]").astype("datetime64[us]")),
    )


@functools.lru_cache(maxsize=64)
def trading_breaks(name: str, first: str = FIRST_SESSION) -> tuple[Days, Days] | None:
    """Start and end (S,) of each session's break (``datetime64[us]`` UTC, NaT where a session has
    none), or None for an exchange without breaks."""
    if name == ALWAYS_OPEN:
        return None
    calendar = _exchange_calendar(name, first, f"{datetime.now(UTC).year + 1}-12-31")
    breaks = [
        nanos.astype("datetime64[ns]").astype("datetime64[us]")
        for nanos in (calendar.break_starts_nanos, calendar.break_ends_nanos)
    ]
    return None if np.isnat(breaks[0]).all() else (frozen(breaks[0]), frozen(breaks[1]))


@functools.lru_cache(maxsize=64)
def _exchange_calendar(name: str, first: str, last: str) -> Any:
    import exchange_calendars
    from exchange_calendars.errors import InvalidCalendarName

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own pandas deprecations
        try:
            try:
                return exchange_calendars.get_calendar(name, start=first, end=last)
            except ValueError:  # a calendar with bounds of its own
                return exchange_calendars.get_calendar(name)
        except (InvalidCalendarName, TypeError):
            pass
        except Exception as error:  # a calendar that the library itself cannot build
            raise SpecError(f"calendar {name!r} cannot be built: {error}", value=name) from error
    guess = nearest(name, calendar_names())
    raise SpecError(
        "unknown calendar" + (f"; did you mean {guess!r}?" if guess else ""),
        key="calendar",
        value=name,
        allowed="an exchange code (XNYS, XPAR, XTKS …) or 24/7: see `signals list calendars`",
    )
