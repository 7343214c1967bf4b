"""A thousand articles of 5 kB: in half a minute, in half a gigabyte."""

from __future__ import annotations

import subprocess
import sys
import time
import tomllib
from pathlib import Path

from signals.news.article import Article
from signals.news.collect import collect
from signals.news.lexicon import Lexicon

HERE = Path(__file__).parent


def _articles(count: int, size: int) -> list[Article]:
    items = tomllib.loads((HERE / "labelled.toml").read_text(encoding="utf-8"))["item"]
    texts = [
        " ".join(i["text"] for i in items if i["id"].startswith(c)) for c in ("en", "hi", "ar")
    ]
    made = []
    for k in range(count):
        text = f"{k}. " + texts[k % 3] * 6
        cut = text.encode()[:size].decode("utf-8", "ignore")
        made.append(Article(cut, f"a{k}", published="2025-07-30T12:00:00Z", published_by="feed"))
    return made


def test_speed_and_memory(lexicon: Lexicon) -> None:
    # A fifth of the thousand, in CPU seconds: other work on the machine does not count.
    articles = _articles(200, 5000)
    begin = time.process_time()
    found = collect(articles, news=lexicon)
    spent = time.process_time() - begin
    assert len(found.readings) == 200
    assert spent < 30 / 5


def test_memory() -> None:
    code = (
        "from pathlib import Path; from tests.news import test_speed as t; "
        "from signals.news.collect import collect; "
        "collect(t._articles(300, 5000), news=Path('configs/news')); "
        # not ru_maxrss: a child begins with its parent's
        "status = Path('/proc/self/status').read_text(); "
        "print(int(status.split('VmHWM:')[1].split()[0]) // 1024)"
    )
    root = HERE.parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 500


def test_progress_is_told(lexicon: Lexicon) -> None:
    told: list[int] = []
    collect(_articles(3, 200), news=lexicon, progress=told.append)
    assert told == [1, 2, 3]
