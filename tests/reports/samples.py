"""Small studies on made-up prices for the tests of reports: ordinary ones, and hostile texts."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from signals import run_study
from signals.prices import PriceBook, PriceHistory
from signals.reports.result import StudyResult
from tests.study.prices import market_book, study

NOW = datetime(2024, 6, 1, tzinfo=UTC)
SCRIPT = "<script>alert('headline')</script><img src=x onerror=alert(2)>"
QUOTES = "\"quoted\" & 'apostrophes' </script><!-- {{ 7*7 }}"
ARABIC = "ميتا تعلن نتائج الربع الثالث وتزيد الإنفاق"
DEVANAGARI = "मेटा ने तिमाही के नतीजे घोषित किए"
LONG = "Verylongheadlinewithoutanyspace" * 10
HEADLINES = (SCRIPT, QUOTES, ARABIC, DEVANAGARI, LONG[:300])
DAYS = ("2023-03-15", "2023-05-10", "2023-07-12", "2023-09-13", "2023-11-15")


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def jumped(book: PriceBook, ticker: str, day: str, size: float) -> PriceBook:
    """The book with one more return of ``size`` on ``day``."""
    old = book.histories[ticker]
    close = old.columns["close"].copy()
    close[old.sessions >= np.datetime64(day)] *= 1.0 + size
    new = PriceHistory(
        ticker, old.calendar, old.sessions, {**old.columns, "close": close},
        digest=old.digest, source=old.source, currency="USD",
    )  # fmt: skip
    return PriceBook({**book.histories, ticker: new}, book.failures, book.source)


@lru_cache(maxsize=4)
def hostile(**_: Any) -> StudyResult:
    """Five events with texts that would break a careless page; A falls 9 % on the first day."""
    rows = [
        f"e{i},{day},day,other,A,{quoted(text)},s,u,pre_open,"
        for i, (day, text) in enumerate(zip(DAYS, HEADLINES, strict=True), start=1)
    ]
    book = market_book({"A": 1.0, "B": 0.5, "C": 0.1})
    book = jumped(book, "A", DAYS[0], -0.09)
    book = jumped(book, "A", DAYS[2], 0.08)
    with tempfile.TemporaryDirectory() as folder:
        spec, catalogue = study(
            Path(folder), rows, study={"title": 'A <b>bold</b> & "quoted" study'}
        )
        return run_study(spec, catalogue, book, now=NOW)


@lru_cache(maxsize=4)
def plain(**_: Any) -> StudyResult:
    """Two quiet events on three assets."""
    rows = [
        "quiet-1,2023-04-12,day,deal,A,A deal,s,u,pre_open,",
        "quiet-2,2023-08-16,day,deal,A,Another deal,s,u,post_close,",
    ]
    with tempfile.TemporaryDirectory() as folder:
        spec, catalogue = study(Path(folder), rows)
        return run_study(spec, catalogue, market_book({"A": 1.0, "B": 0.5, "C": 0.1}), now=NOW)


@lru_cache(maxsize=1)
def calibrated() -> StudyResult:
    """Three events on six assets with 200 placebo studies behind them."""
    rows = [
        "one,2023-03-15T10:00:00-04:00,minute,deal,A,First,s,u,,",
        "two,2023-06-14T10:00:00-04:00,minute,deal,B,Second,s,u,,",
        "three,2023-09-13T10:00:00-04:00,minute,deal,C,Third,s,u,,",
    ]
    names = "ABCDEF"
    book = market_book({t: 0.4 + 0.2 * k for k, t in enumerate(names)}, first="2019-01-02")
    with tempfile.TemporaryDirectory() as folder:
        spec, catalogue = study(
            Path(folder), rows, calibration={"draws": 200},
            assets=[{"ticker": t, "group": "g"} for t in names],
        )  # fmt: skip
        return run_study(spec, catalogue, book, now=NOW)


def renamed(result: StudyResult, old: str, new: str) -> StudyResult:
    """The result with one ticker called otherwise everywhere."""

    def swap(frame: pd.DataFrame) -> pd.DataFrame:
        out = frame.copy()
        for column in ("ticker", "subject", "group"):
            if column in out.columns:
                out[column] = out[column].replace(old, new)
        return out

    panel = result.panel
    assert panel is not None
    ticker = np.asarray([new if t == old else t for t in panel.ticker], dtype=object)
    histories = {
        (new if k == old else k): (replace(h, ticker=new) if k == old else h)
        for k, h in result.prices.histories.items()
    }
    return replace(
        result,
        tables={name: swap(frame) for name, frame in result.tables.items()},
        panel=replace(panel, ticker=ticker),
        prices=replace(result.prices, histories=histories),
    )


def with_car(result: StudyResult, **columns: Any) -> StudyResult:
    """The result with columns of ``car`` set."""
    return replace(result, tables={**result.tables, "car": result.car.assign(**columns)})


def tiled(result: StudyResult, copies: int) -> StudyResult:
    """The result with its events repeated under new ids: a large study without a long wait."""
    panel = result.panel
    assert panel is not None

    def grown(frame: pd.DataFrame) -> pd.DataFrame:
        if frame.empty or "event_id" not in frame.columns:
            return frame
        parts = [frame.assign(event_id=frame["event_id"] + f"-{k:03d}") for k in range(copies)]
        return pd.concat(parts, ignore_index=True)

    big = panel.take(np.tile(np.arange(len(panel)), copies))
    names = [f"{e}-{k:03d}" for k in range(copies) for e in panel.event_id]
    tables = {name: grown(frame) for name, frame in result.tables.items()}
    big = replace(big, event_id=np.asarray(names, dtype=object))
    return replace(result, tables=tables, panel=big)
