"""Who else moved: roles, joint tests, and Holm over the roles of one event."""

from __future__ import annotations

import numpy as np
import pytest

from signals import run_study
from signals.inference import STATISTICS, Settings
from tests.intraday.making import bars_between, made_up_study, market_book
from tests.study.prices import market_book as daily_book
from tests.study.prices import study as daily_study

BARS = bars_between("2024-01-02", "2024-06-28")
GROUPS = {
    "M": "subject",
    "N": "subject",
    **dict.fromkeys("ABC", "rivals"),
    **dict.fromkeys("DEF", "suppliers"),
}
ROW = "e,2024-04-16T16:05:00-04:00,minute,deal,M,x,s,,,"
NIGHT = "2024-04-16T20:00"


def spillovers(tmp_path):
    moves = {("M", NIGHT): -0.1, **{(t, NIGHT): -0.05 for t in "ABC"}}
    book = market_book(dict.fromkeys(GROUPS, 1.0), BARS, moves=moves)
    assets = [{"ticker": t, "group": g} for t, g in GROUPS.items()]
    return made_up_study(tmp_path, book, [ROW], assets=assets)


def test_the_roles_that_moved_are_named(tmp_path):
    result = spillovers(tmp_path)
    found = result.table("spillovers").query("first == 0 and last == 0").set_index("role")
    assert found["n_assets"].to_dict() == {"subject": 1, "peers": 1, "rivals": 3, "suppliers": 3}
    assert found.loc["rivals", "tickers"] == "A;B;C"
    assert found.loc["rivals", "test"] == "same_hours_portfolio_p"
    assert found.loc["subject", "test"] == "rank_p"
    assert found.loc["rivals", "car"] == pytest.approx(-0.05, abs=0.015)
    assert found.loc["rivals", "p_value"] == pytest.approx(1 / 41)
    # 4 roles: the smallest p times 4 is 0.098 with 40 sessions, so nothing could reach 5 %.
    assert found.loc["rivals", "holm_p"] == pytest.approx(4 / 41)
    at_its_smallest = found["p_value"] == 1 / 41
    assert (found["moved"] == np.where(at_its_smallest, "undecided", "no")).all()
    assert "coarse_p: 4 roles" in found.loc["subject", "reason"]
    assert "hotelling: intraday" in found.loc["rivals", "reason"]
    p = result.car.query("first == 0 and last == 0").set_index("ticker")["headline_p_value"]
    assert found.loc["peers", "p_value"] == p["N"]


def test_holm_steps_down(tmp_path):
    rows = (
        spillovers(tmp_path)
        .table("spillovers")
        .query("first == 0 and last == 0")
        .sort_values("p_value")
    )
    running = 0.0
    for k, (p, holm) in enumerate(zip(rows["p_value"], rows["holm_p"], strict=True)):
        running = max(running, min(1.0, (4 - k) * p))
        assert holm == pytest.approx(running)


def test_daily_roles_have_all_three_joint_tests(tmp_path):
    assets = [
        {"ticker": t, "group": g} for t, g in zip("MABC", ("subject", *["rivals"] * 3), strict=True)
    ]
    spec, events = daily_study(
        tmp_path, ["e,2023-06-14T12:00:00-04:00,minute,deal,M,x,s,,,"], assets=assets
    )
    result = run_study(spec, events, daily_book(dict.fromkeys("MABC", 1.0)))
    row = result.table("spillovers").set_index(["role", "first", "last"]).loc[("rivals", 0, 1)]
    rivals = result.panel.take(np.flatnonzero(result.panel.group == "rivals"))
    for column, name in (
        ("portfolio_p_value", "portfolio_rank_p"), ("adjusted_bmp_p_value", "adjusted_bmp_t"),
        ("hotelling_p_value", "hotelling_f"),
    ):  # fmt: skip
        assert row[column] == STATISTICS[name].function(rivals, (0, 1), Settings()).p_value
    assert (row["test"], row["p_value"]) == ("portfolio_rank_p", row["portfolio_p_value"])


def test_a_study_without_groups_has_no_roles(tmp_path):
    book = market_book({"A": 1.0}, BARS)
    result = made_up_study(tmp_path, book, [ROW], assets=[{"ticker": "A"}])
    assert "spillovers" not in result.tables
    assert result.table("spillovers").empty


def test_raised_variance_takes_the_word_from_the_portfolio(tmp_path):
    """Members that move apart by many deviations: the portfolio's test is no longer recommended."""
    from dataclasses import replace

    from signals.spillovers import spillovers_table

    assets = [{"ticker": t, "group": "rivals"} for t in "ABCD"]
    spec, events = daily_study(
        tmp_path, ["e,2023-06-14T12:00:00-04:00,minute,deal,X,x,s,,,"], assets=assets
    )
    panel = run_study(spec, events, daily_book(dict.fromkeys("ABCD", 1.0))).panel
    column = panel.columns((0, 0)).start
    ar = panel.ar.copy()
    ar[:, column] += [0.1, -0.06, 0.08, -0.02]
    moved = spillovers_table(replace(panel, ar=ar), [(0, 0)], {}, Settings()).iloc[0]
    assert moved["test"] == "adjusted_bmp_t"
    assert moved["p_value"] == moved["adjusted_bmp_p_value"]


def test_more_sessions_decide(tmp_path):
    bars = bars_between("2023-09-01", "2024-06-28")
    book = market_book({"M": 1.0, "A": 1.0, "B": 1.0}, bars, moves={("M", NIGHT): -0.1})
    assets = [{"ticker": t, "group": "subject" if t == "M" else "rivals"} for t in "MAB"]
    result = made_up_study(
        tmp_path, book, [ROW], assets=assets, estimation={"length": 120, "min_returns": 100}
    )
    found = result.table("spillovers").query("first == 0 and last == 0").set_index("role")
    assert found.loc["subject", "p_value"] == pytest.approx(1 / 121)
    assert found["moved"].to_dict() == {"subject": "down", "rivals": "no"}
