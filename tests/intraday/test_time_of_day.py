"""The same hours on other sessions: against plain loops, exact size, and weekends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from signals.inference import STATISTICS, Settings
from signals.inference.caar_error import caar_error
from signals.inference.single_event import conformal_p, deleted_residuals, placebo_p, rank_p
from signals.inference.time_of_day import same_hours, same_hours_portfolio_p
from tests.intraday.making import bars_between, made_up_study, market_book

S = Settings()
BARS = bars_between("2024-01-02", "2024-06-28")
ROWS = [
    "e,2024-04-16T16:05:00-04:00,minute,deal,A,x,s,,,",
    "m,2024-05-21T11:45:00-04:00,minute,deal,A,x,s,,,",
]


@pytest.fixture(scope="module")
def panel(tmp_path_factory):
    book = market_book({"A": 1.0, "B": 1.2, "C": 0.8}, BARS)
    return made_up_study(tmp_path_factory.mktemp("s"), book, ROWS).panel


@pytest.mark.parametrize("window", [(0, 0), (0, 1), (-3, -1), (0, 7)])
def test_sums_are_those_of_a_plain_loop(panel, window):
    deleted = deleted_residuals(panel)
    sums, whole = same_hours(panel, deleted, window)
    columns = range(panel.columns(window).start, panel.columns(window).stop)
    for i in range(len(panel)):
        grid = deleted[i].reshape(-1, panel.slots)
        variance = panel.est_variance[i].reshape(-1, panel.slots)
        for j in range(len(grid)):
            total, fine = 0.0, True
            for c in columns:
                day = j + int(panel.day[i, c] - panel.day[i, columns[0]])
                slot = int(panel.slot[i, c])
                if day >= len(grid) or np.isnan(grid[day, slot]):
                    fine = False
                    break
                total += grid[day, slot] * np.sqrt(panel.variance[i, c] / variance[day, slot])
            assert whole[i, j] == fine
            if fine:
                assert sums[i, j] == pytest.approx(total, rel=1e-12)


def test_p_counts_sessions_and_not_bars(panel):
    found = placebo_p(panel, (0, 1), S)
    sums, whole = same_hours(panel, deleted_residuals(panel), (0, 1))
    for i in range(len(panel)):
        beyond = (np.abs(sums[i][whole[i]]) >= abs(panel.car((0, 1))[i])).sum()
        assert found.p_value[i] == (1 + beyond) / (whole[i].sum() + 1)
        assert found.df[i] == whole[i].sum() == 40
    one = rank_p(panel, (0, 0), S)
    np.testing.assert_array_equal(one.p_value, placebo_p(panel, (0, 0), S).p_value)
    assert np.isnan(rank_p(panel, (0, 1), S).p_value).all()
    assert np.isnan(conformal_p(panel, (0, 1), S).p_value).all()


def test_a_night_is_compared_with_nights(panel):
    """The after-close event's day zero is a gap: five times as volatile as a bar. Judged against
    bars it would be significant; against nights it is not."""
    night = panel.take([i for i in range(len(panel)) if panel.event_id[i] == "e"])
    assert night.gap_bar[:, night.columns((0, 0)).start].all()
    p = rank_p(night, (0, 0), S).p_value
    bars = deleted_residuals(night)[:, :]
    slot = np.tile(np.arange(night.slots), bars.shape[1] // night.slots)
    for i in range(len(night)):
        others = bars[i][(slot != 0) & np.isfinite(bars[i])]
        against_bars = (1 + (np.abs(others) >= abs(night.car((0, 0))[i])).sum()) / (len(others) + 1)
        assert p[i] > against_bars


def test_weekend_nights_are_scaled_to_the_kind_of_the_events_night(panel):
    night = panel.take([int(np.flatnonzero(panel.event_id == "e")[0])])
    column = night.columns((0, 0)).start
    doubled = replace(
        night, variance=np.where(np.arange(len(night.tau)) == column, 4, 1) * night.variance
    )
    plain, _ = same_hours(night, deleted_residuals(night), (0, 0))
    scaled, _ = same_hours(doubled, deleted_residuals(night), (0, 0))
    np.testing.assert_allclose(scaled, 2 * plain)


def test_the_groups_placebos_move_together(panel):
    group = panel.take(np.flatnonzero(panel.event_id == "e"))
    found = same_hours_portfolio_p(group, (0, 1), S)
    sums, whole = same_hours(group, deleted_residuals(group), (0, 1))
    placebos = sums[:, whole.all(axis=0)].mean(axis=0)
    mean = group.car((0, 1)).mean()
    assert found.p_value == (1 + (np.abs(placebos) >= abs(mean)).sum()) / (len(placebos) + 1)
    assert found.estimate == pytest.approx(mean)
    error = caar_error(group, (0, 1))
    assert error.method == "same_hours"
    assert error.value == pytest.approx(np.sqrt((placebos**2).mean()))


def test_refusals(panel):
    assert "mixed_dates" in same_hours_portfolio_p(panel, (0, 0), S).reason
    short = panel.take(np.flatnonzero(panel.event_id == "e"))
    cut = short.est_sessions.shape[1] // 40 * 15
    few = replace(
        short, residuals=short.residuals[:, :cut], leverage=short.leverage[:, :cut],
        est_variance=short.est_variance[:, :cut], est_actual=short.est_actual[:, :cut],
    )  # fmt: skip
    assert "short_estimation" in same_hours_portfolio_p(few, (0, 0), S).reason
    assert "short_estimation" in placebo_p(few, (0, 0), S).reasons[0]
    daily = replace(short, slot=None)
    assert "daily" in same_hours_portfolio_p(daily, (0, 0), S).reason


def test_statistics_for_equal_sessions_are_refused_and_those_that_standardise_are_not(tmp_path):
    book = market_book(dict.fromkeys("ABCDEF", 1.0), BARS)
    found = made_up_study(tmp_path, book, ROWS[:1]).statistics
    here = found.query("group_by == 'event' and first == 0 and last == 0").set_index(
        "statistic_name"
    )
    refused = {"brown_warner_t", "corrado_rank_z", "portfolio_t", "hotelling_f", "jaffe_mandelker_z",
               "calendar_time_t", "grank_t", "grank_z"}  # fmt: skip
    assert set(here.index[here["reason"].str.startswith("intraday:")]) >= refused
    for name in (
        "bmp_t",
        "adjusted_bmp_t",
        "patell_z",
        "cross_sectional_t",
        "same_hours_portfolio_p",
    ):
        assert here.loc[name, "status"] == "ok"
        assert 0 < here.loc[name, "p_value"] <= 1
    assert here.index[here["recommended"]].tolist() == ["adjusted_bmp_t", "same_hours_portfolio_p"]
    assert STATISTICS["same_hours_portfolio_p"].scope == "group"


@pytest.mark.slow
def test_size_of_the_tests_under_the_null(tmp_path):
    """60 stocks, one date, heavy nights: 5 % tests reject about 5 % (B = 40: attainable 4.9 %)."""
    book = market_book({f"S{k:02d}": 1.0 for k in range(60)}, BARS, seed=5, night=8.0)
    rows = [
        f"e{k},2024-0{m}-16T{h}:05:00-04:00,minute,deal,X,x,s,,,"
        for k, (m, h) in enumerate([(4, 16), (4, 11), (5, 16), (5, 13)])
    ]
    found = made_up_study(tmp_path, book, rows).car.query("last >= 0")
    for _, part in found.groupby(["first", "last"]):
        if len(part) < 200:
            continue
        share = (part["placebo_p_value"] <= 0.05).mean()
        assert 0.01 < share < 0.10
        assert 0.01 < (part["p_value"] <= 0.05).mean() < 0.11
