"""HTML pages and feeds into articles; tags out, scripts never looked at."""

from __future__ import annotations

import html
import io
import json
import re
import warnings
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from signals.news.article import Article, Skipped
from signals.news.dates import parse_stamp

MAX_ENTRIES: Final = 5000
_META: Final = re.compile(r"<meta\s[^>]{1,2000}>", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(r"([a-zA-Z:_-]+)\s*=\s*(?:\"([^\"]{0,1500})\"|'([^']{0,1500})')")
_TIME: Final = re.compile(r"<time\s[^>]*?datetime\s*=\s*[\"']([^\"']{4,60})[\"']", re.IGNORECASE)
_JSON_LD: Final = re.compile(
    r"<script[^>]{0,300}application/ld\+json[^>]{0,300}>(.{1,50000}?)</script",
    re.IGNORECASE | re.DOTALL,
)
_STAMP_NAMES: Final = (
    "article:published_time", "og:published_time", "datepublished", "date", "pubdate",
    "publishdate", "dc.date.issued", "dc.date", "parsely-pub-date", "sailthru.date",
)  # fmt: skip
# A tag that another one begins inside of is none. Python's parser would look for its end to the end
# of the page, once for each of them.
_UNCLOSED: Final = re.compile(r"<(?!!)(?=[^<>]*(?:<|\Z))")
_SECTION: Final = re.compile(
    r"<!\[(?!\s*(?:CDATA|temp|ignore|include|rcdata|if|else|endif)[\s\[\]])", re.IGNORECASE
)
_SILENT: Final = frozenset({"script", "style", "noscript", "template", "iframe", "svg", "head"})
_BLOCKS: Final = frozenset({"p", "div", "br", "li", "h1", "h2", "h3", "h4", "tr", "section", "td"})


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self.silent += 1
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT and self.silent:
            self.silent -= 1
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.parts.append(data)


def plain_text(markup: str) -> str:
    """The visible text of markup, one line a block."""
    parser = _Text()
    # Python's parser raises AssertionError for a marked section that it does not know.
    parser.feed(_SECTION.sub("&lt;![", _UNCLOSED.sub("&lt;", markup)))
    parser.close()
    lines = (" ".join(line.split()) for line in "".join(parser.parts).split("\n"))
    return "\n".join(line for line in lines if line)


def article_of_html(text: str, source: str, base: str, unusable: type[Exception]) -> Article:
    """The article of a page: main text by trafilatura, all visible text where it finds none."""
    stated = page_statements(text)
    body, title = _main_text(text), stated.get("title", "")
    if len(body) < 40:
        body = plain_text(text)
    if not re.search(r"[^\W\d_]{2}", body):
        raise unusable("holds no text")
    published = stated.get("published", "")
    url = safe_url(stated.get("url", ""), base)
    return titled(title, body, source, url, published, "page")


def titled(
    title: str, body: str, source: str, url: str, published: str, by: str, **hints: str
) -> Article:
    """An article whose text begins with its title, once."""
    title, body = " ".join(title.split()), body.strip()
    if title and re.match(re.escape(title) + r"\s*(?:[\n.:–—|-]|\Z)", body):
        body = body[len(title) :].lstrip(" \n.:-–—")
    text = f"{title}\n{body}" if title else body
    end = len(title)
    return Article(text, source, url, end, published, by if published else "", "", dict(hints))


def _main_text(text: str) -> str:
    try:
        import trafilatura
    except ImportError:  # the extra `news` is not installed: the visible text has to do
        return ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = trafilatura.extract(
            text, include_comments=False, include_tables=False, favor_precision=True
        )
    return found or ""


def page_statements(text: str) -> dict[str, str]:
    """What a page says of itself: title, url, and when it was published (its own words only)."""
    stated: dict[str, str] = {}
    head = text[:400_000]
    for tag in _META.findall(head):
        found = {name.lower(): html.unescape(a or b) for name, a, b in _ATTRIBUTE.findall(tag)}
        name = (found.get("property") or found.get("name") or found.get("itemprop") or "").lower()
        content = found.get("content", "")
        if name in _STAMP_NAMES and parse_stamp(content) is not None:
            stated.setdefault("published", content)
        elif name == "og:title":
            stated.setdefault("title", content)
        elif name == "og:url":
            stated.setdefault("url", content)
    if "published" not in stated:
        stated.update(_json_ld(head))
    if "published" not in stated:
        time = _TIME.search(head)
        if time is not None and parse_stamp(time.group(1)) is not None:
            stated["published"] = time.group(1)
    if "title" not in stated:
        title = re.search(r"<title[^>]{0,200}>([^<]{1,500})<", head, re.IGNORECASE)
        if title is not None:
            stated["title"] = html.unescape(title.group(1)).strip()
    return stated


def _json_ld(head: str) -> dict[str, str]:
    for block in _JSON_LD.findall(head):
        try:
            parsed = json.loads(block)
        except (ValueError, RecursionError):
            continue
        for item in parsed if isinstance(parsed, list) else [parsed]:
            if isinstance(item, Mapping):
                published = item.get("datePublished")
                if isinstance(published, str) and parse_stamp(published) is not None:
                    return {"published": published}
    return {}


def safe_url(url: str, base: str = "") -> str:
    """An absolute http(s) address, else nothing (a relative one is resolved where a base is)."""
    url = url.strip()
    if not url or len(url) > 2000 or any(c.isspace() or ord(c) < 32 for c in url):
        return ""
    try:
        whole = urljoin(base, url) if base else url
        parts = urlsplit(whole)
    except ValueError:
        return ""
    return whole if parts.scheme in {"http", "https"} and parts.netloc else ""


def articles_of_feed(
    text: str, source: str, base: str, unusable: type[Exception]
) -> tuple[list[Article], list[Skipped]]:
    """The items of an RSS or Atom feed. Declared entities (XML bombs) are refused before any
    parser sees them; an item without text or with an impossible date is skipped by its own."""
    if re.search(r"<!ENTITY", text, re.IGNORECASE):
        raise unusable("declares XML entities, which are refused")
    try:
        import feedparser
    except ImportError:
        raise unusable("feeds need the package feedparser (extra `news`)") from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        feed = feedparser.parse(io.BytesIO(text.encode("utf-8")))
    if not feed.entries:
        raise unusable("is no feed with items")
    home = base or safe_url(str(feed.feed.get("link", "")))
    articles: list[Article] = []
    skipped: list[Skipped] = []
    for number, entry in enumerate(feed.entries[:MAX_ENTRIES], start=1):
        where = f"{source}#{number}"
        made = _entry(entry, where, home)
        if isinstance(made, Skipped):
            skipped.append(made)
        else:
            articles.append(made)
    if len(feed.entries) > MAX_ENTRIES:
        skipped.append(Skipped(source, f"more than {MAX_ENTRIES} items: the rest is not read"))
    return articles, skipped


def _entry(entry: Any, where: str, base: str) -> Article | Skipped:
    title = plain_text(str(entry.get("title", "")))
    contents = entry.get("content") or []
    body = plain_text(str(contents[0].get("value", "")) if contents else "")
    summary = plain_text(str(entry.get("summary", "")))
    body = body if len(body) >= len(summary) else summary
    if not re.search(r"[^\W\d_]{2}", title + body):
        return Skipped(where, "has no text")
    # As a plain dict: feedparser answers for `updated` with an empty `published`, and warns.
    published = str(entry.get("published") or dict.get(entry, "updated") or "").strip()
    if published and parse_stamp(published) is None:
        return Skipped(where, f"its date {published[:40]!r} is none of our age")
    url = safe_url(str(entry.get("link", "")), base)
    return titled(title, body, url or where, url, published, "feed")
