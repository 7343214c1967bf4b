"""The page as a file: order, escaping, policy, size, and data that say what the tables say."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from signals.reports.html import assets, render
from signals.reports.html.anchors import anchor
from signals.reports.html.claims_view import amount
from signals.reports.html.grids import grid, shown
from signals.reports.prose import ENGLISH_WORDS
from tests.reports import samples


class Page(HTMLParser):
    """Elements in order, texts of headings, contents of scripts."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.headings: list[tuple[str, str]] = []
        self.scripts: list[tuple[dict[str, str], str]] = []
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {k: v or "" for k, v in attrs}
        self.elements.append((tag, values))
        if tag in ("h1", "h2", "h3", "h4"):
            self._open = tag
            self.headings.append((tag, ""))
        if tag == "script":
            self._open = tag
            self.scripts.append((values, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == self._open:
            self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open == "script":
            self.scripts[-1] = (self.scripts[-1][0], self.scripts[-1][1] + data)
        elif self._open:
            self.headings[-1] = (self.headings[-1][0], self.headings[-1][1] + data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [values for name, values in self.elements if name == tag]


@pytest.fixture(scope="module")
def text() -> str:
    return render(samples.hostile(), command="signals run s.toml --seed '1'")


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def data_of(page: Page) -> dict:
    values, content = next(s for s in page.scripts if s[0].get("id") == "data")
    if "data-packed" in values:
        content = gzip.decompress(base64.b64decode(content)).decode()
    return json.loads(content)


def test_sections_stand_in_the_order_of_the_contract(page: Page) -> None:
    order = [v["id"] for v in page.all("section")]
    wanted = ["found", "timeline", "events", "groups", "placebo", "methods", "provenance"]
    assert [s for s in order if s in wanted] == wanted


def test_headings_never_skip_a_level(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))


def test_hostile_texts_stand_as_text(text: str, page: Page) -> None:
    shown_headings = [h for tag, h in page.headings if tag == "h3"]
    for headline in samples.HEADLINES:
        assert any(headline in h for h in shown_headings), headline
    assert "<script>alert" not in text
    assert "<img" not in text
    assert not page.all("img")
    assert not page.all("b")


def test_scripts_are_exactly_those_that_the_policy_names(page: Page) -> None:
    policy = next(v["content"] for v in page.all("meta") if "http-equiv" in v)
    assert "default-src 'none'" in policy
    assert "connect-src 'none'" in policy
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
    allowed = set(re.findall(r"'(sha256-[^']+)'", policy))
    running = [c for v, c in page.scripts if "type" not in v]
    packed = next(c for v, c in page.scripts if v.get("id") == "plotly")
    library = gzip.decompress(base64.b64decode(packed)).decode()
    digests = {
        "sha256-" + base64.b64encode(hashlib.sha256(c.encode()).digest()).decode()
        for c in [*running, library]
    }
    assert len(running) == 1
    assert digests == allowed


def test_nothing_is_fetched(page: Page) -> None:
    for tag, values in page.elements:
        assert "src" not in values, tag
        assert not any(name.startswith("on") for name in values), tag
        if "href" in values:
            assert values["href"].startswith(("#", "data:,")), values["href"]


def test_links_inside_the_page_lead_somewhere(page: Page) -> None:
    ids = {v["id"] for _, v in page.elements if "id" in v}
    targets = {v["href"][1:] for v in page.all("a") if v.get("href", "").startswith("#")}
    assert targets <= ids
    assert {anchor(f"e{i}") for i in range(1, 6)} <= ids


def test_tables_have_scoped_headers_and_captions(page: Page) -> None:
    assert len(page.all("table")) == len(page.all("caption"))
    assert all(v.get("scope") in ("col", "row") for v in page.all("th"))


def test_text_of_any_direction_decides_for_itself(page: Page) -> None:
    spans = [v for _, v in page.elements if v.get("dir") == "auto"]
    assert len(spans) > 10


def test_data_of_the_charts_are_the_tables(page: Page) -> None:
    result = samples.hostile()
    data = data_of(page)
    pairs = data["pairs"]
    ar = result.abnormal_returns.set_index(["event_id", "ticker"])
    for i, key in enumerate(zip(pairs["event"], pairs["ticker"], strict=True)):
        want = ar.loc[key, "ar"].to_numpy() * 100
        np.testing.assert_allclose(pairs["ar"][i], want, atol=6e-5)
        np.testing.assert_allclose(np.cumsum(pairs["ar"][i]), pairs["car"][i], atol=5e-4)
    rows = data["grids"]["cars"]["rows"]
    assert len(rows) == len(result.car)


def test_same_result_same_bytes(text: str) -> None:
    again = render(samples.hostile(), command="signals run s.toml --seed '1'")
    assert again == text


def test_a_page_is_small(text: str) -> None:
    assert len(text.encode()) < 3_000_000


def test_absent_columns_are_not_mentioned(text: str) -> None:
    result = samples.hostile()
    assert (
        result.car["calibration_verdict"].isna().all()
        or (result.car["calibration_verdict"] == "").all()
    )
    data = data_of(Page(text))
    names = [c[0] for c in data["grids"]["cars"]["columns"]]
    assert "calibration_verdict" not in names
    filled = samples.with_car(result, calibration_verdict="holds", q_value=0.5)
    names = [c[0] for c in data_of(Page(render(filled)))["grids"]["cars"]["columns"]]
    assert {"calibration_verdict", "q_value"} <= set(names)


def test_claims_calibration_and_sensitivity_appear_when_there() -> None:
    result = samples.hostile()
    claims = pd.DataFrame(
        [
            {
                "event_id": "e1", "claim_id": "c1", "ticker": "A", "metric": "return",
                "stated": -0.09, "measured": -0.088, "unit": "decimal", "window_first": 0,
                "window_last": 0, "tolerance": 0.005, "verdict": "supported",
                "quote": "<i>fell 9 %</i>", "reason": "",
            }
        ]
    )  # fmt: skip
    sensitivity = pd.DataFrame(
        [
            {
                "event_id": "e1", "ticker": "A", "first": 0, "last": 1, "model": model,
                "estimation_length": 100, "day_zero_choice": "", "field": "close", "car": car,
                "std_error": 0.01, "rank_p_value": np.nan, "conformal_p_value": 0.02,
            }
            for model, car in (("market", -0.09), ("constant_mean", -0.08))
        ]
    )  # fmt: skip
    calibration = pd.DataFrame(
        [
            {
                "statistic_name": "bmp_t", "first": 0, "last": 1, "alpha": 0.05, "draws": 500,
                "effective_draws": 300, "rejection_rate": 0.11, "ci_low": 0.07, "ci_high": 0.15,
                "verdict": "liberal",
            }
        ]
    )  # fmt: skip
    tables = {"claims": claims, "sensitivity": sensitivity, "calibration": calibration}
    page = Page(text := render(replace(result, tables={**result.tables, **tables})))
    assert "the prices agree" in text
    assert "&lt;i&gt;fell 9 %&lt;/i&gt;" in text
    assert any(v["id"] == "sensitivity" for v in page.all("section"))
    curves = data_of(page)["specifications"]
    assert curves[0]["car"] == [-9.0, -8.0]
    assert curves[0]["main"] == [True, False]
    assert "liberal" in text


def test_unknown_tables_are_shown_too() -> None:
    result = samples.hostile()
    breadth = pd.DataFrame({"event_id": ["e1"], "share_fallen": [0.9]})
    text = render(replace(result, tables={**result.tables, "breadth": breadth}))
    assert "Further tables" in text
    assert "share fallen" in text


def test_breadth_is_shown_in_percent() -> None:
    frame = pd.DataFrame({"event_id": ["e1"], "n_assets": [7], "share_fell": [4 / 7]})
    made = grid("g", "G", frame, list(frame.columns), ENGLISH_WORDS)
    assert [kind for _, _, kind in made.columns] == ["text", "int", "pct"]


def test_a_study_without_one_studied_pair_still_has_a_page() -> None:
    result = samples.plain()
    names = ("car", "caar", "aar", "statistics", "abnormal_returns", "models")
    empty = {n: result.tables[n].iloc[:0] for n in names}
    text = render(replace(result, panel=None, tables={**result.tables, **empty}))
    assert "No event of this study could be measured." in text
    assert 'id="plotly"' not in text


def test_changes_since_an_earlier_run() -> None:
    result = samples.hostile()
    earlier = samples.with_car(result, car=result.car["car"] + 0.01)
    text = render(result, previous=earlier)
    assert "What changed since the earlier run" in text
    assert "15 rows over the primary window differ" in text
    assert "Nothing moved" in render(result, previous=result)


def test_json_cannot_leave_its_element() -> None:
    text = assets.safe_json({"a": "</script><!--\u2028", "b": [1.5, None]})
    assert "<" not in text
    assert json.loads(text) == {"a": "</script><!--\u2028", "b": [1.5, None]}
    with pytest.raises(ValueError, match="not JSON compliant"):
        assets.safe_json({"a": float("nan")})


def test_large_data_are_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "PACK_ABOVE", 1_000)
    page = Page(render(samples.plain()))
    assert data_of(page)["meta"]["main"] == "A"
    assert next(v for v, _ in page.scripts if v.get("id") == "data")["type"] == "text/plain"


def test_large_studies_leave_event_tables_to_the_script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signals.reports.html.event_views.MOST_WRITTEN_OUT", 1)
    few = render(samples.plain())
    monkeypatch.undo()
    all_of_it = render(samples.plain())
    assert few.count("<tr>") < all_of_it.count("<tr>")
    views = [[v for v in Page(t).all("div") if v.get("data-view")] for t in (few, all_of_it)]
    assert len(views[0]) == len(views[1]) == 4


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (-0.0985, "pct", "−9.85 %"), (0.0004, "p", "< 0.001"), (2.0, "num", "2"),
        (0.12345, "num", "0.123"), (1234, "int", "1,234"), (None, "pct", ""),
        ((-0.1, 0.05), "ci", "[−10.00, 5.00]"), ("<b>", "text", "<b>"),
    ],
)  # fmt: skip
def test_cells(value: object, kind: str, text: str) -> None:
    assert shown(value, kind).replace("\u00a0", " ") == text


def test_blank_columns_are_left_out_of_a_grid() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0], "q_value": [np.nan, np.nan], "reason": ["", None]})
    made = grid("g", "G", frame, ["a", "q_value", "reason", "absent"], ENGLISH_WORDS)
    assert [c[0] for c in made.columns] == ["a"]


def test_permalinks_do_not_collide() -> None:
    assert anchor("meta-q3-2025") == "event-meta-q3-2025"
    assert anchor("a b") != anchor("a-b")
    assert anchor("a b") != anchor("a/b")
    assert re.fullmatch(r"event-[A-Za-z0-9_.-]+", anchor("خبر <script>"))


@pytest.mark.parametrize(
    ("value", "metric", "unit", "text"),
    [
        (-0.1375, "return", "decimal", "−13.8 %"),
        (28 / 30, "breadth", "", "93.3 %"),
        (-224e9, "market_value", "USD", "−224.0 bn USD"),
        (1.5e12, "market_value", "USD", "1.5 tn USD"),
        (float("nan"), "return", "decimal", ""),
    ],
)
def test_claims_keep_their_units(value: float, metric: str, unit: str, text: str) -> None:
    assert amount(value, metric, unit).replace("\u00a0", " ") == text
