"""Categories with the words that decided, and what is old or denied."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from signals.news.categories import classify, statuses
from signals.news.dates import date_mentions
from signals.news.lexicon import Lexicon
from signals.news.parse import Parsed

Parse = Callable[..., Parsed]


def _verdict(parsed: Parsed, lexicon: Lexicon):  # type: ignore[no-untyped-def]
    return classify(parsed, statuses(parsed, date_mentions(parsed)), lexicon)


@pytest.mark.parametrize(
    ("text", "code", "category"),
    [
        ("Meta reported quarterly results.", "en", "earnings_call"),
        ("Meta is in talks to invest in a startup.", "en", "investment_talks"),
        ("Meta agreed to buy a startup.", "en", "deal"),
        ("Meta lays off staff.", "en", "restructuring"),
        ("Meta raised its capital expenditure forecast.", "en", "capital_expenditure"),
        ("Meta launched a new AI model.", "en", "product_release"),
        ("Meta abandons its open source approach.", "en", "policy_shift"),
        ("The regulator fined Meta.", "en", "regulation"),
        ("A leaked document caused outrage.", "en", "controversy"),
        ("Analysts see a bubble.", "en", "market_commentary"),
        ("Meta and Anduril form a partnership.", "en", "partnership"),
        ("Meta opened an office.", "en", "other"),
        ("मेटा में छंटनी", "hi", "restructuring"),
        ("تسريح موظفي ميتا", "ar", "restructuring"),
        ("ستسرح ميتا موظفين", "ar", "restructuring"),
        ("Meta anuncia despidos.", "es", "restructuring"),
    ],
)
def test_category(lexicon: Lexicon, parsed: Parse, text: str, code: str, category: str) -> None:
    verdict = _verdict(parsed(text, code), lexicon)
    assert verdict.category == category
    assert category == "other" or verdict.words


@pytest.mark.parametrize(
    ("text", "code", "denied"),
    [
        ("Meta denied it is in talks to buy a rival.", "en", True),
        ("Meta is in talks to buy a rival. It declined to comment.", "en", False),
        ("मेटा ने अधिग्रहण की खबर का खंडन किया", "hi", True),
        ("मेटा ने निवेश की बातचीत पर टिप्पणी करने से इनकार कर दिया", "hi", False),
        ("نفت ميتا محادثات الاستحواذ", "ar", True),
        ("The EU fined Meta. Meta denied the charge.", "en", False),
    ],
)
def test_denials(lexicon: Lexicon, parsed: Parse, text: str, code: str, denied: bool) -> None:
    assert _verdict(parsed(text, code), lexicon).denied is denied


@pytest.mark.parametrize(
    ("text", "code", "recalled"),
    [
        ("Two years ago Meta bought a startup.", "en", True),
        ("In 2012 Facebook bought Instagram.", "en", True),
        ("Meta, which bought Instagram in 2012, announced layoffs today.", "en", False),
        ("Revenue rose 22% from last year as Meta reported quarterly results.", "en", False),
        ("Meta will open a data center in 2028.", "en", False),
        ("दो साल पहले मेटा ने स्टार्टअप खरीदा था", "hi", True),
        ("قبل عشر سنوات اشترت ميتا شركة", "ar", True),
        ("Hace diez años Meta compró una empresa.", "es", True),
    ],
)
def test_old_news(lexicon: Lexicon, parsed: Parse, text: str, code: str, recalled: bool) -> None:
    assert _verdict(parsed(text, code), lexicon).recalled is recalled
