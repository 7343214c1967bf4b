"""Assets on several benchmarks: tokens on bitcoin and ether, regions on their own index."""

from __future__ import annotations

import numpy as np
import pytest

from signals import run_study
from signals.errors import SpecError
from signals.inference import STATISTICS, Settings
from signals.plan import plan_study
from signals.prices import PriceBook
from tests.study.prices import history, market_book, sessions, study

ROW = "e,2023-06-14T12:00:00-04:00,minute,deal,X,x,s,,,"


def two_factor_book() -> PriceBook:
    rng = np.random.default_rng(8)
    found = dict(market_book({"C": 1.0, "D": 1.0, "E": 1.2}).histories)
    days = sessions("2022-01-03", "2023-12-29")
    ether = rng.normal(0, 0.02, len(days))
    spy = found["SPY"].columns["close"]
    market = np.r_[0, spy[1:] / spy[:-1] - 1]
    found["ETH"] = history("ETH", days, ether)
    for t in "AB":
        found[t] = history(t, days, 0.5 * market + 0.8 * ether + rng.normal(0, 0.005, len(days)))
    return PriceBook(found, source="made up")


def assets():
    two = [{"ticker": t, "group": "tokens", "benchmark": ["SPY", "ETH"]} for t in "AB"]
    return [*two, *({"ticker": t, "group": "shares"} for t in "CDE")]


def test_a_slope_for_each_benchmark(tmp_path):
    spec, events = study(tmp_path, [ROW], study={"model": "multi_market"}, assets=assets())
    prices = two_factor_book()
    result = run_study(spec, events, prices)
    models = result.models.set_index("ticker")
    assert models.loc["A", "beta"] == pytest.approx(0.5, abs=0.2)
    assert models.loc["A", "beta_ETH"] == pytest.approx(0.8, abs=0.1)
    assert np.isnan(models.loc["C", "beta_ETH"])
    assert (models.loc["A", "df_resid"], models.loc["C", "df_resid"]) == (97, 98)
    # By hand: lstsq on the two benchmarks.
    panel = result.panel
    i = int(np.flatnonzero(panel.ticker == "A")[0])
    x = panel.est_design[i]
    b = np.linalg.lstsq(x, panel.est_actual[i], rcond=None)[0]
    assert models.loc["A", "beta_ETH"] == pytest.approx(b[2], rel=1e-9)
    assert panel.benchmark[i] == "SPY+ETH"
    assert {r.ticker for r in plan_study(spec, events).requests} == {*"ABCDE", "SPY", "ETH"}


def test_pairs_with_fewer_benchmarks_are_not_changed_by_the_others(tmp_path):
    """C, D, E alone, and C, D, E beside tokens with more columns: the same numbers."""
    prices = two_factor_book()
    spec, events = study(tmp_path, [ROW], study={"model": "multi_market"}, assets=assets())
    alone, _ = study(tmp_path, [ROW], study={"model": "market"}, assets=assets()[2:])
    both, one = run_study(spec, events, prices), run_study(alone, events, prices)
    key = ["ticker", "first", "last"]
    ours = both.car[both.car["ticker"].isin(list("CDE"))].set_index(key)
    np.testing.assert_allclose(ours["car"], one.car.set_index(key)["car"], rtol=1e-12)
    np.testing.assert_allclose(ours["std_error"], one.car.set_index(key)["std_error"], rtol=1e-12)
    padded = both.panel.take(np.flatnonzero(both.panel.group == "shares"))
    for name, row in STATISTICS.items():
        if row.scope != "group":
            continue
        a, b = (row.function(p, (0, 1), Settings()) for p in (padded, one.panel))
        assert a.status == b.status, name
        np.testing.assert_allclose(a.p_value, b.p_value, rtol=1e-9, err_msg=name)


def test_one_model_takes_one_benchmark(tmp_path):
    spec, events = study(tmp_path, [ROW], assets=assets())
    with pytest.raises(SpecError, match="A has several benchmarks"):
        plan_study(spec, events)


def test_a_further_benchmark_without_prices_excludes(tmp_path):
    spec, events = study(tmp_path, [ROW], study={"model": "multi_market"}, assets=assets())
    prices = two_factor_book()
    less = {t: h for t, h in prices.histories.items() if t != "ETH"}
    result = run_study(spec, events, PriceBook(less))
    assert set(result.excluded["ticker"]) == {"A", "B"}
    assert set(result.excluded["code"]) == {"no_benchmark"}
    assert "ETH" in result.excluded["detail"].iloc[0]


def test_regions_name_their_benchmark(tmp_path):
    listed = [
        {"ticker": "A"},
        {"ticker": "P", "calendar": "XPAR"},
        {"ticker": "Q", "calendar": "XPAR", "benchmark": "CAC"},
    ]
    market = {"benchmark": "SPY", "benchmarks": {"XPAR": "^FCHI", "XTKS": "^N225"}}
    spec, _ = study(tmp_path, [ROW], assets=listed, market=market)
    assert [a.benchmark for a in spec.assets] == [None, "^FCHI", "CAC"]
