"""The time over which an article says the market moved, in one set of English words.

===================  ==========================================  ================
``window``           said as                                     sessions from day zero
===================  ==========================================  ================
``session``          nothing is said                             [0, 0]
``N days``           in two days, in three sessions              [0, N − 1]
``Friday``           on Friday                                   that session
``Friday's close``   by (at) Friday's close                      up to that session
``N hours`` …        in the last hour                            none (bars needed)
``this week`` …      week, month, year, ``year to date``         none (by calendar)
``from peak``        from a high of an unstated day              none
``after hours``      outside the regular session                 none
``intraday``         as much as, at one point                    none
===================  ==========================================  ================
"""

from __future__ import annotations

from typing import Final, NamedTuple

from signals.news.anchors import WEEKDAYS
from signals.news.clauses import Clause
from signals.news.numbers import Figure
from signals.news.parse import Parsed


class Window(NamedTuple):
    """``words`` as in the table above; ``first``, ``last`` in sessions where words decide."""

    words: str
    first: int | None = None
    last: int | None = None


SESSION: Final = Window("session", 0, 0)
_FAR: Final = 4  # a number and its unit stand this close


def window_of(parsed: Parsed, found: list[Clause], at: int, figures: list[Figure]) -> Window:
    """The window of the figure in clause ``at``: said there, else in a clause of the same
    sentence that holds no figure of its own."""
    own = _in_clause(parsed, found[at])
    if own is not None:
        return own
    order = sorted(range(len(found)), key=lambda k: (abs(k - at), k))
    for k in order[1:]:
        clause = found[k]
        if any(clause.first <= f.first < clause.last for f in figures if f.kind == "percent"):
            continue
        said = _in_clause(parsed, clause, plain_words=False)
        if said is not None:
            return said
    return SESSION


def _in_clause(parsed: Parsed, clause: Clause, *, plain_words: bool = True) -> Window | None:
    spans = _counted(clause) or _fixed(clause)
    weekday = next((h for h in clause.hits if h.get("weekday") is not None), None)
    if clause.has("extended") or clause.has("after_close") or clause.has("before_open"):
        return Window("after hours")
    if clause.has("intraday") and plain_words:
        return Window("intraday")
    if spans is not None and not (weekday is not None and spans == ("year", 1)):
        return spans if isinstance(spans, Window) else _span(*spans)
    if weekday is not None:
        name = WEEKDAYS[int(weekday.get("weekday"))]
        return Window(f"{name}'s close" if clause.has("close") else name)
    return None


def _counted(clause: Clause) -> tuple[str, int] | None:
    """ "two days", "3 sessions", "two-day": a number right before its unit."""
    for hit in clause.hits:
        unit = hit.get("unit")
        if unit is None or hit.get("window"):
            continue
        before = [h for h in clause.hits if h.last == hit.first - 1 and h.get("number") is not None]
        if before:
            return str(unit), int(before[0].get("number"))
    return None


def _fixed(clause: Clause) -> Window | None:
    for hit in clause.hits:
        said = hit.get("window")
        if said is None:
            continue
        if said in {"today", "yesterday"}:
            return SESSION
        count, _, unit = str(said).partition(" ")
        return _span(unit, int(count)) if count.isdigit() else Window(str(said))
    return None


def _span(unit: str, count: int) -> Window:
    words = f"{count} {unit}" + ("s" if count != 1 else "")
    if unit == "day" and 1 <= count <= 60:
        return Window(words, 0, count - 1)
    return Window(words)


def counted_digits(parsed: Parsed, clause: Clause) -> Window | None:
    """ "in 3 days" with digits: the number is a figure, its unit follows it."""
    for hit in clause.hits:
        unit = hit.get("unit")
        if unit is None or hit.first == 0:
            continue
        before = parsed.tokens[hit.first - 1].text
        if before.isdigit() and 0 < int(before) <= 400:
            return _span(str(unit), int(before))
    return None
