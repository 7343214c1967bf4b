"""Made-up price books for tests: returns by a known law, prices from them, all seeded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from signals.events import Catalogue, read_catalogue
from signals.prices import PriceBook, PriceHistory
from signals.sessions import trading_calendar
from signals.spec import StudySpec, parse_study

HEADER = "event_id,announced_at,precision,category,subject,headline,source,url,timing,tickers"


def sessions(first: str, last: str, calendar: str = "XNYS") -> np.ndarray:
    days = trading_calendar(calendar).sessions
    return days[(days >= np.datetime64(first)) & (days <= np.datetime64(last))]


def history(
    ticker: str, days: np.ndarray, returns: np.ndarray, calendar: str = "XNYS", **extra: Any
) -> PriceHistory:
    """Prices whose simple returns are ``returns`` (the first is ignored)."""
    close = 100.0 * np.cumprod(np.r_[1.0, 1.0 + returns[1:]])
    return PriceHistory(
        ticker, calendar, days, {"close": close, **extra}, digest=ticker, source="made up"
    )


def market_book(
    tickers: Mapping[str, float],
    *,
    seed: int = 1,
    first: str = "2022-01-03",
    last: str = "2023-12-29",
) -> PriceBook:
    """SPY and assets with the stated betas: R = β·R_m + 1 % noise."""
    rng = np.random.default_rng(seed)
    days = sessions(first, last)
    market = rng.normal(0.0005, 0.01, len(days))
    book = {"SPY": history("SPY", days, market)}
    for ticker, beta in tickers.items():
        noise = rng.normal(0, 0.01, len(days))
        book[ticker] = history(ticker, days, beta * market + noise)
    return PriceBook(book, source="made up")


def study(tmp_path: Path, rows: list[str], **tables: Any) -> tuple[StudySpec, Catalogue]:
    """A study with assets A, B, C on SPY unless ``tables`` say otherwise."""
    file = tmp_path / "events.csv"
    file.write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    raw: dict[str, Any] = {
        "study": {"id": "s", "event_window": [-2, 2], "car_windows": [[0, 0], [0, 1], [-2, 2]]},
        "estimation": {"length": 100, "min_returns": 60},
        "calibration": {"draws": 0},
        "events": {"files": [file.name]},
        "market": {"benchmark": "SPY", "calendar": "XNYS"},
        "assets": [{"ticker": t, "group": "g"} for t in "ABC"],
    }
    for name, table in tables.items():
        raw[name] = {**raw.get(name, {}), **table} if isinstance(table, dict) else table
    return parse_study(raw, file=tmp_path / "study.toml"), read_catalogue([file])


def with_missing(book: PriceBook, ticker: str, day: str) -> PriceBook:
    """The book with one close taken away."""
    old = book.histories[ticker]
    close = old.columns["close"].copy()
    close[old.sessions == np.datetime64(day)] = np.nan
    histories = {**book.histories, ticker: PriceHistory(
        ticker, old.calendar, old.sessions, {**old.columns, "close": close}, digest=old.digest,
    )}  # fmt: skip
    return PriceBook(histories, book.failures, book.source)


def sorted_frame(frame: pd.DataFrame, *keys: str) -> pd.DataFrame:
    return frame.sort_values(list(keys)).reset_index(drop=True)
