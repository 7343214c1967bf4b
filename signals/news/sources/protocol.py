"""What a source of news is: something that answers one request with articles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from signals.news.article import Article, Skipped
from signals.news.lexicon import Lexicon
from signals.providers.web import WebClient


@dataclass(frozen=True, slots=True, eq=False)
class NewsRequest:
    """What is wanted: files, addresses, tickers or words, between two ISO dates (both
    included; empty: open). Each source takes what it understands."""

    paths: tuple[Path, ...] = ()
    urls: tuple[str, ...] = ()
    tickers: tuple[str, ...] = ()
    query: str = ""
    first: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The articles of a request, and what was skipped with its reason."""

    articles: tuple[Article, ...]
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class SourceTools:
    """What sources work with. ``bases`` replaces addresses of services (tests, mirrors);
    ``earnings`` and ``stories`` are Yahoo's functions, handed in so that only its provider
    imports yfinance."""

    client: WebClient
    lexicon: Lexicon
    bases: Mapping[str, str] = field(default_factory=dict)
    earnings: Callable[[str], Iterable[datetime]] | None = None
    stories: Callable[[str], Iterable[Mapping[str, Any]]] | None = None


class NewsSource(Protocol):
    """A function of tools and a request. Raises :class:`signals.errors.TransientError` where
    asking again may help, :class:`signals.errors.DataError` where it does not."""

    def __call__(self, tools: SourceTools, request: NewsRequest) -> Found: ...
