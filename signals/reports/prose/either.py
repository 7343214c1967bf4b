"""What can be said of news whose date has two readings, whichever of them is right."""

from __future__ import annotations

import numpy as np

from signals.reports.figures.series import numbers, texts
from signals.reports.prose.numbers import probability
from signals.reports.prose.sentences import effect
from signals.reports.prose.words import ENGLISH_WORDS, Words
from signals.reports.result import StudyResult


def either_sentences(result: StudyResult, say: Words = ENGLISH_WORDS) -> dict[tuple[str, str], str]:
    """(event, asset) → the inference over both sessions by the study's own model and length, and
    what its p-value was compared with. Checked by tests/reports/test_prose.py."""
    frame = result.table("sensitivity")
    if frame.empty or "either_method" not in frame.columns:
        return {}
    spec = result.spec
    own = (frame["day_zero_choice"] == "either") & (frame["model"] == spec.model)
    rows = frame[own & (frame["estimation_length"] == spec.estimation.length)]
    p, car = numbers(rows, "either_p_value"), numbers(rows, "car")
    method = texts(rows, "either_method")
    keys = zip(texts(rows, "event_id"), texts(rows, "ticker"), strict=True)
    return {
        (event, ticker): say(
            f"either.{method[k]}",
            p=probability(p[k]),
            asset=ticker,
            size=effect(car[k], spec.quantity, sign=True),
        )
        for k, (event, ticker) in enumerate(keys)
        if np.isfinite(p[k])
    }
