"""Files, and what Yahoo knows: stories on a ticker, and its earnings calendar."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from signals.errors import DataError
from signals.news.anchors import EarningsDate
from signals.news.article import Article, Skipped
from signals.news.read import read_files
from signals.news.sources.protocol import Found, NewsRequest, SourceTools
from signals.news.structured import article_of_item
from signals.providers.earnings import earnings_days

CALENDAR: Final = "earnings calendar"


def files(tools: SourceTools, request: NewsRequest) -> Found:
    """Articles in files and folders."""
    articles, skipped = read_files(request.paths)
    return Found(tuple(articles), tuple(skipped))


def stories(tools: SourceTools, request: NewsRequest) -> Found:
    """Recent stories of tickers, with their own timestamps."""
    if tools.stories is None:
        raise DataError("yahoo_news needs the function that asks Yahoo")
    articles: list[Article] = []
    skipped: list[Skipped] = []
    for ticker in request.tickers:
        for number, item in enumerate(tools.stories(ticker), start=1):
            made = article_of_item(item, f"yahoo:{ticker}#{number}")
            if isinstance(made, Skipped):
                skipped.append(made)
            else:
                articles.append(made)
    return Found(tuple(articles), tuple(skipped))


def earnings(tools: SourceTools, request: NewsRequest) -> Found:
    """One event a known earnings day: events without articles."""
    if tools.earnings is None:
        raise DataError("earnings needs the function that asks for earnings dates")
    names = {e.ticker: e.name for e in tools.lexicon.entities.values()}
    articles = []
    for ticker in request.tickers:
        for day in earnings_days(ticker, tools.earnings, request.first, request.last):
            name = names.get(ticker, ticker)
            articles.append(
                Article(
                    f"{name} reports quarterly results ({day.day})",
                    source=f"earnings calendar {ticker} {day.day}",
                    published=day.day,
                    published_by=CALENDAR,
                    language="en",
                    hints={"category": "earnings_call", "ticker": ticker, "subject": ticker,
                           "tickers": ticker, "timing": day.timing,
                           "headline": f"{name} reports quarterly results"},
                )
            )  # fmt: skip
    return Found(tuple(articles))


def releases_in(articles: Iterable[Article]) -> list[EarningsDate]:
    """The results releases among what was collected: they date articles of the same run that
    name a fiscal period."""
    return [
        EarningsDate(a.hints["ticker"], a.published, "day", a.hints.get("timing", ""))
        for a in articles
        if a.published_by == CALENDAR
    ]
