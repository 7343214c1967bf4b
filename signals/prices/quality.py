"""Rules that prices themselves must pass. Each finds and reports; none repairs.

==================  ============================================================================
code                rule
==================  ============================================================================
gap                 a session of the calendar between the first and the last price has none
                    (intraday: not one bar)
stale               the close is unchanged over 5 sessions in a row or more (intraday: 30 bars)
unit                a return beyond 15 robust standard deviations whose price ratio is within 5 %
                    of 100 or 1/100
jump                a return beyond 15 robust standard deviations that is beyond ±40 % or within
                    2 % of a usual split ratio
inconsistent_bar    high < low, or open or close outside of them by more than 0.01 %
adj_close_partial   adj_close is blank on sessions that have a close
==================  ============================================================================

Checked by ``tests/prices/test_quality.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from signals.frames import Bools, Floats
from signals.prices.history import PriceHistory, QualityIssue
from signals.prices.labels import session_dates
from signals.sessions import trading_calendar

STALE_SESSIONS: Final = 5
STALE_BARS: Final = 30
LARGE_RETURN: Final = 0.40
ROBUST_SIGMAS: Final = 15.0
SPLITS: Final = (1.5, 2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 40, 50)


def check_quality(history: PriceHistory, interval: str = "1d") -> tuple[QualityIssue, ...]:
    """All issues of a history's prices, in the order of the table above, one a rule at most.

    The close is judged, or adj_close where it has more sessions; a gap has neither.
    """
    close, adjusted = history.column("close"), history.column("adj_close")
    price = close if np.isfinite(close).sum() >= np.isfinite(adjusted).sum() else adjusted
    either = np.where(np.isfinite(close), close, adjusted)
    found = [
        _gap(history, either, interval),
        _stale(history, price, STALE_SESSIONS if interval == "1d" else STALE_BARS),
        *_jumps(history, price),
        _inconsistent(history),
        _adj_close_partial(history),
    ]
    return tuple(issue for issue in found if issue is not None)


def _gap(history: PriceHistory, price: Floats, interval: str) -> QualityIssue | None:
    calendar = trading_calendar(history.calendar)
    have = session_dates(calendar, interval, history.sessions[np.isfinite(price)])
    if interval != "1d":
        have = np.unique(have)  # many bars a session; sessions stand once
    if len(have) < 2:
        return None
    start, stop = np.searchsorted(calendar.sessions, [have[0], have[-1]])
    between = calendar.sessions[start:stop]
    lacking = np.ones(len(between) + 1, dtype=bool)
    lacking[np.searchsorted(between, have)] = False
    missing = between[lacking[:-1]]
    if not missing.size:
        return None
    shown = ", ".join(str(d) for d in missing[:3]) + (" …" if missing.size > 3 else "")
    return QualityIssue(history.ticker, "gap", str(missing[0]), len(missing), f"no price: {shown}")


def _stale(history: PriceHistory, price: Floats, least: int) -> QualityIssue | None:
    where = np.flatnonzero(np.isfinite(price))
    if len(where) < least:
        return None
    values = price[where]
    starts = np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1])))
    lengths = np.diff(np.append(starts, len(values)))
    frozen_runs = lengths >= least
    if not frozen_runs.any():
        return None
    first = history.sessions[where[starts[frozen_runs][0]]]
    detail = f"{int(frozen_runs.sum())} run(s) of an unchanged close, longest {int(lengths.max())}"
    count = int(lengths[frozen_runs].sum())
    return QualityIssue(history.ticker, "stale", str(first), count, detail)


def _jumps(history: PriceHistory, price: Floats) -> list[QualityIssue]:
    """The rules ``unit`` and ``jump``. A robust standard deviation is 1.4826 × the median absolute
    deviation of the log returns, one basis point at least: a series that hardly ever moves has no
    scale of its own."""
    where = np.flatnonzero(np.isfinite(price))
    if len(where) < 3:
        return []
    change = np.diff(np.log(price[where]))
    sigma = 1.4826 * float(np.median(np.abs(change - np.median(change))))
    wild = np.abs(change) > ROBUST_SIGMAS * max(sigma, 1e-4)
    if not wild.any():
        return []
    size = np.abs(change)
    unit = wild & (np.abs(size - np.log(100)) < 0.05)
    split = _split_like(change)
    up, down = np.log1p(LARGE_RETURN), np.log1p(-LARGE_RETURN)
    jump = wild & ~unit & ((change > up) | (change < down) | split)
    found = []
    for code, which in (("unit", unit), ("jump", jump)):
        if which.any():
            at = int(np.flatnonzero(which)[0])
            ratio = float(np.exp(np.clip(change[at], -700, 700)))
            hint = ": another unit?" if code == "unit" else ""
            hint = ", like an unadjusted split" if code == "jump" and split[at] else hint
            session = str(history.sessions[where[at + 1]])
            detail = f"price × {ratio:.6g} from one session to the next{hint}"
            found.append(QualityIssue(history.ticker, code, session, int(which.sum()), detail))
    return found


def _split_like(change: Floats) -> Bools:
    near = np.zeros(len(change), dtype=bool)
    for ratio in SPLITS:
        near |= np.abs(np.abs(change) - np.log(ratio)) < 0.02
    return near


def _inconsistent(history: PriceHistory) -> QualityIssue | None:
    if not (history.has("high") and history.has("low")):
        return None
    high, low = history.column("high"), history.column("low")
    bad = high < low
    for name in ("open", "close"):
        values = history.column(name)
        bad |= (values > high * 1.0001) | (values < low * 0.9999)
    if not bad.any():
        return None
    first = history.sessions[bad][0]
    detail = "high below low, or open or close outside of them"
    return QualityIssue(history.ticker, "inconsistent_bar", str(first), int(bad.sum()), detail)


def _adj_close_partial(history: PriceHistory) -> QualityIssue | None:
    if not (history.has("close") and history.has("adj_close")):
        return None
    blank = np.isfinite(history.columns["close"]) & ~np.isfinite(history.columns["adj_close"])
    if not blank.any():
        return None
    first = history.sessions[blank][0]
    detail = "adj_close is blank where close is not"
    return QualityIssue(history.ticker, "adj_close_partial", str(first), int(blank.sum()), detail)


def summary(issues: tuple[QualityIssue, ...]) -> Mapping[str, int]:
    """How many rows each code concerns, by code."""
    counts: dict[str, int] = {}
    for issue in issues:
        counts[issue.code] = counts.get(issue.code, 0) + issue.count
    return dict(sorted(counts.items()))
