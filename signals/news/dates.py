"""Dates in text: explicit dates, months, weekdays, relative words and fiscal periods, by rules.

Every mention keeps its place. What a mention *means* for the event is decided in
:mod:`signals.news.dating`; nothing here looks at a clock. ``parse_stamp`` reads the timestamps
that pages and feeds carry; dateparser sees such an isolated span only, never running text.
"""

from __future__ import annotations

import re
import warnings
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

from signals.news.parse import Parsed
from signals.news.terms import Hit

YEARS: Final = (1990, 2100)
_ISO: Final = re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_CJK: Final = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日")
_YEAR: Final = re.compile(r"(?:19|20)\d{2}\Z")


class DateMention(NamedTuple):
    """``kind``: ``day`` (a full date), ``day_of_year`` (no year: month × 100 + day), ``month``
    (year × 100 + month), ``year``, ``weekday`` (0 Monday), ``relative_day`` (offset),
    ``relative`` (``week:-1`` …), ``quarter`` (year × 10 + quarter; year 0: not stated)."""

    kind: str
    value: int
    text: str
    first: int
    last: int
    day: date | None = None
    fiscal: bool = False


def date_mentions(parsed: Parsed) -> list[DateMention]:
    """All mentions in order; a token belongs to one mention at most."""
    found = [*_numeric(parsed), *_with_month(parsed), *_quarters(parsed)]
    taken = {t for m in found for t in range(m.first, m.last + 1)}
    for hit in parsed.grammar:
        if not taken.intersection(range(hit.first, hit.last + 1)):
            found.extend(_by_word(parsed, hit))
    found.extend(_years(parsed, taken))
    return sorted(found, key=lambda m: m.first)


def _day(year: int, month: int, day: int) -> date | None:
    if not YEARS[0] <= year <= YEARS[1]:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _numeric(parsed: Parsed) -> list[DateMention]:
    found = []
    starts = {t.start: i for i, t in enumerate(parsed.tokens)}
    ends = {t.end: i for i, t in enumerate(parsed.tokens)}
    for pattern in (_ISO, _CJK):
        for match in pattern.finditer(parsed.text):
            day = _day(*(int(g) for g in match.groups()))
            first, last = starts.get(match.start()), ends.get(match.end())
            if day is not None and first is not None and last is not None:
                found.append(DateMention("day", 0, match.group(), first, last, day))
    return found


def _number_at(parsed: Parsed, at: int) -> int | None:
    if not 0 <= at < len(parsed.tokens):
        return None
    text = parsed.tokens[at].text
    return int(text) if text.isdigit() else None


def _year_at(parsed: Parsed, at: int) -> int | None:
    if not 0 <= at < len(parsed.tokens) or not _YEAR.match(parsed.tokens[at].text):
        return None
    return int(parsed.tokens[at].text)


def _skip_of(parsed: Parsed, at: int) -> int:
    """The next token that is not a small word (30 *de* julio, 30 *of* July)."""
    if 0 <= at < len(parsed.tokens) and parsed.tokens[at].text in {"de", "del", "of", "the"}:
        return at + 1
    return at


def _with_month(parsed: Parsed) -> list[DateMention]:
    found = []
    for hit in parsed.grammar:
        month = hit.get("month")
        if month is None:
            continue
        mention = _around_month(parsed, hit, int(month))
        if mention is not None:
            found.append(mention)
    return found


def _around_month(parsed: Parsed, hit: Hit, month: int) -> DateMention | None:
    before, after = hit.first - 1, hit.last + 1
    if before >= 0 and parsed.tokens[before].text in {"de", "of"}:
        before -= 1
    if before >= 0 and parsed.tokens[before].text in {"th", "st", "nd", "rd"}:
        before -= 1
    dom, first, last = _number_at(parsed, before), before, hit.last
    if dom is None or not 1 <= dom <= 31:
        first = hit.first
        dom = _number_at(parsed, after)
        if dom is not None and 1 <= dom <= 31:
            last = after
            if after + 1 < len(parsed.tokens) and parsed.tokens[after + 1].text in {
                "th", "st", "nd", "rd",
            }:  # fmt: skip
                last += 1
        else:
            dom = None
    behind = _skip_of(parsed, last + 1)
    year = _year_at(parsed, behind)
    if year is not None:
        last = behind
    text = parsed.text[parsed.tokens[first].start : parsed.tokens[last].end]
    if dom is not None and year is not None:
        day = _day(year, month, dom)
        return None if day is None else DateMention("day", 0, text, first, last, day)
    if dom is not None and _capital_if_ambiguous(parsed, hit):
        return DateMention("day_of_year", month * 100 + dom, text, first, last)
    if year is not None:
        return DateMention("month", year * 100 + month, text, first, last)
    return None


def _capital_if_ambiguous(parsed: Parsed, hit: Hit) -> bool:
    """ "may 5" may be a verb: a month that is also another word needs its capital."""
    other = any(group != "month" for group, _ in hit.payloads)
    return not other or parsed.text[hit.start].isupper()


def _quarters(parsed: Parsed) -> list[DateMention]:
    found = []
    for hit in parsed.grammar:
        ordinal = hit.get("ordinal")
        if ordinal is None:
            continue
        glued = parsed.tokens[hit.first].text == "q" or parsed.tokens[hit.first].text[0] == "q"
        close = parsed.within(parsed.grammar, hit.last + 1, hit.last + 4)
        before = parsed.within(parsed.grammar, max(0, hit.first - 2), hit.first)
        quarter = next((h for h in (*close, *before) if h.get("quarter")), None)
        if not glued and quarter is None:
            continue
        first = hit.first if quarter is None else min(hit.first, quarter.first)
        last = hit.last if quarter is None else max(hit.last, quarter.last)
        year, low, high, fiscal = _quarter_year(parsed, first, last)
        text = parsed.text[parsed.tokens[low].start : parsed.tokens[high].end]
        value = year * 10 + int(ordinal)
        found.append(DateMention("quarter", value, text, low, high, None, fiscal))
    return found


def _quarter_year(parsed: Parsed, first: int, last: int) -> tuple[int, int, int, bool]:
    """The year of a quarter: within the five tokens around it; two digits after FY too."""
    near = parsed.within(parsed.grammar, max(0, first - 5), last + 6)
    fiscal = any(h.get("fiscal") for h in near)
    for at in (*range(last + 1, last + 6), *range(first - 1, first - 6, -1)):
        year = _year_at(parsed, at)
        if year is not None and not _other_date(parsed, at):
            return year, min(first, at), max(last, at), fiscal
        two = _number_at(parsed, at)
        if two is not None and 10 <= two <= 60 and fiscal and parsed.tokens[at - 1].text == "fy":
            return 2000 + two, min(first, at), max(last, at), fiscal
    return 0, first, last, fiscal


def _other_date(parsed: Parsed, at: int) -> bool:
    """Whether the year at a token belongs to a month ("July 2025") and not to a quarter."""
    return any(h.get("month") for h in parsed.within(parsed.grammar, at - 2, at))


def _by_word(parsed: Parsed, hit: Hit) -> list[DateMention]:
    text = parsed.text[hit.start : hit.end]
    weekday, relative = hit.get("weekday"), hit.get("relative")
    found = []
    if weekday is not None:
        found.append(DateMention("weekday", int(weekday), text, hit.first, hit.last))
    elif relative is not None:
        unit, _, offset = str(relative).partition(":")
        if unit == "day":
            days = _by_tense(parsed, hit, offset) if offset.startswith("?") else int(offset)
            found.append(DateMention("relative_day", days, text, hit.first, hit.last))
        else:
            found.append(DateMention(f"relative_{unit}", int(offset), text, hit.first, hit.last))
    return found


def _by_tense(parsed: Parsed, hit: Hit, offset: str) -> int:
    """Hindi कल and परसों are past or future by the verb of their sentence."""
    sentence = parsed.sentence_at(hit.first)
    after = parsed.within(parsed.grammar, sentence.first, sentence.last)
    future = any(h.get("future_verb") for h in after)
    return (1 if future else -1) * len(offset)


def _years(parsed: Parsed, taken: set[int]) -> list[DateMention]:
    found = []
    for i, token in enumerate(parsed.tokens):
        if i in taken or not _YEAR.match(token.text):
            continue
        nxt = parsed.within(parsed.grammar, i + 1, i + 2)
        unit = any(h.get("scale") or h.get("currency") or h.get("percent") for h in nxt)
        symbol = i > 0 and parsed.tokens[i - 1].text in "$€£₹¥"
        if not unit and not symbol:
            text = parsed.text[token.start : token.end]
            found.append(DateMention("year", int(token.text), text, i, i))
    return found


class Stamp(NamedTuple):
    """A timestamp of a page or feed: ``instant`` (UTC) or, of a bare date, ``day``."""

    instant: datetime | None
    day: date
    offset: bool


# Of dates in words. Without a list dateparser compiles the patterns of 200 languages first, which
# takes seconds for a line of nonsense.
STAMP_LANGUAGES: Final = ["en", "es", "hi", "ar", "fr", "de", "pt", "it", "ru", "zh", "ja", "ko"]


def parse_stamp(text: str) -> Stamp | None:
    """A page's own timestamp: ISO-8601, RFC 2822, a Unix time, or (by dateparser, strictly: year,
    month and day must be there) a date in words. None when it is none, or not of this age."""
    text = " ".join(text.split())
    if not text or len(text) > 80:
        return None
    for read in (_iso_stamp, _mail_stamp, _unix_stamp, _worded_stamp):
        stamp = read(text)
        if stamp is not None:
            return stamp if YEARS[0] <= stamp.day.year <= YEARS[1] else None
    return None


def _iso_stamp(text: str) -> Stamp | None:
    if re.fullmatch(r"\d{8}T\d{6}Z?", text):  # GDELT's form
        text = f"{text[:4]}-{text[4:6]}-{text[6:11]}:{text[11:13]}:{text[13:15]}+00:00"
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return Stamp(None, date.fromisoformat(text), False)
        return _stamp(datetime.fromisoformat(text.replace(" UTC", "+00:00")))
    except (ValueError, OverflowError):
        return None


def _mail_stamp(text: str) -> Stamp | None:
    try:
        return _stamp(parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _unix_stamp(text: str) -> Stamp | None:
    if not re.fullmatch(r"\d{10}(\d{3})?", text):
        return None
    return _stamp(datetime.fromtimestamp(int(text[:10]), UTC))


def _worded_stamp(text: str) -> Stamp | None:
    if not re.search(r"\d{4}", text):
        return None
    try:
        import dateparser
    except ImportError:
        return None
    settings = {
        "STRICT_PARSING": True,
        "REQUIRE_PARTS": ["day", "month", "year"],
        "PARSERS": ["absolute-time"],
        "RETURN_AS_TIMEZONE_AWARE": False,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # dateparser warns of its own future behaviour
        found = dateparser.parse(text, languages=STAMP_LANGUAGES, settings=settings)
    if found is None:
        return None
    timed = re.search(r"\d{1,2}:\d{2}", text) is not None and found.tzinfo is not None
    return _stamp(found) if timed else Stamp(None, found.date(), False)


def _stamp(moment: datetime) -> Stamp | None:
    if moment.tzinfo is None:
        return Stamp(None, moment.date(), False)
    instant = moment.astimezone(UTC)
    return Stamp(instant, instant.date(), True)


def days_back_to(weekday: int, day: date) -> date:
    """The last ``weekday`` (0 Monday) on or before ``day``."""
    return day - timedelta(days=(day.weekday() - weekday) % 7)
