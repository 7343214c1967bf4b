"""The few rows of a study that a person reads first: for the terminal and for Prefect's page."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from signals.reports.result import StudyResult


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """One event-asset pair over the study's primary window (decimal returns; NaN: none)."""

    event_id: str
    ticker: str
    day_zero: str
    window: str
    car: float
    ci_low: float
    ci_high: float
    p_value: float
    test: str
    q_value: float
    status: str
    flags: str


def window_text(first: int, last: int) -> str:
    """``[0, +1]``, as the literature writes an event window."""
    return f"[{first:+d}, {last:+d}]".replace("+0", "0")


def percent(value: float, digits: int = 2) -> str:
    """``+11.66 %``; an empty text where there is no number."""
    if value is None or not math.isfinite(value):
        return ""
    return f"{100 * value:+.{digits}f} %".replace("-", "−")


def probability(value: float) -> str:
    """``0.031``, ``< 0.001``; an empty text where there is none."""
    if value is None or not math.isfinite(value):
        return ""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def interval(low: float, high: float) -> str:
    """``+6.10 … +9.30 %``; an empty text where there is none."""
    a, b = percent(low), percent(high)
    return f"{a.removesuffix(' %')} … {b}" if a and b else ""


def interval_name(alpha: float) -> str:
    """``95 % interval`` for alpha 0.05."""
    return f"{100 * (1 - alpha):g} % interval"


def findings(result: StudyResult) -> list[Finding]:
    """Every studied pair over the primary window, strongest evidence first.

    The p-value is the headline one where the study names it, else the prediction-error t's.
    """
    first, last = result.spec.primary
    car = result.car
    if car.empty:
        return []
    rows = car[(car["first"] == first) & (car["last"] == last)]
    zero = _day_zeros(result.events)
    found = [
        _finding(row, zero.get((row["event_id"], row["ticker"]), ""))
        for row in rows.to_dict("records")
    ]
    return sorted(found, key=_strength)


def _finding(row: Mapping[Hashable, Any], day_zero: str) -> Finding:
    headline = _number(row["headline_p_value"])
    named = math.isfinite(headline)
    return Finding(
        event_id=str(row["event_id"]),
        ticker=str(row["ticker"]),
        day_zero=day_zero,
        window=window_text(int(str(row["first"])), int(str(row["last"]))),
        car=_number(row["car"]),
        ci_low=_number(row["ci_low"]),
        ci_high=_number(row["ci_high"]),
        p_value=headline if named else _number(row["p_value"]),
        test=_text(row["headline_test"]) if named else "car_t",
        q_value=_number(row["q_value"]),
        status=_text(row["status"]),
        flags=_text(row["flags"]),
    )


def _day_zeros(events: pd.DataFrame) -> dict[tuple[str, str], str]:
    keys = zip(events["event_id"], events["ticker"], strict=True)
    return dict(zip(keys, (_text(d)[:10] for d in events["day_zero"]), strict=True))


def _strength(row: Finding) -> tuple[float, float, str, str]:
    p = row.p_value if math.isfinite(row.p_value) else math.inf
    size = -abs(row.car) if math.isfinite(row.car) else math.inf
    return p, size, row.event_id, row.ticker


def _number(value: object) -> float:
    number = pd.to_numeric(value, errors="coerce")  # type: ignore[call-overload]
    return float(number) if pd.notna(number) else math.nan


def _text(value: object) -> str:
    return "" if value is None or bool(pd.isna(value)) else str(value)  # type: ignore[call-overload]
