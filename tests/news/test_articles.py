"""The five real articles: facts derived from them, none of their text."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from signals.events.read import read_catalogue
from signals.news.anchors import EarningsDate
from signals.news.collect import Collected, collect
from signals.news.read import read_files

pytestmark = pytest.mark.shared

EXPECTED = {
    "000": ("hi", "restructuring", "ai-division-downsizing-report"),
    "001": ("hi", "policy_shift", "superintelligence-essay"),
    "002": ("hi", "earnings_call", "meta-q2-2024"),
    "003": ("ar", "controversy", "ai-product-problem-report"),
    "004": ("hi", "investment_talks", "scale-ai-talks"),
}
CLAIMS = {
    "000": [("ai_tokens", "breadth", -28 / 30, "1 hour")],
    "003": [
        ("META", "return", -0.12, "Friday's close"),
        ("META", "market_value", -200e9, "2 days"),
    ],
}


@pytest.fixture(scope="module")
def collected(shared: Path, root: Path) -> Collected:
    articles, skipped = read_files([shared / "articles"])
    kept = [a for a in articles if a.source.endswith(".txt")]
    assert [s for s in skipped if s.source.endswith(".txt")] == []
    catalogue = read_catalogue([root / "configs" / "events" / "meta_ai.csv"])
    return collect(kept, catalogue, news=root / "configs" / "news")


def _of(collected: Collected, number: str):  # type: ignore[no-untyped-def]
    return next(r for r in collected.readings if Path(r.row["source"]).name.startswith(number))


@pytest.mark.parametrize("number", sorted(EXPECTED))
def test_language_subject_category_and_day(collected: Collected, number: str) -> None:
    language, category, event = EXPECTED[number]
    reading = _of(collected, number)
    assert (reading.row["language"], reading.row["subject"]) == (language, "META")
    assert reading.row["category"] == category
    if reading.reason:
        assert reading.reason == "low_confidence"
        assert event in " ".join(reading.candidates)
        assert len(reading.candidates) <= 3
    else:
        assert reading.row["event_id"] == event


@pytest.mark.parametrize("number", sorted(EXPECTED))
def test_all_market_claims_and_none_invented(collected: Collected, number: str) -> None:
    found = [
        (c["ticker"], c["metric"], pytest.approx(c["stated"], rel=1e-6), c["window"])
        for c in _of(collected, number).claims
        if c["metric"] != "company_figure"
    ]
    assert found == CLAIMS.get(number, [])


def test_others_are_found_with_their_roles(collected: Collected) -> None:
    roles = {r.entity.id: r.role for r in _of(collected, "002").roles}
    assert roles["nvidia"] == "supplier"
    assert "essilorluxottica" in roles
    talks = {r.entity.id: r for r in _of(collected, "004").roles}
    assert talks["scale-ai"].role == "counterparty"
    assert talks["scale-ai"].entity.ticker == ""


def test_quotes_stand_where_they_say(collected: Collected, shared: Path) -> None:
    for claims in (collected.claims, collected.review_claims):
        read = [r for r in claims.to_dict("records") if r["source"].endswith(".txt")]
        assert read  # the catalogue's own claims have no page to look them up in
        for row in read:
            text = Path(row["source"]).read_text(encoding="utf-8")
            quote = text[int(row["quote_start"]) : int(row["quote_end"])]
            assert " ".join(quote.split()) == row["quote"]


def test_collecting_twice_adds_nothing(collected: Collected, shared: Path, root: Path) -> None:
    from signals.events.catalogue import Catalogue

    articles = [a for a in read_files([shared / "articles"])[0] if a.source.endswith(".txt")]
    again = collect(
        articles,
        Catalogue(collected.events, collected.claims),
        news=root / "configs" / "news",
        review=collected.review,
        review_claims=collected.review_claims,
    )
    assert (again.added, again.changed) == ((), ())
    pd.testing.assert_frame_equal(again.events, collected.events)
    assert len(again.claims) == len(collected.claims)
    assert len(again.review) == len(collected.review)


def test_an_earnings_calendar_alone_dates_the_results(shared: Path, root: Path) -> None:
    file = shared / "market" / "earnings" / "sp500_earnings_dates_2003_2025-11.csv"
    known = pd.read_csv(file).query("ticker == 'META'")
    calendar = [EarningsDate(t, d) for t, d in known.itertuples(index=False)]
    articles = [a for a in read_files([shared / "articles"])[0] if a.source.endswith(".txt")]
    found = collect(articles, None, news=root / "configs" / "news", earnings=calendar)
    assert _of(found, "002").row["announced_at"] == "2024-07-31"
    assert "2025-07-30" in _of(found, "001").candidates
    assert "2025-10-29" in _of(found, "003").candidates
    assert _of(found, "004").reason == "undated"
