"""Numbers under stress, through the whole study: a number or a refusal, never NaN without a reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from signals import run_study
from signals.errors import DataError
from signals.frames import Days, Floats
from signals.prices import PriceBook, PriceHistory, PriceRequest, PriceUnavailable
from signals.prices.series import assemble
from signals.reports.result import StudyResult
from tests.study.prices import market_book, sessions, study

NOW = datetime(2024, 6, 1, tzinfo=UTC)
ROWS = [
    "e1,2023-03-15,day,deal,A,,,,pre_open,",
    "e2,2023-06-14,day,deal,A,,,,post_close,",
    "e3,2023-09-13,day,other,A,,,,pre_open,",
]
BETAS = {"A": 1.2, "B": 0.8, "C": 0.5}


def rebuilt(book: PriceBook, ticker: str, close: Floats, days: Days | None = None) -> PriceBook:
    """The book with another series, judged as a source would judge it."""
    old = book.histories[ticker]
    days = old.sessions if days is None else days
    request = PriceRequest(ticker, ticker, old.calendar, "1990-01-01", "2035-01-01")
    new = assemble(request, days, {"close": np.asarray(close, dtype=float)}, source="made up")
    return PriceBook({**book.histories, ticker: new}, book.failures, book.source)


def no_silent_nan(result: StudyResult) -> None:
    """Every missing p-value, error or estimate has a status, reason or flag beside it."""
    car = result.car
    told = (car["reason"].fillna("") != "") | (car["flags"].fillna("") != "")
    told |= car["status"] != "complete"
    assert not (car["car"].isna() & ~told).any()
    # A model without a closed prediction variance has no t: its headline is a rank or a placebo.
    bare = car["p_value"].isna() & car["headline_p_value"].isna() & ~told
    assert not bare.any(), car.loc[bare].to_string()
    statistics = result.tables["statistics"]
    bare = statistics["p_value"].isna() & (statistics["reason"].fillna("") == "")
    assert not bare.any(), statistics.loc[bare].to_string()
    for name, frame in result.tables.items():
        numbers = frame.select_dtypes("number")
        assert not np.isinf(numbers.to_numpy(dtype=float, na_value=np.nan)).any(), name
    for frame in (car, statistics):
        p = frame["p_value"].dropna()
        assert ((p >= 0) & (p <= 1)).all()
    for column in [c for c in car.columns if c.endswith("p_value") or c.endswith("_p")]:
        p = pd.to_numeric(car[column], errors="coerce").dropna()
        assert ((p >= 0) & (p <= 1)).all(), column
    counts = result.manifest["counts"]
    assert counts["requested"] == counts["used"] + counts["pending"] + counts["excluded"]


def walk(book: PriceBook, ticker: str = "A") -> Floats:
    return np.array(book.histories[ticker].columns["close"])


def _constant(close: Floats) -> Floats:
    return np.full(len(close), 100.0)


def _one(close: Floats) -> Floats:
    return np.where(np.arange(len(close)) == 300, close, np.nan)


def _none(close: Floats) -> Floats:
    return np.full(len(close), np.nan)


def _tiny(close: Floats) -> Floats:
    return close * 1e-308


def _huge(close: Floats) -> Floats:
    return close / close.max() * 1.7e308


def _both(close: Floats) -> Floats:
    return np.where(np.arange(len(close)) % 2, 1e-308, 1.7e308)


def _moves(close: Floats) -> Floats:
    return close * np.where(np.arange(len(close)) % 40 == 0, 11.0, 1.0)


def _crash(close: Floats) -> Floats:
    return np.where(np.arange(len(close)) > 300, close * 1e-9, close)


def _two_values(close: Floats) -> Floats:
    return np.where(np.arange(len(close)) % 2, 100.0, 101.0)


def _every_other(close: Floats) -> Floats:
    return np.where(np.arange(len(close)) % 2, close, np.nan)


def _denormal(close: Floats) -> Floats:
    return np.full(len(close), 5e-324)


SERIES: dict[str, Callable[[Floats], Floats]] = {
    "constant": _constant, "one observation": _one, "all missing": _none, "1e-308": _tiny,
    "1e308": _huge, "1e-308 and 1e308 in turn": _both, "moves of 1,000 %": _moves,
    "a fall to a billionth": _crash, "two values": _two_values, "every other day": _every_other,
    "the smallest number there is": _denormal,
}  # fmt: skip


@pytest.mark.parametrize("where", ["A", "SPY"])
@pytest.mark.parametrize("shape", SERIES)
def test_extreme_series(shape: str, where: str, tmp_path: Path) -> None:
    spec, events = study(tmp_path, ROWS, calibration={"draws": 60})
    book = market_book(BETAS)
    try:
        book = rebuilt(book, where, SERIES[shape](walk(book, where)))
        result = run_study(spec, events, book, now=NOW)
    except (DataError, PriceUnavailable):
        return  # refused in words: tests of each refusal stand elsewhere
    no_silent_nan(result)


@pytest.mark.parametrize("model", ["market", "constant_mean", "market_adjusted", "garch", "huber"])
@pytest.mark.parametrize("shape", ["constant", "two values", "1e-308", "moves of 1,000 %"])
def test_extreme_series_under_other_models(shape: str, model: str, tmp_path: Path) -> None:
    spec, events = study(tmp_path, ROWS, study={
        "id": "s", "event_window": [-2, 2], "car_windows": [[0, 0], [0, 1]], "model": model,
    })  # fmt: skip
    book = market_book(BETAS)
    book = rebuilt(book, "A", SERIES[shape](walk(book)))
    no_silent_nan(run_study(spec, events, book, now=NOW))


def test_an_asset_that_is_its_benchmark(tmp_path: Path) -> None:
    spec, events = study(tmp_path, ROWS, calibration={"draws": 60})
    book = market_book(BETAS)
    result = run_study(spec, events, rebuilt(book, "A", walk(book, "SPY")), now=NOW)
    no_silent_nan(result)
    rows = result.car.query("ticker == 'A' and status == 'complete'")
    assert rows["p_value"].isna().all() or (rows["car"].abs() < 1e-12).all()


@pytest.mark.parametrize("returns", ["simple", "log"])
@pytest.mark.parametrize("missing", ["strict", "available", "trade_to_trade"])
def test_missing_policies_on_a_series_full_of_holes(
    missing: str, returns: str, tmp_path: Path
) -> None:
    spec, events = study(tmp_path, ROWS, study={
        "id": "s", "event_window": [-2, 2], "car_windows": [[0, 0], [-2, 2]], "missing": missing,
        "returns": returns,
    }, estimation={"length": 100, "min_returns": 20})  # fmt: skip
    book = market_book(BETAS)
    close = walk(book)
    close[np.random.default_rng(3).random(len(close)) < 0.3] = np.nan
    no_silent_nan(run_study(spec, events, rebuilt(book, "A", close), now=NOW))


def priced(ticker: str, calendar: str, first: str, last: str, seed: int) -> PriceHistory:
    days = sessions(first, last, calendar)
    steps = np.random.default_rng(seed).normal(0.0003, 0.012, len(days))
    request = PriceRequest(ticker, ticker, calendar, first, last)
    return assemble(request, days, {"close": 50 * np.exp(np.cumsum(steps))}, source="made up")


# An instant and, by calendar, the session whose close-to-close return can hold the reaction.
DAYS: dict[str, tuple[str, dict[str, str]]] = {
    "leap day": ("2024-02-29T10:00:00-05:00", {
        "XNYS": "2024-02-29", "XTKS": "2024-03-01", "XPAR": "2024-02-29", "24/7": "2024-02-29"}),
    "night that clocks go forward in New York": ("2024-03-10T03:30:00-04:00", {
        "XNYS": "2024-03-11", "XTKS": "2024-03-11", "XPAR": "2024-03-11", "24/7": "2024-03-10"}),
    "between the clock changes of two continents": ("2024-03-20T12:15:00-04:00", {
        "XNYS": "2024-03-20", "XTKS": "2024-03-21", "XPAR": "2024-03-20", "24/7": "2024-03-20"}),
    "a half day, after its early close": ("2024-11-29T13:05:00-05:00", {
        "XNYS": "2024-12-02", "XTKS": "2024-12-02", "XPAR": "2024-12-02", "24/7": "2024-11-29"}),
    "a half day, before its early close": ("2024-11-29T12:55:00-05:00", {
        "XNYS": "2024-11-29", "XTKS": "2024-12-02", "XPAR": "2024-12-02", "24/7": "2024-11-29"}),
    "New York closed unscheduled": ("2025-01-09T10:00:00-05:00", {
        "XNYS": "2025-01-10", "XTKS": "2025-01-10", "XPAR": "2025-01-09", "24/7": "2025-01-09"}),
    "the lunar new year of Taipei": ("2024-02-08T10:00:00+08:00", {
        "XTAI": "2024-02-15", "XNYS": "2024-02-08", "24/7": "2024-02-08"}),
    "the last minute of a UTC day": ("2024-06-03T23:59:00+00:00", {
        "XNYS": "2024-06-04", "XTKS": "2024-06-04", "24/7": "2024-06-03"}),
}  # fmt: skip


@pytest.mark.parametrize("case", DAYS)
def test_days_that_calendars_disagree_on(case: str, tmp_path: Path) -> None:
    instant, expected = DAYS[case]
    assets: list[dict[str, Any]] = [
        {"ticker": f"T{n}", "group": "g", "calendar": c, "benchmark": f"B{n}"}
        for n, c in enumerate(expected)
    ]
    spec, events = study(
        tmp_path, [f"e,{instant},minute,deal,A,,,,,"], assets=assets, calibration={"draws": 60}
    )
    first, last = "2023-06-01", "2025-06-30"
    histories = {}
    for n, calendar in enumerate(expected):
        for k, ticker in enumerate((f"T{n}", f"B{n}")):
            histories[ticker] = priced(ticker, calendar, first, last, 10 * n + k)
    result = run_study(
        spec, events, PriceBook(histories, source="made up"), now=datetime(2025, 9, 1, tzinfo=UTC)
    )
    no_silent_nan(result)
    zero = result.events.set_index("ticker")["day_zero"].astype(str).str[:10]
    assert {c: zero[f"T{n}"] for n, c in enumerate(expected)} == expected
    assert set(result.events["status"]) == {"complete"}


def test_a_closure_that_the_calendar_does_not_know_is_told(tmp_path: Path) -> None:
    """The typhoon of 2024-10-31 closed Taipei unscheduled: no price, so no return, and no guess."""
    assets = [{"ticker": "T", "group": "g", "calendar": "XTAI", "benchmark": "B"}]
    spec, events = study(
        tmp_path, ["e,2024-10-31T11:00:00+08:00,minute,deal,A,,,,,"], assets=assets
    )
    histories = {}
    for k, ticker in enumerate("TB"):
        whole = priced(ticker, "XTAI", "2024-01-02", "2025-01-31", k)
        open_days = whole.sessions != np.datetime64("2024-10-31")
        request = PriceRequest(ticker, ticker, "XTAI", "2024-01-02", "2025-01-31")
        close = {"close": whole.columns["close"][open_days]}
        histories[ticker] = assemble(request, whole.sessions[open_days], close, source="made up")
    book = PriceBook(histories, source="made up")
    with pytest.raises(DataError, match="no return of T on day zero 2024-10-31"):
        run_study(spec, events, book, now=datetime(2025, 9, 1, tzinfo=UTC))
