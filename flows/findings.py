"""The few rows of a study that a person reads first: for the terminal and for Prefect's page."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
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
    events = rows["event_id"].astype("str"), rows["ticker"].astype("str")
    number = {
        name: pd.to_numeric(rows[name], errors="coerce").to_numpy(np.float64)
        for name in ("car", "ci_low", "ci_high", "headline_p_value", "p_value", "q_value")
    }
    named = np.isfinite(number["headline_p_value"])
    p_value = np.where(named, number["headline_p_value"], number["p_value"])
    test = np.where(named, rows["headline_test"].fillna("").to_numpy(object), "car_t")
    columns = (
        *events, _day_zeros(result.events, *events), number["car"], number["ci_low"],
        number["ci_high"], p_value, test, number["q_value"],
        _texts(rows["status"]), _texts(rows["flags"]),
    )  # fmt: skip
    # Strongest first: by p, then by size, then by name.
    size = np.where(np.isfinite(number["car"]), -np.abs(number["car"]), np.inf)
    evidence = np.where(np.isfinite(p_value), p_value, np.inf)
    names = [pd.factorize(e, sort=True)[0] for e in events]
    order = np.lexsort((names[1], names[0], size, evidence))
    window = window_text(first, last)
    return [
        Finding(event_id, ticker, zero, window, *others)
        for event_id, ticker, zero, *others in zip(
            *(np.asarray(c)[order].tolist() for c in columns), strict=True
        )
    ]


def _day_zeros(events: pd.DataFrame, event_id: pd.Series, ticker: pd.Series) -> list[str]:
    """The day zero of each pair, blank where there is none."""
    keys = pd.Index(events["event_id"].astype("str") + "\x1f" + events["ticker"].astype("str"))
    place = keys.get_indexer(pd.Index(event_id + "\x1f" + ticker))
    days = [*_texts(events["day_zero"]), ""]  # −1, a pair that is not there, is the last one
    return [days[k][:10] for k in place.tolist()]


def _texts(column: pd.Series) -> list[str]:
    return [str(v) for v in column.astype(object).where(column.notna(), "").tolist()]
