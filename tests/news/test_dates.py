"""Dates, weekdays, relative words and fiscal periods, and the stamps of pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from signals.news.anchors import quarter_end
from signals.news.dates import date_mentions, days_back_to, parse_stamp
from signals.news.parse import Parsed

Parse = Callable[..., Parsed]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("July 30, 2025", "en"), ("30 July 2025", "en"), ("July 30th, 2025", "en"),
        ("2025-07-30", "en"), ("30 जुलाई 2025", "hi"), ("३० जुलाई २०२५", "hi"),
        ("30 يوليو 2025", "ar"), ("٣٠ يوليو ٢٠٢٥", "ar"), ("30 تموز 2025", "ar"),
        ("30 de julio de 2025", "es"),
    ],
)  # fmt: skip
def test_full_dates(parsed: Parse, text: str, code: str) -> None:
    (mention,) = date_mentions(parsed(text, code))
    assert (mention.kind, mention.day) == ("day", date(2025, 7, 30))


@pytest.mark.parametrize(
    ("text", "code", "kind", "value"),
    [
        ("on Wednesday", "en", "weekday", 2), ("बुधवार को", "hi", "weekday", 2),
        ("يوم الأربعاء", "ar", "weekday", 2), ("el miércoles", "es", "weekday", 2),
        ("yesterday", "en", "relative_day", -1), ("أمس", "ar", "relative_day", -1),
        ("last week", "en", "relative_week", -1), ("पिछले हफ्ते", "hi", "relative_week", -1),
        ("कल लॉन्च किया", "hi", "relative_day", -1), ("कल लॉन्च होगा", "hi", "relative_day", 1),
        ("second quarter of fiscal 2024", "en", "quarter", 20242), ("Q3 2025", "en", "quarter", 20253),
        ("वित्त वर्ष 2024 की दूसरी तिमाही", "hi", "quarter", 20242),
        ("الربع الثاني من 2025", "ar", "quarter", 20252),
        ("third quarter", "en", "quarter", 3), ("in 2012", "en", "year", 2012),
    ],
)  # fmt: skip
def test_other_mentions(parsed: Parse, text: str, code: str, kind: str, value: int) -> None:
    (mention,) = date_mentions(parsed(text, code))
    assert (mention.kind, mention.value) == (kind, value)


@pytest.mark.parametrize("text", ["$14", "Llama 3.1", "it may 5 times", "$2025", "2025 dollars"])
def test_no_date_where_there_is_none(parsed: Parse, text: str) -> None:
    assert date_mentions(parsed(text)) == []


def test_stamps() -> None:
    stamp = parse_stamp("2025-07-30T16:05:00-04:00")
    assert stamp is not None
    assert stamp.instant is not None
    assert stamp.instant.isoformat() == "2025-07-30T20:05:00+00:00"
    assert parse_stamp("Wed, 30 Jul 2025 20:05:00 GMT") == stamp
    assert parse_stamp("20250730T200500Z") == stamp
    bare = parse_stamp("July 30, 2025")
    assert bare is not None
    assert (bare.instant, bare.day) == (None, date(2025, 7, 30))
    for none in (
        "",
        "next Tuesday",
        "2025",
        "3025-01-01",
        "Wed, 30 Jul 1025 20:05:00 GMT",
        "x" * 90,
    ):
        assert parse_stamp(none) is None


def test_fiscal_quarters_end_where_companies_say() -> None:
    assert quarter_end(2024, 2, 12) == date(2024, 6, 30)
    assert quarter_end(2025, 4, 1) == date(2025, 1, 31)  # Nvidia
    assert quarter_end(2025, 1, 6) == date(2024, 9, 30)  # Microsoft
    assert quarter_end(2024, 4, 9) == date(2024, 9, 30)  # Apple


def test_the_last_wednesday() -> None:
    assert days_back_to(2, date(2025, 8, 1)) == date(2025, 7, 30)
    assert days_back_to(4, date(2025, 8, 1)) == date(2025, 8, 1)
