"""Speed of reaction on prices whose path is known."""

from __future__ import annotations

import numpy as np
import pytest

from tests.intraday.making import bars_between, made_up_study, market_book

BARS = bars_between("2024-01-02", "2024-06-28")
NIGHT = "2024-04-16T20:00"
PATH = {NIGHT: 0.06, "2024-04-17T13:30": 0.02, "2024-04-17T14:30": 0.01, "2024-04-17T16:30": 0.01}


def reaction(tmp_path, row, moves, **tables):
    book = market_book({"A": 1.0}, BARS, moves={("A", k): v for k, v in moves.items()}, night=1.0)
    return made_up_study(tmp_path, book, [row], **tables).table("reaction").iloc[0]


def test_a_path_that_is_known(tmp_path):
    """6 % overnight, then 2, 1, 0 and 1 %: half in the night, nine tenths two hours in."""
    row = reaction(tmp_path, "e,2024-04-16T16:06:00-04:00,minute,deal,A,x,s,,,", PATH)
    assert (row["day_zero"], row["closes"]) == ("2024-04-16T20:00:00", "2024-04-17T20:00:00")
    assert row["n_bars"] == 8
    assert row["car_to_close"] == pytest.approx(0.10, abs=0.01)
    assert row["gap_share"] == pytest.approx(0.6, abs=0.06)
    assert (row["half_bars"], row["half_minutes"]) == (0, 17 * 60 + 24)
    assert row["ninety_bars"] in (2, 3)
    assert row["ninety_minutes"] == row["half_minutes"] + 60 * row["ninety_bars"]
    assert row["drift_car"] == pytest.approx(0.04, abs=0.01)
    assert row["drift_p_value"] == pytest.approx(1 / 41)
    assert row["p_value"] == pytest.approx(1 / 41)
    assert (row["leakage_first"], row["leakage_last"]) == (-10, -1)
    assert row["leakage_p_value"] > 0.05
    assert (row["status"], row["reason"]) == ("complete", "")


def test_news_within_the_session_has_no_night(tmp_path):
    row = reaction(
        tmp_path, "e,2024-04-17T10:45:00-04:00,minute,deal,A,x,s,,,",
        {"2024-04-17T14:30": 0.01, "2024-04-17T15:30": 0.03},
    )  # fmt: skip
    assert row["day_zero"] == "2024-04-17T14:30:00"
    assert np.isnan(row["gap_share"])
    assert row["n_bars"] == 6
    assert (row["half_bars"], row["half_minutes"]) == (1, 105.0)


def test_leakage_before_the_news(tmp_path):
    moves = {"2024-04-16T18:30": 0.02, "2024-04-16T19:30": 0.02, NIGHT: 0.06}
    row = reaction(
        tmp_path, "e,2024-04-16T16:06:00-04:00,minute,deal,A,x,s,,,", moves,
        study={"event_window": [-4, "close"], "car_windows": [[0, "close"], [-2, -1], [-4, -1]]},
    )  # fmt: skip
    assert (row["leakage_first"], row["leakage_last"]) == (-4, -1)
    assert row["leakage_car"] == pytest.approx(0.04, abs=0.01)
    assert row["leakage_p_value"] == pytest.approx(1 / 41)


def test_a_day_without_a_move_says_that_its_shares_are_noise(tmp_path):
    row = reaction(tmp_path, "e,2024-04-16T16:06:00-04:00,minute,deal,A,x,s,,,", {})
    assert row["p_value"] > 0.05
    assert row["reason"].startswith("not_significant")
    none = reaction(
        tmp_path, "e,2024-04-16T16:06:00-04:00,minute,deal,A,x,s,,,", {},
        study={"event_window": [0, "close"], "car_windows": [[0, "close"]]},
    )  # fmt: skip
    assert np.isnan(none["leakage_p_value"])
