"""Studies of variances and volumes are calibrated as studies of returns are."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from signals import run_study
from signals.calibration.cells import cell_index, compute_cells
from signals.calibration.drawn import drawn_group
from signals.calibration.vectorized import VECTORIZED
from signals.inference import Settings, battery
from signals.inference.variance_ratio import variance_panel
from signals.reports.html import render
from signals.reports.prose.power import power_sentences
from signals.reports.result import StudyResult
from tests.calibration.worlds import World, dates_of, pairs_on, panel_of_draw, series_of
from tests.study.prices import market_book, study
from tests.study.test_quantities import with_volume

NOW = datetime(2024, 6, 1, tzinfo=UTC)
ROWS = [f"e{i},2023-0{i}-15,day,deal,A,,,,pre_open," for i in range(3, 9)]
SKEWED = ("sign_binomial", "sign_z", "wilcoxon")


def made(folder: Path, quantity: str) -> StudyResult:
    names = "ABCDEF"
    book = with_volume(
        market_book(dict.fromkeys(names, 1.0), first="2019-01-02"), "SPY A B C D E F"
    )
    spec, events = study(
        folder, ROWS, study={"quantity": quantity}, calibration={"draws": 250},
        assets=[{"ticker": t, "group": "g"} for t in names],
    )  # fmt: skip
    return run_study(spec, events, book, now=NOW)


@pytest.fixture(scope="module")
def variance(tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    return made(tmp_path_factory.mktemp("variance"), "variance")


@pytest.mark.parametrize("window", [(0, 0), (0, 1), (-3, 3)])
def test_statistics_of_variances_are_the_registry_s_draw_by_draw(window: tuple[int, int]) -> None:
    returns = pairs_on(series_of(World(assets=7, rho=0.2)), ["2021-06-01"])
    dates = dates_of(returns, 20)
    series, zero, at = cell_index(returns.series_index, dates.zero)
    cells = compute_cells(
        returns, series, zero, "market", [window], min_returns=60, missing="strict", variance=True
    )
    blank = np.full(len(at), np.nan)
    group = drawn_group(cells, at, window, blank, independent=False, one_asset=False)
    compared = set()
    for d in (0, 9, 19):
        panel = variance_panel(panel_of_draw(returns, dates.zero[d]))
        for inference, _ in battery(panel, window, Settings(), list(VECTORIZED)):
            mine = VECTORIZED[inference.name](group)[d]
            np.testing.assert_allclose(mine, inference.p_value, atol=1e-9, err_msg=inference.name)
            compared |= {inference.name} if np.isfinite(mine) else set()
    assert {"cross_sectional_t", "corrado_rank_z", "brown_warner_t", *SKEWED} == compared - {
        "generalized_sign_z"
    }


def test_a_study_of_variances_has_verdicts_where_it_has_p_values(variance: StudyResult) -> None:
    rows = variance.statistics.query("group_by == 'all'")
    judged = rows["calibration_verdict"].fillna("") != ""
    assert judged.any()
    assert (rows.loc[judged, "status"] == "ok").all()
    # Squares are skewed, so half of them do not lie above their mean: signs cry wolf, ranks do not.
    one = rows[(rows["first"] == 0) & (rows["last"] == 1)].set_index("statistic_name")
    assert set(one.loc[list(SKEWED), "calibration_verdict"]) == {"liberal"}
    table = variance.table("calibration").set_index(["statistic_name", "first", "last"])
    assert table.loc[("corrado_rank_z", 0, 1), "rejection_rate"] < 0.1
    assert variance.table("sensitivity").empty


def test_events_of_variances_have_calibrated_p_and_their_headline_s_verdict(
    variance: StudyResult,
) -> None:
    car = variance.car
    assert car["calibrated_p_value"].between(0, 1).all()
    assert set(car["headline_test"]) == {"rank_p", "placebo_p"}
    names = set(variance.table("calibration")["statistic_name"])
    assert {"rank_p", "placebo_p"} <= names
    assert "conformal_p" not in names
    inside = (car["first"] == 0) & (car["last"] == 1)
    assert car.loc[inside, "romano_wolf_p"].between(0, 1).all()
    difference = (car["calibrated_p_value"] - car["headline_p_value"]).abs()
    assert difference.median() < 0.1


def test_power_of_variances_is_told_in_their_own_unit(variance: StudyResult) -> None:
    said = power_sentences(variance)
    assert "a mean excess of the squared standardized returns over [0, +1]" in said[0]
    assert 'data-chart="power"' in render(variance)


def test_a_study_of_volumes_is_calibrated(tmp_path: Path) -> None:
    result = made(tmp_path, "volume")
    rows = result.statistics.query("group_by == 'all' and status == 'ok'")
    found = rows.dropna(subset=["calibrated_p_value"])
    assert {"adjusted_bmp_t", "grank_t", "corrado_rank_z"} <= set(found["statistic_name"])
    assert (found["calibration_verdict"] != "").all()
    assert result.car["calibrated_p_value"].notna().all()
    assert "a mean abnormal log volume over [0, +1]" in power_sentences(result)[0]
