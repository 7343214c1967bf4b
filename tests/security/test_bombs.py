"""Small files that grow: entities, compressed zeros, brackets without end."""

from __future__ import annotations

import gzip
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from signals.errors import DataError
from signals.news.read import Unusable, read_bytes, read_files
from signals.prices import csv_source
from signals.prices.csv_source import read_price_file

LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1 if n > 1 else str()};" * 10}">' for n in range(1, 10))
    + "]><rss><channel><item><title>&a9;</title></item></channel></rss>"
)
OUTSIDE = (
    '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    "<rss><channel><item><title>&x;</title><pubDate>Fri, 31 Oct 2025 20:30:00 GMT</pubDate>"
    "</item></channel></rss>"
)


@pytest.fixture(autouse=True)
def small_and_quick() -> Iterator[None]:
    """Each of these tests, in bounds: 200 MB and half a minute."""
    tracemalloc.start()
    begun = time.monotonic()
    yield
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200 * 2**20
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize("bomb", [LAUGHS, OUTSIDE], ids=["laughs", "outside"])
def test_entities_are_refused(bomb: str) -> None:
    with pytest.raises(Unusable, match=r"entit|DTD|not.*XML|cannot"):
        read_bytes(bomb.encode(), "feed.xml", ".xml")


@pytest.mark.parametrize("suffix", [".json", ".html", ".xml", ".txt"])
@pytest.mark.parametrize("piece", ["[", '{"a":', "<div>", "<a b='", "((", "&a;",
                                   "<![CD[", "<![", "<!--", "<!", "<?", "</", "<![if"])  # fmt: skip
def test_nesting_without_end(piece: str, suffix: str) -> None:
    try:
        found, skipped = read_bytes((piece * 20_000).encode(), f"x{suffix}", suffix)
    except Unusable:
        return
    else:
        assert len(found) + len(skipped) <= 1


def test_compressed_zeros_are_no_prices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_source, "_LIMIT", 2**20)
    file = tmp_path / "AAA.csv.gz"
    with gzip.open(file, "wb") as stream:
        stream.write(b"date,close\n")
        for _ in range(50):
            stream.write(b"\0" * 2**20)
    assert file.stat().st_size < 100_000
    with pytest.raises(DataError, match="larger than a price file"):
        read_price_file(file)


# A fixed time in the header: every worker must collect the same tests.
CUT_SHORT = gzip.compress(b"date,close\n2024-01-02,1\n", mtime=0)[:-6]


@pytest.mark.parametrize("content", [CUT_SHORT, b"\x1f\x8b\0"], ids=["cut short", "header only"])
def test_broken_compression(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "AAA.csv.gz"
    file.write_bytes(content)
    with pytest.raises(DataError, match="cannot be read"):
        read_price_file(file)


def test_a_compressed_feed_is_not_opened(tmp_path: Path) -> None:
    """Feeds come as they are; a zip or gzip file is binary, and said to be."""
    file = tmp_path / "feed.xml"
    file.write_bytes(gzip.compress(b"<rss>" + b" " * 10**7 + b"</rss>"))
    found, skipped = read_files([file])
    assert found == []
    assert len(skipped) == 1
    assert skipped[0].reason


def test_too_large_a_file_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "big.txt"
    file.write_bytes(b"Meta shares fell. " * 1000)
    found, skipped = read_files([file], max_bytes=1000)
    assert found == []
    assert "limit" in skipped[0].reason
