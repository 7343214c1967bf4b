"""The tables of the project, and how tests take one sentence apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from signals.news.article import Article
from signals.news.collect import collect
from signals.news.lexicon import Lexicon, load_lexicon
from signals.news.parse import Parsed, parse
from signals.news.reading import Reading


@pytest.fixture(scope="session")
def news(root: Path) -> Path:
    return root / "configs" / "news"


@pytest.fixture(scope="session")
def lexicon(news: Path) -> Lexicon:
    return load_lexicon(news)


@pytest.fixture
def parsed(lexicon: Lexicon) -> Callable[[str, str], Parsed]:
    return lambda text, code="en": parse(Article(text), lexicon.languages[code], lexicon)


@pytest.fixture
def read(lexicon: Lexicon) -> Callable[..., Reading]:
    def one(text: str, published: str = "", **more: object) -> Reading:
        article = Article(text, "a.txt", published=published, published_by="page" * bool(published))
        found = collect([article], news=lexicon, **more)  # type: ignore[arg-type]
        assert not found.skipped, found.skipped
        return found.readings[0]

    return one
