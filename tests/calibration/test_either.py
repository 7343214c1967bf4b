"""News on one of two sessions: p by placebo dates, by a plain loop and by its size."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from signals import run_study
from signals.calibration.either import (
    BY_ESTIMATION,
    BY_PLACEBO,
    MOST_DATES,
    either_p,
    max_p,
    placebo_maxima,
)
from signals.panel import AbnormalPanel
from tests.calibration.worlds import (
    World,
    dates_of,
    estimated,
    pairs_on,
    panel_of_draw,
    series_of,
)
from tests.study.prices import market_book, study

NOW = datetime(2024, 6, 3, tzinfo=UTC)


def largest(panel: AbnormalPanel, i: int) -> float:
    """max of two |AR| over their forecast errors, one pair."""
    return max(
        abs(panel.car(w)[i]) / float(np.sqrt(panel.car_variance(w)[i])) for w in ((0, 0), (1, 1))
    )


def test_p_is_the_share_of_placebo_dates_by_a_plain_loop() -> None:
    returns = pairs_on(series_of(World(assets=4, tail=4)), ["2021-03-01", "2021-06-01"])
    dates = dates_of(returns, 130)
    panel = estimated(returns).panel
    assert panel is not None
    pairs = np.array([1, 6])
    found, method = either_p(
        panel.take(pairs),
        placebo_maxima(returns, "market", dates, pairs, min_returns=60, missing="strict"),
    )
    assert list(method) == [BY_PLACEBO] * 2
    for k, i in enumerate(pairs):
        observed, count, beyond = largest(panel, i), 0, 0
        for d in range(len(dates)):
            if dates.zero[d, i] < 0:
                continue
            only = np.where(np.arange(len(returns)) == i, dates.zero[d], -1)
            count += 1
            beyond += largest(panel_of_draw(returns, only), 0) >= observed
        assert found[k] == pytest.approx((1 + beyond) / (1 + count))


@pytest.mark.parametrize(("tail", "rho"), [(0.0, 0.0), (4.0, 0.3)])
def test_its_size_is_the_level(tail: float, rho: float) -> None:
    """480 pairs on days on which nothing happened, normal and fat-tailed."""
    days = [f"2021-{m:02d}-{d:02d}" for m in range(2, 8) for d in (8, 22)]
    world = World(assets=40, sessions=1100, tail=tail, rho=rho, seed=11)
    returns = pairs_on(series_of(world), days, event_window=(0, 1))
    dates = dates_of(returns, 400, seed=3)
    panel = estimated(returns).panel
    assert panel is not None
    placebo = placebo_maxima(
        returns, "market", dates, np.arange(len(returns)), min_returns=60, missing="strict"
    )
    p, method = either_p(panel, placebo)
    assert set(method) == {BY_PLACEBO}
    assert 0.02 <= (p <= 0.05).mean() <= 0.085
    assert 0.14 <= (p <= 0.2).mean() <= 0.26


def test_an_effect_on_either_session_is_found() -> None:
    series = series_of(World(assets=6, sessions=1100))
    returns = pairs_on(series, ["2021-06-01"], event_window=(0, 1))
    dates = dates_of(returns, 300)
    panel = estimated(returns).panel
    assert panel is not None
    every = np.arange(len(returns))
    placebo = placebo_maxima(returns, "market", dates, every, min_returns=60, missing="strict")
    zero = int(np.flatnonzero(panel.tau == 0)[0])
    for session in (zero, zero + 1):
        moved = panel.ar.copy()
        moved[:, session] += 8 * panel.sigma
        p, _ = either_p(replace(panel, ar=moved), placebo)
        assert (p < 0.01).all()


def test_without_enough_placebo_dates_the_estimation_window_is_used_and_named() -> None:
    returns = pairs_on(series_of(World(assets=3)), ["2021-06-01"])
    panel = estimated(returns).panel
    assert panel is not None
    every = np.arange(3)
    few = dates_of(returns, 60)
    arguments = {"min_returns": 60, "missing": "strict"}
    assert placebo_maxima(returns, "market", few, every, **arguments) is None
    assert placebo_maxima(returns, "garch", dates_of(returns, 200), every, **arguments) is None
    assert placebo_maxima(returns, "market", None, every, **arguments) is None
    p, method = either_p(panel, None)
    np.testing.assert_array_equal(p, max_p(panel))
    assert set(method) == {BY_ESTIMATION}
    sparse = np.full((150, 3), np.nan)
    sparse[:, 0] = 1.0
    assert list(either_p(panel, sparse)[1]) == [BY_PLACEBO, BY_ESTIMATION, BY_ESTIMATION]


def test_draws_beyond_the_most_are_spread_over_all() -> None:
    returns = pairs_on(series_of(World(assets=2, sessions=1100)), ["2021-06-01"])
    dates = dates_of(returns, 700)
    assert len(dates) > MOST_DATES
    found = placebo_maxima(returns, "market", dates, np.arange(2), min_returns=60, missing="strict")
    assert found is not None
    assert found.shape == (MOST_DATES, 2)


def test_sensitivity_says_what_each_either_row_rests_on(tmp_path: Path) -> None:
    rows = ["e2,2023-09-01,day,deal,C,two,press,,unknown,"]
    spec, events = study(tmp_path, rows, calibration={"draws": 150})
    book = market_book({"A": 1.0, "B": 0.7, "C": 1.4}, first="2019-01-02")
    table = run_study(spec, events, book, now=NOW).table("sensitivity")
    either = table.query("day_zero_choice == 'either'").set_index("model")
    assert set(either.loc[["market", "constant_mean"], "either_method"]) == {BY_PLACEBO}
    assert set(either.loc[["garch", "huber"], "either_method"]) == {BY_ESTIMATION}
    assert set(table.query("day_zero_choice == 'stated'")["either_method"]) == {""}
    assert either["either_p_value"].between(1 / 500, 1).all()
