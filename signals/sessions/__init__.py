"""Instants become exchange sessions: calendars, day zero, overlap with other events."""

from signals.sessions.calendar import TradingCalendar, calendar_names, trading_calendar
from signals.sessions.match import SessionEvents, as_of_instant, match_events
from signals.sessions.overlap import Overlaps, find_overlaps

__all__ = [
    "Overlaps",
    "SessionEvents",
    "TradingCalendar",
    "as_of_instant",
    "calendar_names",
    "find_overlaps",
    "match_events",
    "trading_calendar",
]
