"""Bars of a trading calendar: the sessions cut into equal pieces, and the gaps between them.

A bar calendar lists, in order of time, every bar of every session *and* every gap in which the
exchange is closed: the overnight gap runs from the close before to the open and belongs to the
session that it opens; a lunch break is a gap of its own. Bars are made from each session's real
open and close in UTC, so that early closes, holidays and changes of clock time come out right.

``slot`` is the time of day: 0 for the overnight gap, then 1, 2 … through the session. Bars longer
than what is left of a session end with it. Sources cut hours in one of two ways, which are never
mixed: from the ``open`` (9:30, 10:30 …) or by the ``clock`` (9:30, 10:00, 11:00 …).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from signals.frames import Bools, Days, Ints, Labels, frozen
from signals.sessions.calendar import ALWAYS_OPEN, trading_breaks, trading_calendar
from signals.spec import StudySpec, Window
from signals.spec.defaults import CLOSE

Alignment = Literal["open", "clock"]
_SECONDS: Final = {"m": 60, "h": 3600}


@dataclass(frozen=True, slots=True, eq=False)
class BarCalendar:
    """B bars and gaps of S sessions of one calendar.

    ``starts`` and ``ends`` (B,) are UTC instants ``datetime64[s]``; ``starts`` are the bars'
    labels. ``session`` (B,) indexes ``sessions`` (S,); ``slot`` (B,) is the time of day, ``gap``
    (B,) marks closed hours and ``long_gap`` (B,) those over more than one night (weekends,
    holidays). ``first`` and ``count`` (S,) are each session's first bar and number of bars (gaps
    included); ``usual`` (K,) the usual length of each slot in seconds (0 for gaps).
    """

    name: str
    interval: str
    alignment: Alignment
    timezone: str
    sessions: Days
    starts: Days
    ends: Days
    session: Ints
    slot: Ints
    gap: Bools
    long_gap: Bools
    first: Ints
    count: Ints
    usual: Ints

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def slots(self) -> int:
        """K, the number of slots of a session, the gap's included."""
        return len(self.usual)

    def reacting_position(self, instant: Days) -> Ints:
        """Day zero of intraday studies: the first bar or gap that ends *after* each instant."""
        return np.asarray(
            np.searchsorted(self.ends.astype("datetime64[us]"), instant, side="right"),
            dtype=np.int64,
        )

    def close_position(self, position: Ints) -> Ints:
        """Position of the last bar of the session that each bar belongs to."""
        session = self.session[position]
        return np.asarray(self.first[session] + self.count[session] - 1)

    def usual_length(self) -> Bools:
        """(B,) False for bars cut short (or lengthened) by an unusual close."""
        length = (self.ends - self.starts).astype(np.int64)
        return np.asarray(self.gap | (length == self.usual[self.slot]))


def bar_seconds(interval: str) -> int:
    """Length of a bar in seconds: ``5m`` → 300, ``1h`` → 3600."""
    return int(interval[:-1]) * _SECONDS[interval[-1]]


def bars_a_session(calendar: str, interval: str) -> int:
    """Bars of an ordinary (median) session, the overnight gap included."""
    known = trading_calendar(calendar)
    length = np.median((known.closes - known.opens).astype("timedelta64[s]").astype(np.int64))
    return int(np.ceil(length / bar_seconds(interval))) + (calendar != ALWAYS_OPEN)


def windows_in_sessions(spec: StudySpec) -> tuple[Window, Window]:
    """The study's event and estimation window in sessions around day zero's. Those of a daily
    study as they are; an intraday study counts bars: the sessions that these reach, rounded up."""
    if not spec.intraday:
        return spec.event_window, spec.estimation_window
    names = {spec.market.calendar, *(a.calendar for a in spec.assets if a.calendar)}
    counts = [bars_a_session(name, spec.prices.interval) for name in sorted(names)]
    first, last = spec.event_window
    bounds = [last, *(b for _, b in spec.windows)]
    farthest = max([max(counts) if b == CLOSE else b for b in bounds])
    before = -(max(-first, 0) // -min(counts))
    after = -(max(farthest, 0) // -min(counts))
    end = -before - spec.estimation.gap - 1
    return (-before, after), (end - spec.estimation.length + 1, end)


def alignment_matters(calendar: str, interval: str) -> bool:
    """True where bars from the open and bars by the clock differ (hours of a 9:30 open)."""
    opens = trading_calendar(calendar).opens.astype("datetime64[s]").astype(np.int64)
    return bool((opens % bar_seconds(interval) != 0).any())


def session_alignments(calendar: str, interval: str, labels: Days) -> tuple[Ints, Labels]:
    """Which cut the bars of each session follow.

    Returns the positions among the calendar's sessions (P,) and for each ``open``, ``clock``,
    ``mixed`` (bars of both cuts) or ``unknown`` (bars that fit both). Where the two cuts are the
    same every session is ``open``. ``labels`` are bar starts, sorted.
    """
    known = trading_calendar(calendar)
    starts = labels.astype("datetime64[us]")
    at = np.searchsorted(known.closes, starts, side="right")
    at = np.minimum(at, len(known.closes) - 1)
    inside = (known.opens[at] <= starts) & (starts < known.closes[at])
    at, starts = at[inside], starts[inside].astype("datetime64[s]").astype(np.int64)
    found, index = np.unique(at, return_inverse=True)
    if not alignment_matters(calendar, interval):
        return found, np.full(len(found), "open", dtype=object)
    step = bar_seconds(interval)
    opens = known.opens[at].astype("datetime64[s]").astype(np.int64)
    by_open = (starts - opens) % step == 0
    by_clock = (starts % step == 0) | (starts == opens)
    only_open = np.bincount(index, weights=by_open & ~by_clock, minlength=len(found)) > 0
    only_clock = np.bincount(index, weights=by_clock & ~by_open, minlength=len(found)) > 0
    kind = np.select(
        [only_open & only_clock, only_open, only_clock], ["mixed", "open", "clock"], "unknown"
    )
    return found, kind.astype(object)


@functools.lru_cache(maxsize=32)
def bar_calendar(
    name: str, interval: str, alignment: Alignment, first: int, last: int
) -> BarCalendar:
    """The bars of the sessions ``first … last`` (positions on the trading calendar, included).

    Checked by tests/intraday/test_bars.py: half days, both changes of clock time, lunch breaks.
    """
    known = trading_calendar(name)
    low, high = max(first, 0), min(last, len(known.sessions) - 1)
    sessions = known.sessions[low : high + 1]
    session, opens, closes = _segments(name, low, high)
    step = bar_seconds(interval)
    base = opens if alignment == "open" else opens // step * step
    bars = -(-(closes - base) // step)
    before = _close_before(name, low, opens, closes)
    shut = before < opens
    total = bars + shut
    segment = np.repeat(np.arange(len(opens)), total)
    place = np.arange(len(segment)) - np.repeat(np.cumsum(total) - total, total)
    gap = shut[segment] & (place == 0)
    k = place - shut[segment]
    starts = np.where(gap, before[segment], np.maximum(base[segment] + k * step, opens[segment]))
    ends = np.minimum(base[segment] + (k + 1) * step, closes[segment])
    ends = np.where(gap, opens[segment], ends)
    owner = session[segment]
    count = np.bincount(owner, minlength=len(sessions)).astype(np.int64)
    begin = np.cumsum(count) - count
    # Without an overnight gap the first bar still is slot 1: slot 0 is the night's everywhere.
    slot = np.arange(len(owner)) - begin[owner] + (~gap[begin])[owner]
    length = np.where(gap, 0, ends - starts)
    usual = np.zeros(int(slot.max(initial=0)) + 1, dtype=np.int64)
    np.maximum.at(usual, slot, length)
    day = starts.astype("datetime64[s]").astype("datetime64[D]")
    night = (sessions[owner] - day).astype(np.int64)
    return BarCalendar(
        name, interval, alignment, known.timezone,
        frozen(sessions), frozen(starts.astype("datetime64[s]")),
        frozen(ends.astype("datetime64[s]")), frozen(owner), frozen(slot), frozen(gap),
        frozen(gap & (night > 1)), frozen(begin), frozen(count), frozen(usual),
    )  # fmt: skip


def _segments(name: str, low: int, high: int) -> tuple[Ints, Ints, Ints]:
    """Session index, open and close (UTC seconds) of every unbroken stretch of trading."""
    known = trading_calendar(name)
    opens = known.opens[low : high + 1].astype("datetime64[s]").astype(np.int64)
    closes = known.closes[low : high + 1].astype("datetime64[s]").astype(np.int64)
    session = np.arange(len(opens))
    pauses = trading_breaks(name)
    if pauses is None:
        return session, opens, closes
    lunch, back = (p[low : high + 1].astype("datetime64[s]") for p in pauses)
    broken = ~np.isnat(lunch)
    lunch_s, back_s = lunch[broken].astype(np.int64), back[broken].astype(np.int64)
    first_close = closes.copy()
    first_close[broken] = lunch_s
    order = np.argsort(np.concatenate([opens, back_s]), kind="stable")
    return (
        np.concatenate([session, session[broken]])[order],
        np.concatenate([opens, back_s])[order],
        np.concatenate([first_close, closes[broken]])[order],
    )


def _close_before(name: str, low: int, opens: Ints, closes: Ints) -> Ints:
    """(G,) the close before each stretch; its own open where there is none before it."""
    before = np.empty_like(opens)
    before[1:] = closes[:-1]
    known = trading_calendar(name)
    earlier = known.closes[low - 1].astype("datetime64[s]").astype(np.int64) if low else opens[0]
    before[:1] = earlier
    return before
