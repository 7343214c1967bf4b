"""Languages by script, words and letter statistics; one without a table is named."""

from __future__ import annotations

import pytest

from signals.news.language import detect, main_script
from signals.news.lexicon import Lexicon


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Meta shares fell 12% after the results.", "en"), ("मेटा के शेयर गिरे", "hi"),
        ("Meta और Nvidia ने AI पर निवेश किया", "hi"), ("تراجع سهم ميتا", "ar"),
        ("Las acciones de Meta cayeron tras los resultados.", "es"),
    ],
)  # fmt: skip
def test_detected(lexicon: Lexicon, text: str, code: str) -> None:
    assert detect(text, lexicon.languages).code == code


@pytest.mark.parametrize(
    "text",
    [
        "12345 !!", "Το μετοχικό κεφάλαιο", "акции компании упали", "Meta 的股价下跌了百分之十二",
        "Die Aktien des Unternehmens sind nach den Zahlen deutlich gefallen, sagte ein Händler.",
        "Les actions du groupe ont fortement reculé après la publication des résultats trimestriels.",
    ],
)  # fmt: skip
def test_no_table_no_language(lexicon: Lexicon, text: str) -> None:
    found = detect(text, lexicon.languages)
    assert found.code == ""
    assert found.evidence


def test_names_in_latin_do_not_change_the_script() -> None:
    assert main_script("Meta Platforms Nvidia Microsoft ने कहा कि वे निवेश करेंगे") == "devanagari"
    assert main_script("Meta (मेटा) reported its quarterly results today") == "latin"
