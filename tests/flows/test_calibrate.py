"""``signals calibrate`` from the command line."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from tests.flows.conftest import Command, Study


def test_it_writes_the_table_and_shows_it(study: Study, signals: Command) -> None:
    run = signals("calibrate", study.file, "--draws", "500", "--out", study.folder / "out")
    assert run.code == 0, run.err
    frame = pd.read_csv(study.folder / "out" / "calibration.csv")
    assert {"statistic_name", "verdict", "rejection_rate"} <= set(frame.columns)
    assert "too few draws" in run.out
    assert "One event on one asset" in run.out
    assert "possible" in run.err  # a few months of prices have no room for 500


def test_json_and_effect(study: Study, signals: Command) -> None:
    run = signals("calibrate", study.file, "--draws", "10", "--effect", "0.05", "--json")
    assert run.code == 0, run.err
    found = json.loads(run.out)
    assert found["calibration"]["draws"] == 10
    assert any(row["power"] is not None for row in found["rows"])


@pytest.mark.parametrize("draws", ["0", "-5", "many", "1.5"])
def test_bad_draws_exit_2(study: Study, signals: Command, draws: str) -> None:
    run = signals("calibrate", study.file, "--draws", draws)
    assert run.code == 2
    assert "Traceback" not in run.err


def test_a_bad_effect_exits_2(study: Study, signals: Command) -> None:
    run = signals("calibrate", study.file, "--effect", "2")
    assert run.code == 2
    assert "--effect" in run.err


def test_no_room_at_all_exits_2_and_says_so(study: Study, signals: Command) -> None:
    study.edit("event_window = [-3, 3]", "event_window = [-20, 20]")
    run = signals("calibrate", study.file, "--draws", "50")
    assert run.code == 2
    assert "0 of 50 placebo draws are possible" in run.err
