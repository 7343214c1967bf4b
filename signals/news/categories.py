"""What kind of news an article is, from the words of ``configs/news/categories.toml``.

score(category) = Σ over its sentences of rule score × place × currency, the k-th best sentence
divided by √k, so that a long article does not win by repetition. Sentences that recall old
news speak only when nothing current does. Checked by ``tests/news/test_categories.py``.
"""

from __future__ import annotations

from datetime import date
from typing import Final, NamedTuple

from signals.news.dates import DateMention, parse_stamp
from signals.news.lexicon import Lexicon
from signals.news.parse import Parsed, Sentence
from signals.news.terms import Hit

THRESHOLD: Final = 2.0
PEGGED: Final = 2.0  # the sentence that says "today" carries the news
CURRENT: Final = 1.4
CARRIED: Final = 2
OLD_AFTER_DAYS: Final = 45
# A denial of one of these is not the news: a fine stays a fine when the company protests.
NOT_UNDONE_BY_DENIAL: Final = frozenset({"regulation", "earnings_call"})
_OPENING_SENTENCES: Final = 3


class Status(NamedTuple):
    """How a sentence stands in time and truth; ``pegged``: it says today or a weekday."""

    recalled: bool
    denied: bool
    future: bool
    current: bool
    pegged: bool = False


class Verdict(NamedTuple):
    """The category with its score, its share of all scores, the words that decided, the
    numbers of its sentences (best first), and whether it is only recalled, or denied."""

    category: str
    score: float
    share: float
    words: tuple[str, ...]
    sentences: tuple[int, ...]
    recalled: bool
    denied: bool


def statuses(parsed: Parsed, dates: list[DateMention]) -> list[Status]:
    """One :class:`Status` for each sentence."""
    stamp = parse_stamp(parsed.article.published) if parsed.article.published else None
    reference = None if stamp is None else stamp.day
    found = []
    for sentence in parsed.sentences:
        hits = parsed.within(parsed.grammar, sentence.first, sentence.last)
        groups = {group for h in hits for group, _ in h.payloads}
        mine = [
            d for d in dates if sentence.first <= d.first < sentence.last and not _is_since(hits, d)
        ]
        pegged = any(
            d.kind == "weekday" or (d.kind == "relative_day" and d.value in (0, -1)) for d in mine
        )
        fresh = pegged or "current" in groups
        recalled = ("recalled" in groups and not fresh) or _long_ago(hits)
        recalled = recalled or _is_old(mine, reference, groups)
        recalled = recalled and not _is_now(mine, reference)
        found.append(Status(recalled, "denied" in groups, "future" in groups, fresh, pegged))
    return _carried(found)


def _carried(found: list[Status]) -> list[Status]:
    """An article that opens with an old story stays in it until something current is said (for
    two sentences at most)."""
    opening = next((k for k, s in enumerate(found) if not s.recalled), len(found))
    if not opening:
        return found
    end = opening
    while end < min(len(found), opening + CARRIED) and not found[end].current:
        end += 1
    return [s._replace(recalled=True) if k < end else s for k, s in enumerate(found)]


def _is_since(hits: list[Hit], mention: DateMention) -> bool:
    """ "Its best day since 2000" is about today."""
    return mention.kind == "year" and any(
        h.get("since") and (h.last + 1 == mention.first or mention.last + 1 == h.first)
        for h in hits
    )


def _long_ago(hits: list[Hit]) -> bool:
    """قبل عشر سنوات, hace diez años: a word before a count of months or years."""
    return any(
        before.get("ago_before")
        and any(h.get("unit") in {"year", "month"} and 0 < h.first - before.last <= 3 for h in hits)
        for before in hits
    )


def _is_old(mine: list[DateMention], reference: date | None, groups: set[str]) -> bool:
    """An explicit time that lies well before the article, or a bare year of the past."""
    return any(_is_old_time(m, reference, groups) for m in mine)


def _is_old_time(mention: DateMention, reference: date | None, groups: set[str]) -> bool:
    if mention.day is not None:
        return reference is not None and (reference - mention.day).days > OLD_AFTER_DAYS
    if mention.kind == "relative_year":
        return mention.value < 0 and "recalled" in groups
    if mention.kind not in {"year", "month"}:
        return False
    if reference is None:
        return mention.kind == "year" and "future" not in groups
    if mention.kind == "month":
        return not _recent(mention, reference) and mention.value // 100 <= reference.year
    return mention.value < reference.year


def _recent(mention: DateMention, reference: date) -> bool:
    year, month = divmod(mention.value, 100)
    return (reference.year - year) * 12 + reference.month - month <= 1


def _is_now(mine: list[DateMention], reference: date | None) -> bool:
    for mention in mine:
        if mention.kind == "relative_day" and mention.value in (0, -1):
            return True
        if mention.kind == "weekday" or (mention.kind == "relative_week" and mention.value == 0):
            return True
        if mention.day is not None and (
            reference is None or abs((reference - mention.day).days) <= OLD_AFTER_DAYS
        ):
            return True
    return False


class _Vote(NamedTuple):
    weight: float
    sentence: int
    words: tuple[str, ...]


def classify(parsed: Parsed, found: list[Status], lexicon: Lexicon) -> Verdict:
    """The category of an article; ``other`` below the threshold."""
    current: dict[str, list[_Vote]] = {}
    old: dict[str, list[_Vote]] = {}
    for sentence, status in zip(parsed.sentences, found, strict=True):
        table = old if status.recalled else current
        for category, vote in _votes(parsed, sentence, status, lexicon):
            table.setdefault(category, []).append(vote)
    scores = {c: _sum(v) for c, v in current.items()}
    recalled = False
    if max(scores.values(), default=0.0) < THRESHOLD:
        past = {c: _sum(v) for c, v in old.items()}
        if max(past.values(), default=0.0) >= THRESHOLD:
            scores, current, recalled = past, old, True
    best = max(scores, key=lambda c: (scores[c], c), default="other")
    score = scores.get(best, 0.0)
    if score < THRESHOLD:
        recalled = any(s.recalled for s in found) and not any(s.current for s in found)
        return Verdict("other", score, 0.0, (), (), recalled, _denied(parsed, found, "other", ()))
    votes = sorted(current[best], key=lambda v: -v.weight)
    words = tuple(dict.fromkeys(w for v in votes for w in v.words))[:8]
    numbers = tuple(v.sentence for v in votes)
    denied = _denied(parsed, found, best, numbers)
    return Verdict(best, score, score / sum(scores.values()), words, numbers, recalled, denied)


def _votes(
    parsed: Parsed, sentence: Sentence, status: Status, lexicon: Lexicon
) -> list[tuple[str, _Vote]]:
    hits = parsed.within(parsed.words, sentence.first, sentence.last)
    by_group: dict[str, list[str]] = {}
    covered: dict[str, int] = {}
    for hit in sorted(hits, key=lambda h: (h.first, -h.last)):
        for group, _ in hit.payloads:
            if hit.first > covered.get(group, -1):  # a phrase inside a phrase counts once
                covered[group] = hit.last
                by_group.setdefault(group, []).append(parsed.text[hit.start : hit.end])
    if not by_group:
        return []
    weight = _place(parsed, sentence) * (
        PEGGED if status.pegged else CURRENT if status.current else 1.0
    )
    best: dict[str, _Vote] = {}
    for rule in lexicon.rules:
        if all(g in by_group for g in rule.all) and not any(g in by_group for g in rule.none):
            many = sum(len(set(by_group[g])) for g in rule.all)
            strength = rule.score * weight * (1.0 + 0.15 * min(many - len(rule.all), 3))
            words = tuple(w for g in rule.all for w in by_group[g])
            known = best.get(rule.category)
            if known is None or strength > known.weight:
                best[rule.category] = _Vote(strength, sentence.number, words)
    return list(best.items())


def _place(parsed: Parsed, sentence: Sentence) -> float:
    if sentence.title:
        return 3.0
    body = sentence.number - sum(s.title for s in parsed.sentences)
    return (2.2, 1.5, 1.2)[body] if body < 3 else 1.0


def _sum(votes: list[_Vote]) -> float:
    ranked = sorted((v.weight for v in votes), reverse=True)
    return sum(float(w / (k + 1) ** 0.5) for k, w in enumerate(ranked[:12]))


def _denied(parsed: Parsed, found: list[Status], category: str, numbers: tuple[int, ...]) -> bool:
    if category in NOT_UNDONE_BY_DENIAL:
        return False
    titles = sum(s.title for s in parsed.sentences)
    opening = range(titles + (1 if category == "controversy" else _OPENING_SENTENCES))
    return any(found[n].denied for n in opening if n < len(found)) or (
        category != "controversy" and bool(numbers) and found[numbers[0]].denied
    )
