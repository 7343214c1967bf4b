"""The report in a real browser: it draws, filters, scrolls, prints, and asks nobody for anything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signals.reports.compare import compare_html
from signals.reports.figures.power_lines import power_lines
from signals.reports.html import render
from signals.reports.html.anchors import anchor
from signals.reports.html.charts import page_data
from tests.reports import samples

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
Open = Callable[..., Any]
KINDS = ("timeline", "car_path", "forest", "caar", "specification", "placebo", "power", "breadth",
         "spillovers")  # fmt: skip


def draw_all(page: Any) -> None:
    """Bring every chart into view and wait until it is drawn."""
    for figure in page.query_selector_all("figure[data-chart]"):
        figure.scroll_into_view_if_needed()
        page.wait_for_function("f => f.dataset.drawn", arg=figure, timeout=20_000)


def quiet(page: Any) -> None:
    assert page.errors == []
    foreign = [u for u in page.requests if not u.startswith(("file:", "data:", "blob:"))]
    assert foreign == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_every_chart_draws_and_nothing_is_asked_for(
    opened: Open, report: Path, shots: Path, width: int, scheme: str
) -> None:
    page = opened(report, width=width, scheme=scheme)
    page.screenshot(path=shots / f"top-{width}-{scheme}.png")
    draw_all(page)
    drawn = page.eval_on_selector_all("figure[data-chart]", "all => all.map(f => f.dataset.drawn)")
    assert set(drawn) == set(KINDS)
    marks = page.eval_on_selector_all(
        "figure[data-chart]", "all => all.map(f => f.querySelectorAll('.trace').length)"
    )
    assert all(marks)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for place in ("found", "events", "groups", "placebo"):
        page.evaluate("id => document.getElementById(id).scrollIntoView()", place)
        page.wait_for_timeout(150)
        page.screenshot(path=shots / f"{place}-{width}-{scheme}.png")
    quiet(page)


def test_charts_wait_until_they_are_seen(opened: Open, report: Path) -> None:
    page = opened(report)
    page.wait_for_timeout(500)
    figures = page.query_selector_all("figure[data-chart]")
    drawn = page.query_selector_all("figure[data-drawn]")
    assert len(drawn) < len(figures)


def test_hostile_texts_show_as_text(opened: Open, report: Path) -> None:
    page = opened(report)
    draw_all(page)
    shown = page.inner_text("#events")
    for headline in samples.HEADLINES:
        assert headline in shown
    assert page.query_selector_all("main img, main script, main b") == []
    quiet(page)


def test_hostile_tickers_show_as_text(opened: Open, tmp_path: Path) -> None:
    name = "<img src=x onerror=alert(1)>"
    path = tmp_path / "report.html"
    path.write_text(render(samples.renamed(samples.hostile(), "A", name)), encoding="utf-8")
    page = opened(path, width=360)
    draw_all(page)
    for details in page.query_selector_all("figure details.data > summary"):
        details.click()
    assert name in page.inner_text("main")
    assert page.query_selector_all("main img") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    quiet(page)


def test_a_permalink_scrolls_to_its_event(opened: Open, report: Path) -> None:
    page = opened(report, after=f"#{anchor('e4')}")
    page.wait_for_timeout(800)
    top = page.eval_on_selector(f"#{anchor('e4')}", "e => e.getBoundingClientRect().top")
    assert -40 <= top <= 160
    page.click("#found a.headline >> nth=0")
    page.wait_for_timeout(800)
    target = page.evaluate("location.hash").removeprefix("#")
    top = page.eval_on_selector(f"[id='{target}']", "e => e.getBoundingClientRect().top")
    assert -40 <= top <= 160


def test_filter_sort_and_pages(opened: Open, report: Path) -> None:
    page = opened(report)
    grid = page.locator('[data-grid="cars"]')
    grid.scroll_into_view_if_needed()
    bar = grid.locator("xpath=preceding-sibling::div[1]")
    page.wait_for_selector('[data-grid="cars"] th button')
    total = len(samples.hostile().car)
    assert bar.locator("[role=status]").inner_text() == f"1–25 of {total}"
    bar.get_by_role("button", name="Next").click()
    assert bar.locator("[role=status]").inner_text() == f"26–{min(50, total)} of {total}"
    bar.get_by_role("searchbox").fill("e3 [0, 0]")
    assert bar.locator("[role=status]").inner_text() == "1–3 of 3"
    assert grid.locator("tbody tr").count() == 3
    grid.get_by_role("button", name="CAR", exact=True).click()
    head = grid.locator("th", has=page.get_by_role("button", name="CAR", exact=True))
    assert head.get_attribute("aria-sort") == "ascending"
    column = 1 + grid.locator("thead th").all_inner_texts().index(head.inner_text())
    cells = grid.locator(f"tbody tr > :nth-child({column})").all_inner_texts()
    numbers = [float(c.replace("−", "-").replace("%", "")) for c in cells]
    assert numbers == sorted(numbers)
    bar.get_by_role("searchbox").fill("nothing like it")
    assert "no row matches" in bar.locator("[role=status]").inner_text()
    quiet(page)


def test_the_script_shows_numbers_as_the_file_does(opened: Open, report: Path) -> None:
    """The first page of a table reads the same before and after the script takes over."""
    page = opened(report)
    for name in ("statistics", "cars", "caar", "models", "prices"):
        page.evaluate(
            """name => { const box = document.querySelector(`[data-grid="${name}"]`);
               window.before = [...box.querySelectorAll("tbody tr")].map(r => r.innerText.trim()); }""",
            name,
        )
        grid = page.locator(f'[data-grid="{name}"]')
        grid.scroll_into_view_if_needed()
        page.wait_for_selector(f'[data-grid="{name}"] th button')
        after = grid.locator("tbody tr").all_inner_texts()
        assert [a.strip() for a in after] == page.evaluate("window.before")


def test_another_asset_changes_chart_and_table(opened: Open, report: Path) -> None:
    page = opened(report)
    event = page.locator(f"#{anchor('e1')}")
    event.scroll_into_view_if_needed()
    choice = event.locator("figure select")
    choice.wait_for()
    choice.select_option("B")
    page.wait_for_function(
        "id => document.getElementById(id).querySelector('figcaption').textContent.includes(' B ')",
        arg=anchor("e1"),
    )
    summary = event.locator("details.days > summary")
    assert "of B" in summary.inner_text()
    summary.click()
    rows = event.locator("details.days tbody tr")
    assert rows.count() == 5
    result = samples.hostile()
    want = result.abnormal_returns.set_index(["event_id", "ticker", "tau"])["ar"]["e1", "B", 0]
    shown = rows.nth(2).locator("td").nth(3).inner_text()
    assert float(shown.replace("−", "-").replace("%", "")) == pytest.approx(100 * want, abs=0.006)
    quiet(page)


def test_a_table_stands_behind_every_chart(opened: Open, report: Path) -> None:
    page = opened(report)
    draw_all(page)
    for figure in page.query_selector_all("figure[data-chart]"):
        details = figure.query_selector("details.data")
        details.query_selector("summary").click()
        page.wait_for_function("d => d.querySelector('tbody tr')", arg=details)
        assert len(details.query_selector_all("thead th[scope=col]")) >= 2
    quiet(page)


@pytest.mark.parametrize("width", [360, 1440])
def test_power_of_all_pairs_and_of_one_event(
    opened: Open, tmp_path: Path, shots: Path, width: int
) -> None:
    path = tmp_path / "report.html"
    path.write_text(render(samples.calibrated()), encoding="utf-8")
    page = opened(path, width=width)
    figure = page.query_selector('figure[data-chart="power"]')
    figure.scroll_into_view_if_needed()
    page.wait_for_function("f => f.dataset.drawn", arg=figure, timeout=20_000)
    lines = [x for x in power_lines(samples.calibrated()) if x.verdict != "liberal"]
    assert len(figure.query_selector_all(".trace.scatter")) == min(len(lines), 5)
    figure.query_selector("details.data > summary").click()
    page.wait_for_function("f => f.querySelector('tbody tr')", arg=figure)
    rows = 17 * len(power_lines(samples.calibrated()))
    assert figure.query_selector("[role=status]").inner_text() == f"1–25 of {rows}"
    page.screenshot(path=shots / f"power-{width}.png")
    figure.query_selector('select[data-name="event"]').select_option("two")
    page.wait_for_function(
        "f => f.querySelector('figcaption').textContent.includes('two / B')", arg=figure
    )
    assert len(figure.query_selector_all(".trace.scatter")) == 2
    figure.query_selector('select[data-name="ticker"]').select_option("F")
    page.wait_for_function(
        "f => f.querySelector('figcaption').textContent.includes('two / F')", arg=figure
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    quiet(page)


def test_print_shows_charts_without_controls(opened: Open, report: Path, tmp_path: Path) -> None:
    page = opened(report)
    page.wait_for_function("() => window.Plotly", timeout=20_000)
    page.pdf(path=tmp_path / "report.pdf", format="A4")
    assert (tmp_path / "report.pdf").stat().st_size > 50_000
    page.emulate_media(media="print")
    hidden = page.eval_on_selector_all(
        "nav, .controls, .tools", "all => all.every(e => getComputedStyle(e).display === 'none')"
    )
    assert hidden
    drawn = page.eval_on_selector_all("figure[data-chart]", "all => all.map(f => f.dataset.drawn)")
    assert all(drawn)
    quiet(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_accessibility_fault(opened: Open, report: Path, axe: str, scheme: str) -> None:
    page = opened(report, scheme=scheme)
    draw_all(page)
    for details in page.query_selector_all("details:not([open]) > summary"):
        if details.is_visible():
            details.click()
    page.evaluate(axe)  # the debugger's door: the page's own policy would refuse it
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    serious = [
        (v["id"], v["nodes"][0]["html"][:200], v["nodes"][0].get("failureSummary", "")[:300])
        for v in found["violations"]
        if v["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_keyboard_reaches_what_a_mouse_does(opened: Open, report: Path) -> None:
    page = opened(report)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#found"


def test_compared_runs_in_a_browser(opened: Open, axe: str, tmp_path: Path, shots: Path) -> None:
    result = samples.hostile()
    other = samples.with_car(result, car=result.car["car"] + 0.01)
    path = tmp_path / "compare.html"
    path.write_text(compare_html(result, other), encoding="utf-8")
    for width in (360, 1440):
        page = opened(path, width=width)
        page.wait_for_selector('[data-grid="cars"] th button')
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.screenshot(path=shots / f"compare-{width}.png")
        quiet(page)
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [v["id"] for v in found["violations"] if v["impact"] in ("serious", "critical")] == []


def test_packed_data_draw_as_well(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signals.reports.html.assets.PACK_ABOVE", 1_000)
    path = tmp_path / "report.html"
    path.write_text(render(samples.plain()), encoding="utf-8")
    page = opened(path)
    draw_all(page)
    assert len(page_data(samples.plain())["pairs"]["event"]) == 6
    quiet(page)
