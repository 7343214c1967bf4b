"""Placebo studies of a whole study: columns, seeds, too little room, and what they cost."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from signals import run_study
from signals.calibration import PlaceboOptions
from signals.errors import DataError
from signals.reports.result import StudyResult
from tests.study.prices import market_book, study

NOW = datetime(2024, 6, 3, tzinfo=UTC)
ROWS = [
    "e1,2023-06-01T10:00:00-04:00,minute,deal,A,one,press,,,",
    "e2,2023-06-15T10:00:00-04:00,minute,deal,B,two,press,,,",
    "e3,2023-09-01,day,deal,C,three,press,,unknown,",
]
BETAS = {"A": 1.0, "B": 0.7, "C": 1.4}


def made(
    folder: Path, draws: int = 150, options: PlaceboOptions | None = None, **tables: Any
) -> StudyResult:
    spec, events = study(folder, ROWS, calibration={"draws": draws}, **tables)
    book = market_book(BETAS, first="2019-01-02")
    return run_study(spec, events, book, now=NOW, placebo=options)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    return made(tmp_path_factory.mktemp("calibrated"))


def test_every_complete_row_has_a_calibrated_p_and_a_verdict(result: StudyResult) -> None:
    car = result.car
    assert (car["status"] == "complete").all()
    assert car["calibrated_p_value"].between(1 / 200, 1).all()
    assert (
        car["calibration_verdict"].isin(["holds", "liberal", "conservative", "too few draws"]).all()
    )
    assert (car["min_detectable"] > 2.5 * car["std_error"]).all()


def test_calibrated_p_is_the_share_of_placebo_cars_at_least_as_large(result: StudyResult) -> None:
    found = result.placebo_studies
    assert found is not None
    panel = result.panel
    assert panel is not None
    rows = result.car.query("first == 0 and last == 1").set_index(["event_id", "ticker"])
    for i in range(len(panel)):
        placed = found.scaled[:, i][np.isfinite(found.scaled[:, i])]
        beyond = (np.abs(placed) >= abs(found.observed[i])).sum()
        expected = (1 + beyond) / (1 + len(placed))
        row = rows.loc[(panel.event_id[i], panel.ticker[i])]
        assert row["calibrated_p_value"] == pytest.approx(expected)
        assert found.observed[i] == pytest.approx(row["scar"])


def test_statistics_have_an_empirical_p_beside_the_textbook_one(result: StudyResult) -> None:
    rows = result.statistics.query("statistic_name == 'bmp_t' and status == 'ok'")
    assert rows["calibrated_p_value"].between(0, 1).all()
    assert (rows["min_detectable"] > 0).all()
    # iid returns: the two agree within Monte-Carlo error.
    difference = (rows["calibrated_p_value"] - rows["p_value"]).abs()
    assert difference.median() < 0.08


def test_calibration_table_and_manifest_state_the_draws(result: StudyResult) -> None:
    table = result.table("calibration")
    assert set(table["alpha"]) == {0.05}
    assert (table["effective_draws"] <= table["draws"]).all()
    one = table[(table["first"] == 0) & (table["last"] == 0)]
    assert {"car_t", "rank_p", "bmp_t", "cross_sectional_t"} <= set(one["statistic_name"])
    facts = result.manifest["calibration"]
    assert facts["draws"] == facts["effective_draws"] == 150
    assert facts["seed"] == result.spec.seed
    assert result.manifest["family"]["rows"] == 9
    assert result.manifest["family"]["window"] == [0, 1]
    assert result.run["timings"]["calibration_s"] > 0


def test_families_are_over_the_primary_window_only(result: StudyResult) -> None:
    inside = (result.car["first"] == 0) & (result.car["last"] == 1)
    for column in ("q_value", "holm_p", "romano_wolf_p"):
        assert result.car.loc[inside, column].notna().all()
        assert result.car.loc[~inside, column].isna().all()
    family = result.car[inside]
    assert (family["holm_p"] >= family["q_value"] - 1e-12).all()
    assert (family["q_value"] >= family["headline_p_value"] - 1e-12).all()


def test_same_seed_same_numbers(result: StudyResult, tmp_path: Path) -> None:
    again = made(tmp_path)
    for name in ("car", "statistics", "calibration", "sensitivity"):
        pd.testing.assert_frame_equal(again.table(name), result.table(name))
    other = made(tmp_path, study={"seed": 5})
    assert not other.table("calibration").equals(result.table("calibration"))


def test_zero_draws_turn_it_off(tmp_path: Path) -> None:
    off = made(tmp_path, draws=0)
    assert off.placebo_studies is None
    assert off.table("calibration").empty
    assert off.car["calibrated_p_value"].isna().all()
    assert off.car["romano_wolf_p"].isna().all()
    assert off.car["min_detectable"].notna().all()
    assert off.manifest["calibration"] == {"draws": 0, "effective_draws": 0}


def test_more_draws_than_possible_says_how_many(tmp_path: Path) -> None:
    facts = made(tmp_path, draws=50_000).manifest["calibration"]
    assert facts["draws"] == 50_000
    assert facts["effective_draws"] == facts["possible_draws"] < 2_000


def test_without_room_a_run_goes_on_and_calibrate_stops(tmp_path: Path) -> None:
    spec, events = study(tmp_path, ROWS, calibration={"draws": 100})
    book = market_book(BETAS, first="2023-01-03", last="2023-09-08")
    run = run_study(spec, events, book, now=NOW)
    assert run.placebo_studies is None or len(run.placebo_studies.dates) < 100
    short = market_book(BETAS, first="2023-03-02", last="2023-06-07")
    with pytest.raises(DataError, match="0 of 100 placebo draws are possible"):
        run_study(
            spec.model_copy(update={"events": spec.events}), events, short,
            now=datetime(2023, 6, 7, 12, tzinfo=UTC), placebo=PlaceboOptions(demanded=True),
        )  # fmt: skip


def test_an_injected_effect_shows_power(tmp_path: Path) -> None:
    small = made(tmp_path, options=PlaceboOptions(effect=0.001)).table("calibration")
    large = made(tmp_path, options=PlaceboOptions(effect=0.05)).table("calibration")
    key = ["statistic_name", "first", "last"]
    both = small.merge(large, on=key).dropna(subset=["power_x", "power_y"])
    one = both[(both["first"] == 0) & (both["last"] == 0)].set_index("statistic_name")
    assert one.loc["bmp_t", "power_x"] < 0.3
    assert one.loc["bmp_t", "power_y"] > 0.95
    assert one.loc["corrado_rank_z", "power_y"] > 0.95


def test_statistics_without_a_vectorised_form_run_as_they_are(tmp_path: Path) -> None:
    table = made(tmp_path, draws=40, options=PlaceboOptions(plain_draws=12)).table("calibration")
    plain = table[table["statistic_name"] == "calendar_time_t"]
    assert len(plain)
    assert (plain["draws"] <= 12).all()
    assert (plain["verdict"] == "too few draws").all()


def test_other_models_are_calibrated_on_fewer_draws(tmp_path: Path) -> None:
    result = made(tmp_path, draws=4, study={"model": "huber"})
    assert result.car["calibrated_p_value"].notna().all()
    assert result.car["min_detectable"].isna().all()
