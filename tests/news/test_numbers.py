"""Money, percent and counts by the tables of each language."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from signals.news.numbers import digits_value, figures
from signals.news.parse import Parsed

Parse = Callable[..., Parsed]


@pytest.mark.parametrize(
    ("text", "code", "kind", "value", "currency", "bound"),
    [
        ("$10 billion", "en", "money", 10e9, "USD", "exact"),
        ("more than $10bn", "en", "money", 10e9, "USD", "at_least"),
        ("US$39.071 billion", "en", "money", 39.071e9, "USD", "exact"),
        ("€500 million", "en", "money", 500e6, "EUR", "exact"),
        ("Rs 1,00,000 crore", "en", "money", 1e12, "INR", "exact"),
        ("about 12 percent", "en", "percent", 12, "", "about"),
        ("12.5%", "en", "percent", 12.5, "", "exact"),
        ("up to 40 per cent", "en", "percent", 40, "", "at_most"),
        ("two million dollars", "en", "money", 2e6, "USD", "exact"),
        ("25 basis points", "en", "points", 25, "", "exact"),
        ("$10 बिलियन", "hi", "money", 10e9, "USD", "exact"),
        ("$ 10 बिलियन से अधिक", "hi", "money", 10e9, "USD", "at_least"),
        ("१२ प्रतिशत", "hi", "percent", 12, "", "exact"),
        ("₹500 करोड़", "hi", "money", 5e9, "INR", "exact"),
        ("5 लाख करोड़ रुपये", "hi", "money", 5e12, "INR", "exact"),
        ("लगभग 14 बिलियन डॉलर", "hi", "money", 14e9, "USD", "about"),
        ("39.071 बिलियन अमेरिकी डॉलर", "hi", "money", 39.071e9, "USD", "exact"),
        ("3 खरब रुपये", "hi", "money", 3e11, "INR", "exact"),
        ("٢٠٠ مليار دولار", "ar", "money", 200e9, "USD", "exact"),
        ("أكثر من 200 مليار دولار", "ar", "money", 200e9, "USD", "at_least"),
        ("نحو ٣٫٥٪", "ar", "percent", 3.5, "", "about"),
        ("12 في المئة", "ar", "percent", 12, "", "exact"),
        ("1.5 تريليون ريال", "ar", "money", 1.5e12, "SAR", "exact"),
        ("ملياري دولار", "ar", "money", 2e9, "USD", "exact"),
        ("12,5 %", "es", "percent", 12.5, "", "exact"),
        ("47.516 millones de dólares", "es", "money", 47.516e9, "USD", "exact"),
        ("200 mil millones de euros", "es", "money", 200e9, "EUR", "exact"),
    ],
)
def test_one_figure(
    parsed: Parse, text: str, code: str, kind: str, value: float, currency: str, bound: str
) -> None:
    found = figures(parsed(text, code))
    assert len(found) == 1
    figure = found[0]
    assert (figure.kind, figure.currency, figure.bound) == (kind, currency, bound)
    assert figure.value == pytest.approx(value)


@pytest.mark.parametrize("text", ["Llama 3.1", "the H100 chip", "GPT-4", "Q3", "405B2"])
def test_names_of_things_are_no_figures(parsed: Parse, text: str) -> None:
    assert [f for f in figures(parsed(text)) if f.kind != "count"] == []


def test_a_range_keeps_both_ends_and_the_step_is_the_last_digit(parsed: Parse) -> None:
    (figure,) = figures(parsed("$70-72 billion"))
    assert (figure.value, figure.high) == (70e9, 72e9)
    (percent,) = figures(parsed("11.33%"))
    assert percent.step == pytest.approx(0.01)
    (round_sum,) = figures(parsed("$200 billion"))
    assert round_sum.step == 100e9


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("1,234.5", ".", 1234.5), ("1.234,5", ",", 1234.5), ("39.071", ".", 39.071),
        ("39.071", ",", 39071.0), ("12,5", ".", 12.5), ("1,00,000", ".", 100000.0),
    ],
)  # fmt: skip
def test_separators_by_language(text: str, decimal: str, value: float) -> None:
    assert digits_value(text, decimal)[0] == value


def test_places_count_in_the_original_text(parsed: Parse) -> None:
    text = "قيمة \u200f«ميتا» بـ٢٠٠ مليار دولار"  # a mark of direction and a tatweel are dropped
    (figure,) = figures(parsed(text, "ar"))
    assert text[figure.start : figure.end] == "٢٠٠ مليار دولار"
