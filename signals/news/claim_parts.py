"""Which noun and direction a figure belongs to.

The noun of a figure, first rule that answers:

1. a noun of the company right behind it: 5 % *of its workforce*, 22 % *revenue* growth;
2. figure, direction, noun: a 12 % *drop in the shares*;
3. the nearest noun before it in its clause, 4. the nearest behind it (not after a word of cause);
5. a bare name with a market verb: *Meta fell 5 %*;
6. the nearest clause before that names one.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from signals.news.clauses import Clause
from signals.news.entities import Mention
from signals.news.lexicon import Entity, Lexicon
from signals.news.numbers import Figure
from signals.news.parse import Parsed, Sentence
from signals.news.terms import Hit

NEAR: Final = 3
SUBJECT_ONLY: Final = 4  # tokens of a clause that is only a name: "Meta Platforms Inc (META) rose"
GAPPED: Final = 7  # tokens of a clause that leaves its verb out
_NOUNS: Final = ("market_value", "company", "market")


class Scope(NamedTuple):
    """One sentence with what is known of it."""

    parsed: Parsed
    sentence: Sentence
    clauses: list[Clause]
    figures: list[Figure]
    mentions: list[Mention]
    subject: Entity | None
    lexicon: Lexicon

    def named_in(self, first: int, last: int) -> list[Mention]:
        """Mentions in tokens ``first`` … ``last`` (half open), products left out."""
        return [m for m in self.mentions if first <= m.first < last and m.how != "product"]

    def subject_of(self, clause: Clause) -> Entity | None:
        """Who a clause is about: named there, else before in the sentence, else the subject."""
        for first, last in ((clause.first, clause.last), (self.sentence.first, clause.first)):
            named = self.named_in(first, last)
            if named:
                return self.lexicon.entities[named[-1 if last == clause.first else 0].entity]
        return self.subject


class Noun(NamedTuple):
    """``kind``: market, market_value, company or bare. ``place`` is its token; ``clause`` the
    clause it stands in; ``value_noun``: revenue, profit and the like."""

    kind: str
    place: int
    clause: int
    value_noun: bool = False


def _noun(hit: Hit, clause: int) -> Noun | None:
    for kind in _NOUNS:
        if hit.get(kind):
            return Noun(kind, hit.first, clause, bool(hit.get("company_value")))
    if hit.get("company_value"):
        return Noun("company", hit.first, clause, True)
    return None


def nouns(scope: Scope, at: int) -> list[Noun]:
    """Nouns of a clause, in order."""
    return [n for h in scope.clauses[at].hits if (n := _noun(h, at)) is not None]


def noun_of(scope: Scope, figure: Figure, at: int) -> Noun | None:
    """The noun of a figure by the rules above; None where there is none."""
    clause, mine = scope.clauses[at], nouns(scope, at)
    if figure.kind == "money":
        return _money_noun(scope, figure, at, mine)
    follows = [n for n in mine if n.place > figure.last]
    if (
        follows
        and follows[0].kind == "company"
        and _right_behind(scope, figure, follows[0], clause)
    ):
        return follows[0]
    if _is_share_of_something(scope, figure, clause):
        return None
    linked = _by_direction(figure, follows, clause)
    if linked is not None:
        return linked
    before = [n for n in mine if n.place < figure.first]
    if before:
        return _head(before, clause)
    behind = [n for n in follows if not _after_cause(scope, figure, n)]
    if behind:
        return behind[0]
    return _bare(scope, figure, at) or _carried(scope, figure, at)


def _head(before: list[Noun], clause: Clause) -> Noun:
    """*Trading volume in* Nvidia shares: of two nouns without a verb between them the first one
    is what moved."""
    last = before[-1]
    if len(before) < 2 or last.kind == "company" or before[-2].kind != "company":
        return last
    first = before[-2]
    between = [h for h in clause.hits if first.place < h.first < last.place]
    parted = any(h.get("direction") or h.get("and") for h in between)
    return last if parted or last.place - first.place > NEAR + 1 else first


def _right_behind(scope: Scope, figure: Figure, noun: Noun, clause: Clause) -> bool:
    if noun.place - figure.last > NEAR:
        return False
    between = [h for h in clause.hits if figure.last < h.first < noun.place]
    return not any(h.get("cause") or h.get("direction") for h in between) and not any(
        m for m in scope.named_in(figure.last + 1, noun.place)
    )


def _is_share_of_something(scope: Scope, figure: Figure, clause: Clause) -> bool:
    """ "12 % of …": a part of it, or a breadth; unless it is market value."""
    link = next((h for h in clause.hits if h.first == figure.last + 1 and h.get("of_link")), None)
    if link is None:
        return False
    near = [h for h in clause.hits if link.last < h.first <= link.last + NEAR]
    return not any(h.get("market_value") for h in near)


def _by_direction(figure: Figure, follows: list[Noun], clause: Clause) -> Noun | None:
    turn = next(
        (h for h in clause.hits if h.get("direction") and 0 < h.first - figure.last <= 2), None
    )
    if turn is None or not follows:
        return None
    noun = follows[0]
    between = [h for h in clause.hits if turn.last < h.first < noun.place]
    near = 0 < noun.place - turn.last <= NEAR + 1
    return noun if near and not any(h.get("cause") for h in between) else None


def _after_cause(scope: Scope, figure: Figure, noun: Noun) -> bool:
    hits = scope.clauses[noun.clause].hits
    return any(h.get("cause") for h in hits if figure.last < h.first < noun.place)


def _money_noun(scope: Scope, figure: Figure, at: int, mine: list[Noun]) -> Noun | None:
    """Money moves market value only as a change: never as the level it stands at."""
    clause = scope.clauses[at]
    values = [n for n in mine if n.kind == "market_value"]
    if values:
        return None if _is_level(scope, figure, clause) else values[0]
    before = [n for n in mine if n.place < figure.first]
    companies = [n for n in (before[-1:] or mine[:1]) if n.kind == "company"]
    if companies:
        return companies[0]
    if clause.has("off") and any(n.kind == "market" for n in mine) and figure.value >= 1e8:
        return next(Noun("market_value", n.place, at) for n in mine if n.kind == "market")
    if clause.has("wipes") and not mine and figure.value >= 1e9:
        named = scope.named_in(clause.first, clause.last)
        if named and clause.has("off"):
            return Noun("market_value", named[0].first, at)
        carried = _carried(scope, figure, at, any_clause=True)
        if carried is not None and carried.kind in {"market", "bare"}:
            return carried._replace(kind="market_value")
    for k in range(at + 1, min(at + 2, len(scope.clauses))):
        first = scope.clauses[k].hits[:1]
        if first and first[0].get("market_value") and clause.has("direction"):
            return Noun("market_value", first[0].first, k)
    return None


def _is_level(scope: Scope, figure: Figure, clause: Clause) -> bool:
    before = [h for h in clause.hits if h.last < figure.first]
    if (before and before[-1].get("about")) or (before and before[-1].get("at_least")):
        before = before[:-1]
    last = before[-1] if before else None
    if last is not None and last.get("level") and figure.first - last.last <= 2:
        lost = before[-2] if len(before) > 1 else None
        return not (lost is not None and lost.get("direction") and last.first - lost.last == 1
                    and not _is_toward(scope, last))  # fmt: skip
    behind = next((h for h in clause.hits if h.first == figure.last + 1), None)
    return behind is not None and bool(behind.get("level_after"))


def _is_toward(scope: Scope, hit: Hit) -> bool:
    """ "fell *to*", "إلى": the figure is where it went; "a loss *of*": it is the change."""
    return bool(hit.get("range_to"))


def _bare(scope: Scope, figure: Figure, at: int) -> Noun | None:
    clause = scope.clauses[at]
    turns = [h for h in clause.of("direction") if not h.get("not_bare")]
    if not turns and not figure.sign and not _gap_direction(scope, figure, at):
        return None
    turn = min(turns, key=lambda h: abs(h.first - figure.first)) if turns else None
    for mention in scope.named_in(clause.first, clause.last):
        entity = scope.lexicon.entities[mention.entity]
        if not entity.ticker or entity.kind == "person":
            continue
        places = [figure.first] if turn is None else [figure.first, turn.first]
        if any(_only_filler(scope, clause, mention, p) for p in places):
            return Noun("bare", mention.first, at)
    return None


def _gap_direction(scope: Scope, figure: Figure, at: int) -> int:
    """ "Nvidia lost 3 %, Tesla 6 % and Palantir 7 %": name and figure only, the verb is that of the
    clause before."""
    clause = scope.clauses[at]
    if figure.kind != "percent" or not scope.named_in(clause.first, clause.last):
        return 0
    if clause.last - clause.first > GAPPED or nouns(scope, at):
        return 0
    for k in range(at - 1, -1, -1):
        before = scope.clauses[k]
        mine = [f for f in scope.figures if before.first <= f.first < before.last]
        if not mine or not scope.named_in(before.first, before.last):
            return 0
        if before.has("direction"):
            return 0 if before.has("hedge") else int(before.of("direction")[0].get("direction"))
    return 0


def _only_filler(scope: Scope, clause: Clause, mention: Mention, place: int) -> bool:
    low, high = (mention.last, place) if place > mention.first else (place, mention.first)
    gap = range(low + 1, high)
    if len(gap) > NEAR:
        return False
    covered = {
        t
        for h in clause.hits
        if any(h.get(g) for g in ("filler", "about", "at_least", "at_most", "direction", "number",
                                  "current", "weekday", "close", "percent", "relative", "and"))
        for t in range(h.first, h.last + 1)
    }  # fmt: skip
    tokens = scope.parsed.tokens
    named = {t for m in scope.mentions for t in range(m.first, m.last + 1)}
    words = scope.parsed.language.stopwords
    return all(
        t in covered or t in named or tokens[t].text in words or tokens[t].text[0].isdigit()
        for t in gap
    )


def _carried(scope: Scope, figure: Figure, at: int, *, any_clause: bool = False) -> Noun | None:
    """The noun (or bare name) of the nearest clause before, where this clause names nothing."""
    clause = scope.clauses[at]
    if not (clause.has("direction") or figure.sign):
        return None
    if scope.named_in(clause.first, clause.last) or not _is_elliptical(scope, figure, clause):
        return None
    for k in range(at - 1, max(at - 4, -1), -1):
        mine = nouns(scope, k)
        if mine:
            return mine[0]
        named = scope.named_in(scope.clauses[k].first, scope.clauses[k].last)
        other_figure = any(
            scope.clauses[k].first <= f.first < scope.clauses[k].last for f in scope.figures
        )
        moves = scope.clauses[k].has("direction") or scope.clauses[k].has("close")
        moves = moves or scope.clauses[k].last - scope.clauses[k].first <= SUBJECT_ONLY
        if named and moves and (any_clause or not other_figure):
            return Noun("bare", named[0].first, k)
    return None


def _is_elliptical(scope: Scope, figure: Figure, clause: Clause) -> bool:
    """ ", down 12 %", "bringing losses to 16 %": nothing stands before figure and verb that could
    be a subject of its own."""
    turns = [h.first for h in clause.of("direction")]
    ahead = range(clause.first, min([figure.first, *turns]))
    known = {t for h in clause.hits for t in range(h.first, h.last + 1)}
    words = scope.parsed.language.stopwords
    tokens = scope.parsed.tokens
    unknown = [t for t in ahead if t not in known and tokens[t].text not in words]
    return len(unknown) <= (0 if clause.has("company_ref") else 1)


def direction_of(scope: Scope, figure: Figure, clause: Clause) -> int:
    """−1 or +1 from the written sign or the nearest word of direction in the clause; 0: none."""
    if figure.sign:
        return figure.sign
    turns = clause.of("direction")
    if not turns:
        return _gap_direction(scope, figure, scope.clauses.index(clause))
    nearest = min(turns, key=lambda h: (_distance(h, figure), h.first))
    return int(nearest.get("direction"))


def _distance(hit: Hit, figure: Figure) -> int:
    return figure.first - hit.last if hit.first < figure.first else hit.first - figure.last
