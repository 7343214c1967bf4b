"""Several names before one verb: "Amazon, Microsoft and Google fell 2 %, 3 % and 1 %".

As many figures as names: each its own, in order. One figure: it is everybody's. Any other number:
nothing can be said, and nothing is.
"""

from __future__ import annotations

from signals.news.claim_parts import Scope
from signals.news.entities import Mention
from signals.news.numbers import Figure


def shared_figures(scope: Scope) -> dict[int, tuple[str, ...]]:
    """First token of a figure → the entities it is about. A figure of a list of names that cannot
    be told apart is there with none; other figures are not there at all."""
    found: dict[int, tuple[str, ...]] = {}
    percents = [f for f in scope.figures if f.kind == "percent"]
    for group in _groups(scope):
        mine = _figures_of(scope, group, percents)
        names = tuple(dict.fromkeys(m.entity for m in group))
        if len(mine) == len(names):
            found.update({f.first: (n,) for f, n in zip(mine, names, strict=True)})
        elif len(mine) == 1:
            found[mine[0].first] = names
        else:
            found.update({f.first: () for f in mine})
    return found


def _groups(scope: Scope) -> list[list[Mention]]:
    """Runs of at least two different names with nothing but commas and "and" between them."""
    runs: list[list[Mention]] = []
    for mention in scope.named_in(scope.sentence.first, scope.sentence.last):
        if runs and _joined(scope, runs[-1][-1], mention):
            runs[-1].append(mention)
        else:
            runs.append([mention])
    return [r for r in runs if len({m.entity for m in r}) > 1]


def _joined(scope: Scope, one: Mention, other: Mention) -> bool:
    between = range(one.last + 1, other.first)
    tokens = scope.parsed.tokens
    gap = scope.parsed.text[one.end : other.start]
    if not between:  # an Arabic و is written onto the name; otherwise a comma must stand there
        return "," in gap or "،" in gap or tokens[other.first].text.startswith("و")
    hits = scope.parsed.within(scope.parsed.grammar, between.start, between.stop)
    return len(between) == 1 and any(h.get("and") for h in hits)


def _figures_of(scope: Scope, group: list[Mention], percents: list[Figure]) -> list[Figure]:
    """The percentages behind a run of names, up to the next name; a direction but no noun of the
    companies' own stands between."""
    last = group[-1].last
    named = scope.named_in(last + 1, scope.sentence.last)
    stop = named[0].first if named else scope.sentence.last
    mine = [f for f in percents if last < f.first < stop]
    if not mine:
        return []
    hits = scope.parsed.within(scope.parsed.grammar, last + 1, mine[-1].last + 2)
    verb = any(h.get("direction") for h in hits)
    other = any(h.get("company") or h.get("clause") for h in hits)
    return mine if verb and not other else []
