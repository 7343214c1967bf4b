"""Sources of news by name. A new one is a function and a row here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from signals.news.sources.protocol import Found, NewsRequest, NewsSource, SourceTools
from signals.news.sources.web_sources import edgar, feeds, gdelt
from signals.news.sources.yahoo_sources import earnings, files, stories

__all__ = ["NEWS_SOURCES", "Found", "NewsRequest", "NewsSource", "SourceRow", "SourceTools"]


@dataclass(frozen=True, slots=True, eq=False)
class SourceRow:
    """One source: how it is called, what it takes, and how far its times can be trusted."""

    name: str
    collect: NewsSource
    takes: str
    times: str


NEWS_SOURCES: Final[Mapping[str, SourceRow]] = {
    "files": SourceRow("files", files, "paths", "what the page says of itself"),
    "feeds": SourceRow("feeds", feeds, "urls", "the feed's own timestamps"),
    "edgar": SourceRow("edgar", edgar, "tickers", "acceptance of the filing, to the second"),
    "gdelt": SourceRow("gdelt", gdelt, "query", "seen by a crawler: a bound, goes to review"),
    "yahoo_news": SourceRow("yahoo_news", stories, "tickers", "the story's own timestamp"),
    "earnings": SourceRow("earnings", earnings, "tickers", "the day, before or after market"),
}
