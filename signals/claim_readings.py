"""The ways to measure one claim: its window in sessions, its readings, its rounding."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from signals.frames import Floats
from signals.prices.history import PriceHistory

WEEKDAYS: Final = (
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
)  # fmt: skip
_AT_LEAST: Final = re.compile(
    r"more than|over |at least|exceed|से अधिक|से ज्यादा|أكثر من|más de", re.IGNORECASE
)
_SPAN: Final = re.compile(r"(\d+|one|two|three|four|five|single)[ -](?:trading )?(day|session)s?")
_NUMBERS: Final = {"one": 1, "single": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_BACK: Final = {"1 week": 7, "2 weeks": 14, "1 month": 30, "this month": 30, "1 year": 365}


class Reading(NamedTuple):
    """One way to measure a claim: sessions ``first`` … ``last`` from day zero."""

    name: str
    first: int
    last: int
    value: float


def window_sessions(words: str, sessions: Any, position: int) -> tuple[int, int] | None:
    """Sessions [a, b] from day zero (at ``position``) that ``words`` mean; None where closes
    cannot show them (hours, trading outside the session)."""
    low = words.lower().strip()
    span = _SPAN.search(low)
    if span is not None:
        count = _NUMBERS.get(span.group(1)) or int(span.group(1))
        return 0, max(count, 1) - 1
    if any(w in low for w in ("hour", "minute", "intraday", "premarket", "quarter", "period")):
        return None
    for number, name in enumerate(WEEKDAYS):
        if name.lower() in low:
            end = _weekday(sessions, position, number)
            return None if end is None else _to_weekday(end, to_close="close" in low)
    if low == "this week":
        return _since(sessions, position, int(_monday_offset(sessions, position)))
    if low == "year to date":
        day = sessions[position].astype("datetime64[D]")
        return _since(sessions, position, int((day - day.astype("datetime64[Y]")).astype(int)))
    if low in _BACK:
        return _since(sessions, position, _BACK[low] - 1)
    return (0, 0) if low in {"", "session", "today", "day"} else None


def _monday_offset(sessions: Any, position: int) -> int:
    return int((sessions[position].astype("datetime64[D]").astype(int) + 3) % 7)


def _since(sessions: Any, position: int, days: int) -> tuple[int, int]:
    """From the first session at most ``days`` calendar days before day zero, to day zero."""
    first = np.searchsorted(sessions, sessions[position] - np.timedelta64(days, "D"))
    return int(first) - position, 0


def _weekday(sessions: Any, position: int, weekday: int) -> int | None:
    """Offset of the session on that weekday: the next from day zero on, or the last
    before it where that is nearer (a Monday after a Friday)."""
    for offset in (0, 1, 2, 3, -1, -2, -3, 4):
        at = position + offset
        if 0 <= at < len(sessions) and _monday_offset(sessions, at) == weekday:
            return offset
    return None


def _to_weekday(end: int, *, to_close: bool) -> tuple[int, int]:
    """ "On Friday" is that session. "By Friday's close" runs from day zero; where day zero is
    later (a weekend report on the week before), over the two sessions that end there."""
    if not to_close:
        return end, end
    return (0, end) if end >= 0 else (end - 1, end)


def change(closes: Floats, position: int, first: int, last: int) -> float:
    """C_b / C_{a−1} − 1; NaN where a close is missing or outside."""
    before, after = position + first - 1, position + last
    if before < 0 or after >= len(closes):
        return math.nan
    return float(closes[after] / closes[before] - 1.0)


def readings(history: PriceHistory, position: int, window: tuple[int, int] | None) -> list[Reading]:
    """The stated window first, then its neighbours: one session, two sessions."""
    closes = history.column("close")
    first, last = window if window is not None else (0, 0)
    spans = {
        _name(first, last): (first, last),
        "one session": (first, first),
        "the last session": (last, last),
        "two sessions": (first, first + 1),
    }
    if window is None:
        spans = {"one session": (0, 0), "two sessions": (0, 1)}
    found: dict[tuple[int, int], Reading] = {}
    for name, (a, b) in spans.items():
        value = change(closes, position, a, b)
        if not math.isnan(value):
            found.setdefault((a, b), Reading(name, a, b, value))
    return list(found.values())


def _name(first: int, last: int) -> str:
    count = last - first + 1
    words = {1: "one session", 2: "two sessions", 3: "three sessions"}
    return words.get(count, f"{count} sessions")


def window_of(claim: Mapping[str, Any], sessions: Any, position: int) -> tuple[int, int] | None:
    """The claim's own window where it states one in sessions, else what its words mean."""
    first, last = number(claim.get("window_first")), number(claim.get("window_last"))
    if not math.isnan(first) and not math.isnan(last):
        return int(first), int(last)
    return window_sessions(str(claim.get("window") or ""), sessions, position)


def extreme(
    history: PriceHistory, position: int, window: tuple[int, int], *, down: bool
) -> float | None:
    """Lowest low (highest high) of the window against the close before it."""
    name = "low" if down else "high"
    a, b = position + window[0], position + window[1]
    if not history.has(name) or a < 1 or b >= len(history.sessions):
        return None
    values = history.column(name)[a : b + 1]
    if not np.isfinite(values).all():
        return None
    edge = float(values.min() if down else values.max())
    return edge / float(history.column("close")[a - 1]) - 1.0


def tolerance_of(claim: Mapping[str, Any]) -> float:
    """Half of the last digit stated. Where the claim does not carry it: of the last decimal of
    the percentage, or of the last digit before a value's zeros; twice that for "about"."""
    step, stated = number(claim.get("step")), abs(float(claim["stated"]))
    if math.isnan(step):
        if claim["metric"] in {"return", "breadth"}:
            digits = f"{stated * 100:.6f}".rstrip("0")
            step = 10.0 ** -(len(digits) - digits.index(".") - 1) / 100
        else:
            step = 10.0 ** _trailing_zeros(stated)
    return step * (1.0 if claim.get("bound") == "about" else 0.5)


def _trailing_zeros(value: float) -> int:
    digits = f"{value:.0f}"
    return len(digits) - len(digits.rstrip("0")) if value else 0


def bound_of(claim: Mapping[str, Any]) -> str:
    """``exact``, ``about``, ``at_least`` or ``at_most``: stated, or read from the quote."""
    bound = str(claim.get("bound") or "")
    if bound in {"exact", "about", "at_least", "at_most"}:
        return bound
    words = f"{claim.get('quote') or ''} {claim.get('window') or ''}"
    return "at_least" if _AT_LEAST.search(words) else "exact"


def agrees(measured: float, stated: float, tolerance: float, bound: str) -> bool:
    """Whether a measured value is the stated one: same direction, size within the tolerance (or
    beyond it, for a bound)."""
    if measured * stated < 0:
        return False
    size, said = abs(measured), abs(stated)
    if bound == "at_least":
        return size >= said - tolerance if tolerance < said / 10 else size >= said
    if bound == "at_most":
        return size <= said + tolerance
    return bool(abs(size - said) <= tolerance * (1 + 1e-9))


def percent(value: float) -> str:
    """+12.34 % with a true minus."""
    return f"{100 * value:+.2f} %".replace("-", "−")


def number(value: Any) -> float:
    """A float, NaN for what is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan
