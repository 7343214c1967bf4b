"""One event, several exchanges: each asset's own day zero, and closes that are not at one time."""

from __future__ import annotations

import numpy as np

from signals import run_study
from signals.prices import PriceBook
from tests.study.prices import history, sessions, study

EXCHANGES = {"N": "XNYS", "P": "XPAR", "T": "XTAI", "J": "XTKS", "F": "XFRA", "L": "XLON"}


def book() -> PriceBook:
    rng = np.random.default_rng(6)
    found = {}
    for ticker, calendar in EXCHANGES.items():
        days = sessions("2024-06-03", "2026-03-31", calendar)
        market = rng.normal(0, 0.01, len(days))
        found[f"I{ticker}"] = history(f"I{ticker}", days, market, calendar)
        found[ticker] = history(ticker, days, market + rng.normal(0, 0.01, len(days)), calendar)
    return PriceBook(found, source="made up")


def world(tmp_path, announced: str):
    assets = [{"ticker": t, "calendar": c, "group": "world"} for t, c in EXCHANGES.items()]
    market = {
        "benchmark": "IN",
        "calendar": "XNYS",
        "benchmarks": {c: f"I{t}" for t, c in EXCHANGES.items()},
    }
    spec, events = study(
        tmp_path, [f"e,{announced},minute,earnings_call,X,x,s,,,"], assets=assets, market=market
    )
    return run_study(spec, events, book())


def test_results_after_new_yorks_close_reach_asia_and_europe_on_the_next_day(tmp_path):
    """16:06 in New York on 29 October 2025: the 30th everywhere (Tokyo has not opened yet)."""
    events = world(tmp_path, "2025-10-29T16:06:00-04:00").events.set_index("ticker")
    assert set(events["day_zero"]) == {"2025-10-30"}
    assert events["benchmark"].to_dict() == {t: f"I{t}" for t in EXCHANGES}
    assert set(events["status"]) == {"complete"}


def test_news_in_new_yorks_morning_is_the_next_day_in_asia(tmp_path):
    """10:00 in New York on 14 October 2025: Europe is open, Tokyo and Taipei are closed."""
    zero = world(tmp_path, "2025-10-14T10:00:00-04:00").events.set_index("ticker")["day_zero"]
    assert {t: zero[t] for t in "NPFL"} == dict.fromkeys("NPFL", "2025-10-14")
    assert {t: zero[t] for t in "JT"} == dict.fromkeys("JT", "2025-10-15")


def test_the_clocks_of_europe_and_america_change_on_different_sundays(tmp_path):
    """11:45 in New York: 15:45 UTC in the week of the 27th of October (Paris closes at 16:30 UTC
    then) but 16:45 UTC a week later, when New York has changed too: after Paris's close."""
    before = world(tmp_path, "2025-10-28T11:45:00-04:00").events.set_index("ticker")["day_zero"]
    after = world(tmp_path, "2025-11-04T11:45:00-05:00").events.set_index("ticker")["day_zero"]
    assert (before["P"], before["N"]) == ("2025-10-28", "2025-10-28")
    assert (after["P"], after["N"]) == ("2025-11-05", "2025-11-04")
    assert (before["L"], after["L"]) == ("2025-10-28", "2025-11-05")


def test_pooled_closes_are_noted_and_single_exchanges_are_not(tmp_path):
    statistics = world(tmp_path, "2025-10-29T16:06:00-04:00").statistics
    pooled = statistics.query("group_by == 'all'")["reason"]
    assert pooled.str.contains("asynchronous_closes: XFRA, XLON, XNYS, XPAR, XTAI, XTKS").all()
    same = [{"ticker": t, "calendar": "XNYS"} for t in "NQ"]
    prices = book().histories
    prices = {
        **prices,
        "Q": history(
            "Q", prices["N"].sessions, np.r_[0, np.diff(np.log(prices["N"].columns["close"]))] * 0.5
        ),
    }
    rows = ["e,2025-10-29T16:06:00-04:00,minute,earnings_call,X,x,s,,,"]
    spec, events = study(tmp_path, rows, assets=same, market={"benchmark": "IN"})
    alone = run_study(spec, events, PriceBook(prices)).statistics
    assert not alone["reason"].str.contains("asynchronous").any()
