"""Five hundred events on twenty assets: made in time, within memory, and quick under the hand."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from signals import run_study
from signals.reports.html import render
from tests.reports import samples
from tests.study.prices import market_book, study

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.xdist_group("browser")]
TICKERS = [f"T{i:02d}" for i in range(20)]


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of 500 × 20 pairs with 21 sessions and five windows each; 30 s, 1 GB at most."""
    rows = [
        f"ev-{k},{day},day,deal,{TICKERS[k]},Headline {k},s,u,pre_open,"
        for k, day in enumerate(samples.DAYS)
    ]
    with tempfile.TemporaryDirectory() as folder:
        spec, catalogue = study(
            Path(folder), rows,
            study={
                "event_window": [-10, 10],
                "car_windows": [[0, 0], [0, 1], [-1, 1], [0, 5], [-10, 10]],
            },
            assets=[{"ticker": t, "group": "g"} for t in TICKERS],
        )  # fmt: skip
        book = market_book(dict.fromkeys(TICKERS, 1.0))
        small = run_study(spec, catalogue, book, now=datetime(2024, 6, 1, tzinfo=UTC))
    large = samples.tiled(small, 100)
    assert large.panel is not None
    assert len(large.panel) == 10_000
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # kilobytes
    begin = time.process_time()
    text = render(large)
    assert time.process_time() - begin < 30
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - most < 1_000_000
    path = tmp_path_factory.mktemp("large") / "report.html"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_large_page_stays_quick(opened: Callable[..., Any], page_file: Path) -> None:
    page = opened(page_file)
    place = "event-ev-2-050"
    page.evaluate("id => document.getElementById(id).scrollIntoView()", place)
    page.wait_for_function(
        "id => document.getElementById(id).querySelector('figure').dataset.drawn", arg=place,
        timeout=30_000,
    )  # fmt: skip
    drawn = page.query_selector_all("figure[data-drawn]")
    assert len(drawn) < 20
    page.locator(f"#{place} details.days > summary").click()
    page.wait_for_selector(f"#{place} details.days tbody tr:nth-child(21)")
    page.evaluate("document.querySelector('[data-grid=cars]').scrollIntoView()")
    page.wait_for_selector("[data-grid=cars] th button")
    spent = page.evaluate(
        """() => { const box = document.querySelector("[data-grid=cars]");
           const input = box.previousElementSibling.querySelector("input");
           const begin = performance.now();
           input.value = "T07 [0, 0]"; input.dispatchEvent(new Event("input"));
           box.querySelectorAll("th button")[4].click();
           return performance.now() - begin; }"""
    )
    assert spent < 3_000  # milliseconds, over 50,000 rows, on a busy machine
    assert page.errors == []
