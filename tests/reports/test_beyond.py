"""The sections on speed, breadth and spillovers say and draw what their tables hold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from signals.reports.figures.series import ordinary_sums, window_rows
from signals.reports.html import beyond_view, render
from signals.reports.prose.beyond import (
    breadth_sentences,
    reaction_sentences,
    spillover_sentences,
)
from signals.reports.prose.words import ENGLISH_WORDS
from signals.reports.result import StudyResult
from tests.intraday.making import bars_between, made_up_study, market_book
from tests.reports import samples
from tests.reports.test_html import Page, data_of

NIGHT = "2024-04-16T20:00"
ROW = "e,2024-04-16T16:05:00-04:00,minute,deal,M,A headline,s,,,"
STUDY = {
    "event_window": [-3, "close"],
    "car_windows": [[0, 0], [0, "close"], [-3, -1]],
    "primary_window": [0, "close"],
}


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    """M falls 10 % overnight and 2 % in the third bar; its rivals fall 5 %."""
    bars = bars_between("2024-01-02", "2024-06-28")
    later = "2024-04-17T15:30"
    moves = {("M", NIGHT): -0.1, ("M", later): -0.02, **{(t, NIGHT): -0.05 for t in "ABC"}}
    groups = {"M": "subject", **dict.fromkeys("ABC", "rivals"), "D": "suppliers"}
    book = market_book(dict.fromkeys(groups, 1.0), bars, moves=moves)
    assets = [{"ticker": t, "group": g} for t, g in groups.items()]
    folder = tmp_path_factory.mktemp("beyond")
    return made_up_study(folder, book, [ROW], assets=assets, study=STUDY)


def plain(lines: list[str]) -> list[str]:
    return [line.replace("\u00a0", " ").replace("−", "-") for line in lines]


def test_how_fast(result: StudyResult) -> None:
    row = result.table("reaction").set_index("ticker").loc["M"]
    told, weak = plain(reaction_sentences(result))
    car, gap = 100 * row["car_to_close"], 100 * row["car_to_close"] * row["gap_share"]
    assert told.startswith(
        f"M, e: {car:.1f} % by the close, {gap:.1f} % of it in the overnight gap;"
    )
    assert "half was there with the first bar" in told
    assert f"nine tenths after {int(row['ninety_bars']) + 1} bars" in told
    assert weak.startswith("1 event–asset pair moved by the close no more")


def test_an_overshot_night_and_a_leak_are_said(result: StudyResult) -> None:
    frame = result.table("reaction").copy()
    own = frame["ticker"] == "M"
    frame.loc[own, ["gap_share", "leakage_p_value", "leakage_car", "drift_p_value"]] = (
        1.5, 0.01, 0.02, 0.5,
    )  # fmt: skip
    changed = replace(result, tables={**result.tables, "reaction": frame})
    (told, _) = plain(reaction_sentences(changed))
    assert "by the close, after -" in told
    assert "It had moved before the news: +2.0 % over the bars [-3, -1] (p = 0.010)." in told
    assert "it went on by" not in told


def test_a_study_of_sessions_has_no_speed() -> None:
    assert reaction_sentences(samples.plain()) == []
    assert 'id="reaction"' not in render(samples.plain())
    with pytest.raises(KeyError, match="not an intraday study"):
        samples.plain().plot.reaction("quiet-1")


def test_breadth_counts_what_is_rare(result: StudyResult) -> None:
    rows = pd.DataFrame(
        {
            "event_id": ["e", "f", "g"], "group": "rivals", "first": 0,
            "last": result.spec.primary[1], "n_assets": [30, 30, 30], "n_fell": [28, 15, 1],
            "share_fell": [28 / 30, 0.5, 1 / 30], "placebo_mean": 0.45, "placebo_q95": 0.8,
            "p_value_fell": [0.004, 0.5, 1.0], "p_value_rose": [1.0, 0.6, 0.012],
        }
    )  # fmt: skip
    first, fell, rose = plain(
        breadth_sentences(replace(result, tables={**result.tables, "breadth": rows}))
    )
    assert "3 rows of an event and a group; in 2 of them" in first
    assert "at most about 0.3" in first
    assert fell == "e: 28 of 30 rivals fell; on ordinary days 45 % (p = 0.004)."
    assert rose == "g: 29 of 30 rivals rose; on ordinary days 55 % (p = 0.012)."


def test_undecided_roles_are_not_said_to_be_still(result: StudyResult) -> None:
    """40 placebo nights and three roles: no corrected p can reach 5 %."""
    none, undecided = plain(spillover_sentences(result))
    assert none.startswith("Window [0, +7]: of no role can it be said")
    assert undecided.startswith("2 roles undecided")
    assert "e: subject -1" in undecided
    frame = result.table("spillovers").copy()
    frame.loc[frame["role"] == "rivals", ["moved", "holm_p"]] = ("down", 0.02)
    changed = replace(result, tables={**result.tables, "spillovers": frame})
    some = plain(spillover_sentences(changed))[0]
    assert "1 role moved beyond the market" in some
    assert "e: rivals -5." in some
    assert "(p after Holm 0.020)" in some


def test_charts_draw_the_tables(result: StudyResult) -> None:
    data = beyond_view.beyond_data(result, ENGLISH_WORDS)
    at = data["reaction"]["ticker"].index("M")
    bars = result.abnormal_returns.query("ticker == 'M' and 0 <= tau <= 7")["ar"]
    np.testing.assert_allclose(data["reaction"]["path"][at], 100 * np.cumsum(bars), rtol=1e-3)
    assert data["reaction"]["gap"][at] is True
    assert set(data["spillovers"]["role"]) == {"subject", "rivals", "suppliers"}
    rows = result.table("breadth").query("first == 0 and last == 7").set_index("group")
    shown = dict(zip(data["breadth"]["group"], data["breadth"]["fell"], strict=True))
    assert shown == rows["n_fell"].to_dict()


def test_the_page_has_the_sections_and_their_tables(result: StudyResult) -> None:
    text = render(result)
    page = Page(text)
    ids = [v.get("id") for v in page.all("section")]
    assert [i for i in ids if i in ("reaction", "breadth", "spillovers")] == [
        "reaction", "breadth", "spillovers",
    ]  # fmt: skip
    grids = data_of(page)["grids"]
    assert {"reaction", "breadth", "spillovers"} <= set(grids)
    assert not [name for name in grids if name.startswith("further-") and "spill" in name]
    kinds = {name: kind for name, _, kind in grids["reaction"]["columns"]}
    assert (kinds["car_to_close"], kinds["gap_share"]) == ("pct", "pct")


def test_every_figure_of_a_run_has_a_reaction(result: StudyResult, tmp_path: Path) -> None:
    names = [p.name for p in result.write(tmp_path / "out", html=False)]
    assert "reaction_e.svg" in names
    assert result.plot.reaction("e").axes


def test_a_blank_verdict_of_bars_says_why(result: StudyResult) -> None:
    """Intraday: no placebo study. The tables, the manifest and the page say so; single events have
    their placebo p, by the same hours."""
    statistics = result.statistics
    usable = statistics["status"] == "ok"
    assert usable.any()
    assert statistics.loc[usable, "reason"].str.contains("not_calibrated: intraday").all()
    assert not statistics.loc[~usable, "reason"].str.contains("not_calibrated").any()
    assert result.manifest["calibration"]["reason"].startswith("not_calibrated: intraday")
    assert result.car["placebo_p_value"].notna().any()
    page = render(result)
    assert "their verdicts are blank" in page
    assert "placebo test at the same hours" in page


def test_a_study_without_draws_says_so() -> None:
    result = samples.plain()
    assert result.spec.calibration.draws == 0
    assert "[calibration] draws = 0" in render(result)


def test_ordinary_sums_of_bars_are_those_that_p_counts(result: StudyResult) -> None:
    """The picture beside a p-value of an intraday study shows the sums it was counted among: the
    same hours of the estimation sessions, not all stretches of as many bars."""
    panel, window = result.panel, result.spec.primary
    assert panel is not None
    rows = window_rows(result.car, window).set_index("ticker")
    for i, ticker in enumerate(panel.ticker):
        sums = ordinary_sums(panel, i, window)
        assert 30 <= len(sums) <= 40
        car = rows.loc[ticker, "car"]
        counted = (1 + (np.abs(sums) >= abs(car)).sum()) / (len(sums) + 1)
        assert counted == pytest.approx(rows.loc[ticker, "placebo_p_value"])
    assert "Sums over the same hours" in render(result)
