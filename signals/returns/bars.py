"""Prices of bars → returns over the bars and gaps of a :class:`BarCalendar`.

One rule serves the asset and its benchmark: a price exists at an instant where a bar *ends* (its
close) and where the exchange *opens* (the first bar's opening price). The return over a bar or a
gap is the price at its end over the price at its start:

* overnight gap: opening price / last close before it;
* first bar after a gap: close / opening price of the same bar;
* every other bar: close / close of the bar before.

A missing bar leaves the returns that need its close without a number. Nothing is filled in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signals.frames import Days, Floats, Ints
from signals.prices import PriceHistory
from signals.sessions import trading_calendar
from signals.sessions.bars import (
    Alignment,
    BarCalendar,
    alignment_matters,
    bar_seconds,
    session_alignments,
)


@dataclass(frozen=True, slots=True, eq=False)
class Quotes:
    """Prices (Q,) at instants (Q,), ``datetime64[s]`` UTC, sorted, each once."""

    instants: Days
    prices: Floats

    def at(self, instants: Days) -> Floats:
        """The price at each instant, NaN where there is none."""
        out = np.full(len(instants), np.nan)
        if len(self.instants):
            place = np.searchsorted(self.instants, instants)
            place = np.minimum(place, len(self.instants) - 1)
            same = self.instants[place] == instants
            out[same] = self.prices[place[same]]
        return out


def quotes_of(history: PriceHistory, bars: BarCalendar) -> Quotes:
    """The prices of a history at the edges of its own calendar's bars.

    Rows that are no bar of ``bars`` are left out, and so are sessions that were cut in the other
    way (see :func:`signals.sessions.bars.session_alignments`). Needs ``open`` for the gaps: without
    it no price exists at the open. Checked by tests/intraday/test_bar_returns.py.
    """
    labels = history.sessions.astype("datetime64[s]")
    place = np.searchsorted(bars.starts, labels)
    place = np.minimum(place, len(bars) - 1)
    good = (bars.starts[place] == labels) & ~bars.gap[place]
    if alignment_matters(history.calendar, bars.interval):
        good &= _cut_alike(history, bars, labels)
    rows, place = np.flatnonzero(good), place[good]
    close = history.column("close")[rows]
    after_gap = np.zeros(len(place), dtype=bool)
    after_gap[place > 0] = bars.gap[place[place > 0] - 1]
    instants = np.concatenate([bars.ends[place], bars.starts[place[after_gap]]])
    prices = np.concatenate([close, history.column("open")[rows[after_gap]]])
    order = np.argsort(instants, kind="stable")
    return Quotes(instants[order], prices[order])


def _cut_alike(history: PriceHistory, bars: BarCalendar, labels: Days) -> np.ndarray:
    """(R,) True for rows of sessions whose bars follow the alignment of ``bars``."""
    found, kind = session_alignments(history.calendar, bars.interval, labels)
    alike = found[kind == bars.alignment]
    known = trading_calendar(history.calendar)
    at = np.searchsorted(known.closes, labels.astype("datetime64[us]"), side="right")
    return np.isin(at, alike)


def bar_returns(bars: BarCalendar, quotes: Quotes, kind: str) -> Floats:
    """(B,) decimal returns over every bar and gap of ``bars``: P(end)/P(start) − 1 (``simple``)
    or its logarithm; NaN where a price is missing at either end.

    For a benchmark on another calendar the prices at the *asset's* instants are taken, where the
    benchmark has a price at exactly these.
    """
    start, end = quotes.at(bars.starts), quotes.at(bars.ends)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = end / start
        out = np.log(ratio) if kind == "log" else ratio - 1.0
    out[~np.isfinite(out)] = np.nan
    return np.asarray(out, dtype=np.float64)


def prevailing_alignment(
    history: PriceHistory, interval: str, low: Ints, high: Ints
) -> list[Alignment]:
    """How most sessions of each stretch ``low … high`` (positions on the calendar, included) are
    cut: from the open or by the clock. Ties and stretches without bars: from the open."""
    found, kind = session_alignments(history.calendar, interval, history.sessions)
    by_clock = np.concatenate([[0], np.cumsum(kind == "clock")])
    by_open = np.concatenate([[0], np.cumsum(kind == "open")])
    a, b = np.searchsorted(found, low, side="left"), np.searchsorted(found, high, side="right")
    clock = by_clock[b] - by_clock[a] > by_open[b] - by_open[a]
    return ["clock" if c else "open" for c in clock]


def ended_by(history: PriceHistory, interval: str, clock: np.datetime64) -> Ints:
    """Rows of the history whose bar has ended by ``clock`` (UTC)."""
    step = np.timedelta64(bar_seconds(interval), "s")
    known = trading_calendar(history.calendar)
    labels = history.sessions.astype("datetime64[us]")
    at = np.minimum(np.searchsorted(known.closes, labels, side="right"), len(known.closes) - 1)
    ends = np.minimum(labels + step, np.maximum(known.closes[at], labels))
    return np.flatnonzero(ends <= clock)
