"""Trade-to-trade returns against weighted least squares by statsmodels, and through the study."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm

from signals import run_study
from signals.errors import SpecError
from signals.prices import PriceBook
from tests.study.prices import market_book, study, with_missing

NOW = datetime(2024, 6, 1, tzinfo=UTC)
ROWS = ["e,2023-06-15,day,deal,A,,,,pre_open,A"]
GAPS = ("2023-02-14", "2023-02-15", "2023-03-08", "2023-04-20", "2023-06-15")


def thin_book() -> PriceBook:
    book = market_book({"A": 1.3, "B": 1.0, "C": 1.0})
    for day in GAPS:
        book = with_missing(book, "A", day)
    return book


def rows_by_hand(book: PriceBook) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Asset and market return from trade to trade and the sessions between, by a plain loop."""
    days = book.histories["A"].sessions
    own, bench = (book.histories[t].columns["close"] for t in ("A", "SPY"))
    y, x, n = (np.full(len(days), np.nan) for _ in range(3))
    last = 0
    for t in range(1, len(days)):
        if np.isfinite(own[t]):
            y[t], x[t], n[t] = own[t] / own[last] - 1, bench[t] / bench[last] - 1, t - last
            last = t
    return y, x, n, int(np.flatnonzero(days == np.datetime64("2023-06-15"))[0])


def test_agrees_with_weighted_least_squares(tmp_path: Path) -> None:
    book = thin_book()
    spec, events = study(tmp_path, ROWS, study={"missing": "trade_to_trade"})
    result = run_study(spec, events, book, now=NOW)
    y, x, n, zero = rows_by_hand(book)
    est = np.arange(zero - 102, zero - 2)
    est = est[np.isfinite(y[est])]
    design = np.column_stack([n, x])
    fit = sm.WLS(y[est], design[est], weights=1 / n[est]).fit()
    model = result.models.iloc[0]
    assert model["n_obs"] == len(est) == 96
    assert model["alpha"] == pytest.approx(fit.params[0], rel=1e-9)
    assert model["beta"] == pytest.approx(fit.params[1], rel=1e-9)
    assert model["sigma"] == pytest.approx(np.sqrt(fit.mse_resid), rel=1e-9)

    # Day zero has no price: [0, 0] is undefined, [0, 1] is one return over two sessions.
    car = result.car.set_index(["first", "last"])
    assert np.isnan(car.loc[(0, 0), "car"])
    assert car.loc[(0, 0), "status"] == "incomplete"
    row = car.loc[(0, 1)]
    ahead = design[zero + 1]
    assert n[zero + 1] == 2
    assert row["car"] == pytest.approx(y[zero + 1] - ahead @ fit.params, rel=1e-9)
    variance = fit.mse_resid * (2 + ahead @ fit.normalized_cov_params @ ahead)
    assert row["std_error"] == pytest.approx(np.sqrt(variance), rel=1e-9)
    assert row["status"] == "complete"
    assert row["flags"] == "return_across_gap;trade_to_trade:3"
    assert car.loc[(-2, 2), "status"] == "complete"


def test_without_gaps_it_is_the_market_model(tmp_path: Path) -> None:
    book = market_book({"A": 1.3, "B": 1.0, "C": 1.0})
    plain = run_study(*study(tmp_path, ROWS), book, now=NOW)
    spec, events = study(tmp_path, ROWS, study={"missing": "trade_to_trade"})
    other = run_study(spec, events, book, now=NOW)
    np.testing.assert_allclose(other.car["car"], plain.car["car"], rtol=1e-10)
    np.testing.assert_allclose(other.car["std_error"], plain.car["std_error"], rtol=1e-10)


def test_models_without_a_measure_from_trade_to_trade_are_refused(tmp_path: Path) -> None:
    settings = {"missing": "trade_to_trade", "model": "peer_index"}
    spec, events = study(tmp_path, ROWS, study=settings)
    with pytest.raises(SpecError, match=r"study\.missing"):
        run_study(spec, events, thin_book(), now=NOW)
