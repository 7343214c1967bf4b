"""Abnormal volume, abnormal variance and the second stage through the whole study."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from signals import run_study
from signals.errors import SpecError
from signals.prices import PriceBook, PriceHistory
from tests.study.prices import market_book, study

ROWS = [f"e{i},2023-0{i}-15,day,{'deal' if i % 2 else 'other'},A,,,,pre_open," for i in range(3, 9)]
NOW = datetime(2024, 6, 1, tzinfo=UTC)


def with_volume(book: PriceBook, tickers: str) -> PriceBook:
    rng = np.random.default_rng(5)
    histories = dict(book.histories)
    for ticker in tickers.split():
        h = histories[ticker]
        volume = np.exp(15 + rng.normal(0, 0.3, len(h.sessions)))
        histories[ticker] = PriceHistory(
            ticker, h.calendar, h.sessions, {**h.columns, "volume": volume}, digest=ticker
        )
    return PriceBook(histories)


def test_volume_is_a_market_model_of_log_volume(tmp_path: Path) -> None:
    book = with_volume(market_book({"A": 1.0, "B": 1.0, "C": 1.0}), "SPY A")
    spec, events = study(tmp_path, ROWS, study={"quantity": "volume"})
    result = run_study(spec, events, book, now=NOW)
    assert set(result.excluded["code"]) == {"no_volume"}
    assert set(result.excluded["ticker"]) == {"B", "C"}
    level = {t: np.log1p(book.histories[t].columns["volume"]) for t in ("A", "SPY")}
    days = book.histories["A"].sessions
    zero = int(np.flatnonzero(days == np.datetime64("2023-06-15"))[0])
    est = slice(zero - 102, zero - 2)
    fit = sm.OLS(level["A"][est], sm.add_constant(level["SPY"][est])).fit()
    ar = level["A"][zero] - fit.predict([1.0, level["SPY"][zero]])[0]
    row = result.car.query("event_id == 'e6' and first == 0 and last == 0").iloc[0]
    assert row["car"] == pytest.approx(ar, rel=1e-10)
    assert np.isnan(row["bhar"])
    with pytest.raises(SpecError, match=r"study\.quantity"):
        run_study(spec, events, market_book({"A": 1.0, "B": 1.0, "C": 1.0}), now=NOW)


def test_variance_ratio_by_hand(tmp_path: Path) -> None:
    book = market_book({"A": 1.0, "B": 0.5, "C": 0.2})
    plain = run_study(*study(tmp_path, ROWS), book, now=NOW)
    spec, events = study(tmp_path, ROWS, study={"quantity": "variance"})
    result = run_study(spec, events, book, now=NOW)
    key = "event_id == 'e5' and ticker == 'B'"
    ar = plain.abnormal_returns.query(key)
    ratio = float((ar["sar"] ** 2).mean())
    row = result.car.query(key + " and first == -2").iloc[0]
    assert row["statistic"] == pytest.approx(ratio, rel=1e-10)
    assert row["car"] == pytest.approx(5 * (ratio - 1), rel=1e-10)
    df = plain.car.query(key)["df"].iloc[0]
    law = stats.f(5, df)
    assert row["p_value"] == pytest.approx(2 * min(law.sf(ratio), law.cdf(ratio)), rel=1e-9)
    assert row["headline_test"] == "placebo_p"
    refused = result.statistics.query("statistic_name == 'patell_z'")
    assert set(refused["status"]) == {"not_applicable"}
    used = result.statistics.query("statistic_name == 'cross_sectional_t' and group_by == 'ticker'")
    assert set(used["status"]) == {"ok"}


def test_a_jump_in_variance_is_found_and_a_quiet_day_is_not(tmp_path: Path) -> None:
    book = market_book({"A": 1.0, "B": 1.0, "C": 1.0}, seed=11)
    days = book.histories["A"].sessions
    zero = int(np.flatnonzero(days == np.datetime64("2023-06-15"))[0])
    close = book.histories["A"].columns["close"].copy()
    for step, shock in enumerate([0.05, -0.06, 0.055, -0.05, 0.05]):
        close[zero - 2 + step :] *= 1 + shock
    loud = PriceHistory("A", "XNYS", days, {"close": close}, digest="loud")
    book = PriceBook({**book.histories, "A": loud})
    spec, events = study(tmp_path, ROWS, study={"quantity": "variance"})
    car = run_study(spec, events, book, now=NOW).car.query("event_id == 'e6' and first == -2")
    p = car.set_index("ticker")["p_value"]
    assert p["A"] < 1e-6
    assert p["B"] > 0.001


def test_second_stage_through_the_study(tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    spec, _ = study(tmp_path, ROWS, regression={"formula": "car ~ C(category) + log_cap"})
    frame = pd.read_csv(file, dtype=str, keep_default_na=False)
    frame["log_cap"] = [str(10 + i) for i in range(len(frame))]
    frame.to_csv(file, index=False)
    from signals.events import read_catalogue

    result = run_study(spec, read_catalogue([file]), market_book({"A": 1, "B": 1, "C": 1}), now=NOW)
    table = result.table("regression")
    assert set(table["covariance"]) == {"HC3", "date_clustered"}
    assert set(table["term"]) == {"Intercept", "C(category)[T.other]", "log_cap"}
    assert set(table["n_obs"]) == {18}
    window = result.car.query("first == 0 and last == 1")
    assert len(window) == 18


def test_a_formula_that_would_run_code_is_refused(tmp_path: Path) -> None:
    spec, events = study(tmp_path, ROWS, regression={"formula": "car ~ print(1)"})
    with pytest.raises(SpecError, match=r"regression\.formula"):
        run_study(spec, events, market_book({"A": 1, "B": 1, "C": 1}), now=NOW)
