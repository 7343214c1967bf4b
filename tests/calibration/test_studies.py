"""Placebo studies in parts, where their rows are too many to be held, say what the whole says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from signals.calibration import calibrate, studies, threads
from signals.calibration.record import Calibration
from signals.estimate import estimate
from signals.spec import StudySpec, parse_study
from tests.calibration.worlds import World, known_days, pairs_on, series_of

DAYS = ["2021-03-01", "2021-03-03", "2021-06-01"]


def spec_of(draws: int) -> StudySpec:
    return parse_study(
        {
            "study": {"id": "parts", "car_windows": [[0, 0], [-1, 1]]},
            "events": {"files": ["e.csv"]},
            "market": {"benchmark": "SPY"},
            "calibration": {"draws": draws},
        },
        file=Path("parts.toml"),
    )


def calibrated(draws: int = 160, effect: float | None = None) -> Calibration:
    returns = pairs_on(series_of(World(assets=6, rho=0.3)), DAYS, event_window=(-3, 3))
    found = estimate(returns, "market", min_returns=60, missing="strict")
    assert found.panel is not None
    groups = {
        ("all", "all"): np.arange(len(returns)),
        ("event", "e0"): np.flatnonzero(returns.event_id == "e0"),
    }
    return calibrate(
        spec_of(draws), returns, found.panel, groups, known=known_days(returns), draws=draws,
        effect=effect,
    )  # fmt: skip


@pytest.mark.parametrize("effect", [None, 0.02], ids=["plain", "injected"])
def test_parts_say_what_the_whole_says(
    monkeypatch: pytest.MonkeyPatch, effect: float | None
) -> None:
    whole = calibrated(effect=effect)
    monkeypatch.setattr(studies, "MOST_ROW_CELLS", 200)
    monkeypatch.setattr(studies, "PART_CELLS", 150)
    parts = calibrated(effect=effect)
    for key, rows in whole.statistics.items():
        assert set(rows) == set(parts.statistics[key])
        for row, one in rows.items():
            other = parts.statistics[key][row]
            np.testing.assert_allclose(other.p_values, one.p_values, atol=1e-10, err_msg=str(row))
            assert other.size.verdict == one.size.verdict
            np.testing.assert_equal(other.power, one.power)


def test_fewer_draws_than_a_verdict_needs_are_not_done_in_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(studies, "MOST_ROW_CELLS", 100)
    few = calibrated(draws=60)
    names = {name for _, name in few.statistics["all", "all"]}
    assert "bmp_t" in names
    assert "grank_t" not in names


def test_threads_change_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    many = calibrated()
    monkeypatch.setattr(threads, "THREADS", 1)
    one = calibrated()
    for key, rows in many.statistics.items():
        for row, found in rows.items():
            np.testing.assert_array_equal(found.p_values, one.statistics[key][row].p_values)
            np.testing.assert_equal(found.min_detectable, one.statistics[key][row].min_detectable)
