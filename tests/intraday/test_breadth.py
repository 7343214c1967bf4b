"""How many fell: counted, weighted, and against placebo windows (bars and sessions)."""

from __future__ import annotations

import numpy as np
import pytest

from signals.breadth import breadth_table, value_weights
from signals.prices import PriceBook
from signals.spec.study import SharesSpec
from tests.intraday.making import bars_between, made_up_study, market_book
from tests.study.prices import market_book as daily_book
from tests.study.prices import study as daily_study

BARS = bars_between("2024-01-02", "2024-06-28")
ROW = "e,2024-04-17T10:45:00-04:00,minute,deal,X,x,s,,,"
HOUR = "2024-04-17T14:30"
TICKERS = "ABCDEFGHIJ"


def by_hand(result, first, last):
    """Share fallen and its placebos from the panel's raw returns, in plain loops."""
    panel = result.panel
    cols = range(panel.columns((first, last)).start, panel.columns((first, last)).stop)
    fell = np.prod(1 + panel.actual[:, cols], axis=1) < 1
    grid = panel.est_actual.reshape(len(panel), -1, panel.slots)
    shares = []
    for j in range(grid.shape[1]):
        days = [j + int(panel.day[0, c] - panel.day[0, cols[0]]) for c in cols]
        if max(days) >= grid.shape[1]:
            continue
        cells = np.array([grid[:, d, panel.slot[0, c]] for d, c in zip(days, cols, strict=True)]).T
        if np.isfinite(cells).all():
            shares.append((np.prod(1 + cells, axis=1) < 1).mean())
    return fell, np.array(shares)


@pytest.mark.parametrize("window", [(0, 0), (0, 1), (-10, -1)])
def test_the_count_and_its_placebos(tmp_path, window):
    moves = {(t, HOUR): -0.02 for t in TICKERS[:8]}
    book = market_book(dict.fromkeys(TICKERS, 1.0), BARS, moves=moves)
    result = made_up_study(tmp_path, book, [ROW])
    row = result.table("breadth").set_index(["first", "last"]).loc[window]
    fell, shares = by_hand(result, *window)
    assert (row["n_assets"], row["n_fell"]) == (10, fell.sum())
    assert row["share_fell"] == fell.mean()
    assert row["placebo_mean"] == pytest.approx(shares.mean())
    assert row["n_placebos"] == len(shares)
    assert row["p_value_fell"] == (1 + (shares >= fell.mean() - 1e-12).sum()) / (len(shares) + 1)
    assert "no value weights: [shares] has no A" in row["reason"]


def test_all_fall_with_the_market_more_often_than_independent_coins_say(tmp_path):
    """Ten assets that follow the market: all ten falling together is an ordinary hour."""
    book = market_book(dict.fromkeys(TICKERS, 8.0), BARS, moves={("SPY", HOUR): 0.0})
    moves = {(t, HOUR): -0.01 for t in TICKERS}
    calm = market_book(dict.fromkeys(TICKERS, 8.0), BARS, moves=moves)
    result = made_up_study(tmp_path, PriceBook({**book.histories, **calm.histories}), [ROW])
    row = result.table("breadth").set_index(["first", "last"]).loc[(0, 0)]
    assert row["share_fell"] == 1.0
    assert row["p_value_fell"] > 0.15  # against 2⁻¹⁰ for coins


def test_the_subject_is_left_out_and_groups_stand_apart(tmp_path):
    book = market_book(dict.fromkeys("ABCDE", 1.0), BARS)
    assets = [{"ticker": t, "group": "g" if t < "D" else "h"} for t in "ABCDE"]
    row = ROW.replace(",X,", ",A,")
    found = made_up_study(tmp_path, book, [row], assets=assets).table("breadth")
    assert found.query("first == 0 and last == 0").set_index("group")["n_assets"].to_dict() == {
        "g": 2,
        "h": 2,
    }


def test_value_weights(tmp_path):
    book = market_book(dict.fromkeys("ABC", 1.0), BARS)
    shares = {
        t: {"count": n, "as_of": "2024-04-01"} for t, n in zip("ABC", (1e9, 2e9, 1e9), strict=True)
    }
    result = made_up_study(tmp_path, book, [ROW], shares=shares)
    row = result.table("breadth").set_index(["first", "last"]).loc[(0, 1)]
    panel = result.panel
    start = panel.sessions[0, panel.columns((0, 1))][0]
    caps = [
        n * h.columns["close"][h.sessions < start][-1]
        for n, h in zip((1e9, 2e9, 1e9), (book.histories[t] for t in "ABC"), strict=True)
    ]
    total = np.prod(1 + panel.actual[:, panel.columns((0, 1))], axis=1) - 1
    assert row["value_weighted"] == pytest.approx(np.average(total, weights=caps))
    assert row["equal_weighted"] == pytest.approx(total.mean())
    assert 0 < row["value_weighted_p_value"] <= 1
    few = {"A": SharesSpec(count=1.0, as_of="2024-04-01")}
    assert value_weights(panel, (0, 1), book, few)[1] == "[shares] has no B"


def test_members_on_different_dates_are_no_breadth(tmp_path):
    result = made_up_study(tmp_path, market_book(dict.fromkeys("AB", 1.0), BARS), [ROW])
    moved = result.panel.sessions.copy()
    moved[1] += np.timedelta64(1, "D")
    from dataclasses import replace

    found = breadth_table(replace(result.panel, sessions=moved), [(0, 0)], {}, result.prices, {})
    assert found.iloc[0]["status"] == "not_applicable"
    assert "mixed_dates" in found.iloc[0]["reason"]


def test_daily_breadth_against_runs_of_sessions(tmp_path):
    from signals import run_study

    spec, events = daily_study(tmp_path, ["e,2023-06-14T12:00:00-04:00,minute,deal,X,x,s,,,"])
    result = run_study(spec, events, daily_book({"A": 1.0, "B": 1.1, "C": 0.9}))
    row = result.table("breadth").set_index(["first", "last"]).loc[(0, 1)]
    panel = result.panel
    runs = np.array([
        np.prod(1 + panel.est_actual[:, t : t + 2], axis=1) - 1 for t in range(panel.est_actual.shape[1] - 1)
    ])  # fmt: skip
    shares = (runs < 0).mean(axis=1)
    fell = (np.prod(1 + panel.actual[:, panel.columns((0, 1))], axis=1) < 1).mean()
    assert row["n_placebos"] == len(shares) == 99
    assert row["p_value_fell"] == pytest.approx((1 + (shares >= fell - 1e-12).sum()) / 100)
