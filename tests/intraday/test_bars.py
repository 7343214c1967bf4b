"""Bar calendars: half days, changes of clock time, weekends, lunch breaks, both ways of cutting."""

from __future__ import annotations

import numpy as np
import pytest

from signals.sessions.bars import (
    alignment_matters,
    bars_a_session,
    session_alignments,
)
from tests.intraday.making import bars_between


def shown(bars, session: str) -> list[str]:
    here = bars.session == int(np.searchsorted(bars.sessions, np.datetime64(session)))
    return [
        f"{str(a)[5:16]}–{str(b)[5:16]}"
        for a, b in zip(bars.starts[here], bars.ends[here], strict=True)
    ]


def test_hours_from_the_open_and_by_the_clock():
    by_open = bars_between("2024-07-02", "2024-07-03")
    assert shown(by_open, "2024-07-02") == [
        "07-01T20:00–07-02T13:30", "07-02T13:30–07-02T14:30", "07-02T14:30–07-02T15:30",
        "07-02T15:30–07-02T16:30", "07-02T16:30–07-02T17:30", "07-02T17:30–07-02T18:30",
        "07-02T18:30–07-02T19:30", "07-02T19:30–07-02T20:00",
    ]  # fmt: skip
    by_clock = bars_between("2024-07-02", "2024-07-03", alignment="clock")
    assert shown(by_clock, "2024-07-02")[:3] == [
        "07-01T20:00–07-02T13:30", "07-02T13:30–07-02T14:00", "07-02T14:00–07-02T15:00",
    ]  # fmt: skip


@pytest.mark.parametrize(("day", "close"), [("2024-07-03", "17:00"), ("2024-11-29", "18:00")])
def test_half_days_end_with_their_early_close(day, close):
    bars = bars_between("2024-06-03", "2024-12-31", "5m")
    own = shown(bars, day)
    assert len(own) == 1 + 42  # the night, and 3½ hours of five minutes
    assert own[-1].endswith(close)
    hours = bars_between("2024-06-03", "2024-12-31", "1h")
    last = np.flatnonzero(hours.ends == np.datetime64(f"{day}T{close}"))[0]
    assert hours.slot[last] == 4
    assert not hours.usual_length()[last]  # half an hour where other days have an hour
    assert hours.usual_length().sum() == len(hours) - 3  # 3 July, 29 November, 24 December


def test_clock_time_changes_on_different_sundays():
    """New York changed on 9 March 2025, Paris on 30 March: the same local hours throughout."""
    york = bars_between("2025-03-03", "2025-04-04")
    opens = {str(d): s[-5:] for d in york.sessions for s in [shown(york, str(d))[0]]}
    assert opens["2025-03-07"] == "14:30"
    assert opens["2025-03-10"] == "13:30"
    assert all(york.count == 8)
    paris = bars_between("2025-03-24", "2025-04-04", calendar="XPAR")
    assert shown(paris, "2025-03-28")[0].endswith("08:00")
    assert shown(paris, "2025-03-31")[0].endswith("07:00")
    # The night of the change is a weekend: its gap is an hour shorter and marked long.
    first = york.first[int(np.searchsorted(york.sessions, np.datetime64("2025-03-10")))]
    assert york.long_gap[first]
    assert (york.ends[first] - york.starts[first]) == np.timedelta64(64 * 60 + 30, "m")


def test_weekends_and_holidays_are_long_gaps():
    bars = bars_between("2024-07-01", "2024-07-09")
    long = {str(bars.sessions[bars.session[k]]) for k in np.flatnonzero(bars.long_gap)}
    assert long == {"2024-07-01", "2024-07-05", "2024-07-08"}


def test_tokyo_has_a_gap_at_lunch():
    bars = bars_between("2024-07-02", "2024-07-03", calendar="XTKS")
    own = shown(bars, "2024-07-03")
    assert own[4] == "07-03T02:30–07-03T03:30"
    here = bars.session == 1
    assert bars.gap[here].tolist() == [True, False, False, False, True, False, False, False]
    assert not bars.long_gap.any()


def test_tokens_have_no_gap_and_keep_slot_zero_free():
    bars = bars_between("2025-08-18", "2025-08-19", calendar="24/7")
    assert not bars.gap.any()
    assert bars.slot.tolist() == [*range(1, 25), *range(1, 25)]
    assert str(bars.starts[0]) == "2025-08-18T00:00:00"


def test_every_instant_belongs_to_one_bar():
    for calendar in ("XNYS", "XTKS", "24/7"):
        bars = bars_between("2025-01-02", "2025-03-31", calendar=calendar)
        assert (bars.starts[1:] == bars.ends[:-1]).all()
        assert (bars.ends > bars.starts).all()


@pytest.mark.parametrize(
    ("instant", "start", "end"),
    [
        ("2025-10-29T20:06", "2025-10-29T20:00", "2025-10-30T13:30"),  # after the close: the night
        ("2025-10-29T20:00", "2025-10-29T20:00", "2025-10-30T13:30"),  # at the close
        ("2025-10-29T19:59", "2025-10-29T19:30", "2025-10-29T20:00"),
        ("2025-10-30T13:30", "2025-10-30T13:30", "2025-10-30T14:30"),  # at the open: the first bar
        ("2025-11-01T09:00", "2025-10-31T20:00", "2025-11-03T14:30"),  # Saturday, clocks change
        ("2024-07-03T17:00", "2024-07-03T17:00", "2024-07-05T13:30"),  # at the early close
    ],
)
def test_day_zero_is_the_first_bar_that_ends_after_the_news(instant, start, end):
    bars = bars_between("2024-06-03", "2025-11-28")
    k = int(bars.reacting_position(np.array([instant], dtype="datetime64[us]"))[0])
    assert (str(bars.starts[k])[:16], str(bars.ends[k])[:16]) == (start, end)
    close = bars.close_position(np.array([k]))[0]
    assert bars.session[close] == bars.session[k]
    assert close == len(bars) - 1 or bars.session[close + 1] > bars.session[k]


def test_alignment_is_read_from_the_labels():
    assert alignment_matters("XNYS", "1h")
    assert not alignment_matters("XNYS", "5m")
    assert not alignment_matters("24/7", "1h")
    labels = np.array(
        [
            "2024-07-01T13:30", "2024-07-01T14:30",  # from the open
            "2024-07-02T13:30", "2024-07-02T14:00",  # by the clock
            "2024-07-03T13:30", "2024-07-03T14:00", "2024-07-03T14:30",  # both
            "2024-07-05T13:30",  # either
        ],
        dtype="datetime64[s]",
    )  # fmt: skip
    _, kind = session_alignments("XNYS", "1h", labels)
    assert kind.tolist() == ["open", "clock", "mixed", "unknown"]
    assert set(session_alignments("XNYS", "5m", labels)[1]) == {"open"}


def test_bars_of_an_ordinary_session():
    assert bars_a_session("XNYS", "5m") == 79
    assert bars_a_session("XNYS", "1h") == 8
    assert bars_a_session("24/7", "1h") == 24
