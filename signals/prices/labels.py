"""What a row's label means on a calendar: its session, and whether that is over."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from signals.frames import Bools, Days, Ints
from signals.prices.source import PriceRequest, interval_seconds
from signals.sessions import TradingCalendar, trading_calendar


def bar_positions(calendar: TradingCalendar, starts: Days) -> Ints:
    """Position of the session that each bar belongs to (open ≤ start < close); −1 for none."""
    starts = starts.astype("datetime64[us]")
    at = np.searchsorted(calendar.closes, starts, side="right")
    safe = np.minimum(at, len(calendar.closes) - 1)
    inside = (at < len(calendar.closes)) & (calendar.opens[safe] <= starts)
    return np.where(inside, at, -1).astype(np.int64)


def session_dates(calendar: TradingCalendar, interval: str, labels: Days) -> Days:
    """The session date of each label; the UTC date for a bar outside of every session."""
    if interval == "1d":
        return labels.astype("datetime64[D]")
    at = bar_positions(calendar, labels)
    return np.where(at >= 0, calendar.sessions[at], labels.astype("datetime64[D]"))


def closed_through(calendar: TradingCalendar, now: datetime, last: str) -> str:
    """The newest session (ISO) that has closed by ``now`` and is not after ``last``."""
    instant = np.datetime64(int(now.timestamp() * 1e6), "us")
    closed = int(np.searchsorted(calendar.closes, instant, side="right"))
    wanted = int(np.searchsorted(calendar.sessions, np.datetime64(last, "D"), side="right"))
    return str(calendar.sessions[max(min(closed, wanted) - 1, 0)])


def finished(request: PriceRequest, labels: Days, now: datetime) -> Bools:
    """(R,) True for rows whose session (intraday: bar) has ended by ``now``.

    Days without a session count as ended: they are reported as ``off_calendar``, not here.
    """
    instant = np.datetime64(int(now.timestamp() * 1e6), "us")
    calendar = trading_calendar(request.calendar)
    if request.interval != "1d":
        step = np.timedelta64(interval_seconds(request.interval), "s")
        at = bar_positions(calendar, labels)
        ends = (labels + step).astype("datetime64[us]")
        ends = np.where(at >= 0, np.minimum(ends, calendar.closes[at]), ends)
        return np.asarray(ends <= instant)
    at = calendar.position(labels.astype("datetime64[D]"))
    today = instant.astype("datetime64[D]")
    return np.where(at >= 0, calendar.closes[at] <= instant, labels.astype("M8[D]") < today)
