"""Dating an article by events that the catalogue already holds.

An article without any date may name an event that is dated ("last week's partnership with
Anduril"): that gives a range of days. Inside the range, or with a weekday, an event of the same
subject and category is the one the article reports. Two that fit are two candidates, no answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from signals.news.anchors import WEEKDAYS, Anchor, EarningsDate
from signals.news.categories import Status, Verdict
from signals.news.dates import DateMention
from signals.news.entities import Mention
from signals.news.lexicon import Entity
from signals.news.parse import Parsed, Sentence

NAMED_ENOUGH: Final = 2.5
AFTER_RESULTS: Final = 7  # days within which news may be about the latest results
TELLING: Final = frozenset({"strong_commentary", "restructure", "partner", "controversy"})
# Categories that one story may be filed under by two honest readers.
RELATED: Final = (
    frozenset({"investment_talks", "deal", "partnership"}),
    frozenset({"earnings_call", "capital_expenditure", "market_commentary"}),
    frozenset({"controversy", "product_release", "market_commentary", "regulation"}),
    frozenset({"restructuring", "policy_shift"}),
)


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """What the catalogue says of an undated article (see :class:`signals.news.dating.Dating`)."""

    announced_at: str = ""
    precision: str = ""
    timing: str = ""
    evidence: str = "no timestamp, date, fiscal period or known event"
    confidence: float = 0.0
    candidates: tuple[str, ...] = ()
    event_id: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class _Clue:
    """A range of days, and what put the article there."""

    first: date
    last: date
    text: str


def matched_by_catalogue(
    parsed: Parsed,
    dates: list[DateMention],
    found: list[Status],
    verdict: Verdict,
    mentions: list[Mention],
    subject: Entity | None,
    anchors: list[Anchor],
    releases: list[EarningsDate],
) -> Matched:
    """The event of the catalogue that an undated article reports, or its candidates."""
    clues = _clues(parsed, dates, mentions, subject, anchors)
    weekday = _weekday(parsed, dates, found)
    earliest = _earliest(dates, found, parsed)
    ranked = _ranked(
        parsed, verdict, mentions, subject, anchors, weekday, clues, earliest, releases
    )
    if clues:
        return _by_clue(clues[0], ranked)
    if ranked and weekday is not None and _stands_out(ranked) and ranked[0][0] >= 5.0:
        anchor = ranked[0][1]
        text = f"weekday {WEEKDAYS[weekday]}, subject and category of {anchor.event_id}"
        return _as_matched(anchor, text, 0.74, ranked)
    candidates = [_text(a) for s, a in ranked if s >= 2.0][:3]
    listed = [
        r
        for r in reversed(releases)
        if (weekday is None or r.day.weekday() == weekday) and (not earliest or r.day >= earliest)
    ]
    if _speaks_of_results(parsed, verdict):
        known = {c[:10] for c in candidates}
        candidates += [
            r.day.isoformat() + (f"={r.event_id}" if r.event_id else "")
            for r in listed
            if r.day.isoformat() not in known
        ]
    if not candidates:
        return Matched()
    words = "subject and category" if weekday is None else f"weekday {WEEKDAYS[weekday]}"
    return Matched(
        evidence=f"{words}; several known events fit", confidence=0.4,
        candidates=tuple(candidates[:3]),
    )  # fmt: skip


def _by_clue(clue: _Clue, ranked: list[tuple[float, Anchor]]) -> Matched:
    inside = [(s, a) for s, a in ranked if clue.first <= a.day <= clue.last and s >= 2.0]
    if inside and _stands_out(inside) and inside[0][0] >= 3.0:
        anchor = inside[0][1]
        text = f"{clue.text}; subject and category of {anchor.event_id}"
        return _as_matched(anchor, text, 0.8, inside)
    if inside:
        texts = tuple(_text(a) for _, a in inside[:3])
        return Matched(
            evidence=f"{clue.text}; several events fit", confidence=0.5, candidates=texts
        )
    span = (clue.last - clue.first).days
    days = dict.fromkeys(clue.first + timedelta(days=k) for k in (span, span // 2, 0))
    return Matched(
        evidence=f"{clue.text}: {clue.first} to {clue.last}",
        confidence=0.5,
        candidates=tuple(d.isoformat() for d in days),
    )


def _as_matched(
    anchor: Anchor, text: str, confidence: float, ranked: list[tuple[float, Anchor]]
) -> Matched:
    return Matched(
        anchor.announced_at, anchor.precision, anchor.timing, text, confidence,
        tuple(_text(a) for _, a in ranked[:3]), anchor.event_id,
    )  # fmt: skip


def _text(anchor: Anchor) -> str:
    return f"{anchor.day.isoformat()}={anchor.event_id}"


def _stands_out(ranked: list[tuple[float, Anchor]]) -> bool:
    return len(ranked) == 1 or ranked[0][0] - ranked[1][0] >= 1.0


def _clues(
    parsed: Parsed,
    dates: list[DateMention],
    mentions: list[Mention],
    subject: Entity | None,
    anchors: list[Anchor],
) -> list[_Clue]:
    """Ranges from relative words in sentences that name a dated event."""
    found: list[_Clue] = []
    for mention in dates:
        if mention.kind not in {"relative_week", "relative_day"} or mention.value >= 0:
            continue
        sentence = parsed.sentence_at(mention.first)
        anchor = _named_anchor(parsed, sentence, mentions, subject, anchors)
        if anchor is None:
            continue
        if mention.kind == "relative_day":
            day = anchor.day - timedelta(days=mention.value)
            found.append(_Clue(day, day, f"“{mention.text}” after {anchor.event_id}"))
        else:
            monday = anchor.day - timedelta(days=anchor.day.weekday())
            first = monday + timedelta(days=7)
            text = f"the week after {anchor.event_id} (“{mention.text}”)"
            found.append(_Clue(first, first + timedelta(days=6), text))
    return found


def _named_anchor(
    parsed: Parsed,
    sentence: Sentence,
    mentions: list[Mention],
    subject: Entity | None,
    anchors: list[Anchor],
) -> Anchor | None:
    named = {m.entity for m in mentions if sentence.first <= m.first < sentence.last}
    groups = {
        g for h in parsed.within(parsed.words, sentence.first, sentence.last) for g, _ in h.payloads
    }
    own = subject.id if subject is not None else ""
    best: tuple[float, Anchor] | None = None
    for anchor in anchors:
        others = (named & anchor.entities) - {own}
        shared = groups & anchor.words
        score = 2.0 * len(others) + min(1.5, 0.75 * len(shared))
        score += 0.5 if own in named & anchor.entities else 0.0
        if score >= NAMED_ENOUGH and others and (best is None or score > best[0]):
            best = (score, anchor)
    if best is not None:
        return best[1]
    # Nobody is named on both sides: a telling word (bubble, layoffs …) that only one event shares.
    telling = groups & TELLING
    alike = [a for a in anchors if telling & a.words and (not a.entities or a.entities & named)]
    return alike[0] if len(alike) == 1 else None


def _ranked(
    parsed: Parsed,
    verdict: Verdict,
    mentions: list[Mention],
    subject: Entity | None,
    anchors: list[Anchor],
    weekday: int | None,
    clues: list[_Clue],
    earliest: date | None,
    releases: list[EarningsDate],
) -> list[tuple[float, Anchor]]:
    """Events of the catalogue by how well they fit what the article reports, newest first among
    equals. Category 2, related category 1, other named entities 1 each, shared words ½ each,
    weekday 2."""
    if subject is None:
        return []
    named = {m.entity for m in mentions} - {subject.id}
    main = set(verdict.sentences[:3])
    groups = {
        g
        for n in main
        for h in parsed.within(parsed.words, parsed.sentences[n].first, parsed.sentences[n].last)
        for g, _ in h.payloads
    }
    results = _speaks_of_results(parsed, verdict)
    found = []
    for anchor in anchors:
        if subject.id not in anchor.entities or (earliest and anchor.day < earliest):
            continue
        score = 1.0 if anchor.subject == subject.id else 0.0
        if anchor.category == verdict.category:
            score += 2.0
        elif any({anchor.category, verdict.category} <= family for family in RELATED):
            score += 1.0
        score += min(2.0, 1.0 * len((anchor.entities - {subject.id}) & named))
        score += min(1.5, 0.5 * len(groups & anchor.words))
        if results and _near_results(anchor, releases):
            score += 1.0
        if weekday is not None:
            score += 2.0 if anchor.day.weekday() == weekday else -2.0
        if any(c.first <= anchor.day <= c.last for c in clues):
            score += 1.0
        found.append((score, anchor))
    return sorted(found, key=lambda item: (-item[0], -item[1].day.toordinal()))


def _near_results(anchor: Anchor, releases: list[EarningsDate]) -> bool:
    return anchor.category == "earnings_call" or any(
        0 <= (anchor.day - r.day).days <= AFTER_RESULTS for r in releases
    )


def _weekday(parsed: Parsed, dates: list[DateMention], found: list[Status]) -> int | None:
    """The weekday the news happened on: the one named most, market closes left out."""
    counts: dict[int, int] = {}
    for mention in dates:
        if mention.kind != "weekday" or found[parsed.sentence_at(mention.first).number].recalled:
            continue
        near = parsed.within(parsed.grammar, max(0, mention.first - 4), mention.last + 4)
        if not any(h.get("close") or h.get("future") for h in near):
            counts[mention.value] = counts.get(mention.value, 0) + 1
    return max(counts, key=lambda d: counts[d]) if counts else None


def _earliest(dates: list[DateMention], found: list[Status], parsed: Parsed) -> date | None:
    """An article is not older than the latest past year it speaks of."""
    years = [
        m.value if m.kind == "year" else m.value // 100
        for m in dates
        if m.kind in {"year", "month"}
        and found[parsed.sentence_at(m.first).number].recalled
        and not found[parsed.sentence_at(m.first).number].future
    ]
    return date(max(years), 1, 1) if years else None


def _speaks_of_results(parsed: Parsed, verdict: Verdict) -> bool:
    if verdict.category == "earnings_call":
        return True
    return any(h.get("results") or h.get("quarter") for h in parsed.words)
