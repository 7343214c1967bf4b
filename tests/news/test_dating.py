"""When: the order of evidence, what is recorded of it, and what goes to review."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from signals.news.anchors import EarningsDate
from signals.news.reading import Reading

Read = Callable[..., Reading]

CATALOGUE = pd.DataFrame(
    [
        ("anduril-partnership", "2025-05-29", "day", "partnership", "META", "Meta and Anduril work together"),
        ("scale-ai-talks", "2025-06-08", "day", "investment_talks", "META", "Meta talks to Scale AI"),
        ("meta-q2-2024", "2024-07-31", "day", "earnings_call", "META", "Meta reports results"),
    ],
    columns=["event_id", "announced_at", "precision", "category", "subject", "headline"],
)  # fmt: skip
TALKS = (
    "Meta is in talks to invest in Scale AI. Last week Meta announced a partnership with Anduril."
)


@pytest.mark.parametrize(
    ("text", "published", "at", "precision"),
    [
        ("Meta launched a model.", "2025-07-30T16:05:00-04:00", "2025-07-30T20:05:00Z", "minute"),
        ("Meta launched a model today.", "2025-07-30T16:05:00-04:00", "2025-07-30T20:05:00Z", "minute"),
        ("Meta launched a model.", "2025-07-30", "2025-07-30", "day"),
        ("Meta launched a model on Wednesday.", "2025-08-01", "2025-07-30", "day"),
        ("Meta launched a model yesterday.", "2025-07-31T09:00:00-04:00", "2025-07-30", "day"),
        ("Meta launched a model on July 30.", "2025-08-01", "2025-07-30", "day"),
        ("On July 30, 2025 Meta launched a model.", "", "2025-07-30", "day"),
        # The evening in New York is still the 30th although UTC says the 31st.
        ("Meta launched a model on Wednesday.", "2025-07-31T02:00:00Z", "2025-07-31T02:00:00Z", "minute"),
        # A date that lies ahead is not the date of the news.
        ("Meta will launch a model on September 25, 2025.", "2025-07-30", "2025-07-30", "day"),
    ],
)  # fmt: skip
def test_dated(read: Read, text: str, published: str, at: str, precision: str) -> None:
    reading = read(text, published)
    assert reading.reason == ""
    assert (reading.row["announced_at"], reading.row["precision"]) == (at, precision)
    assert reading.confidence >= 0.7
    assert reading.evidence


@pytest.mark.parametrize(
    ("text", "published"),
    [
        ("Meta launched a model.", ""),
        ("Meta launched a model on Wednesday.", ""),
        ("Meta launched a model on July 30.", ""),
        ("Last week Meta launched a model.", "2025-07-30"),
        ("Meta will launch a model on September 25, 2025.", ""),
        ("On May 1, 2025 Meta launched a model, and on May 9, 2025 another one.", ""),
    ],
)
def test_not_dated(read: Read, text: str, published: str) -> None:
    reading = read(text, published)
    assert reading.reason in {"undated", "low_confidence"}
    assert reading.row["announced_at"] == ""
    assert len(reading.candidates) <= 3


def test_a_fiscal_period_is_dated_by_the_release(read: Read) -> None:
    text = "Today Meta released its financial results for the second quarter of fiscal 2024."
    calendar = [EarningsDate("META", d, "day", "post_close") for d in ("2024-04-24", "2024-07-31")]
    reading = read(text, earnings=calendar)
    assert (reading.row["announced_at"], reading.row["timing"]) == ("2024-07-31", "post_close")
    assert "2024-07-31" in reading.evidence
    assert read(text).reason == "undated"
    unsaid = read("Meta released its results for the second quarter.", earnings=calendar)
    assert unsaid.reason == "low_confidence"
    assert unsaid.candidates == ("2024-07-31",)


def test_a_named_event_dates_the_article(read: Read) -> None:
    reading = read(TALKS, catalogue=CATALOGUE)
    assert (reading.reason, reading.row["event_id"]) == ("", "scale-ai-talks")
    assert "anduril-partnership" in reading.evidence


def test_without_the_event_the_week_is_offered(read: Read) -> None:
    reading = read(TALKS, catalogue=CATALOGUE.iloc[[0, 2]])
    assert reading.reason == "low_confidence"
    assert reading.candidates == ("2025-06-08", "2025-06-05", "2025-06-02")


def test_timing_words(read: Read) -> None:
    after = read("Meta reported quarterly results after the close.", "2025-07-30")
    before = read("Meta reported quarterly results before the bell.", "2025-07-30")
    assert (after.row["timing"], before.row["timing"]) == ("post_close", "pre_open")
