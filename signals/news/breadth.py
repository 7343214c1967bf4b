"""Claims on how many of a group moved: "28 of the top 30 tokens fell", "all but two", "80 % of".

Both orders are read: K of N (English, Spanish, Arabic) and N of-which K (Hindi, Arabic). A sentence
such as "of the top 30 only two … fell" whose article says at the same time that *nearly all*
fell is a known slip of translation for "all but two": it is read so, and the note says it.
"""

from __future__ import annotations

import itertools
from typing import Final, NamedTuple

from signals.news.claim_parts import Scope
from signals.news.clauses import Clause
from signals.news.lexicon import Entity
from signals.news.numbers import Figure
from signals.news.terms import Hit

SMALLEST_GROUP: Final = 5
LARGEST_GROUP: Final = 5000
_APART: Final = 12


class Share(NamedTuple):
    """``stated``: the share of members that moved, signed by direction. ``token`` is where the
    counted number stands."""

    entity: Entity
    stated: float
    members: int
    token: int
    note: str = ""


def breadth_claims(scope: Scope) -> list[Share]:
    """The breadth claims of one sentence (one at most is made of each pair of numbers)."""
    hits = scope.parsed.within(scope.parsed.grammar, scope.sentence.first, scope.sentence.last)
    whole = Clause(scope.sentence.first, scope.sentence.last, tuple(hits))
    if not whole.has("direction") or not (whole.has("members") or whole.has("market")):
        return []
    entity = _group(scope)
    if entity is None:
        return []
    return [*_counted(scope, whole, entity), *_percent(scope, whole, entity)]


def _group(scope: Scope) -> Entity | None:
    """The sector or index whose members are counted: in the sentence, else in the article."""
    kinds = {"sector", "index"}
    for named in (scope.named_in(scope.sentence.first, scope.sentence.last), scope.mentions):
        for mention in named:
            entity = scope.lexicon.entities[mention.entity]
            if entity.kind in kinds:
                return entity
    return None


def _counted(scope: Scope, whole: Clause, entity: Entity) -> list[Share]:
    counts = [f for f in scope.figures if f.kind == "count"]
    links = whole.of("of_link")
    for a, b in itertools.pairwise(counts):
        if b.first - a.last > _APART:
            continue
        pair = _pair(scope, a, b, links)
        if pair is None:
            continue
        few, group = pair
        count, members = round(few.value), round(group.value)
        if not (SMALLEST_GROUP <= members <= LARGEST_GROUP and 0 < count <= members):
            continue
        direction = _direction(whole, few)
        note = ""
        if _except(whole, few):
            count = members - count
        elif _contradicts_the_article(scope, whole, direction, count, members):
            note = f"read as all but {count}: the article says that nearly all moved so"
            count = members - count
        return [Share(entity, direction * count / members, members, few.first, note)]
    return []


def _pair(scope: Scope, a: Figure, b: Figure, links: list[Hit]) -> tuple[Figure, Figure] | None:
    """(counted, group) of two numbers, by where the word of the link stands."""
    between = [h for h in links if a.last < h.first < b.first]
    before = [h for h in links if h.last < a.first and a.first - h.last <= 2]
    if between and between[0].first - a.last <= 4 and a.value > b.value:
        return b, a  # Hindi: 30 of-which two
    if between and a.value <= b.value:
        return a, b
    if before and a.value > b.value:
        return b, a  # of the top 30, only two
    return None


def _direction(whole: Clause, few: Figure) -> int:
    turns = whole.of("direction")
    behind = [h for h in turns if h.first > few.last]
    nearest = behind[0] if behind else min(turns, key=lambda h: abs(h.first - few.first))
    return int(nearest.get("direction"))


def _except(whole: Clause, few: Figure) -> bool:
    return any(
        h.get("except") and (0 < few.first - h.last <= 2 or 0 < h.first - few.last <= 3)
        for h in whole.hits
    )


def _contradicts_the_article(
    scope: Scope, whole: Clause, direction: int, count: int, members: int
) -> bool:
    if not whole.has("only") or 2 * count >= members:
        return False
    parsed = scope.parsed
    for sentence in parsed.sentences:
        if sentence.number == scope.sentence.number:
            continue
        hits = parsed.within(parsed.grammar, sentence.first, sentence.last)
        if any(h.get("nearly_all") for h in hits) and any(
            h.get("direction") == direction for h in hits
        ):
            return True
    return False


def _percent(scope: Scope, whole: Clause, entity: Entity) -> list[Share]:
    found = []
    for figure in scope.figures:
        if figure.kind != "percent" or figure.value > 100:
            continue
        link = next(
            (h for h in whole.hits if h.get("of_link") and 0 < h.first - figure.last <= 1), None
        )
        if link is None:
            continue
        near = [h for h in whole.hits if link.last < h.first <= link.last + 4]
        if any(h.get("members") for h in near) and not any(h.get("company") for h in near):
            share = _direction(whole, figure) * figure.value / 100
            found.append(Share(entity, share, 100, figure.first))
    return found
