"""Prices in a common currency: the product of two series, and what is missing stays missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from signals import run_study
from signals.errors import SpecError
from signals.plan import plan_study
from signals.prices import PriceBook, PriceHistory
from signals.prices.currency import currencies, in_currency, rate_ticker
from tests.study.prices import history, market_book, sessions, study

ROW = "e,2023-06-14T12:00:00-04:00,minute,deal,X,x,s,,,"
ASSETS = [
    {"ticker": "A", "currency": "USD"},
    {"ticker": "P", "currency": "EUR", "calendar": "XPAR", "benchmark": "^FCHI"},
]


def made(tmp_path: Path, **more):
    return study(tmp_path, [ROW], assets=ASSETS, prices={"currency": "USD"}, **more)


def book() -> PriceBook:
    rng = np.random.default_rng(4)
    found = dict(market_book({"A": 1.0}).histories)
    days = sessions("2022-01-03", "2023-12-29", "XPAR")
    market = rng.normal(0, 0.01, len(days))
    found["^FCHI"] = history("^FCHI", days, market, "XPAR")
    found["P"] = history("P", days, market + rng.normal(0, 0.01, len(days)), "XPAR")
    rates = sessions("2022-01-03", "2023-12-29", "XLON")
    found["EURUSD=X"] = history("EURUSD=X", rates, rng.normal(0, 0.005, len(rates)), "XLON")
    return PriceBook(found, source="made up")


def test_prices_are_multiplied_by_the_rate_of_the_same_date(tmp_path):
    spec, _ = made(tmp_path)
    old = book()
    new = in_currency(spec, old)
    local, rate = old.histories["P"], old.histories["EURUSD=X"]
    by_day = dict(zip(rate.sessions.tolist(), rate.columns["close"], strict=True))
    expected = [
        p * by_day.get(d, np.nan)
        for d, p in zip(local.sessions.tolist(), local.columns["close"], strict=True)
    ]
    np.testing.assert_array_equal(new.histories["P"].columns["close"], expected)
    holidays = np.isnan(new.histories["P"].columns["close"])
    assert holidays.any()  # London is closed on days on which Paris trades: no rate, no price
    assert new.histories["A"] is old.histories["A"]
    assert new.histories["P"].currency == new.histories["^FCHI"].currency == "USD"
    assert new.histories["P"].digest != local.digest


def test_the_study_measures_in_dollars_when_asked(tmp_path):
    prices = book()
    spec, events = made(tmp_path)
    dollars = run_study(spec, events, prices).abnormal_returns.query("ticker == 'P'")
    local_spec, _ = study(tmp_path, [ROW], assets=ASSETS)
    euros = run_study(local_spec, events, prices).abnormal_returns.query("ticker == 'P'")
    rate = prices.histories["EURUSD=X"]
    change = dict(
        zip(
            rate.sessions[1:].astype(str),
            rate.columns["close"][1:] / rate.columns["close"][:-1],
            strict=True,
        )
    )
    for ours, local in zip(dollars.itertuples(), euros.itertuples(), strict=True):
        assert 1 + ours.actual_return == pytest.approx(
            (1 + local.actual_return) * change[ours.session]
        )


def test_the_rates_are_asked_for(tmp_path):
    spec, events = made(tmp_path)
    requests = {r.ticker: r for r in plan_study(spec, events).requests}
    assert set(requests) == {"A", "P", "SPY", "^FCHI", "EURUSD=X"}
    assert requests["EURUSD=X"].calendar == "XLON"
    plain, _ = study(tmp_path, [ROW], assets=ASSETS)
    assert {r.ticker for r in plan_study(plain, events).requests} == {"A", "P", "SPY", "^FCHI"}


def test_a_rate_that_cannot_be_had_excludes_its_assets(tmp_path):
    spec, events = made(tmp_path)
    without = {t: h for t, h in book().histories.items() if t != rate_ticker("EUR", "USD")}
    result = run_study(spec, events, PriceBook(without))
    row = result.excluded.iloc[0]
    assert (row["ticker"], row["code"]) == ("P", "no_exchange_rate")
    assert "EURUSD=X" in row["detail"]


def test_every_asset_states_its_currency(tmp_path):
    spec, _ = study(tmp_path, [ROW], assets=[{"ticker": "A"}], prices={"currency": "USD"})
    with pytest.raises(SpecError, match="A states no currency"):
        currencies(spec)


def test_intraday_has_no_common_currency(tmp_path):
    spec, _ = made(tmp_path, study={"event_window": [-2, 2], "car_windows": [[0, 0]]})
    bars = spec.model_copy(update={"prices": spec.prices.model_copy(update={"interval": "1h"})})
    with pytest.raises(SpecError, match="daily closes only"):
        in_currency(
            bars, PriceBook({"P": PriceHistory("P", "XPAR", np.empty(0, "datetime64[D]"), {})})
        )
