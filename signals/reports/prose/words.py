"""Every string of the page and of its sentences, by language: the one place to add another.

A language is a mapping from the keys of :data:`ENGLISH` to text; ``{name}`` marks what is filled
in. Keys with ``.one`` and ``.many`` are the two forms of a counted noun.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from signals.reports.prose.english_beyond import BEYOND
from signals.reports.prose.english_labels import LABELS
from signals.reports.prose.english_sentences import SENTENCES

ENGLISH: Final[Mapping[str, str]] = {**LABELS, **SENTENCES, **BEYOND}

LANGUAGES: Final[Mapping[str, Mapping[str, str]]] = {"en": ENGLISH}


class Words:
    """``say("found.title")``: the text of one language, filled in."""

    def __init__(self, language: str = "en") -> None:
        self.language = language
        self._texts = LANGUAGES[language]

    def __call__(self, key: str, /, **values: object) -> str:
        return self._texts[key].format(**values)

    def count(self, number: int, noun: str) -> str:
        """``1 event``, ``1,245 events``: the number with the form of the noun that fits it."""
        form = "one" if number == 1 else "many"
        return f"{number:,} {self._texts[f'noun.{noun}.{form}']}"

    def verb(self, number: int, verb: str) -> str:
        """``has`` for one, ``have`` for any other number."""
        return self._texts[f"verb.{verb}.{'one' if number == 1 else 'many'}"]

    def column(self, name: str) -> str:
        """The label of a table column; the column's own name where there is none."""
        return self._texts.get(f"column.{name}", name.replace("_", " "))

    def note(self, key: str) -> str:
        """A text that may be absent: empty then."""
        return self._texts.get(key, "")


ENGLISH_WORDS: Final = Words("en")
