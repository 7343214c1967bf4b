"""Whose price moved: the asset that the noun of a figure belongs to."""

from __future__ import annotations

from signals.news.claim_parts import Noun, Scope
from signals.news.entities import is_modifier
from signals.news.lexicon import Entity


def asset_of(scope: Scope, noun: Noun, at: int) -> Entity | None:
    """Whose price moved: named beside the noun, in its clause, or before in the sentence; the
    subject of the article only where the noun stands alone or is "the company's"."""
    for number in dict.fromkeys((noun.clause, at)):
        clause = scope.clauses[number]
        named = [
            m for m in scope.named_in(clause.first, clause.last) if not is_modifier(scope.parsed, m)
        ]
        if named:
            best = min(
                named, key=lambda m: min(abs(m.first - noun.place), abs(m.last - noun.place))
            )
            return scope.lexicon.entities[best.entity]
    alone = _stands_alone(scope, noun)
    before = scope.named_in(scope.sentence.first, scope.clauses[noun.clause].first)
    listed = [e for m in before if (e := scope.lexicon.entities[m.entity]).ticker]
    if alone and listed:
        return listed[-1]
    return scope.subject if alone else None


def _stands_alone(scope: Scope, noun: Noun) -> bool:
    clause = scope.clauses[noun.clause]
    if clause.has("company_ref"):
        return True
    behind = [h for h in clause.hits if h.first == noun.place + 1 and h.get("of_link")]
    known = behind and any(
        h.get("filler") or h.get("company_ref")
        for h in clause.hits
        if 0 < h.first - behind[0].last <= 2
    )
    if behind and not known and not scope.named_in(noun.place, noun.place + 6):
        return False  # "shares of small firms": of somebody who is not known here
    if noun.place == clause.first:
        return True
    before = scope.parsed.tokens[clause.first : noun.place]
    small = scope.parsed.language.stopwords
    covered = {
        t for h in clause.hits if any(g in {"clause", "and", "filler", "direction", "current",
                                            "about", "number", "percent", "at_least", "at_most",
                                            "scale", "currency",
                                            "only", "weekday"} for g, _ in h.payloads)
        for t in range(h.first, h.last + 1)
    }  # fmt: skip
    return all(
        t.text in small or clause.first + k in covered or not t.text[0].isalpha()
        for k, t in enumerate(before)
    )
