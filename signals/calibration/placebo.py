"""Placebo dates: the study's whole pattern of dates, moved to where nothing is known to happen.

Events whose event windows share a session form a *block*. A draw is one offset: every block's
first session moves by that many *eligible* sessions (circularly), and inside a block each pair
keeps its distance in sessions of the market's calendar. So a draw is joint in time: what shared
a date shares a date, and cross-correlation survives.

Eligible is a market session that could host placebo events: the asset's prices fill the
estimation and event window, and that event window meets none of the asset's known event windows.
Of all sessions those are taken where the largest share of the study's pairs could be hosted; the
share is lowered as far as the draws asked for need, never below two thirds of the best. A pair
whose asset cannot host it where it lands (no prices yet, a known event) is left out of that draw.

A study too dense for that (its pattern is longer than the list of eligible sessions) is moved as
one piece along the whole history, circularly, with the same rule for pairs that land badly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from signals.frames import Bools, Days, Floats, Ints, frozen
from signals.returns import AssetSeries, EventReturns

LOWEST_COVERAGE = 2.0 / 3.0
ENOUGH_PLACED = 0.5
LEAST_PLACED = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class PlaceboDates:
    """D placebo studies of n pairs.

    ``zero`` (D, n) day-zero position of each pair in its (long) series, −1 where the pair is left
    out; ``offset`` (D,) the distinct offsets in the order drawn; ``asked`` draws asked for;
    ``possible`` distinct offsets that there are; ``eligible`` (m,) market sessions of the list;
    ``whole_axis`` True where the pattern had to be moved as one piece.
    """

    zero: Ints
    offset: Ints
    asked: int
    possible: int
    eligible: Days
    whole_axis: bool = False

    def __len__(self) -> int:
        return len(self.offset)


def draw_dates(
    returns: EventReturns,
    market: Days,
    known: Mapping[str, Days],
    *,
    draws: int,
    seed: int,
    min_returns: int,
) -> PlaceboDates:
    """``draws`` distinct offsets (all of them where fewer are possible), seeded.

    Parameters
    ----------
    returns : the study's n pairs on their long series (``history.placed_in``).
    market : (S,) sessions of the market's calendar, ``datetime64[D]``.
    known : day zeros of all known events by ticker, studied or not.

    Generator: ``PCG64(seed)``; the offsets are the first of one random permutation, so fewer
    draws are a prefix of more. Checked by tests/calibration/test_placebo.py.
    """
    span = returns.event_window[1] - returns.event_window[0]
    begin = min(s.sessions[0] for s in returns.series).astype(market.dtype)
    end = max(s.sessions[-1] for s in returns.series).astype(market.dtype)
    axis = market[(market >= begin) & (market <= end)]
    hosts, place = _hosting(returns, axis, known, min_returns)
    reference = _reference(returns, axis)
    inner = _inside_block(reference, span)
    anchor = reference - inner
    pattern = int((anchor.max() - anchor.min()) + inner.max()) + span + 1
    eligible = _eligible(hosts[returns.series_index].mean(axis=0), max(draws, pattern))
    whole = len(eligible) < pattern
    start = 0
    if whole:
        eligible = np.arange(len(axis))
        anchor, inner = reference, np.zeros_like(reference)
        start = int(anchor.min())
    shift = anchor - int(anchor.min())
    offsets = _usable_offsets(returns, hosts, eligible, shift, inner, start)
    random = np.random.Generator(np.random.PCG64(seed))
    chosen = random.permutation(offsets)[:draws]
    zero = _land(returns, hosts, place, eligible, shift, inner, start, chosen)
    return PlaceboDates(
        frozen(zero), frozen(chosen), draws, len(offsets), frozen(axis[eligible]), whole
    )


def _hosting(
    returns: EventReturns, axis: Days, known: Mapping[str, Days], min_returns: int
) -> tuple[Bools, Ints]:
    """(S, A) which series can host a placebo event on which market session, and its position."""
    hosts = np.zeros((len(returns.series), len(axis)), dtype=bool)
    place = np.zeros((len(returns.series), len(axis)), dtype=np.int64)
    for s, series in enumerate(returns.series):
        days = series.sessions.astype(axis.dtype)
        at = np.searchsorted(days, axis)  # the asset's session at or after the market's
        place[s] = np.minimum(at, len(days) - 1)
        fine = can_host(series, returns, min_returns)
        own = known.get(series.ticker, days[:0])
        fine &= ~_near(len(days), np.searchsorted(days, own.astype(axis.dtype)), returns)
        hosts[s] = (at < len(days)) & fine[place[s]]
    return hosts, place


def can_host(series: AssetSeries, returns: EventReturns, min_returns: int) -> Bools:
    """(T,) positions whose estimation window lies inside the series and has enough rows, and
    whose event window is whole."""
    complete = np.isfinite(series.y) & np.isfinite(series.x).all(axis=1)
    if series.risk_free is not None:
        complete &= np.isfinite(series.risk_free)
    total = np.concatenate([[0], np.cumsum(complete)])
    first, last = returns.event_window
    at = np.arange(len(complete))
    end = at + first - returns.gap
    start = np.clip(end - returns.length, 0, len(complete))
    rows = total[np.clip(end, 0, len(complete))] - total[start]
    low, high = np.clip(at + first, 0, len(complete)), np.clip(at + last + 1, 0, len(complete))
    whole = (total[high] - total[low] == last - first + 1) & (end >= returns.length)
    return np.asarray((rows >= min_returns) & whole)


def _near(count: int, zeros: Ints, returns: EventReturns) -> Bools:
    """(T,) positions whose event window shares a session with an event window at ``zeros``."""
    span = returns.event_window[1] - returns.event_window[0]
    change = np.zeros(count + 1, dtype=np.int64)
    np.add.at(change, np.clip(zeros - span, 0, count), 1)
    np.add.at(change, np.clip(zeros + span + 1, 0, count), -1)
    return np.asarray(np.cumsum(change)[:count] > 0)


def _reference(returns: EventReturns, axis: Days) -> Ints:
    """(n,) the market session at or after each pair's day zero."""
    labels = np.empty(len(returns), dtype=axis.dtype)
    for s, series in enumerate(returns.series):
        mine = returns.series_index == s
        labels[mine] = series.sessions[returns.zero[mine]].astype(axis.dtype)
    return np.asarray(np.searchsorted(axis, labels))


def _eligible(coverage: Floats, draws: int) -> Ints:
    """Positions of the sessions with the highest coverage, enough for ``draws`` where there are."""
    best = float(coverage.max(initial=0.0))
    if best <= 0:
        return np.empty(0, dtype=np.int64)
    inside = coverage[coverage >= LOWEST_COVERAGE * best - 1e-12]
    levels, counts = np.unique(inside, return_counts=True)
    above = np.cumsum(counts[::-1])[::-1]
    enough = levels[above >= draws]
    level = enough[-1] if len(enough) else levels[0]
    return np.flatnonzero(coverage >= level)


def _inside_block(reference: Ints, span: int) -> Ints:
    """(n,) sessions from the first of each pair's block; a gap wider than ``span`` opens one."""
    distinct, back = np.unique(reference, return_inverse=True)
    opens = np.ones(len(distinct), dtype=bool)
    opens[1:] = np.diff(distinct) > span
    number = np.cumsum(opens) - 1
    first = distinct[opens][number]
    return np.asarray((distinct - first)[back])


def _usable_offsets(
    returns: EventReturns,
    hosts: Bools,
    eligible: Ints,
    shift: Ints,
    inner: Ints,
    start: int,
) -> Ints:
    """Offsets at which a fifth of all pairs can be placed, and half as many as at the best one."""
    if not len(eligible) or not len(returns):
        return np.empty(0, dtype=np.int64)
    offsets = np.arange(len(eligible))
    placed = np.zeros(len(offsets), dtype=np.int64)
    keys = np.stack([returns.series_index, shift, inner])
    distinct, weight = np.unique(keys, axis=1, return_counts=True)
    for (s, move, step), count in zip(distinct.T, weight, strict=True):
        at = eligible[(start + offsets + move) % len(eligible)] + step
        inside = at < hosts.shape[1]
        placed += count * (inside & hosts[s, np.where(inside, at, 0)])
    fewest = max(ENOUGH_PLACED * placed.max(), LEAST_PLACED * len(returns))
    return np.flatnonzero((placed > 0) & (placed >= fewest))


def _land(
    returns: EventReturns,
    hosts: Bools,
    place: Ints,
    eligible: Ints,
    shift: Ints,
    inner: Ints,
    start: int,
    offsets: Ints,
) -> Ints:
    """(D, n) position of each pair's placebo day zero, −1 where it cannot be placed."""
    zero = np.full((len(offsets), len(returns)), -1, dtype=np.int64)
    if not len(offsets):
        return zero
    for i in range(len(returns)):
        at = eligible[(start + offsets + shift[i]) % len(eligible)] + inner[i]
        fine = at < hosts.shape[1]
        at = np.where(fine, at, 0)
        s = int(returns.series_index[i])
        zero[:, i] = np.where(fine & hosts[s, at], place[s, at], -1)
    return zero
