"""The sections on speed, breadth and spillovers in a real browser: drawn, chosen from, accessible."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signals.reports.html import render
from tests.intraday.making import bars_between, made_up_study, market_book

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
Open = Callable[..., Any]
KINDS = ("reaction", "breadth", "spillovers")
ROWS = [
    "e,2024-04-16T16:05:00-04:00,minute,deal,M,A headline,s,,,",
    "f,2024-05-21T10:00:00-04:00,minute,deal,M,Another,s,,,",
]


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    moves = {("M", "2024-04-16T20:00"): -0.1}
    groups = {"M": "subject", **dict.fromkeys("ABC", "<b>rivals</b>"), "D": "suppliers"}
    book = market_book(
        dict.fromkeys(groups, 1.0), bars_between("2024-01-02", "2024-06-28"), moves=moves
    )
    folder = tmp_path_factory.mktemp("beyond")
    result = made_up_study(
        folder, book, ROWS, assets=[{"ticker": t, "group": g} for t, g in groups.items()],
        study={"event_window": [-3, "close"], "car_windows": [[0, 0], [0, 2], [-3, -1]],
               "primary_window": [0, 2]},
    )  # fmt: skip
    path = folder / "report.html"
    path.write_text(render(result), encoding="utf-8")
    return path


def drawn(page: Any, kind: str) -> Any:
    figure = page.query_selector(f'figure[data-chart="{kind}"]')
    figure.scroll_into_view_if_needed()
    page.wait_for_function("f => f.dataset.drawn", arg=figure, timeout=20_000)
    return figure


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1440, "light")])
def test_sections_draw_without_a_fault(
    opened: Open, page_file: Path, axe: str, shots: Path, width: int, scheme: str
) -> None:
    page = opened(page_file, width=width, scheme=scheme)
    for kind in KINDS:
        figure = drawn(page, kind)
        assert figure.query_selector_all(".trace")
        page.locator(f"#{kind}").screenshot(path=shots / f"{kind}-{width}-{scheme}.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate(axe)
    found = page.evaluate(
        "async () => (await axe.run({ runOnly: ['wcag2a', 'wcag2aa'] })).violations"
    )
    assert [v["id"] for v in found if v["impact"] in ("serious", "critical")] == []
    assert page.errors == []


def test_another_event_asset_and_role_are_shown(opened: Open, page_file: Path) -> None:
    page = opened(page_file)
    speed = drawn(page, "reaction")
    label = speed.query_selector(".label")
    assert label.inner_text().endswith("M, e")
    speed.query_selector('select[data-name="ticker"]').select_option("A")
    page.wait_for_function("l => l.textContent.endsWith('A, e')", arg=label)
    speed.query_selector('select[data-name="event"]').select_option("f")
    page.wait_for_function("l => l.textContent.endsWith('A, f')", arg=label)
    assert page.query_selector_all("figure .label b") == []
    spill = drawn(page, "spillovers")
    spill.query_selector('select[data-name="show"]').select_option("role:<b>rivals</b>")
    page.wait_for_function(
        "l => l.textContent.startsWith('<b>rivals</b>')", arg=spill.query_selector(".label")
    )
    spill.query_selector("details.data summary").click()
    page.wait_for_function(
        "f => f.querySelectorAll('details.data tbody tr').length === 2", arg=spill
    )
    assert page.errors == []
