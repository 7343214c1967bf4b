"""Files into articles: text, HTML, JSON, RSS and Atom, by their content and ending.

A file that cannot be used is named with its reason, and the others are done. What a file holds is
data: nothing in it is executed, fetched or resolved, entities of XML are refused, and tags are
taken out. Checked by ``tests/news/test_read.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from signals.errors import DataError
from signals.news.article import Article, Skipped
from signals.news.dates import parse_stamp
from signals.news.markup import article_of_html, articles_of_feed
from signals.news.structured import articles_of_json

MAX_BYTES: Final = 10_000_000
ENDINGS: Final = (
    ".txt", ".html", ".htm", ".xhtml", ".json", ".jsonl", ".ndjson", ".xml", ".rss", ".atom",
)  # fmt: skip
_CONTROL: Final = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f]")
_DECLARED: Final = re.compile(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
_XML_ENCODING: Final = re.compile(rb"<\?xml[^>]{0,200}encoding\s*=\s*[\"']([A-Za-z0-9_.:-]{2,40})")
_HEADER: Final = re.compile(
    r"(published|date|url|link|title|source|language)\s*:\s*(\S.*)", re.IGNORECASE
)
_MOSTLY_TEXT: Final = 0.02

Found = tuple[list[Article], list[Skipped]]


class Unusable(Exception):
    """Why a file, or an item of it, cannot be used (becomes a :class:`Skipped`)."""


def article_files(paths: Sequence[str | Path]) -> list[Path]:
    """The files meant by ``paths``: files as they are, folders with all they hold, sorted.

    Raises :class:`DataError` for a path that does not exist.
    """
    found: list[Path] = []
    for name in paths:
        path = Path(name)
        if path.is_dir():
            found += sorted(
                p for p in path.rglob("*") if p.is_file() and not p.name.startswith(".")
            )
        elif path.is_file():
            found.append(path)
        else:
            raise DataError("there is no such file or folder of articles", file=path)
    return list(dict.fromkeys(found))


def read_files(paths: Sequence[str | Path], *, max_bytes: int = MAX_BYTES) -> Found:
    """All articles of files and folders, and what was skipped and why."""
    articles: list[Article] = []
    skipped: list[Skipped] = []
    for file in article_files(paths):
        if file.suffix.lower() not in ENDINGS:
            skipped.append(Skipped(str(file), f"no reader for {file.suffix or 'this'} files"))
            continue
        try:
            size = file.stat().st_size
            if size > max_bytes:
                raise Unusable(f"{size:,} bytes are more than the limit of {max_bytes:,}")
            made, lost = read_bytes(file.read_bytes(), str(file), file.suffix.lower())
        except Unusable as error:
            skipped.append(Skipped(str(file), str(error)))
        except OSError as error:
            skipped.append(Skipped(str(file), f"cannot be read: {error.strerror or error}"))
        else:
            articles += made
            skipped += lost
    return articles, skipped


def read_bytes(data: bytes, source: str, suffix: str = "", base: str = "") -> Found:
    """Articles in ``data``; ``suffix`` says what it claims to be, its first bytes decide.

    Raises :class:`Unusable` where nothing can be made of it.
    """
    text = decoded(data)
    start = text.lstrip()[:400].lower()
    readers: list[tuple[bool, Callable[[], Found]]] = [
        (suffix in {".json", ".jsonl", ".ndjson"}, lambda: _json(text, source)),
        (_is_feed(start), lambda: _feed(text, source, base)),
        (
            suffix in {".html", ".htm", ".xhtml"} or start.startswith(("<!doctype html", "<html")),
            lambda: _html(text, source, base),
        ),
        (suffix in {".xml", ".rss", ".atom"}, lambda: _feed(text, source, base)),
        (True, lambda: _plain(text, source)),
    ]
    return next(read for fits, read in readers if fits)()


def decoded(data: bytes) -> str:
    """The text of a file: UTF-8 (or 16 with its mark), or the encoding it declares itself.

    Raises :class:`Unusable` for an empty, binary or wrongly encoded file.
    """
    if not data.strip():
        raise Unusable("is empty")
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"),
                           (b"\xfe\xff", "utf-16")):  # fmt: skip
        if data.startswith(mark):
            return _decode(data, encoding)
    if b"\0" in data[:65536]:
        raise Unusable("is binary (holds NUL bytes)")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        declared = _XML_ENCODING.match(data[:300]) or _DECLARED.search(data[:4096])
        if declared is None:
            raise Unusable(f"is not UTF-8 text (byte {error.start})") from None
        text = _decode(data, declared.group(1).decode("ascii"))
    if len(_CONTROL.findall(text[:65536])) > _MOSTLY_TEXT * min(len(text), 65536):
        raise Unusable("is binary (holds control characters)")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decode(data: bytes, encoding: str) -> str:
    try:
        text = data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        raise Unusable(f"is not {encoding} text, as it says") from None
    if not text.strip("\ufeff \n\t"):
        raise Unusable("is empty")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _is_feed(start: str) -> bool:
    body = re.sub(r"<\?.*?\?>|<!--.*?-->", "", start, flags=re.DOTALL).lstrip()
    return body.startswith(("<rss", "<feed", "<rdf:rdf", "<!doctype rss", "<!entity")) or (
        body.startswith("<!doctype") and not body.startswith("<!doctype html")
    )


def _json(text: str, source: str) -> Found:
    return articles_of_json(text, source, Unusable)


def _feed(text: str, source: str, base: str) -> Found:
    return articles_of_feed(text, source, base, Unusable)


def _html(text: str, source: str, base: str) -> Found:
    return [article_of_html(text, source, base, Unusable)], []


def _plain(text: str, source: str) -> Found:
    """Plain text; lines such as ``Published: 2025-07-30T16:05:00-04:00`` at its very top are the
    page's own statements (they stay in the text, so that places count as in the file)."""
    stated: dict[str, str] = {}
    for line in text.lstrip("\n").split("\n")[:6]:
        match = _HEADER.fullmatch(line.strip())
        if match is None:
            break
        stated[match.group(1).lower()] = match.group(2).strip()
    published = stated.get("published") or stated.get("date") or ""
    if published and parse_stamp(published) is None:
        raise Unusable(f"its date {published[:40]!r} is none")
    if len(re.findall(r"[^\W\d_]", text)) < 3:
        raise Unusable("holds no words")
    url = stated.get("url") or stated.get("link") or ""
    return [Article(text, source, url, 0, published, "page" if published else "")], []


def each(articles: Iterable[Article]) -> list[Article]:
    """Articles with the same text once, in order (the same page under two names is one)."""
    seen: dict[str, Article] = {}
    for article in articles:
        seen.setdefault(article.digest, article)
    return list(seen.values())
