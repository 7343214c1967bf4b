"""What an answer of Yahoo's chart service means when it holds no prices."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from signals.errors import TransientError
from signals.providers import NoSuchSeries, RateLimited

SOURCE: Final = "yahoo"


@dataclass(slots=True, eq=False)
class Seen:
    """The last chart answer that a thread received."""

    status: int = 0
    body: str = ""
    retry_after: str | None = None


def cause(symbol: str, seen: Seen, error: Exception | None) -> Exception:
    """What an answer without usable rows means: :class:`NoSuchSeries`, or a
    :class:`TransientError` where it may be right next time.

    ``error`` is what yfinance made of it. Checked by ``tests/providers/test_yahoo.py``.
    """
    said = _said(seen.body)
    if seen.status == 429 or type(error).__name__ == "YFRateLimitError":
        pause = _seconds(seen.retry_after)
        detail = "too many requests" + (f"; asks for a pause of {pause:g} s" if pause else "")
        return RateLimited(SOURCE, detail, ticker=symbol, retry_after=pause)
    if seen.status == 0:
        reason = _first_line(error) if error else "nothing was received"
        return TransientError(SOURCE, f"no answer: {reason}", ticker=symbol)
    if seen.status in (401, 403):
        return TransientError(SOURCE, f"refused (HTTP {seen.status}): {said}", ticker=symbol)
    if seen.status >= 500:
        return TransientError(SOURCE, f"HTTP {seen.status}", ticker=symbol)
    chart = chart_of(seen.body)
    if chart is None:
        kind = "HTML" if seen.body.lstrip()[:1] == "<" else "unreadable or truncated JSON"
        detail = f"HTTP {seen.status} with {kind} in place of a chart"
        return TransientError(SOURCE, detail, ticker=symbol)
    if chart.get("error"):
        return NoSuchSeries(symbol, "no_prices", said)
    if not chart.get("result"):
        return TransientError(SOURCE, "an empty result without a reason", ticker=symbol)
    if not chart["result"][0].get("timestamp"):
        return NoSuchSeries(symbol, "no_prices", "no rows in the range asked for")
    reason = _first_line(error) if error else "rows without prices"
    return TransientError(SOURCE, f"an answer that cannot be used: {reason}", ticker=symbol)


def chart_of(body: str) -> dict[str, Any] | None:
    """The chart of an answer's body; None for anything else than one."""
    try:
        found = json.loads(body).get("chart")
    except (ValueError, AttributeError):
        return None
    return found if isinstance(found, dict) else None


def _said(body: str) -> str:
    """Yahoo's own words for a refusal, on one line."""
    try:
        inside = next(iter(json.loads(body).values()))
        error = inside["error"]
        text = f"{error['description'] or error['code']}"
    except (ValueError, AttributeError, KeyError, TypeError, StopIteration):
        text = "no reason given"
    return " ".join(text.split())[:200]


def _first_line(error: Exception | None) -> str:
    text = " ".join(str(error).split()).split(" See http", 1)[0][:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _seconds(header: str | None) -> float | None:
    try:
        return max(float(header), 0.0) if header else None
    except ValueError:
        return None  # an HTTP date: the caller's own pause serves
