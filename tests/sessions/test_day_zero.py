"""Day zero: the first session whose close-to-close return can hold the reaction."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from signals.errors import DataError, SpecError
from signals.events import read_catalogue
from signals.sessions import (
    SessionEvents,
    as_of_instant,
    calendar_names,
    match_events,
    trading_calendar,
)
from signals.spec import StudySpec, parse_study

HEADER = "event_id,announced_at,precision,category,subject,headline,source,url,timing,tickers"
ASSETS: list[dict[str, Any]] = [
    {"ticker": "META", "group": "subject"},
    {"ticker": "EL.PA", "group": "partners", "calendar": "XPAR", "benchmark": "^FCHI"},
    {"ticker": "FET-USD", "group": "tokens", "calendar": "24/7", "benchmark": "BTC-USD"},
]


def matched(tmp_path: Path, *rows: str, as_of: str | None = None, **tables: Any) -> SessionEvents:
    file = tmp_path / "events.csv"
    file.write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    spec = spec_of(file, **tables)
    end = None if as_of is None else as_of_instant(as_of, "XNYS")
    return match_events(spec, read_catalogue([file]), as_of=end)


def spec_of(file: Path, **tables: Any) -> StudySpec:
    raw = {
        "study": {"id": "s"},
        "events": {"files": [file.name]},
        "market": {"benchmark": "SPY", "calendar": "XNYS"},
        "assets": ASSETS,
        **tables,
    }
    return parse_study(raw, file=file)


def zero(found: SessionEvents, ticker: str, column: str = "day_zero") -> str:
    frame = found.frame
    value = frame.loc[frame["ticker"] == ticker, column].iloc[0]
    return "" if pd.isna(value) else f"{value:%Y-%m-%d}"


@pytest.mark.parametrize(
    ("when", "new_york", "paris", "token"),
    [
        # After the New York close, late evening in Paris: both take the next session.
        ("2025-10-29T16:06:00-04:00", "2025-10-30", "2025-10-30", "2025-10-29"),
        # 11:00 in New York is before Paris closes at 17:30.
        ("2025-10-29T11:00:00-04:00", "2025-10-29", "2025-10-29", "2025-10-29"),
        # 13:00 in New York: Paris has closed (on 29 October it is five hours ahead).
        ("2025-10-29T13:00:00-04:00", "2025-10-29", "2025-10-30", "2025-10-29"),
        # The week in which the clocks of Europe have changed and those of America have not.
        ("2025-10-29T12:15:00-04:00", "2025-10-29", "2025-10-29", "2025-10-29"),
        ("2025-10-22T12:15:00-04:00", "2025-10-22", "2025-10-23", "2025-10-22"),
        # At the close is after it.
        ("2025-10-29T16:00:00-04:00", "2025-10-30", "2025-10-30", "2025-10-29"),
        ("2025-10-29T15:59:59-04:00", "2025-10-29", "2025-10-30", "2025-10-29"),
        # Early close at 13:00 on 3 July 2024; the 4th is a holiday.
        ("2024-07-03T13:05:00-04:00", "2024-07-05", "2024-07-04", "2024-07-03"),
        ("2024-07-03T12:55:00-04:00", "2024-07-03", "2024-07-04", "2024-07-03"),
        # The unscheduled closure of 9 January 2025.
        ("2025-01-09T10:00:00-05:00", "2025-01-10", "2025-01-09", "2025-01-09"),
        # A Sunday morning: Monday for exchanges, the day itself for tokens.
        ("2025-06-08T09:41:00+00:00", "2025-06-09", "2025-06-09", "2025-06-08"),
        # 20:30 in New York is already the next UTC day.
        ("2025-08-19T20:30:00-04:00", "2025-08-20", "2025-08-20", "2025-08-20"),
        # Midnight belongs to the day that it begins.
        ("2025-08-20T00:00:00+00:00", "2025-08-20", "2025-08-20", "2025-08-20"),
    ],
)  # fmt: skip
def test_each_asset_lands_by_its_own_calendar(
    tmp_path: Path, when: str, new_york: str, paris: str, token: str
) -> None:
    found = matched(tmp_path, f"e,{when},minute,deal,META,,,,,")
    assert [zero(found, t) for t in ("META", "EL.PA", "FET-USD")] == [new_york, paris, token]


@pytest.mark.parametrize(
    ("timing", "first", "second"),
    [
        ("pre_open", "2025-08-19", ""),
        ("intraday", "2025-08-19", ""),
        ("post_close", "2025-08-20", ""),
        ("unknown", "2025-08-19", "2025-08-20"),
        ("", "2025-08-19", "2025-08-20"),
    ],
)
def test_dates_without_a_time(tmp_path: Path, timing: str, first: str, second: str) -> None:
    found = matched(tmp_path, f"e,2025-08-19,day,deal,META,,,,{timing},")
    assert zero(found, "META") == first
    assert zero(found, "META", "alternative_day_zero") == second
    flags = found.frame.loc[found.frame["ticker"] == "META", "flags"].iloc[0]
    assert ("ambiguous_day_zero" in flags) == bool(second)
    assert zero(found, "FET-USD") == "2025-08-19"
    assert zero(found, "FET-USD", "alternative_day_zero") == ""


def test_a_date_without_a_session_goes_forward_and_is_flagged(tmp_path: Path) -> None:
    row = matched(tmp_path, "e,2025-06-07,day,deal,META,,,,unknown,").frame.set_index("ticker")
    assert row.loc["META", "day_zero"] == pd.Timestamp("2025-06-09")
    assert row.loc["META", "rule"] == "no_session"
    assert "no_session" in row.loc["META", "flags"]
    assert row.loc["FET-USD", "day_zero"] == pd.Timestamp("2025-06-07")
    assert row.loc["FET-USD", "rule"] == "utc_day"


def test_an_hour_that_holds_a_close_has_two_readings(tmp_path: Path) -> None:
    doubtful = matched(tmp_path, "e,2025-08-19T15:30:00-04:00,hour,deal,META,,,,,")
    assert zero(doubtful, "META") == "2025-08-19"
    assert zero(doubtful, "META", "alternative_day_zero") == "2025-08-20"
    clear = matched(tmp_path, "e,2025-08-19T15:00:00-04:00,hour,deal,META,,,,,")
    assert zero(clear, "META", "alternative_day_zero") == ""


def test_the_calendar_rule_agrees_with_the_library_minute_by_minute() -> None:
    """An independent road: ``minute_to_session(ts, "next")`` of exchange_calendars."""
    import exchange_calendars

    rng = np.random.default_rng(1)
    minutes = np.datetime64("2024-02-01T00:00") + rng.integers(0, 600 * 1440, 2000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own pandas deprecations
        theirs = exchange_calendars.get_calendar("XNYS", start="2024-01-01", end="2025-12-31")
        sessions = [theirs.minute_to_session(pd.Timestamp(m, tz="UTC"), "next") for m in minutes]
    ours = trading_calendar("XNYS")
    place = ours.reacting_position(minutes.astype("datetime64[us]"))
    assert [pd.Timestamp(s) for s in ours.sessions[place]] == sessions


def test_events_name_their_own_tickers(tmp_path: Path) -> None:
    found = matched(tmp_path, "e,2025-08-19,day,deal,META,,,,,META; FET-USD")
    assert list(found.frame["ticker"]) == ["FET-USD", "META"]
    with pytest.raises(DataError, match="did you mean 'META'"):
        matched(tmp_path, "e,2025-08-19,day,deal,META,,,,,METAA")


def test_match_rules_choose_groups(tmp_path: Path) -> None:
    rows = ("e,2025-08-19,day,deal,META,,,,,", "f,2025-08-20,day,other,META,,,,,")
    found = matched(tmp_path, *rows, match=[{"category": "deal", "groups": ["tokens"]}])
    pairs = set(zip(found.frame["event_id"], found.frame["ticker"], strict=True))
    assert pairs == {("e", "FET-USD"), ("f", "FET-USD"), ("f", "META"), ("f", "EL.PA")}
    with pytest.raises(SpecError, match="no asset belongs to this group"):
        matched(tmp_path, *rows, match=[{"category": "deal", "groups": ["nobody"]}])


def test_large_studies_take_their_assets_from_the_events(tmp_path: Path) -> None:
    rows = ("e,2025-08-19,day,deal,,,,,,NVDA", "f,2025-08-20,day,deal,,,,,,AMD;NVDA")
    assert len(matched(tmp_path, *rows, assets=[])) == 3
    with pytest.raises(SpecError, match="names no tickers"):
        matched(tmp_path, "e,2025-08-19,day,deal,,,,,,", assets=[])


def test_as_of_hides_later_events(tmp_path: Path) -> None:
    rows = (
        "e,2025-08-19T20:08:00-04:00,minute,deal,META,,,,,",
        "f,2025-08-20T00:08:00-04:00,minute,deal,META,,,,,",
    )
    found = matched(tmp_path, *rows, as_of="2025-08-19")
    assert set(found.frame["event_id"]) == {"e"}
    with pytest.raises(SpecError, match="--as-of"):
        as_of_instant("19.8.2025", "XNYS")


def test_unknown_calendars_are_named(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="did you mean 'XNYS'"):
        trading_calendar("XNYSE")
    assert {"24/7", "XNYS", "XPAR", "XTKS", "XTAI", "XFRA", "XLON"} <= set(calendar_names())
