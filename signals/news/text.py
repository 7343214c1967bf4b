"""Text as the rules see it: folded characters, tokens with their places, sentences.

Folding maps the digits of every script to ASCII, lower-cases, and makes one letter of those that
writers use as one (Arabic alef forms, Devanagari nukta, Latin accents). Every token keeps its
place in the *original* text, so that a quote can be shown as it was written.
"""

from __future__ import annotations

import functools
import re
import sys
import unicodedata
from collections.abc import Sequence
from typing import Final, NamedTuple

MARKS: Final = (
    "\u0900-\u0903\u093a-\u094f\u0955-\u0957\u0962\u0963\u0981-\u0983\u09bc-\u09cd"
    "\u0a01-\u0a03\u0a3c-\u0a4d\u0b82\u0bbe-\u0bcd"
)
CJK: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
# Vowel points, tatweel, nukta, joiners, soft hyphen, marks of direction: not part of a word.
_DROPPED: Final = re.compile(
    "[\u0610-\u061a\u064b-\u065f\u0670\u0640\u093c\u200b-\u200f\u202a-\u202e\u2060-\u2069\u00ad\ufeff\u0300-\u036f]"
)
_TOKEN: Final = re.compile(
    rf"[{CJK}]|[0-9]+(?:[.,][0-9]+)*|(?:(?![{CJK}])[^\W\d_]|[{MARKS}])+|[%$€£¥₹]"
)
_JOINED: Final = re.compile(r"[\s\-‐‑–'’\"“”«»‘_*/&]*\Z")
_ENDS: Final = re.compile(r"[.!?\u0964\u061f\u3002\uff01\uff1f\u2026]+[\"”’»)\]']*(?:\s+|\Z)|\n+")


class Token(NamedTuple):
    """A word, number or sign. ``start`` and ``end`` count in the original text; ``joined``:
    nothing but spaces, hyphens and quotation marks stands between it and the token before."""

    text: str
    start: int
    end: int
    joined: bool


class Folded(NamedTuple):
    """Folded text and, where characters were dropped, the original place of each."""

    text: str
    places: Sequence[int] | None

    def place(self, position: int) -> int:
        return position if self.places is None else self.places[position]


@functools.lru_cache(maxsize=1)
def _table() -> dict[int, str]:
    table: dict[int, str] = {}
    for code in range(0x80, 0x3000):
        char = chr(code)
        lowered = char.lower()
        if unicodedata.category(char) == "Nd":
            table[code] = str(unicodedata.digit(char))
        elif len(lowered) == 1:
            base = unicodedata.normalize("NFD", lowered)[0]
            latin_or_hindi = code < 0x250 or 0x1E00 <= code < 0x1F00 or 0x958 <= code <= 0x95F
            kept = base if latin_or_hindi else lowered
            if kept != char:
                table[code] = kept
    for code in range(0x41, 0x5B):
        table[code] = chr(code + 32)
    for code in range(0xFF01, 0xFF5F):  # full-width forms
        table[code] = chr(code - 0xFEE0).lower()
    pairs = {
        "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ة": "ه", "ؤ": "و", "ئ": "ي",
        "ک": "ك", "ی": "ي", "٪": "%", "٫": ".", "٬": ",", "ँ": "ं", "ऩ": "न", "＄": "$",
        "\u00a0": " ", "\u202f": " ", "\u2009": " ", "’": "'", "‘": "'", "ʼ": "'", "−": "-",
        "…": "…", "％": "%", "﹪": "%",
    }  # fmt: skip
    table.update({ord(k): v for k, v in pairs.items()})
    return table


def fold(text: str) -> Folded:
    """Folded ``text``; see the module."""
    if _DROPPED.search(text) is None:
        return Folded(text.translate(_table()), None)
    dropped = {m.start() for m in _DROPPED.finditer(text)}
    places = [i for i in range(len(text)) if i not in dropped]
    kept = "".join([text[i] for i in places])
    places.append(len(text))
    return Folded(kept.translate(_table()), places)


def tokens(folded: Folded) -> list[Token]:
    """All tokens of a folded text, in order."""
    found: list[Token] = []
    text, last = folded.text, 0
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        joined = start == last or _JOINED.match(text, last, start) is not None
        first = folded.place(start)
        final = end if folded.places is None else folded.places[end - 1] + 1
        found.append(Token(sys.intern(match.group()), first, final, joined))
        last = end
    return found


def words_of(phrase: str) -> tuple[str, ...]:
    """The tokens of a phrase of a table; a trailing ``*`` stays on the last one."""
    wild = phrase.endswith("*")
    parts = [t.text for t in tokens(fold(phrase.rstrip("*")))]
    if wild and parts:
        parts[-1] += "*"
    return tuple(parts)


def sentence_spans(text: str, abbreviations: frozenset[str]) -> list[tuple[int, int]]:
    """Spans of the sentences of the original ``text``, in order, without empty ones.

    A full stop ends none after an abbreviation, a single letter, or before a small letter.
    """
    spans: list[tuple[int, int]] = []
    begin = 0
    for match in _ENDS.finditer(text):
        if text[match.start()] == "." and _goes_on(text, begin, match, abbreviations):
            continue
        if text[begin : match.start()].strip():
            spans.append((begin, match.end()))
        begin = match.end()
    if text[begin:].strip():
        spans.append((begin, len(text)))
    return spans


def _goes_on(text: str, begin: int, match: re.Match[str], abbreviations: frozenset[str]) -> bool:
    after = text[match.end() : match.end() + 1]
    if "\n" in match.group():
        return False
    if after.isascii() and after.islower():
        return True
    before = text[max(begin, match.start() - 12) : match.start()].split()
    word = fold(before[-1]).text.strip("(\"'«“") if before else ""
    return word in abbreviations or (len(word) == 1 and word.isalpha()) or "." in word[-2:]
