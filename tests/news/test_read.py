"""Files into articles; whatever cannot be used is named, and the others are done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from signals.errors import DataError
from signals.news.markup import safe_url
from signals.news.read import read_files

RSS = """<?xml version="1.0"?><rss version="2.0"><channel><link>https://example.org/</link>
<item><title>Meta launches a model</title><link>/a</link><description>&lt;p&gt;Meta &lt;script&gt;x()&lt;/script&gt; did&lt;/p&gt;</description>
<pubDate>Wed, 30 Jul 2025 20:05:00 GMT</pubDate></item>
<item><title>Medieval</title><pubDate>Wed, 30 Jul 1025 20:05:00 GMT</pubDate></item>
<item><title>Far off</title><pubDate>Wed, 30 Jul 3025 20:05:00 GMT</pubDate></item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><entry><title>Meta buys</title>
<link href="javascript:alert(1)"/><updated>2025-07-30T20:05:00Z</updated><summary>Meta buys a startup.</summary></entry></feed>"""
PAGE = """<html><head><title>Meta &amp; Scale</title>
<meta property="article:published_time" content="2025-06-08T05:41:00-04:00">
<script>var evil = "Nvidia fell 90%";</script></head>
<body><nav>menu</nav><article><h1>Meta &amp; Scale</h1><p>Meta is in talks to invest in Scale AI, people said on Sunday.
The financing could exceed ten billion dollars and is not final yet.</p></article></body></html>"""
BOMB = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;">]>
<rss version="2.0"><channel><item><title>&lol2;</title></item></channel></rss>"""
SKIPPED = {
    "empty.txt": (b"", "is empty"),
    "spaces.txt": (b"  \n \n", "is empty"),
    "nul.txt": (b"abc\0def", "NUL"),
    "binary.txt": (bytes(range(1, 9)) * 50, "control"),
    "latin.txt": ("résumé de Meta".encode("latin-1"), "not UTF-8"),
    "bomb.xml": (BOMB.encode(), "entities"),
    "bomb16.xml": (BOMB.encode("utf-16"), "entities"),
    "broken.json": (b'{"text": ', "not JSON"),
    "deep.json": (b"[" * 200_000, "too deeply"),
    "number.json": (b"42", "neither"),
    "page.xml": (b"<a><b/></a>", "no feed"),
    "tags.html": (b"<html><script>alert(1)</script></html>", "no text"),
    "when.txt": (b"Published: someday\nMeta did it.", "date"),
    "digits.txt": (b"12 34", "no words"),
    "photo.png": (b"\x89PNG", "no reader"),
}


def test_each_bad_file_is_skipped_with_its_reason_and_the_others_are_done(tmp_path: Path) -> None:
    for name, (data, _) in SKIPPED.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "good.txt").write_text("Meta launched a model.", encoding="utf-8")
    articles, skipped = read_files([tmp_path])
    assert [Path(a.source).name for a in articles] == ["good.txt"]
    reasons = {Path(s.source).name: s.reason for s in skipped}
    assert set(reasons) == set(SKIPPED)
    for name, (_, part) in SKIPPED.items():
        assert part in reasons[name], (name, reasons[name])


def test_a_file_beyond_the_limit_is_never_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.txt").open("wb") as file:
        file.truncate(100_000_000)
    articles, skipped = read_files([tmp_path])
    assert articles == []
    assert "100,000,000 bytes" in skipped[0].reason


def test_rss(tmp_path: Path) -> None:
    (tmp_path / "feed.xml").write_text(RSS, encoding="utf-8")
    articles, skipped = read_files([tmp_path])
    assert len(articles) == 1
    assert articles[0].url == "https://example.org/a"
    assert articles[0].published == "Wed, 30 Jul 2025 20:05:00 GMT"
    assert "x()" not in articles[0].text
    assert articles[0].text[: articles[0].title_end] == "Meta launches a model"
    assert ["none of our age" in s.reason for s in skipped] == [True, True]


def test_atom_without_a_web_address(tmp_path: Path) -> None:
    (tmp_path / "feed.atom").write_text(ATOM, encoding="utf-8")
    articles, _ = read_files([tmp_path])
    assert articles[0].url == ""
    assert "Meta buys a startup." in articles[0].text


def test_html(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(PAGE, encoding="utf-8")
    articles, _ = read_files([tmp_path])
    assert articles[0].published == "2025-06-08T05:41:00-04:00"
    assert articles[0].text.startswith("Meta & Scale\n")
    assert "in talks to invest" in articles[0].text
    assert "Nvidia" not in articles[0].text
    assert "menu" not in articles[0].text


def test_broken_html_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(
        "<html><body><p>Meta shares <b>fell 12%</p", encoding="utf-8"
    )
    articles, _ = read_files([tmp_path])
    assert "Meta shares fell 12%" in articles[0].text


def test_declared_encoding(tmp_path: Path) -> None:
    page = (
        '<html><head><meta charset="windows-1256"></head><body><p>تراجع سهم ميتا</p></body></html>'
    )
    (tmp_path / "page.html").write_bytes(page.encode("cp1256"))
    articles, skipped = read_files([tmp_path])
    assert skipped == []
    assert "تراجع سهم ميتا" in articles[0].text


@pytest.mark.parametrize(
    "document",
    [
        {"title": "Meta", "text": "did it", "published": "2025-07-30"},
        [{"headline": "Meta", "body": "did it", "datePublished": "2025-07-30"}],
        {"articles": [{"title": "Meta", "content": "<p>did it</p>", "date": "2025-07-30"}]},
        {"news": [{"content": {"title": "Meta", "summary": "did it", "pubDate": "2025-07-30"}}]},
    ],
)
def test_json_shapes(tmp_path: Path, document: object) -> None:
    (tmp_path / "a.json").write_text(json.dumps(document), encoding="utf-8")
    articles, skipped = read_files([tmp_path])
    assert skipped == []
    assert (articles[0].text, articles[0].published) == ("Meta\ndid it", "2025-07-30")


def test_one_bad_line_of_many(tmp_path: Path) -> None:
    lines = '{"text": "Meta did it"}\nnot json\n{"text": "Nvidia did it"}'
    (tmp_path / "a.jsonl").write_text(lines, encoding="utf-8")
    articles, skipped = read_files([tmp_path])
    assert [a.text for a in articles] == ["Meta did it", "Nvidia did it"]
    assert skipped[0].source.endswith("a.jsonl#2")


def test_stated_lines_on_top_of_a_text(tmp_path: Path) -> None:
    text = "Published: 2025-07-30T16:05:00-04:00\nURL: https://example.org/x\n\nMeta did it."
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    articles, _ = read_files([tmp_path])
    assert articles[0].published == "2025-07-30T16:05:00-04:00"
    assert articles[0].url == "https://example.org/x"
    assert articles[0].text == text


def test_a_missing_path_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_files([tmp_path / "nowhere"])


@pytest.mark.parametrize(
    ("url", "base", "safe"),
    [
        ("https://a.org/x", "", "https://a.org/x"), ("/x", "https://a.org/f", "https://a.org/x"),
        ("/x", "", ""), ("javascript:alert(1)", "https://a.org/", ""), ("file:///etc/passwd", "", ""),
        ("https://a.org/ x", "", ""), ("http://[bad", "", ""), ("data:text/html,x", "", ""),
    ],
)  # fmt: skip
def test_addresses(url: str, base: str, safe: str) -> None:
    assert safe_url(url, base) == safe


def test_an_empty_date_of_a_feed_is_no_warning(tmp_path: Path) -> None:
    """feedparser would answer for `updated` with the empty `published`, and warn (found by fuzzing:
    warnings are errors here)."""
    torn = RSS.replace("<pubDate>", "<pubDate/>")
    (tmp_path / "feed.xml").write_text(torn, encoding="utf-8")
    found, _ = read_files([tmp_path / "feed.xml"])
    assert len(found) >= 1
    assert {article.published for article in found} <= {""}
