"""When the event was public, by evidence, in this order:

1. the page's or feed's own timestamp (moved by "yesterday" or "on Wednesday" in the main sentence);
2. an explicit date in the text;
3. a fiscal period and the known results releases of the subject;
4. events of the catalogue that the text names ("last week's partnership") and its weekday;
5. nothing: undated.

Every step says what it used. Below ``THRESHOLD`` an item goes to review with its candidates
(three at most); it is never guessed into the catalogue. Checked by ``tests/news/test_dating.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from signals.news.anchors import (
    MARKET_ZONE,
    WEEKDAYS,
    Anchor,
    EarningsDate,
    earnings_of,
    release_of,
)
from signals.news.categories import Status, Verdict
from signals.news.dates import DateMention, Stamp, days_back_to, parse_stamp
from signals.news.entities import Mention
from signals.news.lexicon import Entity, Lexicon
from signals.news.matching import matched_by_catalogue
from signals.news.parse import Parsed

THRESHOLD: Final = 0.7
CANDIDATES: Final = 3
RECENT_DAYS: Final = 10


@dataclass(frozen=True, slots=True, eq=False)
class Dating:
    """``announced_at`` as in the catalogue (empty: undated); ``candidates`` are texts
    ``YYYY-MM-DD`` or ``YYYY-MM-DD=event_id``, best first."""

    announced_at: str = ""
    precision: str = ""
    timing: str = ""
    evidence: str = ""
    confidence: float = 0.0
    candidates: tuple[str, ...] = ()
    event_id: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What dating looks at: the article taken apart, and what is known of the world."""

    parsed: Parsed
    dates: list[DateMention]
    statuses: list[Status]
    verdict: Verdict
    mentions: list[Mention]
    subject: Entity | None
    lexicon: Lexicon
    anchors: list[Anchor]
    earnings: list[EarningsDate] = field(default_factory=list)
    zone: str = MARKET_ZONE


def date_event(scene: Scene) -> Dating:
    """The date of the event of an article, by the order of evidence."""
    article = scene.parsed.article
    stamp = parse_stamp(article.published) if article.published else None
    if stamp is not None:
        return _by_stamp(scene, stamp, article.published_by or "page")
    for step in (_by_date_in_text, _by_fiscal_period):
        dated = step(scene)
        if dated is not None:
            return dated
    matched = matched_by_catalogue(
        scene.parsed, scene.dates, scene.statuses, scene.verdict, scene.mentions, scene.subject,
        scene.anchors, _releases(scene),
    )  # fmt: skip
    return Dating(
        matched.announced_at, matched.precision, matched.timing, matched.evidence,
        matched.confidence, matched.candidates[:CANDIDATES], matched.event_id,
    )  # fmt: skip


def _releases(scene: Scene) -> list[EarningsDate]:
    if scene.subject is None:
        return []
    return earnings_of(scene.anchors, scene.earnings, scene.subject)


def _main_sentences(scene: Scene) -> list[int]:
    """Title, opening, and the sentence that decided the category: where the news itself stands."""
    titles = [s.number for s in scene.parsed.sentences if s.title]
    opening = [s.number for s in scene.parsed.sentences if not s.title][:1]
    wanted = [*titles, *opening, *scene.verdict.sentences[:1]]
    return [n for n in dict.fromkeys(wanted) if not scene.statuses[n].recalled]


def _main_dates(scene: Scene) -> list[tuple[DateMention, Status]]:
    numbers = _main_sentences(scene)
    found = []
    for number in numbers:
        sentence = scene.parsed.sentences[number]
        for mention in scene.dates:
            if sentence.first <= mention.first < sentence.last:
                found.append((mention, scene.statuses[number]))
    return found


def _is_ahead(scene: Scene, mention: DateMention) -> bool:
    """Whether the words just before a mention put it into the future ("due on Wednesday"), or
    make it the time of a market move ("by Friday's close") and not of the event."""
    parsed = scene.parsed
    sentence = parsed.sentence_at(mention.first)
    near = parsed.within(
        parsed.grammar, max(sentence.first, mention.first - 6), min(sentence.last, mention.last + 4)
    )
    ahead = any(h.get("future") or h.get("future_verb") for h in near)
    close = any(h.get("close") for h in near) and scene.verdict.category != "market_commentary"
    return ahead or close


def _other_day_named(scene: Scene) -> bool:
    """A day is named near the top, though not in the sentences that carry the news."""
    top = [s.number for s in scene.parsed.sentences[:4]]
    for mention in scene.dates:
        sentence = scene.parsed.sentence_at(mention.first)
        if sentence.number in top and not scene.statuses[sentence.number].recalled:
            past = mention.kind == "relative_day" and mention.value < 0
            if (mention.kind == "weekday" or past) and not _is_ahead(scene, mention):
                return True
    return False


def _by_stamp(scene: Scene, stamp: Stamp, by: str) -> Dating:
    local = stamp.day
    if stamp.instant is not None:
        local = stamp.instant.astimezone(ZoneInfo(scene.zone)).date()
    source = f"timestamp of the {by} {scene.parsed.article.published}"
    moved = _moved(scene, local)
    if moved is not None:
        day, words, confidence = moved
        if day != local:
            timing = _timing(scene)
            return Dating(day.isoformat(), "day", timing, f"{words}; {source}", confidence)
        source = f"{source}; {words}"
    vague = _vague(scene)
    confidence = 0.92 if vague is None else 0.5
    if moved is None and vague is None and _other_day_named(scene):
        confidence = 0.75
    if vague is not None:
        first = local - timedelta(days=local.weekday() + 7)
        days = tuple((first + timedelta(days=k)).isoformat() for k in (0, 2, 4))
        return Dating("", "", "", f"{vague}; {source}", confidence, days)
    if stamp.instant is None:
        return Dating(local.isoformat(), "day", _timing(scene), source, confidence)
    text = scene.parsed.article.published if stamp.offset else ""
    announced = stamp.instant.isoformat(timespec="seconds").replace("+00:00", "Z")
    precision = "minute"
    seen = by in {"gdelt"}
    if seen:  # the time a crawler saw it is a bound, not the time of publication
        return Dating(
            local.isoformat(), "day", "unknown", f"seen: {text}", 0.6, (local.isoformat(),)
        )
    return Dating(announced, precision, "", source, confidence)


def _moved(scene: Scene, local: date) -> tuple[date, str, float] | None:
    """The day that the main sentences name, seen from the page's own day."""
    for mention, status in _main_dates(scene):
        if _is_ahead(scene, mention):
            continue
        if mention.kind == "relative_day" and -2 <= mention.value <= 0:
            return local + timedelta(days=mention.value), f"“{mention.text}”", 0.9
        if mention.day is not None and timedelta(0) <= local - mention.day <= timedelta(
            days=RECENT_DAYS
        ):
            return mention.day, f"date in the text {mention.text}", 0.9
        if mention.kind == "day_of_year":
            day = _this_year(mention, local)
            if day is not None:
                return day, f"date in the text {mention.text}", 0.85
        if mention.kind == "weekday" and not status.recalled:
            return days_back_to(mention.value, local), f"weekday {WEEKDAYS[mention.value]}", 0.82
    return None


def _this_year(mention: DateMention, local: date) -> date | None:
    month, dom = divmod(mention.value, 100)
    for year in (local.year, local.year - 1):
        try:
            day = date(year, month, dom)
        except ValueError:
            return None
        if timedelta(0) <= local - day <= timedelta(days=RECENT_DAYS):
            return day
    return None


def _vague(scene: Scene) -> str | None:
    """The news itself is put into last week: a range, not a day."""
    for mention, _ in _main_dates(scene):
        if mention.kind in {"relative_week", "relative_month"} and mention.value < 0:
            return f"“{mention.text}”"
    return None


def _timing(scene: Scene) -> str:
    for number in _main_sentences(scene):
        sentence = scene.parsed.sentences[number]
        for hit in scene.parsed.within(scene.parsed.grammar, sentence.first, sentence.last):
            if hit.get("after_close"):
                return "post_close"
            if hit.get("before_open"):
                return "pre_open"
    return "unknown"


def _by_date_in_text(scene: Scene) -> Dating | None:
    mains = _main_dates(scene)
    days = [m for m, _ in mains if m.day is not None and not _is_ahead(scene, m)]
    if not days:
        return None
    dateline, base = days[0], days[0].day
    if base is None:
        return None
    if len({m.day for m in days}) > 1:
        listed = tuple(dict.fromkeys(m.day.isoformat() for m in days if m.day))[:CANDIDATES]
        return Dating("", "", "", "several dates in the text", 0.5, listed)
    for mention, _ in mains:
        if mention is dateline or _is_ahead(scene, mention):
            continue
        if mention.kind == "relative_day" and mention.value < 0 and dateline.first < 12:
            day = base + timedelta(days=mention.value)
            text = f"“{mention.text}” before the dateline {dateline.text}"
            return Dating(day.isoformat(), "day", _timing(scene), text, 0.75)
        if mention.kind == "weekday" and mention.value != base.weekday() and dateline.first < 12:
            day = days_back_to(mention.value, base)
            text = f"weekday {WEEKDAYS[mention.value]} before the dateline {dateline.text}"
            return Dating(day.isoformat(), "day", _timing(scene), text, 0.75)
    return Dating(
        base.isoformat(), "day", _timing(scene), f"date in the text {dateline.text}", 0.88
    )


def _by_fiscal_period(scene: Scene) -> Dating | None:
    if scene.subject is None or scene.verdict.category != "earnings_call":
        return None
    known = _releases(scene)
    for mention in scene.dates:
        status = scene.statuses[scene.parsed.sentence_at(mention.first).number]
        if mention.kind != "quarter" or status.recalled or _quarter_ahead(scene, mention):
            continue
        year, quarter = divmod(mention.value, 10)
        end = scene.subject.fiscal_year_end
        if not year:
            same = [r for y in range(2100, 1990, -1) if (r := release_of(known, y, quarter, end))]
            days = tuple(_candidate(r) for r in same[:CANDIDATES])
            return Dating("", "", "", f"{mention.text}, year not stated", 0.4, days)
        release = release_of(known, year, quarter, end)
        if release is None:
            return Dating("", "", "", f"{mention.text}: no known release of it", 0.3)
        text = f"{mention.text} → results of {release.ticker} on {release.day.isoformat()}"
        return Dating(
            release.announced_at, release.precision, release.timing, text,
            0.9 if status.current else 0.8, (_candidate(release),), release.event_id,
        )  # fmt: skip
    return None


def _quarter_ahead(scene: Scene, mention: DateMention) -> bool:
    near = scene.parsed.within(scene.parsed.grammar, max(0, mention.first - 4), mention.first)
    return any(h.get("future") or h.get("future_verb") for h in near)


def _candidate(release: EarningsDate) -> str:
    day = release.day.isoformat()
    return f"{day}={release.event_id}" if release.event_id else day
