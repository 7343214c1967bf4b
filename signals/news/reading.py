"""What one article says, as a row of the catalogue or of the review file, with its claims."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from signals.news.anchors import Anchor, EarningsDate, entity_of
from signals.news.article import Article
from signals.news.categories import Verdict, classify, statuses
from signals.news.dates import date_mentions
from signals.news.dating import THRESHOLD, Dating, Scene, date_event
from signals.news.entities import Role, mentions, roles
from signals.news.lexicon import Language, Lexicon
from signals.news.market_claims import MarketClaim, market_claims
from signals.news.numbers import Figure, figures
from signals.news.parse import Parsed, parse

HEADLINE_CHARS: Final = 160
KEPT_ENTITIES: Final = 12


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """One article understood. ``row``: event columns; ``reason``: empty, or why it must be looked
    at; ``claims``: rows for the claims file without their event; ``roles``: who, as what."""

    row: dict[str, Any]
    reason: str
    candidates: tuple[str, ...]
    evidence: str
    confidence: float
    claims: tuple[dict[str, Any], ...]
    roles: tuple[Role, ...]
    verdict: Verdict
    dating: Dating


def read_article(
    article: Article,
    language: Language,
    lexicon: Lexicon,
    anchors: list[Anchor],
    earnings: list[EarningsDate],
    zone: str,
    extract: Callable[[Article], Any] | None = None,
) -> Reading:
    """Who, what, when and the claims of one article."""
    parsed = parse(article, language, lexicon)
    dates = date_mentions(parsed)
    found = statuses(parsed, dates)
    verdict = classify(parsed, found, lexicon)
    named = mentions(parsed, lexicon)
    cast = roles(parsed, named, lexicon, verdict.category)
    subject = cast[0].entity if cast else None
    if article.hints:
        subject, verdict = _hinted(article, subject, verdict, lexicon)
    sums = figures(parsed)
    claims = market_claims(parsed, dates, found, named, subject, lexicon, sums)
    if verdict.category == "other" and any(c.metric != "company_figure" for c in claims):
        verdict = verdict._replace(category="market_commentary")
    rows = [_claim_row(c, article, parsed) for c in claims]
    dating = date_event(
        Scene(parsed, dates, found, verdict, named, subject, lexicon, anchors, earnings, zone)
    )
    if (
        dating.timing in {"", "unknown"}
        and article.hints.get("timing")
        and dating.precision == "day"
    ):
        dating = replace(dating, timing=article.hints["timing"])
    if extract is not None:
        known = {(r["ticker"], r["metric"], f"{r['stated']:.4g}") for r in rows}
        rows += [
            r
            for r in extract(article)
            if (r["ticker"], r["metric"], f"{r['stated']:.4g}") not in known
        ]
    reason = _reason(article, dating, verdict, cast)
    return Reading(
        _row(article, parsed, cast, verdict, dating, reason, sums),
        reason,
        dating.candidates,
        dating.evidence,
        dating.confidence,
        tuple(rows),
        tuple(cast),
        verdict,
        dating,
    )


def _hinted(
    article: Article, subject: Any, verdict: Verdict, lexicon: Lexicon
) -> tuple[Any, Verdict]:
    """Facts that a structured source states outright stand above what its words suggest."""
    ticker = article.hints.get("ticker", "")
    stated = lexicon.entities.get(entity_of(ticker, lexicon)) if ticker else None
    category = article.hints.get("category", "")
    if category:
        verdict = verdict._replace(category=category, recalled=False, denied=False)
    return stated or subject, verdict


def _reason(article: Article, dating: Dating, verdict: Verdict, cast: list[Role]) -> str:
    """The reason code of the review file; empty for a row that may enter the catalogue."""
    if not cast and not article.hints.get("subject"):
        return "unmatched"
    if verdict.denied:
        return "denied"
    if verdict.recalled:
        return "recalled"
    if not dating.announced_at:
        return "undated" if dating.confidence < 0.4 or not dating.candidates else "low_confidence"
    if dating.confidence < THRESHOLD:
        return "low_confidence"
    return ""


def _row(
    article: Article,
    parsed: Parsed,
    cast: list[Role],
    verdict: Verdict,
    dating: Dating,
    reason: str,
    found: list[Figure],
) -> dict[str, Any]:
    subject = cast[0].entity if cast else None
    hint = article.hints.get("subject", "")
    name = hint or ("" if subject is None else subject.ticker or subject.name)
    others = [
        f"{r.entity.ticker or r.entity.id}:{r.role}" + ("" if r.entity.ticker else ":private")
        for r in cast[:KEPT_ENTITIES]
    ]
    sums = [f"{f.value:.6g} {f.currency}" for f in found if f.kind == "money" and f.value >= 1e6]
    dated = not reason
    return {
        "event_id": dating.event_id if dated and dating.event_id else _event_id(
            article, subject.id if subject is not None else hint, verdict, dating, dated=dated
        ),
        "announced_at": dating.announced_at,
        "precision": dating.precision,
        "category": verdict.category,
        "subject": name,
        "headline": clean(article.hints.get("headline", "") or _headline(parsed)),
        "source": clean(article.source),
        "url": clean(article.url),
        "tickers": article.hints.get("tickers", ""),
        "timing": dating.timing if dating.precision == "day" else "",
        "note": clean(article.hints.get("note", "")),
        "language": parsed.language.code,
        "entities": "; ".join(others),
        "amounts": "; ".join(dict.fromkeys(sums[:8])),
        "category_score": round(verdict.score, 2),
        "category_words": clean("; ".join(verdict.words)),
        "dating_evidence": clean(dating.evidence),
        "dating_confidence": round(dating.confidence, 2),
    }  # fmt: skip


def _event_id(
    article: Article, subject: str, verdict: Verdict, dating: Dating, *, dated: bool
) -> str:
    who = re.sub(r"[^a-z0-9]+", "-", subject.lower()).strip("-") or "unknown"
    what = verdict.category.replace("_", "-")
    when = dating.announced_at[:10] if dated else f"review-{article.digest[:8]}"
    return f"{who}-{what}-{when}"


def _headline(parsed: Parsed) -> str:
    first = parsed.sentences[0] if parsed.sentences else None
    text = "" if first is None else parsed.text[first.start : first.end]
    titles = [s for s in parsed.sentences if s.title]
    if titles:
        text = parsed.text[titles[0].start : titles[-1].end]
    return text if len(text) <= HEADLINE_CHARS else text[: HEADLINE_CHARS - 1].rstrip() + "…"


def clean(text: str) -> str:
    """One line of plain text: no control characters, no marks that turn the direction of a
    terminal or cell, single spaces. What a page says is data and stays data."""
    kept = (
        " " if c.isspace() else c
        for c in text
        if c.isspace()
        or unicodedata.category(c) not in {"Cc", "Cf", "Co", "Cs"}
        or c in "\u200c\u200d"
    )
    return " ".join("".join(kept).split())


def _claim_row(claim: MarketClaim, article: Article, parsed: Parsed) -> dict[str, Any]:
    quote = parsed.text[claim.start : claim.end]
    return {
        "event_id": "",
        "claim_id": "",
        "ticker": claim.ticker,
        "metric": claim.metric,
        "stated": claim.stated,
        "unit": claim.unit,
        "window": claim.window.words,
        "window_first": claim.window.first,
        "window_last": claim.window.last,
        "source": clean(article.source),
        "quote_start": claim.start,
        "quote_end": claim.end,
        "bound": claim.bound,
        "step": claim.step,
        "quote": clean(quote),
        "note": claim.note,
    }
