"""A further extractor is off by default, and believed only where the text bears it out."""

from __future__ import annotations

import pytest

from signals.errors import SpecError
from signals.news.article import Article
from signals.news.collect import collect
from signals.news.extractor import CheckedExtractor, configured
from signals.news.lexicon import Lexicon

TEXT = "Meta had a bad week. The stock of Meta went from bad to worse and is now 12% poorer."
GOOD = {
    "ticker": "META", "metric": "return", "stated": -0.12, "unit": "decimal", "window": "1 week",
    "quote": "The stock of Meta went from bad to worse and is now 12% poorer",
}  # fmt: skip
BAD = {
    "its quote is not in the text": {**GOOD, "quote": "Meta fell 12% on Monday"},
    "its figure is not in the quote": {**GOOD, "stated": -0.15},
    "its asset is not named in the article": {**GOOD, "ticker": "NVDA"},
    "has no quote": {**GOOD, "quote": ""},
    "does not fit the schema": {**GOOD, "metric": "mood"},
    "states no figure": {**GOOD, "stated": float("nan")},
}


def test_only_claims_with_evidence_are_kept(lexicon: Lexicon) -> None:
    extract = CheckedExtractor(lambda _: {"claims": [GOOD, *BAD.values(), {"x": 1}, "y"]}, lexicon)
    found = collect([Article(TEXT, "a", published="2025-07-30")], news=lexicon, extract=extract)
    assert list(found.claims["stated"]) == [-0.12]
    (row,) = found.claims.to_dict("records")
    assert TEXT[row["quote_start"] : row["quote_end"]] == GOOD["quote"]
    reasons = [d.reason for d in extract.dropped]
    assert reasons[: len(BAD)] == list(BAD)
    assert reasons[len(BAD) :] == ["does not fit the schema"] * 2


@pytest.mark.parametrize("answer", ["not json", "[1]", "{}", '{"claims": 3}', "[" * 100_000])
def test_nonsense_is_dropped(lexicon: Lexicon, answer: str) -> None:
    extract = CheckedExtractor(lambda _: answer, lexicon)
    assert extract(Article(TEXT, "a")) == []
    assert len(extract.dropped) == 1


def test_what_the_rules_found_is_not_doubled(lexicon: Lexicon) -> None:
    text = "Meta shares fell 12% on Friday."
    claim = {**GOOD, "quote": "Meta shares fell 12%"}
    extract = CheckedExtractor(lambda _: {"claims": [claim]}, lexicon)
    found = collect([Article(text, "a", published="2025-08-01")], news=lexicon, extract=extract)
    assert len(found.claims) == 1


def test_off_by_default_and_its_key_comes_from_the_environment(lexicon: Lexicon) -> None:
    assert configured({}, lexicon) is None
    with pytest.raises(SpecError, match="SIGNALS_EXTRACTOR_KEY"):
        configured({"SIGNALS_EXTRACTOR": "json:loads"}, lexicon)
    with pytest.raises(SpecError, match="module:function"):
        configured({"SIGNALS_EXTRACTOR": "no_such:thing", "SIGNALS_EXTRACTOR_KEY": "k"}, lexicon)
    env = {"SIGNALS_EXTRACTOR": f"{__name__}:make", "SIGNALS_EXTRACTOR_KEY": "k"}
    made = configured(env, lexicon)
    assert made is not None
    assert len(made(Article(TEXT, "a"))) == 1


def make(key: str):  # type: ignore[no-untyped-def]
    assert key == "k"
    return lambda _: {"claims": [GOOD]}
