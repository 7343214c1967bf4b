"""One parquet file for all assets, long or wide."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from signals.errors import DataError, SpecError
from signals.prices import ParquetSource, PriceUnavailable

from .making import asked, codes, sessions, walk

DAYS = sessions("2023-01-03", "2024-12-31")
TICKERS = ("SPY", "META", "BRK.B")


@pytest.fixture
def frame() -> pd.DataFrame:
    rows = [
        pd.DataFrame({"date": DAYS, "ticker": t, "close": walk(len(DAYS), i), "volume": i + 1})
        for i, t in enumerate(TICKERS)
    ]
    return pd.concat(rows, ignore_index=True)


@pytest.mark.parametrize("text_dates", [False, True])
def test_long_in_any_order(tmp_path: Path, frame: pd.DataFrame, text_dates: bool) -> None:
    mixed = frame.sample(frac=1, random_state=4)
    if text_dates:
        mixed["date"] = mixed["date"].dt.strftime("%Y-%m-%d")
    mixed.to_parquet(tmp_path / "p.parquet", index=False)
    source = ParquetSource(tmp_path / "p.parquet")
    for i, ticker in enumerate(TICKERS):
        history = source.load(asked(ticker, "2023-01-01", "2024-12-31"))
        np.testing.assert_array_equal(history.column("close"), walk(len(DAYS), i))
        assert (history.column("volume") == i + 1).all()
        assert set(codes(history.issues)) == {"unsorted"}


def test_wide_reads_one_column_a_ticker(tmp_path: Path, frame: pd.DataFrame) -> None:
    wide = frame.pivot_table(index="date", columns="ticker", values="close").reset_index()
    wide.to_parquet(tmp_path / "p.parquet", index=False)
    source = ParquetSource(tmp_path / "p.parquet")
    history = source.load(asked("META", "2023-01-01", "2024-12-31"))
    np.testing.assert_array_equal(history.column("close"), walk(len(DAYS), 1))
    assert history.issues == ()
    with pytest.raises(PriceUnavailable, match=r"has no EL\.PA"):
        source.load(asked("EL.PA"))


def test_bars(tmp_path: Path) -> None:
    at = np.array(["2024-01-02T14:30", "2024-01-02T15:30"], dtype="datetime64[s]")
    table = pa.table({"ts_utc": at, "ticker": ["META", "META"], "close": [1.0, 2.0]})
    parquet.write_table(table, tmp_path / "p.parquet")
    history = ParquetSource(tmp_path / "p.parquet").load(asked(interval="1h"))
    assert history.sessions.tolist() == at.tolist()


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"day": ["2024-01-02"], "ticker": ["A"], "close": [1.0]}, "column date is missing"),
        ({"date": ["2024-01-02"], "ticker": ["A"], "open": [1.0]}, "neither close nor adj_close"),
        ({"date": ["2024-01-02"], "ticker": ["A"], "close": ["x"]}, "not a column of numbers"),
        ({"date": ["soon"], "ticker": ["A"], "close": [1.0]}, "is not a date"),
        ({"date": [None], "ticker": ["A"], "close": [1.0]}, "no date"),
        ({"date": ["2024-01-02"], "ticker": [None], "close": [1.0]}, "no ticker"),
    ],
)
def test_what_is_no_price_table_is_refused(tmp_path: Path, table: dict, says: str) -> None:
    pd.DataFrame(table).to_parquet(tmp_path / "p.parquet", index=False)
    with pytest.raises(DataError, match=says):
        ParquetSource(tmp_path / "p.parquet").load(asked("A"))


def test_what_is_no_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(DataError, match="cannot be read as parquet"):
        ParquetSource(tmp_path / "p.parquet").load(asked())
    with pytest.raises(SpecError, match="no such parquet file"):
        ParquetSource(tmp_path / "q.parquet")


@pytest.mark.parametrize("shape", ["long", "wide"])
def test_a_thousand_tickers_do_not_rescan_the_file(tmp_path: Path, shape: str) -> None:
    tickers, days = [f"T{i}" for i in range(1000)], DAYS
    close = np.abs(np.random.default_rng(1).normal(100, 1, (len(tickers), len(days))))
    if shape == "wide":
        table = pa.table({"date": pa.array(days), **dict(zip(tickers, close, strict=True))})
    else:
        names = pa.DictionaryArray.from_arrays(
            np.repeat(np.arange(1000, dtype=np.int32), len(days)), tickers
        )
        table = pa.table({"date": np.tile(days, 1000), "ticker": names, "close": close.ravel()})
    parquet.write_table(table, tmp_path / "p.parquet")
    source, started = ParquetSource(tmp_path / "p.parquet"), time.process_time()
    for i in range(0, 1000, 5):
        history = source.load(asked(tickers[i], "2023-01-01", "2024-12-31"))
        assert history.column("close")[0] == close[i, 0]
    assert time.process_time() - started < 4.0
