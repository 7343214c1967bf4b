"""One article, taken apart once: tokens, sentences, and the phrases of every table in them."""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from typing import Final, NamedTuple

from signals.news.article import Article
from signals.news.lexicon import Language, Lexicon
from signals.news.terms import Hit
from signals.news.text import Token, fold, sentence_spans, tokens

MAX_CHARS: Final = 200_000
TITLE_CHARS: Final = 220


class Sentence(NamedTuple):
    """A sentence: its place in the text, its tokens ``first`` … ``last`` (half open), and
    whether it is (part of) the title."""

    number: int
    start: int
    end: int
    first: int
    last: int
    title: bool


@dataclass(frozen=True, slots=True, eq=False)
class Parsed:
    """Everything later steps look at. Hits are sorted by their first token."""

    article: Article
    text: str
    language: Language
    tokens: list[Token]
    sentences: list[Sentence]
    grammar: list[Hit]
    names: list[Hit]
    clues: list[Hit]
    words: list[Hit]

    def within(self, hits: list[Hit], first: int, last: int) -> list[Hit]:
        """The hits whose first token lies in tokens ``first`` … ``last`` (half open)."""
        low = bisect.bisect_left(hits, first, key=_first)
        high = bisect.bisect_left(hits, last, key=_first)
        return hits[low:high]

    def sentence_at(self, token: int) -> Sentence:
        """The sentence that holds a token."""
        at = bisect.bisect_right(self.sentences, token, key=_sentence_first) - 1
        return self.sentences[max(at, 0)]


def _first(hit: Hit) -> int:
    return hit.first


def _sentence_first(sentence: Sentence) -> int:
    return sentence.first


def parse(article: Article, language: Language, lexicon: Lexicon) -> Parsed:
    """Take ``article`` apart with the tables of ``language``."""
    text = article.text[:MAX_CHARS]
    found = tokens(fold(text))
    title_end = article.title_end or _title_end(text)
    sentences = _sentences(text, found, language, title_end)
    code = language.code
    return Parsed(
        article,
        text,
        language,
        found,
        sentences,
        language.index.find(found),
        lexicon.names[code].find(found),
        lexicon.clues[code].find(found, inside=True),
        lexicon.words[code].find(found, inside=True),
    )


def _title_end(text: str) -> int:
    """A short first line without a full stop, with more text below, is a title."""
    line, _, rest = text.partition("\n")
    short = 0 < len(line.strip()) <= TITLE_CHARS
    if short and rest.strip() and line.rstrip()[-1] not in ".।!":
        return len(line)
    return 0


def _sentences(text: str, found: list[Token], language: Language, title_end: int) -> list[Sentence]:
    starts = [t.start for t in found]
    kept: list[Sentence] = []
    for start, end in sentence_spans(text, language.abbreviations):
        first = bisect.bisect_left(starts, start)
        last = bisect.bisect_left(starts, end)
        if last > first:
            kept.append(Sentence(len(kept), start, end, first, last, start < title_end))
    return kept
