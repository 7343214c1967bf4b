"""Returns of bars and gaps from prices, missing bars, and the two ways of cutting hours."""

from __future__ import annotations

import numpy as np

from signals.prices import PriceHistory
from signals.returns.bars import bar_returns, ended_by, prevailing_alignment, quotes_of
from signals.sessions import trading_calendar
from tests.intraday.making import bars_between, history


def test_returns_of_bars_and_gaps_are_those_that_made_the_prices():
    bars = bars_between("2024-06-03", "2024-07-12")
    made = np.random.default_rng(3).normal(0, 0.01, len(bars))
    own = history("A", bars, made)
    found = bar_returns(bars, quotes_of(own, bars), "simple")
    assert np.isnan(found[0])  # the gap before the first session has no close
    np.testing.assert_allclose(found[1:], made[1:], atol=1e-12)
    log = bar_returns(bars, quotes_of(own, bars), "log")
    np.testing.assert_allclose(log[1:], np.log1p(made[1:]), atol=1e-12)


def test_a_missing_bar_takes_the_returns_that_need_its_close_and_nothing_is_filled():
    bars = bars_between("2024-06-03", "2024-06-07")
    made = np.full(len(bars), 0.001)
    own = history(
        "A", bars, made, drop=["2024-06-04T14:30", "2024-06-05T13:30", "2024-06-06T19:30"]
    )
    found = bar_returns(bars, quotes_of(own, bars), "simple")
    missing = {str(bars.starts[k])[5:16] for k in np.flatnonzero(np.isnan(found))}
    assert missing == {
        "05-31T20:00",  # nothing before the data
        "06-04T14:30", "06-04T15:30",  # a bar in the middle: it and the next
        "06-04T20:00", "06-05T13:30", "06-05T14:30",  # the first bar: the night, itself, the next
        "06-06T19:30", "06-06T20:00",  # the last bar: itself and the night after
    }  # fmt: skip


def test_sessions_cut_in_the_other_way_are_left_out():
    by_open = bars_between("2024-06-03", "2024-06-28")
    by_clock = bars_between("2024-06-03", "2024-06-28", alignment="clock")
    first = history("A", by_open, np.full(len(by_open), 0.001))
    second = history("A", by_clock, np.full(len(by_clock), 0.001))
    before = first.sessions < np.datetime64("2024-06-17")
    after = second.sessions >= np.datetime64("2024-06-17")
    both = PriceHistory(
        "A", "XNYS", np.concatenate([first.sessions[before], second.sessions[after]]),
        {c: np.concatenate([first.columns[c][before], second.columns[c][after]]) for c in ("open", "close")},
    )  # fmt: skip
    found = bar_returns(by_open, quotes_of(both, by_open), "simple")
    day = by_open.sessions[by_open.session]
    assert np.isfinite(
        found[(day < np.datetime64("2024-06-17")) & (day > np.datetime64("2024-06-03"))]
    ).all()
    assert np.isnan(found[day >= np.datetime64("2024-06-17")]).all()
    sessions = np.searchsorted(
        trading_calendar("XNYS").sessions,
        np.array(["2024-06-03", "2024-06-10", "2024-06-17", "2024-06-21"], dtype="datetime64[D]"),
    )
    kinds = prevailing_alignment(both, "1h", sessions[[0, 2]], sessions[[1, 3]])
    assert kinds == ["open", "clock"]


def test_without_opening_prices_there_is_no_gap():
    bars = bars_between("2024-06-03", "2024-06-07")
    own = history("A", bars, np.full(len(bars), 0.001))
    blind = PriceHistory("A", "XNYS", own.sessions, {"close": own.columns["close"]})
    found = bar_returns(bars, quotes_of(blind, bars), "simple")
    after_gap = np.r_[False, bars.gap[:-1]]
    assert np.isnan(found[bars.gap | after_gap]).all()
    assert np.isfinite(found[~bars.gap & ~after_gap]).all()


def test_only_bars_that_have_ended_are_known():
    bars = bars_between("2024-07-02", "2024-07-03")
    own = history("A", bars, np.zeros(len(bars)))
    rows = ended_by(own, "1h", np.datetime64("2024-07-03T16:45", "us"))
    assert str(own.sessions[rows[-1]]) == "2024-07-03T15:30:00"
    rows = ended_by(own, "1h", np.datetime64("2024-07-03T17:00", "us"))
    assert str(own.sessions[rows[-1]]) == "2024-07-03T16:30:00"  # cut short by the early close
