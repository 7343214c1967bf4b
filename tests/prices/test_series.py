"""Rows become one history: digest, unfinished sessions, bars and their sessions."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signals.prices import PriceUnavailable
from signals.prices.labels import bar_positions, closed_through, finished
from signals.prices.series import digest_of
from signals.sessions import trading_calendar

from .making import asked, codes, made, sessions, walk

XNYS = trading_calendar("XNYS")


@settings(max_examples=80, deadline=None)
@given(st.permutations(range(20)), st.lists(st.integers(0, 19), max_size=6))
def test_order_and_identical_repeats_do_not_change_the_series(
    order: list[int], again: list[int]
) -> None:
    days, close = sessions("2024-01-02", "2024-01-30"), walk(20)
    rows = [*order, *again]
    plain = made(days, {"close": close})
    mixed = made(days[rows], {"close": close[rows]})
    assert mixed.digest == plain.digest
    assert codes(mixed.issues).get("duplicate", 0) == len(again)


def test_the_digest_is_of_the_content() -> None:
    days, close = sessions("2024-01-02", "2024-01-30"), walk(20)
    one = digest_of(days, {"close": close, "volume": close})
    assert one == digest_of(
        days.astype("datetime64[s]").astype("datetime64[D]"), {"volume": close, "close": close}
    )
    other = np.array([float("nan"), *close[1:]])
    negative_nan = other.copy()
    negative_nan[0] = -negative_nan[0]
    assert digest_of(days, {"close": other}) == digest_of(days, {"close": negative_nan})
    assert digest_of(days, {"close": other}) != digest_of(days, {"close": close})
    assert digest_of(days, {"adj_close": close}) != digest_of(days, {"close": close})
    # Frozen for good: a cache written earlier must still verify.
    known = digest_of(np.array(["2024-01-02"], "datetime64[D]"), {"close": np.array([1.5])})
    assert known == "5e9d1172a71007f2629d37533996e6a95db14b6c46eacdd775193050c7f9a803"


def test_a_session_counts_once_it_has_closed() -> None:
    days = sessions("2024-07-02", "2024-07-05")
    early = datetime(2024, 7, 3, 16, 59, tzinfo=UTC)  # the early close of July 3rd is at 17:00 UTC
    assert finished(asked(), days, early).tolist() == [True, False, False]
    assert finished(asked(), days, early.replace(hour=17, minute=0)).tolist() == [True, True, False]
    assert closed_through(XNYS, early, "2024-12-31") == "2024-07-02"
    assert closed_through(XNYS, early.replace(hour=18), "2024-12-31") == "2024-07-03"
    assert closed_through(XNYS, datetime(2024, 7, 7, tzinfo=UTC), "2024-07-04") == "2024-07-03"


def test_a_token_day_ends_at_utc_midnight() -> None:
    days = sessions("2024-07-02", "2024-07-04", "24/7")
    now = datetime(2024, 7, 3, 23, 59, tzinfo=UTC)
    assert finished(asked(calendar="24/7"), days, now).tolist() == [True, False, False]


def test_bars_belong_to_the_session_they_start_in() -> None:
    bars = np.array(
        ["2024-07-03T13:29", "2024-07-03T13:30", "2024-07-03T16:55", "2024-07-03T17:00", "2024-07-04T15:00"],
        dtype="datetime64[s]",
    )  # fmt: skip
    at = bar_positions(XNYS, bars)
    assert (at >= 0).tolist() == [False, True, True, False, False]
    assert str(XNYS.sessions[at[1]]) == "2024-07-03"
    now = datetime(2024, 7, 3, 16, 57, tzinfo=UTC)
    assert finished(asked(interval="5m"), bars[1:3], now).tolist() == [True, False]
    # The last bar of an hourly series is cut off by the close.
    last = np.array(["2024-07-02T19:30"], dtype="datetime64[s]")
    assert finished(asked(interval="1h"), last, datetime(2024, 7, 2, 20, 0, tzinfo=UTC)).all()


def test_an_unscheduled_closure_is_off_calendar() -> None:
    days = np.array(["2025-01-08", "2025-01-09", "2025-01-10"], dtype="datetime64[D]")
    history = made(days, {"close": [1.0, 2.0, 3.0]})
    assert codes(history.issues) == {"off_calendar": 1}
    assert history.sessions.astype(str).tolist() == ["2025-01-08", "2025-01-10"]


@pytest.mark.parametrize("days", [-1, 1])
def test_dates_shifted_by_a_day_are_refused(days: int) -> None:
    labels = sessions("2024-01-02", "2024-06-28") + np.timedelta64(days, "D")
    with pytest.raises(PriceUnavailable, match="shifted by a day") as caught:
        made(labels, {"close": walk(len(labels))})
    assert caught.value.code == "bad_prices"


def test_seven_days_a_week_on_an_exchange_calendar_are_not_shifted() -> None:
    labels = sessions("2024-01-02", "2024-06-28", "24/7")
    history = made(labels, {"close": walk(len(labels))})
    assert codes(history.issues) == {"off_calendar": 55}
    assert history.sessions.tolist() == sessions("2024-01-02", "2024-06-28").tolist()
