"""Sentences cut into clauses, so that each figure keeps to its own verb and noun."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from signals.news.numbers import Figure
from signals.news.parse import Parsed, Sentence
from signals.news.terms import Hit

_CUT: Final = re.compile(r"[,;:()،؛—]|\s[-–]\s|\.\.|\s\|\s")


class Clause(NamedTuple):
    """Tokens ``first`` … ``last`` (half open) of one clause and its grammar hits."""

    first: int
    last: int
    hits: tuple[Hit, ...]

    def of(self, group: str) -> list[Hit]:
        """The hits of a group, in order."""
        return [h for h in self.hits if h.get(group)]

    def has(self, group: str) -> bool:
        return any(h.get(group) for h in self.hits)


def clauses(parsed: Parsed, sentence: Sentence, found: list[Figure]) -> list[Clause]:
    """The clauses of a sentence. Cuts: punctuation; the words of ``clause`` and
    ``clause_end``; "and" (or an Arabic verb with و) behind a figure, before another or before
    a noun of its own."""
    hits = parsed.within(parsed.grammar, sentence.first, sentence.last)
    cuts = {sentence.first}
    inside = {t for f in found for t in range(f.first + 1, f.last + 1)}
    for i in range(sentence.first + 1, sentence.last):
        gap = parsed.text[parsed.tokens[i - 1].end : parsed.tokens[i].start]
        if i not in inside and gap and _CUT.search(gap):
            cuts.add(i)
    for hit in hits:
        if hit.get("clause") and hit.first not in inside:
            cuts.add(hit.first)
        if hit.get("clause_end") and hit.last + 1 < sentence.last:
            cuts.add(hit.last + 1)
    cuts |= _joined_cuts(parsed, hits, found, sorted(cuts), sentence)
    starts = sorted(cuts)
    ends = [*starts[1:], sentence.last]
    return [
        Clause(a, b, tuple(parsed.within(parsed.grammar, a, b)))
        for a, b in zip(starts, ends, strict=True)
    ]


def _joined_cuts(
    parsed: Parsed, hits: list[Hit], found: list[Figure], starts: list[int], sentence: Sentence
) -> set[int]:
    cuts = set()
    ends = [*starts[1:], sentence.last]
    for hit in hits:
        joins = hit.get("and") or (
            hit.get("direction") and parsed.tokens[hit.first].text.startswith("و")
        )
        if not joins:
            continue
        first = max((s for s in starts if s <= hit.first), default=sentence.first)
        last = min(e for e in ends if e > hit.first)
        before = any(first <= f.first < hit.first for f in found)
        after = any(hit.first <= f.first < last for f in found)
        own = any(
            h.get("market") or h.get("company") or h.get("market_value")
            for h in hits
            if hit.last < h.first < last
        )
        if before and (after or own):
            cuts.add(hit.first)
    return cuts


def clause_of(found: list[Clause], token: int) -> int:
    """Number of the clause that holds a token."""
    for k, clause in enumerate(found):
        if clause.first <= token < clause.last:
            return k
    return len(found) - 1
