"""Events that are already dated, as anchors: an article that says "last week's partnership" or
"the second quarter's results" is dated by the one it names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pandas as pd

from signals.events.catalogue import Catalogue
from signals.news.article import Article
from signals.news.entities import mentions
from signals.news.lexicon import Entity, Lexicon
from signals.news.parse import Parsed, parse

MARKET_ZONE: Final = "America/New_York"
REPORT_WITHIN_DAYS: Final = 100  # a fiscal quarter is reported within this many days of its end
WEEKDAYS: Final = (
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class EarningsDate:
    """A known results release. ``announced_at`` as in the catalogue; ``timing`` pre_open,
    post_close or empty."""

    ticker: str
    announced_at: str
    precision: str = "day"
    timing: str = ""
    event_id: str = ""

    @property
    def day(self) -> date:
        return _local_day(self.announced_at, self.precision, MARKET_ZONE)


@dataclass(frozen=True, slots=True, eq=False)
class Anchor:
    """A dated event of the catalogue with the entities it names."""

    event_id: str
    announced_at: str
    precision: str
    timing: str
    day: date
    category: str
    subject: str
    entities: frozenset[str]
    words: frozenset[str]


def anchors_of(catalogue: Catalogue | None, lexicon: Lexicon) -> list[Anchor]:
    """Every event of a catalogue as an anchor, in time order."""
    if catalogue is None or not len(catalogue):
        return []
    found = []
    for event in catalogue:
        title = event.event_id.replace("-", " ").title()
        read = parse(Article(f"{event.headline}. {title}."), lexicon.languages["en"], lexicon)
        named = {m.entity for m in mentions(read, lexicon)}
        subject = entity_of(event.subject, lexicon)
        if subject:
            named.add(subject)
        day = _local_day(event.announced_at, event.precision, MARKET_ZONE)
        found.append(
            Anchor(
                event.event_id,
                event.announced_at,
                event.precision,
                event.timing,
                day,
                event.category,
                subject,
                frozenset(named),
                frozenset(group for h in read.words for group, _ in h.payloads),
            )
        )
    return sorted(found, key=lambda a: (a.day, a.event_id))


def entity_of(subject: str, lexicon: Lexicon) -> str:
    """The id of the entity that a catalogue's subject means (id, ticker or name), or ""."""
    wanted = subject.strip().casefold()
    for entity in lexicon.entities.values():
        if wanted and wanted in (entity.id, entity.ticker.casefold(), entity.name.casefold()):
            return entity.id
    read: Parsed = parse(Article(subject), lexicon.languages["en"], lexicon)
    named = [e for h in read.names for _, e in h.payloads]
    return str(named[0]) if named else ""


def _local_day(announced_at: str, precision: str, zone: str) -> date:
    if precision == "day":
        return date.fromisoformat(announced_at)
    stamp = pd.Timestamp(announced_at)
    local = stamp if stamp.tzinfo is None else stamp.tz_convert(ZoneInfo(zone))
    return local.date()


def earnings_of(
    anchors: Iterable[Anchor], calendar: Iterable[EarningsDate], entity: Entity
) -> list[EarningsDate]:
    """All known results releases of an entity, each day once; the catalogue's own come first."""
    own = [
        EarningsDate(entity.ticker, a.announced_at, a.precision, a.timing, a.event_id)
        for a in anchors
        if a.category == "earnings_call" and a.subject == entity.id
    ]
    known = {e.day for e in own}
    listed = [
        e
        for e in calendar
        if e.ticker == entity.ticker and not {e.day + timedelta(days=k) for k in (-1, 0, 1)} & known
    ]
    return sorted([*own, *listed], key=lambda e: e.day)


def quarter_end(year: int, quarter: int, fiscal_year_end: int) -> date:
    """Last day of quarter ``quarter`` of the fiscal year ``year`` that ends in month
    ``fiscal_year_end`` (a fiscal year is named after the year it ends in)."""
    months = year * 12 + (fiscal_year_end - 1) - 3 * (4 - quarter)
    next_year, next_month = divmod(months + 1, 12)
    return date(next_year, next_month + 1, 1) - timedelta(days=1)


def release_of(
    known: list[EarningsDate], year: int, quarter: int, fiscal_year_end: int
) -> EarningsDate | None:
    """The first release after the end of a fiscal quarter, where it is known."""
    end = quarter_end(year, quarter, fiscal_year_end)
    for release in known:
        if timedelta(0) < release.day - end <= timedelta(days=REPORT_WITHIN_DAYS):
            return release
    return None
