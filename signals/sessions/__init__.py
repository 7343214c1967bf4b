"""Instants become exchange sessions."""

from signals.sessions.calendar import TradingCalendar, calendar_names, trading_calendar

__all__ = ["TradingCalendar", "calendar_names", "trading_calendar"]
