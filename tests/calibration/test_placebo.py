"""Placebo dates: joint in time, outside every known event window, distinct, reproducible."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from signals.sessions import trading_calendar
from tests.calibration.worlds import World, dates_of, known_days, pairs_on, series_of

DAYS = ["2021-03-01", "2021-03-03", "2021-06-01", "2021-09-01"]


def labels(returns, zero):
    """(n,) session labels of one draw, NaT where a pair is left out."""
    return np.asarray(
        [
            returns.series[s].sessions[z] if z >= 0 else np.datetime64("NaT")
            for s, z in zip(returns.series_index, zero, strict=True)
        ]
    )


def test_pairs_of_one_date_stay_on_one_date() -> None:
    returns = pairs_on(series_of(World()), DAYS)
    dates = dates_of(returns, 200)
    assert len(dates) == 200
    for zero in dates.zero:
        day = labels(returns, zero)
        for event in np.unique(returns.event_id):
            mine = day[returns.event_id == event]
            assert len(set(mine[~np.isnat(mine)])) <= 1


def test_a_block_keeps_its_distances_and_blocks_stay_apart() -> None:
    returns = pairs_on(series_of(World(assets=1)), DAYS)
    market = trading_calendar("XNYS").sessions
    for zero in dates_of(returns, 300).zero:
        day = labels(returns, zero)
        place = np.where(np.isnat(day), -1, np.searchsorted(market, day))
        if place[0] >= 0 and place[1] >= 0:
            assert place[1] - place[0] == 2  # 1 and 3 March: one block
        held = np.sort(np.delete(place, 1))
        held = held[held >= 0]
        assert (np.diff(held) > 6).all()  # windows [-3, 3] of different blocks never touch


def test_placebo_windows_meet_no_known_event_window() -> None:
    returns = pairs_on(series_of(World(assets=3)), DAYS)
    known = known_days(returns)
    for zero in dates_of(returns, 250).zero:
        for s, z in zip(returns.series_index, zero, strict=True):
            if z < 0:
                continue
            sessions = returns.series[s].sessions
            own = np.searchsorted(sessions, known[returns.series[s].ticker])
            assert (np.abs(own - z) > 6).all()


def test_offsets_are_distinct_and_fewer_draws_are_a_prefix_of_more() -> None:
    returns = pairs_on(series_of(World()), DAYS)
    many, few = dates_of(returns, 400), dates_of(returns, 50)
    assert len(np.unique(many.offset)) == len(many)
    if many.possible == few.possible:
        np.testing.assert_array_equal(many.zero[:50], few.zero)
    other = dates_of(returns, 50, seed=2)
    assert not np.array_equal(other.zero, few.zero)
    np.testing.assert_array_equal(dates_of(returns, 50).zero, few.zero)


def test_more_draws_than_offsets_gives_every_offset_once() -> None:
    returns = pairs_on(series_of(World()), DAYS)
    dates = dates_of(returns, 100_000)
    assert dates.asked == 100_000
    assert len(dates) == dates.possible < 900
    assert sorted(dates.offset) == sorted(set(dates.offset))


def test_tokens_move_with_the_stocks_to_their_own_session_of_the_same_date() -> None:
    returns = pairs_on(series_of(World(assets=4, tokens=2)), DAYS)
    dates = dates_of(returns, 100)
    for zero in dates.zero:
        day = labels(returns, zero)
        for event in np.unique(returns.event_id):
            mine = day[returns.event_id == event]
            assert len(set(mine[~np.isnat(mine)])) <= 1
    assert (dates.zero >= 0).mean() > 0.9


def test_a_weekend_day_zero_moves_with_the_next_market_session() -> None:
    series = series_of(World(assets=2, tokens=1))
    returns = pairs_on(series, ["2021-03-06"], assets=[1])  # a Saturday
    both = pairs_on(series, ["2021-03-08"], assets=[0])
    joined = replace(
        returns,
        **{
            name: np.concatenate([getattr(returns, name), getattr(both, name)])
            for name in ("event_id", "group", "category", "series_index", "zero")
        },
    )
    for zero in dates_of(joined, 50).zero:
        day = labels(joined, zero)
        assert day[0] == day[1]


def test_without_room_there_are_no_draws() -> None:
    series = series_of(World(assets=1, sessions=200))
    days = [str(series[0].sessions[k]) for k in range(125, 195, 7)]
    dates = dates_of(pairs_on(series, days), 100)
    assert dates.possible == len(dates) == 0


def test_a_study_denser_than_its_free_sessions_moves_as_one_piece() -> None:
    series = series_of(World(assets=12, sessions=700))
    rng = np.random.default_rng(3)
    parts = [
        pairs_on(
            series, [str(series[a].sessions[k]) for k in rng.choice(np.arange(150, 690), 12, False)],
            assets=[a],
        )
        for a in range(12)
    ]  # fmt: skip
    joined = replace(
        parts[0],
        **{
            name: np.concatenate([getattr(p, name) for p in parts])
            for name in ("event_id", "group", "category", "series_index", "zero")
        },
    )
    dates = dates_of(joined, 200)
    assert dates.whole_axis
    assert len(dates) == 200
    # Events of different assets that shared a date still do.
    original = labels(joined, joined.zero)
    for zero in dates.zero[:20]:
        day = labels(joined, zero)
        for value in np.unique(original):
            mine = day[original == value]
            assert len(set(mine[~np.isnat(mine)])) <= 1


def test_cross_correlation_survives() -> None:
    """Mean products of CARs of two assets on one date: as strong on placebo dates as in the law."""
    series = series_of(World(assets=2, sessions=1500, rho=0.6, seed=11))
    returns = pairs_on(series, ["2024-06-03"])
    dates = dates_of(returns, 2000)
    ar = np.asarray(
        [
            [s.y[z] - np.polyval(np.polyfit(s.x[z - 123 : z - 3, 0], s.y[z - 123 : z - 3], 1), s.x[z, 0])
             for s, z in zip(series, zero, strict=True)]
            for zero in dates.zero
        ]
    )  # fmt: skip
    assert np.corrcoef(ar.T)[0, 1] == pytest.approx(0.6, abs=0.08)
