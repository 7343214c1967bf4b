"""Events of unknown hour: the prices' own evidence, shown and never used."""

from __future__ import annotations

import pytest

from tests.intraday.making import bars_between, made_up_study, market_book

BARS = bars_between("2024-01-02", "2024-06-28")


def study(tmp_path, row, label):
    book = market_book({"A": 1.0}, BARS, moves={("A", label): -0.05} if label else {})
    return made_up_study(tmp_path, book, [row])


def test_the_bar_that_moved_is_found_and_day_zero_stays(tmp_path):
    result = study(tmp_path, "e,2024-04-17,day,deal,A,x,s,,unknown,", "2024-04-17T20:00")
    row = result.table("evidence").iloc[0]
    event = result.events.iloc[0]
    assert event["day_zero"] == row["day_zero"] == "2024-04-17T16:30:00"  # the middle of the day
    assert event["alternative_day_zero"] == "2024-04-17T20:00:00"
    assert "date_only" in event["flags"]
    assert (row["bar"], row["bar_end"]) == ("2024-04-17T20:00:00", "2024-04-18T13:30:00")
    assert row["session"] == "2024-04-18"
    assert not row["agrees"]
    assert row["reason"] == "the overnight gap"
    assert row["ar"] == pytest.approx(-0.05, abs=0.015)
    assert row["sar"] < -5
    assert row["p_value"] == pytest.approx(1 / 40)
    assert (row["searched_first"], row["searched_last"]) == (
        "2024-04-16T20:00:00",
        "2024-04-18T20:00:00",
    )


def test_nothing_moved(tmp_path):
    row = study(tmp_path, "e,2024-04-17,day,deal,A,x,s,,unknown,", None).table("evidence").iloc[0]
    assert row["p_value"] > 0.02
    assert abs(row["sar"]) < 5


def test_an_hour_that_is_known_needs_no_evidence(tmp_path):
    result = study(tmp_path, "e,2024-04-16T16:05:00-04:00,minute,deal,A,x,s,,,", "2024-04-16T20:00")
    assert result.table("evidence").empty
