"""JSON files into articles: one object, a list, an envelope with a list, or one object a line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from signals.news.article import Article, Skipped
from signals.news.dates import parse_stamp
from signals.news.markup import plain_text, safe_url, titled

TEXT_KEYS: Final = (
    "text", "body", "content", "articleBody", "article", "full_text", "description", "summary",
)  # fmt: skip
TITLE_KEYS: Final = ("title", "headline", "name")
STAMP_KEYS: Final = (
    "published", "published_at", "publishedAt", "published_time", "datePublished", "pubDate",
    "pub_date", "providerPublishTime", "publish_date", "timestamp", "datetime", "date",
    "created_at",
)  # fmt: skip
URL_KEYS: Final = ("url", "link", "canonicalUrl", "webUrl")
LIST_KEYS: Final = ("articles", "items", "entries", "results", "data", "news", "documents")


def articles_of_json(
    text: str, source: str, unusable: type[Exception]
) -> tuple[list[Article], list[Skipped]]:
    """Articles of a JSON document; an item that is none is skipped with its place."""
    items = _items(text, unusable)
    articles: list[Article] = []
    skipped: list[Skipped] = []
    for number, item in enumerate(items, start=1):
        where = source if len(items) == 1 else f"{source}#{number}"
        made = article_of_item(item, where)
        if isinstance(made, Skipped):
            skipped.append(made)
        else:
            articles.append(made)
    return articles, skipped


def _items(text: str, unusable: type[Exception]) -> list[Any]:
    try:
        whole = json.loads(text)
    except RecursionError:
        raise unusable("is nested too deeply") from None
    except ValueError as error:
        lines = [line for line in text.split("\n") if line.strip()]
        if len(lines) < 2:
            raise unusable(f"is not JSON: {error}") from None
        return [_line(line) for line in lines]
    if isinstance(whole, Mapping):
        for key in LIST_KEYS:
            if isinstance(whole.get(key), list):
                return list(whole[key])
        return [whole]
    if isinstance(whole, list):
        return whole
    raise unusable("holds neither an article nor a list of them")


def _line(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _first(item: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    for key in keys:
        value = item.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
        if isinstance(value, int | float) and not isinstance(value, bool) and key in STAMP_KEYS:
            return str(int(value))
    return ""


def article_of_item(item: Any, where: str) -> Article | Skipped:
    """One item (of a file, or of a service that answers in JSON) as an article."""
    if not isinstance(item, Mapping):
        return Skipped(where, "is not a JSON object with a text")
    inner = item.get("content")
    if isinstance(inner, Mapping):  # Yahoo's news wraps each story once more
        item = {**item, **inner}
    title, body = _first(item, TITLE_KEYS), _first(item, TEXT_KEYS)
    if "<" in body and ">" in body:
        body = plain_text(body)
    if not title and not body:
        return Skipped(where, "has no title and no text")
    published = _first(item, STAMP_KEYS)
    if published and parse_stamp(published) is None:
        return Skipped(where, f"its date {published[:40]!r} is none of our age")
    url = safe_url(_first(item, URL_KEYS))
    article = titled(title, body, where, url, published, "page")
    language = item.get("language") or item.get("lang")
    if isinstance(language, str):
        return Article(
            article.text, where, url, article.title_end, published, article.published_by,
            language[:2].lower(), {},
        )  # fmt: skip
    return article
