"""Claims against prices: every verdict, its reading, its reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from signals.claims import ShareCount, check_claims
from signals.frames import TABLES
from signals.prices.history import PriceBook, PriceFailure, PriceHistory

# Mon 3 … Fri 7, Mon 10, Tue 11 of November 2025
DAYS = np.array(["2025-11-03", "2025-11-04", "2025-11-05", "2025-11-06", "2025-11-07", "2025-11-10", "2025-11-11"], dtype="datetime64[D]")  # fmt: skip
CLOSE = np.array([100.0, 100.0, 100.0, 90.0, 85.5, 85.5, 88.0])
LOW = np.array([99.0, 99.0, 99.0, 88.0, 85.0, 84.0, 85.0])


def _history(ticker: str, close: np.ndarray = CLOSE, low: np.ndarray | None = LOW) -> PriceHistory:
    columns = {"close": close} | ({} if low is None else {"low": low, "high": close + 5})
    return PriceHistory(ticker, "XNYS", DAYS, columns)


BOOK = PriceBook(
    {
        "AAA": _history("AAA"),
        "UP": _history("UP", CLOSE[::-1].copy()),
        "FLAT": _history("FLAT", np.full(7, 10.0)),
    },
    {"GONE": PriceFailure("GONE", "no_prices", "no such series")},
)


def _check(day_zero: str = "2025-11-06", **claim: object) -> dict[str, object]:
    row = {"event_id": "e", "claim_id": "c1", "ticker": "AAA", "metric": "return", "stated": -0.1,
           "unit": "decimal", "window": "session", **claim}  # fmt: skip
    zeros = pd.DataFrame([("e", "AAA", day_zero)], columns=["event_id", "ticker", "day_zero"])
    shares = {"AAA": [ShareCount(1e9, "2025-09-30"), 2e9]}
    groups = {"tokens": ["AAA", "UP", "FLAT", "MISSING"]}
    (found,) = check_claims(pd.DataFrame([row]), zeros, BOOK, shares=shares, groups=groups).to_dict(
        "records"
    )
    return {str(k): v for k, v in found.items()}


def test_columns() -> None:
    empty = check_claims(
        pd.DataFrame(columns=["event_id"]),
        pd.DataFrame(columns=["event_id", "ticker", "day_zero"]),
        BOOK,
    )
    assert tuple(empty.columns) == TABLES["claims"].all


@pytest.mark.parametrize(
    ("claim", "verdict", "measured"),
    [
        ({"stated": -0.10}, "supported", -0.10),
        ({"stated": -0.102}, "contradicted", -0.10),
        ({"stated": 0.10}, "contradicted", -0.10),
        ({"stated": -0.13, "window": "2 days"}, "contradicted", -0.145),
        ({"stated": -0.145, "window": "2 days"}, "supported", -0.145),
        ({"stated": -0.15, "window": "two days", "step": 0.01}, "supported", -0.145),
        ({"stated": -0.15, "window": "2 days", "step": 0.01, "bound": "at_least"}, "supported", -0.145),
        ({"stated": -0.05, "window": "2 days", "bound": "at_least"}, "supported", -0.145),
        ({"stated": -0.20, "bound": "at_most"}, "supported", -0.10),
        ({"stated": -0.145, "window": "Friday's close"}, "supported", -0.145),
        ({"stated": -0.05, "window": "Friday"}, "supported", -0.05),
        ({"stated": -0.10, "window": "Friday's close"}, "supported", -0.10),  # one session fits
        ({"stated": -0.10, "window": "2 days"}, "contradicted", -0.145),  # the words are clear
        ({"stated": -0.145, "window_first": 0, "window_last": 1}, "supported", -0.145),
    ],
)  # fmt: skip
def test_returns(claim: dict[str, object], verdict: str, measured: float) -> None:
    found = _check(**claim)
    assert found["verdict"] == verdict
    assert found["measured"] == pytest.approx(measured)
    assert found["reason"]


def test_a_weekend_report_looks_back_from_its_monday() -> None:
    found = _check("2025-11-10", stated=-0.145, window="Friday's close")
    assert (found["window_first"], found["window_last"]) == (-2, -1)
    assert found["verdict"] == "supported"


def test_an_intraday_low_alone_never_supports() -> None:
    found = _check(stated=-0.12, window="Friday's close")  # the low of Thursday is −12 %
    assert found["verdict"] == "contradicted"
    single = _check(stated=-0.12)
    assert single["verdict"] == "contradicted"
    assert "intraday low −12.00 %" in str(single["reason"])
    assert "direction right, best reading: one session −10.00 %" in str(single["reason"])


@pytest.mark.parametrize(
    ("claim", "part"),
    [
        ({"window": "1 hour"}, "closes cannot show"),
        ({"window": "after hours"}, "closes cannot show"),
        ({"window": "intraday"}, "closes cannot show"),
        ({"ticker": "GONE"}, "no such series"),
        ({"ticker": "NONE"}, "no prices of NONE"),
        ({"event_id": "other"}, "no day zero"),
        ({"metric": "company_figure", "stated": 39e9}, "prices alone cannot"),
        ({"metric": "volume"}, "not checked"),
        ({"window": "9 days"}, "missing"),
    ],
)
def test_unverifiable(claim: dict[str, object], part: str) -> None:
    found = _check(**claim)
    assert found["verdict"] == "unverifiable"
    assert part in str(found["reason"])


def test_day_zero_after_the_prices_end() -> None:
    assert "end before" in str(_check("2025-12-01")["reason"])


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ({"stated": -14e9, "bound": "at_least", "window": "2 days"}, "supported"),  # 14.5 and 29
        ({"stated": -20e9, "bound": "at_least", "window": "2 days"}, "unverifiable"),
        ({"stated": -50e9, "bound": "at_least", "window": "2 days"}, "contradicted"),
        ({"stated": 14e9, "bound": "at_least", "window": "2 days"}, "contradicted"),
        ({"stated": -14e9, "quote": "lost more than $14 bn", "window": "2 days"}, "supported"),
    ],
)
def test_market_value_on_every_share_count(claim: dict[str, object], verdict: str) -> None:
    found = _check(metric="market_value", unit="USD", **claim)
    assert found["verdict"] == verdict
    assert "1.000 bn shares (2025-09-30)" in str(found["reason"])


def test_market_value_needs_shares() -> None:
    found = _check(metric="market_value", stated=-1e9, ticker="UP")
    assert found["reason"] == "shares outstanding are not stated"


@pytest.mark.parametrize(
    ("claim", "verdict", "measured"),
    [
        ({"stated": -1 / 3, "step": 1 / 3}, "supported", -1 / 3),
        ({"stated": -2 / 3, "step": 1 / 3}, "contradicted", -1 / 3),
        ({"stated": -28 / 30, "step": 1 / 30}, "unverifiable", -1 / 3),
        ({"stated": -28 / 30}, "unverifiable", -1 / 3),
        ({"stated": -28 / 30, "step": 1 / 30, "window": "1 hour"}, "unverifiable", -1 / 3),
    ],
)  # fmt: skip
def test_breadth(claim: dict[str, object], verdict: str, measured: float) -> None:
    found = _check(metric="breadth", ticker="tokens", **claim)
    assert found["verdict"] == verdict
    assert found["measured"] == pytest.approx(measured)
    assert "1 of 3" in str(found["reason"])


@pytest.mark.shared
def test_the_claims_of_the_articles_on_real_prices(shared: Path) -> None:
    frame = pd.read_csv(shared / "market" / "mission" / "META.csv")
    days = frame["date"].to_numpy("datetime64[D]")
    columns = {c: frame[c].to_numpy(float) for c in ("close", "low", "high")}
    book = PriceBook({"META": PriceHistory("META", "XNYS", days, columns)})
    claims = pd.DataFrame(
        [
            ("e", "c1", "META", "return", -0.12, "decimal", "Friday's close", "exact", 0.01),
            ("e", "c2", "META", "market_value", -200e9, "USD", "2 days", "at_least", 1e11),
            ("report", "c1", "META", "return", -0.12, "decimal", "Friday's close", "exact", 0.01),
        ],
        columns=["event_id", "claim_id", "ticker", "metric", "stated", "unit", "window", "bound", "step"],
    )  # fmt: skip
    zeros = pd.DataFrame(
        [("e", "META", "2025-10-30"), ("report", "META", "2025-11-03")],
        columns=["event_id", "ticker", "day_zero"],
    )
    found = check_claims(claims, zeros, book, shares={"META": [2.17e9, 2.52e9]})
    verdicts = dict(zip(found["event_id"] + found["claim_id"], found["verdict"], strict=True))
    assert verdicts == {"ec1": "contradicted", "ec2": "supported", "reportc1": "contradicted"}
    reason = found["reason"].iloc[0]
    assert "two sessions −13.75 %" in reason
    assert "one session −11.33 %" in reason
    assert "direction right, best reading: one session −11.33 %" in reason
    assert "−224.2 bn on 2.170 bn shares" in found["reason"].iloc[1]
