"""Every source of news on recorded shapes, errors and nonsense."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from signals.errors import DataError, TransientError
from signals.news.article import Article
from signals.news.collect import collect
from signals.news.lexicon import Lexicon
from signals.news.sources import NEWS_SOURCES, NewsRequest, SourceTools
from signals.news.sources.yahoo_sources import releases_in
from signals.providers import gdelt as gdelt_service
from signals.providers.earnings import earnings_days
from signals.providers.web import WebClient
from tests.news.loopback import Loopback, Reply, loopback

FEED = b"""<rss version="2.0"><channel><item><title>Meta launches a model</title><link>https://example.org/a</link>
<pubDate>Wed, 30 Jul 2025 20:05:00 GMT</pubDate></item></channel></rss>"""
FILINGS = {
    "name": "Meta Platforms, Inc.",
    "filings": {"recent": {
        "accessionNumber": ["0001-25-000002", "0001-25-000001", "0001-24-000009"],
        "form": ["8-K", "10-Q", "8-K"],
        "filingDate": ["2025-07-30", "2025-07-31", "2024-01-02"],
        "items": ["2.02,9.01", "", "5.02"],
    }},
}  # fmt: skip
HEADER = b"<pre>&lt;SEC-HEADER&gt;\n&lt;ACCEPTANCE-DATETIME&gt;20250730160512\n</pre>"


@pytest.fixture
def server() -> Iterator[Loopback]:
    with loopback() as state:
        yield state


@pytest.fixture
def tools(server: Loopback, lexicon: Lexicon) -> SourceTools:
    bases = {"edgar_data": server.base, "edgar_archive": server.base, "gdelt": f"{server.base}/doc"}
    client = WebClient(pace=0.0, sleep=lambda _: None, timeout=5.0)
    return SourceTools(client, lexicon, bases, _ask, _stories)


def _ask(ticker: str) -> list[datetime]:
    return [
        datetime(2025, 7, 30, 20, 0, tzinfo=UTC), datetime(2025, 4, 30, 11, 0, tzinfo=UTC),
        datetime(2025, 1, 29), datetime(2025, 7, 30, 20, 0, tzinfo=UTC),
    ]  # fmt: skip


def _stories(ticker: str) -> list[dict[str, object]]:
    return [
        {"content": {"title": "Meta buys a startup", "summary": "It agreed to.",
                     "pubDate": "2025-07-30T20:05:00Z", "canonicalUrl": {"url": "x"}}},
        {"content": None},
    ]  # fmt: skip


def test_the_registry_names_what_each_takes() -> None:
    assert set(NEWS_SOURCES) == {"files", "feeds", "edgar", "gdelt", "yahoo_news", "earnings"}
    assert all(row.name == name and row.takes and row.times for name, row in NEWS_SOURCES.items())


def test_feeds(server: Loopback, tools: SourceTools, lexicon: Lexicon) -> None:
    server.replies["/good"] = Reply(FEED)
    server.replies["/html"] = Reply(b"<a>no feed</a>")
    server.replies["/down"] = Reply(status=503)
    request = NewsRequest(
        urls=tuple(f"{server.base}/{n}" for n in ("good", "html", "down", "none"))
    )
    found = NEWS_SOURCES["feeds"].collect(tools, request)
    assert [a.url for a in found.articles] == ["https://example.org/a"]
    assert len(found.skipped) == 3
    collected = collect(found.articles, news=lexicon)
    assert list(collected.events["announced_at"]) == ["2025-07-30T20:05:00Z"]
    assert list(collected.events["precision"]) == ["minute"]


def test_a_feed_that_is_down_is_worth_another_try(server: Loopback, tools: SourceTools) -> None:
    server.replies["/down"] = Reply(status=503)
    with pytest.raises(TransientError):
        NEWS_SOURCES["feeds"].collect(tools, NewsRequest(urls=(f"{server.base}/down",)))


def _edgar(server: Loopback) -> None:
    server.replies["/submissions/CIK0001326801.json"] = Reply(json.dumps(FILINGS).encode())
    for number in ("000125000002/0001-25-000002", "000124000009/0001-24-000009"):
        server.replies[f"/edgar/data/1326801/{number}-index-headers.html"] = Reply(HEADER)


def test_filings_are_exact_to_the_second(
    server: Loopback, tools: SourceTools, lexicon: Lexicon
) -> None:
    _edgar(server)
    request = NewsRequest(tickers=("META", "XYZ"), first="2025-01-01", last="2025-12-31")
    found = NEWS_SOURCES["edgar"].collect(tools, request)
    assert [(s.source, s.reason) for s in found.skipped] == [("XYZ", "no CIK in entities.toml")]
    (event,) = collect(found.articles, news=lexicon).events.to_dict("records")
    assert event["announced_at"] == "2025-07-30T20:05:12Z"  # 16:05:12 Eastern: after the close
    assert (event["category"], event["subject"]) == ("earnings_call", "META")
    assert event["note"] == "8-K items 2.02, 9.01"


@pytest.mark.parametrize("body", [b"", b"<html>busy</html>", b"{}", b'{"filings": {"recent": {}}}'])
def test_edgar_nonsense_may_be_right_next_time(
    server: Loopback, tools: SourceTools, body: bytes
) -> None:
    server.replies["/submissions/CIK0001326801.json"] = Reply(body)
    with pytest.raises(TransientError, match="edgar"):
        NEWS_SOURCES["edgar"].collect(tools, NewsRequest(tickers=("META",)))


def test_a_filing_without_its_time_is_not_guessed(server: Loopback, tools: SourceTools) -> None:
    _edgar(server)
    server.replies["/edgar/data/1326801/000125000002/0001-25-000002-index-headers.html"] = Reply(
        b"-"
    )
    with pytest.raises(TransientError, match="acceptance time"):
        NEWS_SOURCES["edgar"].collect(tools, NewsRequest(tickers=("META",), first="2025-01-01"))


def test_what_gdelt_saw_waits_for_a_person(
    server: Loopback, tools: SourceTools, lexicon: Lexicon
) -> None:
    items = [
        {"title": "Meta launches a model", "url": "https://example.org/a", "seendate": "20250730T201500Z"},
        {"title": "", "url": "https://example.org/b"}, {"title": "x", "url": "javascript:1"}, 7,
    ]  # fmt: skip
    server.replies["/doc"] = Reply(json.dumps({"articles": items}).encode())
    request = NewsRequest(query="meta model", first="2025-07-01", last="2025-07-31")
    found = NEWS_SOURCES["gdelt"].collect(tools, request)
    assert "startdatetime=20250701000000" in server.asked[0][0]
    assert len(found.skipped) == 2
    collected = collect(found.articles, news=lexicon)
    assert len(collected.events) == 0
    (waiting,) = collected.review.to_dict("records")
    assert (waiting["reason"], waiting["candidates"]) == ("low_confidence", "2025-07-30")


def test_gdelt_refusals_and_nonsense(server: Loopback) -> None:
    client = WebClient(pace=0.0, sleep=lambda _: None)
    for body, error in (
        (b"Your query was too short.", DataError),
        (b"<html>", TransientError),
        (b'{"articles": [', TransientError),
        (b"{}", None),
    ):
        server.replies["/doc"] = Reply(body)
        if error is None:
            assert (
                gdelt_service.pages(
                    client, "q", "2025-07-01", "2025-07-02", base=f"{server.base}/doc"
                )
                == []
            )
            continue
        with pytest.raises(error):
            gdelt_service.pages(client, "q", "2025-07-01", "2025-07-02", base=f"{server.base}/doc")


def test_stories(tools: SourceTools) -> None:
    found = NEWS_SOURCES["yahoo_news"].collect(tools, NewsRequest(tickers=("META",)))
    assert [a.published for a in found.articles] == ["2025-07-30T20:05:00Z"]
    assert len(found.skipped) == 1


def test_events_without_articles(tools: SourceTools, lexicon: Lexicon) -> None:
    request = NewsRequest(tickers=("META", "ZZZ"), first="2025-02-01")
    found = NEWS_SOURCES["earnings"].collect(tools, request)
    collected = collect(found.articles, news=lexicon)
    rows = collected.events[["event_id", "announced_at", "precision", "timing", "tickers"]]
    assert rows.values.tolist() == [
        ["meta-earnings-call-2025-04-30", "2025-04-30", "day", "pre_open", "META"],
        ["meta-earnings-call-2025-07-30", "2025-07-30", "day", "post_close", "META"],
        ["zzz-earnings-call-2025-04-30", "2025-04-30", "day", "pre_open", "ZZZ"],
        ["zzz-earnings-call-2025-07-30", "2025-07-30", "day", "post_close", "ZZZ"],
    ]
    again = collect(found.articles, collected.events, news=lexicon)
    assert (again.added, again.changed) == ((), ())


def test_a_calendar_of_the_same_run_dates_articles(tools: SourceTools, lexicon: Lexicon) -> None:
    known = NEWS_SOURCES["earnings"].collect(tools, NewsRequest(tickers=("META",))).articles
    page = Article("Meta released its financial results for the second quarter of 2025.", "a.txt")
    found = collect([page, *known], news=lexicon, earnings=releases_in(known))
    row = found.events.loc[found.events["source"].str.contains("a.txt")].iloc[0]
    assert (row["announced_at"], row["timing"]) == ("2025-07-30", "post_close")
    assert len(found.review) == 0


def test_midnight_is_no_hour() -> None:
    (day,) = earnings_days("META", lambda _: [datetime(2025, 1, 29)])
    assert (day.day, day.timing) == ("2025-01-29", "unknown")


def test_files(tools: SourceTools, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Meta did it.", encoding="utf-8")
    found = NEWS_SOURCES["files"].collect(tools, NewsRequest(paths=(tmp_path,)))
    assert len(found.articles) == 1
