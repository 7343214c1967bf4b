"""Numbers, dates and p-values as text: rounding, signs and units, once for the whole report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from typing import Final

MINUS: Final = "−"
NO_BREAK: Final = "\u00a0"
MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def fixed(value: float, digits: int, *, sign: bool = False) -> str:
    """``value`` with ``digits`` decimals and a true minus; never "−0.0"; "–" for NaN."""
    if value is None or not math.isfinite(value):
        return "–"
    text = f"{value:+,.{digits}f}" if sign else f"{value:,.{digits}f}"
    if float(text.replace(",", "")) == 0.0:
        text = text.lstrip("+-")
    return text.replace("-", MINUS)


def percent(value: float, *, digits: int | None = None, sign: bool = False) -> str:
    """A decimal return as percent: ``0.0985`` → ``9.9 %``.

    One decimal from 1 % upwards, two below, unless ``digits`` says otherwise. "–" for NaN.
    """
    if value is None or not math.isfinite(value):
        return "–"
    return fixed(100.0 * value, _places(value) if digits is None else digits, sign=sign) + (
        f"{NO_BREAK}%"
    )


def _places(value: float) -> int:
    # 0.996 % would print as "1.00 %" with two decimals: decide on the rounded value.
    return 1 if round(abs(100.0 * value), 2) >= 1.0 else 2


def percent_interval(low: float, high: float, value: float | None = None) -> str:
    """``[−13.0, −6.8]``, in percent, with the decimals of ``value`` (else of the wider end)."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    digits = _places(value if value is not None else max(abs(low), abs(high)))
    return f"[{fixed(100 * low, digits)}, {fixed(100 * high, digits)}]"


def probability(p: float) -> str:
    """``p = 0.031``; below 0.001 ``p < 0.001``; above 0.999 ``p > 0.999``; "" for NaN."""
    text = bare_probability(p)
    if not text:
        return ""
    sign = "" if text[0] in "<>" else f"={NO_BREAK}"
    return f"p{NO_BREAK}{sign}{text}"


def bare_probability(p: float) -> str:
    """``0.031``, ``< 0.001``, ``> 0.999``; "" for NaN."""
    if p is None or not math.isfinite(p):
        return ""
    if p < 0.0005:
        return f"<{NO_BREAK}0.001"
    if p >= 0.9995:
        return f">{NO_BREAK}0.999"
    return f"{p:.3f}"


def long_date(day: str) -> str:
    """``2025-10-30`` → ``30 October 2025``; text that is no date comes back as it is."""
    try:
        found = date.fromisoformat(day[:10])
    except ValueError:
        return day
    return f"{found.day}{NO_BREAK}{MONTHS[found.month - 1]} {found.year}"


def moment(label: str) -> str:
    """``2025-10-30T20:00:00`` → ``30 October 2025, 20:00 UTC``."""
    return f"{long_date(label)}, {label[11:16]}{NO_BREAK}UTC"


def window_text(first: int, last: int) -> str:
    """``[−1, +1]``, as the literature writes an event window."""
    return f"[{_tau(first)}, {_tau(last)}]"


def _tau(value: int) -> str:
    return "0" if value == 0 else f"{value:+d}".replace("-", MINUS)


def listed(items: Sequence[str], most: int = 6) -> str:
    """``A, B and C``; beyond ``most`` items ``A, B … and 4 more``."""
    if len(items) > most:
        return f"{', '.join(items[:most])} and {len(items) - most} more"
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"
