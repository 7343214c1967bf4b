"""Claims of articles against the prices, each number in its own metric's unit."""

from __future__ import annotations

import math

import pandas as pd

from signals.reports.figures.series import numbers, texts
from signals.reports.prose.numbers import NO_BREAK, fixed, percent
from signals.reports.prose.sentences import claim_sentence
from signals.reports.prose.words import Words

SCALES = ((1e12, "tn"), (1e9, "bn"), (1e6, "m"))


def claims_frame(claims: pd.DataFrame, say: Words) -> pd.DataFrame:
    """The claims with their numbers as text: percent for returns and breadth, amounts otherwise."""
    metric, unit = texts(claims, "metric"), texts(claims, "unit")
    shown = claims.rename(columns={"window_first": "first", "window_last": "last"})
    for column in ("stated", "measured"):
        values = numbers(claims, column)
        rows = zip(values.tolist(), metric, unit, strict=True)
        shown[column] = [amount(value, str(m), str(u)) for value, m, u in rows]
    shown = shown.assign(meaning=[claim_sentence(v, say) for v in texts(claims, "verdict")])
    if shown[["first", "last"]].isna().any(axis=None):
        shown = shown.drop(columns=["first", "last"])
    return shown


def amount(value: float, metric: str, unit: str) -> str:
    """``\u221213.7 %`` for a return, ``\u2212224.0 bn USD`` for a market value."""
    if not math.isfinite(value):
        return ""
    if metric in ("return", "breadth"):
        return percent(value)
    named = "" if unit in ("", "decimal") else f"{NO_BREAK}{unit}"
    for scale, name in SCALES:
        if abs(value) >= scale:
            return f"{fixed(value / scale, 1)}{NO_BREAK}{name}{named}"
    return f"{fixed(value, 2)}{named}"
