"""Names in any script, and the words of the same spelling that mean something else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from signals.news.entities import mentions, roles
from signals.news.lexicon import Lexicon
from signals.news.parse import Parsed

Parse = Callable[..., Parsed]


@pytest.mark.parametrize(
    ("text", "code", "entity"),
    [
        ("Meta Platforms said", "en", "meta"), ("Facebook said", "en", "meta"),
        ("मेटा ने कहा", "hi", "meta"), ("قالت ميتا", "ar", "meta"), ("وبميتا", "ar", "meta"),
        ("«ميتا»", "ar", "meta"), ("स्केल एआई", "hi", "scale-ai"),
        ("एस्सिलोर लक्सोटिका", "hi", "essilorluxottica"), ("xAI raised money", "en", "xai"),
        ("Apple shares fell", "en", "apple"), ("Amazon's cloud unit", "en", "amazon"),
        ("Gemini, the AI model", "en", "alphabet"), ("ज़करबर्ग", "hi", "meta"),
    ],
)  # fmt: skip
def test_names(lexicon: Lexicon, parsed: Parse, text: str, code: str, entity: str) -> None:
    assert {m.entity for m in mentions(parsed(text, code), lexicon)} == {entity}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a meta-analysis of trials", "en"), ("Meta-analysis shows", "en"), ("the meta tag", "en"),
        ("Meta analysis of forty trials", "en"), ("an apple a day", "en"),
        ("Apple growers fear frost", "en"), ("the Amazon rainforest", "en"),
        ("Gemini, the zodiac sign", "en"), ("open AI model", "en"), ("मेटा विश्लेषण", "hi"),
        ("अमेज़न के जंगल", "hi"), ("غابات الأمازون", "ar"), ("the Oracle of Delphi", "en"),
        ("letters of the Alphabet", "en"), ("Nikola Tesla was an inventor", "en"),
        ("the palantir of Sauron", "en"), ("the anthropic principle", "en"),
    ],
)  # fmt: skip
def test_homonyms(lexicon: Lexicon, parsed: Parse, text: str, code: str) -> None:
    assert mentions(parsed(text, code), lexicon) == []


def test_a_weak_name_counts_once_its_entity_is_named(lexicon: Lexicon, parsed: Parse) -> None:
    alone = mentions(parsed("Scale grew quickly."), lexicon)
    named = mentions(parsed("Scale AI raised money. Scale grew quickly."), lexicon)
    assert alone == []
    assert [m.entity for m in named] == ["scale-ai", "scale-ai"]


def test_roles(lexicon: Lexicon, parsed: Parse) -> None:
    text = parsed(
        "Meta is in talks to invest in Scale AI. Meta buys GPUs from Nvidia. Rival Google lags."
    )
    found = roles(text, mentions(text, lexicon), lexicon, "investment_talks")
    assert {r.entity.id: r.role for r in found} == {
        "meta": "subject", "scale-ai": "counterparty", "nvidia": "supplier", "alphabet": "rival",
    }  # fmt: skip
    assert found[0].entity.ticker == "META"
    assert next(r.entity.ticker for r in found if r.entity.id == "scale-ai") == ""


def test_a_rival_that_only_describes_is_not_the_subject(lexicon: Lexicon, parsed: Parse) -> None:
    text = parsed("Shares in Meta rival Snap slipped.")
    assert roles(text, mentions(text, lexicon), lexicon, "other")[0].entity.id == "snap"
