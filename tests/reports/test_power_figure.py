"""What the study could have seen: the figure, its numbers, its sentences, and the page's chart."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from signals.reports.figures import default_figures
from signals.reports.figures.power_lines import AT_SMALLEST, event_line, power_lines
from signals.reports.figures.series import pair_index, window_rows
from signals.reports.figures.style import encoded
from signals.reports.html import render
from signals.reports.html.power_view import power_data
from signals.reports.prose.power import power_sentences
from signals.reports.prose.words import ENGLISH_WORDS
from signals.reports.publish import write_power
from signals.reports.result import StudyResult
from tests.reports import samples
from tests.reports.test_prose import CAUSAL


def with_verdict(result: StudyResult, verdict: str, *names: str) -> StudyResult:
    statistics = result.statistics.copy()
    wanted = statistics["statistic_name"].isin(names) if names else slice(None)
    statistics.loc[wanted, "calibration_verdict"] = verdict
    if verdict == "liberal":
        statistics.loc[wanted, "recommended"] = False
    return replace(result, tables={**result.tables, "statistics": statistics})


def test_the_lines_are_the_curves_and_their_marks_the_smallest_effects() -> None:
    result = samples.calibrated()
    assert result.placebo_studies is not None
    rows = window_rows(result.statistics, result.spec.primary).query("group_by == 'all'")
    smallest = rows.set_index("statistic_name")["min_detectable"]
    lines = power_lines(result)
    assert {"adjusted_bmp_t", "corrado_rank_z", "grank_t", "wilcoxon"} <= {x.name for x in lines}
    for line in lines:
        effects, power = result.placebo_studies.curves[line.name]
        np.testing.assert_array_equal(line.effects, effects)
        np.testing.assert_array_equal(line.power, power)
        assert line.smallest == pytest.approx(smallest[line.name])
        assert power[AT_SMALLEST] >= 0.8 - 1e-12


def test_recommended_statistics_come_first_and_liberal_ones_are_not_shown() -> None:
    result = with_verdict(samples.calibrated(), "liberal", "bmp_t")
    lines = power_lines(result)
    recommended = [x.recommended for x in lines if x.verdict != "liberal"]
    assert recommended == sorted(recommended, reverse=True)
    assert not any(x.shown for x in lines if x.verdict == "liberal")
    assert sum(x.shown for x in lines) == 5


def test_the_figure_draws_the_lines_in_percent() -> None:
    result = samples.calibrated()
    axes = result.plot.power().axes[0]
    shown = [x for x in power_lines(result) if x.shown]
    for drawn, line in zip(axes.lines, shown, strict=False):
        np.testing.assert_allclose(drawn.get_xdata(), 100 * line.effects)
        np.testing.assert_allclose(drawn.get_ydata(), 100 * line.power)
        assert drawn.get_markevery() == [AT_SMALLEST]
    levels = [x.get_ydata()[0] for x in axes.lines[len(shown) :]]
    assert levels == [80.0, 5.0]
    assert len({(x.get_linestyle(), x.get_marker()) for x in axes.lines[: len(shown)]}) == 5


def test_an_event_s_power_is_the_noncentral_t_s() -> None:
    result = samples.calibrated()
    effects, power, car = event_line(result, "two", "B")
    key = "event_id == 'two' and ticker == 'B' and first == 0 and last == 1"
    row = result.car.query(key).iloc[0]
    assert car == pytest.approx(abs(row["car"]))
    assert effects[AT_SMALLEST] == pytest.approx(row["min_detectable"])
    critical = stats.t.isf(0.025, row["df"])
    ncp = effects / row["std_error"]
    expected = stats.nct.sf(critical, row["df"], ncp) + stats.nct.cdf(-critical, row["df"], ncp)
    np.testing.assert_allclose(power, expected, atol=1e-8)
    line = result.plot.power("two").axes[0].lines[0]
    np.testing.assert_allclose(line.get_ydata(), 100 * power)


def test_equal_results_give_equal_bytes() -> None:
    result = samples.calibrated()
    for kind in ("png", "svg"):
        assert encoded(result.plot.power(), kind) == encoded(result.plot.power(), kind)


def test_a_run_writes_the_figure_where_there_are_placebo_studies() -> None:
    assert "power" in [name for name, _ in default_figures(samples.calibrated())]
    assert "power" not in [name for name, _ in default_figures(samples.plain())]


def test_without_placebo_studies_or_forecast_errors_it_says_so() -> None:
    with pytest.raises(KeyError, match="placebo studies are off"):
        samples.plain().plot.power()
    bare = samples.with_car(samples.plain(), min_detectable=np.nan)
    with pytest.raises(KeyError, match="no forecast error"):
        bare.plot.power("quiet-1")
    assert power_sentences(bare) == []
    assert 'id="power"' not in render(bare)


def test_sentences_name_size_test_and_window() -> None:
    result = samples.calibrated()
    said = [s.replace("\u00a0", " ") for s in power_sentences(result)]
    best = next(x for x in power_lines(result) if x.name == "adjusted_bmp_t")
    assert f"{100 * best.smallest:.2f} % by the BMP test adjusted for cross-correlation" in said[0]
    assert "with 80 % power at 5 %" in said[0]
    assert "[0, +1]" in said[0]
    assert re.search(
        r"at the median of 18 event–asset pairs, from [\d.]+ % to [\d.]+ %\.$", said[-1]
    )
    assert not any(CAUSAL.search(s) for s in said)


def test_a_liberal_test_is_named_as_without_power() -> None:
    result = with_verdict(samples.calibrated(), "liberal", "bmp_t")
    said = power_sentences(result)
    assert "standardized cross-sectional test (BMP)" not in said[0]
    assert said[1].startswith("Rejecting too often already without an effect")
    assert "standardized cross-sectional test (BMP)" in said[1]
    every = power_sentences(with_verdict(samples.calibrated(), "liberal"))
    assert every[0].startswith("On these dates and prices no test of all pairs")


def test_the_page_s_data_are_the_lines_and_the_events_shapes() -> None:
    result = samples.calibrated()
    found = power_data(result, ENGLISH_WORDS)
    lines = power_lines(result)
    assert len(found["lines"]) == len(lines)
    for mine, line in zip(found["lines"], lines, strict=True):
        np.testing.assert_allclose(mine["effect"], 100 * line.effects, rtol=1e-3)
        np.testing.assert_allclose(mine["power"], 100 * line.power, rtol=1e-3)
    panel = result.panel
    assert panel is not None
    _, power, _ = event_line(result, "two", "B")
    i = pair_index(panel)["two", "B"]
    np.testing.assert_allclose(found["shapes"][str(found["df"][i])], 100 * power, rtol=1e-3)


def test_the_page_has_the_section_with_its_link() -> None:
    page = render(samples.calibrated())
    assert '<a href="#power">' in page
    assert 'data-chart="power"' in page
    assert "What could this study have seen?" in page


def test_calibrate_s_folder_holds_figure_and_numbers(tmp_path: Path) -> None:
    result = samples.calibrated()
    names = sorted(p.name for p in write_power(result, tmp_path))
    assert names == ["power.csv", "power.png", "power.svg"]
    table = pd.read_csv(tmp_path / "power.csv")
    lines = {x.name: x for x in power_lines(result)}
    assert set(table["statistic_name"]) == set(lines)
    one = table[table["statistic_name"] == "grank_t"]
    np.testing.assert_allclose(one["power"], lines["grank_t"].power)
    assert write_power(replace(result, placebo_studies=None), tmp_path) == []
    assert list(tmp_path.iterdir()) == []
