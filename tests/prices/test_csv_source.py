"""A folder of TICKER.csv: what is read, what is refused and where it says the fault is."""

from __future__ import annotations

import gzip
import random
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signals.errors import DataError, SpecError
from signals.prices import CsvSource, PriceHistory, PriceUnavailable
from signals.prices.csv_source import read_price_file

from .making import asked, codes, sessions, walk


def write(folder: Path, text: str, name: str = "META.csv") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_columns_in_any_order_and_extra_ones_ignored(tmp_path: Path) -> None:
    write(tmp_path, "note,close,date,Adj Close\nx,10.5,2024-01-02,9\ny,11,2024-01-03,\n")
    history = CsvSource(tmp_path).load(asked())
    assert history.sessions.astype(str).tolist() == ["2024-01-02", "2024-01-03"]
    assert history.column("close").tolist() == [10.5, 11.0]
    np.testing.assert_array_equal(history.column("adj_close"), [9.0, np.nan])
    assert set(history.columns) == {"close", "adj_close"}
    assert codes(history.issues) == {"adj_close_partial": 1}
    assert not history.column("close").flags.writeable


@pytest.mark.parametrize(
    ("text", "line", "column", "value"),
    [
        ("date,close\n2024-01-02,10\n2024-01-03,n.m.\n", 3, "close", "n.m."),
        ("date,close\n2024-01-02,10\n2024-01-03,inf\n", 3, "close", "inf"),
        ("date,close\n2024-01-02,-nan\n", 2, "close", "-nan"),
        ('date,close\n2024-01-02,"1,234.5"\n', 2, "close", "1,234.5"),
        ("date,close\n2024-01-02,=1+1\n", 2, "close", "=1+1"),
        ("date,close\n02/01/2024,10\n", 2, "date", "02/01/2024"),
        ("date,close\n2024-02-30,10\n", 2, "date", "2024-02-30"),
        ("date,close\n,10\n", 2, "date", ""),
        ("date,close\n2024-01-02,10\n\n2024-01-03,ten\n", 4, "close", "ten"),
    ],
)
def test_a_cell_that_is_no_price_is_named(
    tmp_path: Path, text: str, line: int, column: str, value: str
) -> None:
    write(tmp_path, text)
    with pytest.raises(DataError) as caught:
        CsvSource(tmp_path).load(asked())
    error = caught.value
    assert (error.line, error.column, error.value) == (line, column, value)
    assert error.file is not None
    assert error.file.endswith("META.csv")
    assert error.allowed


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("day,close\n2024-01-02,1\n", "column date is missing"),
        ("date;close\n2024-01-02;1\n", "separated by ';'"),
        ("ts_utc,close\n2024-01-02T15:00:00Z,1\n", "intraday bars"),
        ("date,open\n2024-01-02,1\n", "neither close nor adj_close"),
        ("date,close,Close\n2024-01-02,1,2\n", "stands twice"),
        ("date,close\n2024-01-02,1,2\n", "3 cells, the header 2"),
    ],
)
def test_a_file_that_is_no_price_table_is_refused(tmp_path: Path, text: str, says: str) -> None:
    write(tmp_path, text)
    with pytest.raises(DataError, match=says):
        CsvSource(tmp_path).load(asked())


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "META.csv").write_bytes(b"\xff\xfe\x00\x01date,close\n")
    with pytest.raises(DataError):
        CsvSource(tmp_path).load(asked())
    (tmp_path / "SPY.csv.gz").write_bytes(b"not gzip at all")
    with pytest.raises(DataError, match="cannot be read"):
        CsvSource(tmp_path).load(asked("SPY"))


def test_unordered_repeated_and_impossible_rows_are_reported(tmp_path: Path) -> None:
    write(
        tmp_path,
        "date,close\n2024-01-03,11\n2024-01-02,10\n"  # out of order
        "2024-01-04,12\n2024-01-04,12\n"  # identical twice
        "2024-01-05,13\n2024-01-05,13.5\n"  # in conflict
        "2024-01-06,13\n"  # a Saturday
        "2024-01-08,0\n2024-01-09,-4\n2024-01-11,14\n",  # no prices; the 10th is not there
    )
    history = CsvSource(tmp_path).load(asked())
    close = dict(zip(history.sessions.astype(str), history.column("close"), strict=True))
    assert list(close)[:3] == ["2024-01-02", "2024-01-03", "2024-01-04"]
    assert close["2024-01-04"] == 12
    assert all(np.isnan(close[d]) for d in ("2024-01-05", "2024-01-08", "2024-01-09"))
    assert "2024-01-06" not in close
    assert codes(history.issues) == {
        "unsorted": 1, "duplicate": 2, "off_calendar": 1, "non_positive": 2, "gap": 4,
    }  # fmt: skip


def test_a_missing_file_is_the_tickers_failure_only(tmp_path: Path) -> None:
    with pytest.raises(PriceUnavailable) as caught:
        CsvSource(tmp_path).load(asked("EL.PA"))
    assert (caught.value.ticker, caught.value.code) == ("EL.PA", "no_prices")
    write(tmp_path, "date,close\n")
    with pytest.raises(PriceUnavailable, match="no price of META"):
        CsvSource(tmp_path).load(asked())
    with pytest.raises(SpecError, match="no such folder"):
        CsvSource(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "symbol",
    ["../META", "../../etc/passwd", "/etc/passwd", "a\0b", "", ".", "..", "x" * 300, "ＭＥＴＡ"],
)
def test_a_symbol_never_leaves_the_folder(tmp_path: Path, symbol: str) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    write(tmp_path, "date,close\n2024-01-02,1\n")
    with pytest.raises(PriceUnavailable):
        CsvSource(inside).load(asked("META", symbol=symbol))


def test_compressed_files_and_byte_order_marks(tmp_path: Path) -> None:
    text = "\ufeffdate,close\r\n2024-01-02,10\r\n2024-01-03,11\r\n"
    (tmp_path / "META.csv.gz").write_bytes(gzip.compress(text.encode("utf-8")))
    assert CsvSource(tmp_path).load(asked()).column("close").tolist() == [10.0, 11.0]


def test_intraday_bars_keep_their_instant(tmp_path: Path) -> None:
    write(
        tmp_path,
        "ts_utc,close\n2024-01-02T14:30:00Z,10\n2024-01-02T14:35:00Z,11\n"
        "2024-01-02T13:00:00Z,9\n2024-01-02T20:55:00+00:00,12\n",
    )
    history = CsvSource(tmp_path).load(asked(interval="5m"))
    assert history.sessions.dtype == np.dtype("datetime64[s]")
    assert history.sessions.astype(str).tolist() == [
        "2024-01-02T14:30:00", "2024-01-02T14:35:00", "2024-01-02T20:55:00",
    ]  # fmt: skip
    assert codes(history.issues) == {"unsorted": 1, "off_calendar": 1}
    write(tmp_path, "ts_utc,close\n2024-01-02T14:30:00,10\n")
    with pytest.raises(DataError, match="no time zone"):
        CsvSource(tmp_path).load(asked(interval="5m"))


def test_only_the_dates_asked_for_are_handed_on(tmp_path: Path) -> None:
    days = sessions("2024-01-02", "2024-06-28")
    rows = "".join(f"{d},{c}\n" for d, c in zip(days, walk(len(days)), strict=True))
    write(tmp_path, "date,close\n" + rows)
    source = CsvSource(tmp_path)
    part = source.load(asked(first="2024-02-01", last="2024-02-29"))
    assert [str(d) for d in part.sessions[[0, -1]]] == ["2024-02-01", "2024-02-29"]
    assert part.digest != source.load(asked(first="2024-02-01", last="2024-03-01")).digest
    again = source.load(asked(first="2024-02-01", last="2024-02-29"))
    assert again.digest == part.digest


def outcome(folder: Path) -> PriceHistory | DataError | PriceUnavailable:
    try:
        return CsvSource(folder).load(asked())
    except (DataError, PriceUnavailable) as error:
        return error


cells = st.one_of(
    st.floats(0.01, 1e6).map(repr),
    st.sampled_from(["", "NaN", "0", "-1", "1e3", "x", "1,5", "inf", "nan ", " 7", '"', "١٢"]),
)
days = st.one_of(
    st.dates(
        min_value=np.datetime64("2023-12-20").item(), max_value=np.datetime64("2024-04-10").item()
    ).map(str),
    st.sampled_from(["", "2024-13-01", "yesterday", "2024-01-02T00:00:00"]),
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(st.tuples(days, cells, cells), max_size=12))
def test_any_file_gives_a_clean_series_or_a_placed_error(
    tmp_path: Path, rows: list[tuple[str, str, str]]
) -> None:
    write(tmp_path, "date,close,volume\n" + "".join(f"{d},{c},{v}\n" for d, c, v in rows))
    history = outcome(tmp_path)
    if isinstance(history, DataError):
        assert history.file is not None
        assert history.line is not None
        return
    if isinstance(history, PriceUnavailable):
        assert history.code == "no_prices"
        return
    assert (history.sessions[1:] > history.sessions[:-1]).all()
    close = history.column("close")
    assert (close[np.isfinite(close)] > 0).all()
    calendar_days = sessions("2024-01-02", "2024-03-28")
    assert np.isin(history.sessions, calendar_days).all()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.floats(1e-300, 1e300), min_size=1, max_size=40), st.randoms())
def test_row_order_and_numbers_survive(tmp_path: Path, prices: list[float], order: object) -> None:
    labels = sessions("2024-01-02", "2024-03-28")[: len(prices)]
    rows = [f"{d},{p!r}\n" for d, p in zip(labels, prices, strict=True)]
    order.shuffle(rows)  # type: ignore[attr-defined]
    write(tmp_path, "date,close\n" + "".join(rows))
    history = CsvSource(tmp_path).load(asked())
    assert history.column("close").tolist() == prices
    assert history.sessions.tolist() == labels.tolist()


SOUND = b'date,open,close,volume\n2024-01-02,1,2,3\n2024-01-03,1.5,2e3,\n"2024-01-04",,4,5\r\n'
SHARDS = (
    b"\n", b",", b'"', b"\x00", b"\xff", b"\xef\xbb\xbf", b"NaN", b"close", b"date", b"-", b"1e999",
    b"9" * 400, b"\r", b";", b"=cmd()", "١".encode(), b"0001-01-01", b"9999-12-31", b"\t", b"inf",
    b"1e-320",
)  # fmt: skip


def test_a_mangled_file_is_refused_with_its_place_or_read(tmp_path: Path) -> None:
    draw, refused, placed = random.Random(11), 0, 0
    for _ in range(700):
        text = bytearray(SOUND)
        for _ in range(draw.randrange(1, 6)):
            at = draw.randrange(len(text) + 1)
            text[at : at + draw.choice((0, 0, 1, 7))] = draw.choice(SHARDS)
        (tmp_path / "META.csv").write_bytes(text)
        found = outcome(tmp_path)
        if isinstance(found, DataError):
            refused += 1
            placed += found.line is not None
    assert refused > 400
    assert placed > 0.99 * refused


@pytest.mark.shared
def test_recorded_prices_are_read_whole_and_fast(shared: Path) -> None:
    folder = shared / "market" / "daily"
    source, started = CsvSource(folder), time.process_time()
    tickers = sorted(f.stem for f in folder.glob("*.csv"))
    found = {t: source.load(asked(t, "2016-01-01", "2026-12-31")) for t in tickers}
    assert time.process_time() - started < 3.0
    assert len(found) == 45
    alarms = {(t, c) for t, h in found.items() for c in codes(h.issues)}
    alarms = {(t, c) for t, c in alarms if c != "adj_close_partial"}
    assert alarms == {("UNH", "inconsistent_bar")}, "the one bar that is wrong, and no false alarm"
    meta, spy, googl = found["META"], found["SPY"], found["GOOGL"]
    assert len(meta.sessions) == 2552
    close = dict(zip(meta.sessions.astype(str), meta.column("close"), strict=True))
    assert close["2024-08-01"] / close["2024-07-31"] - 1 == pytest.approx(0.0482, abs=5e-4)
    assert not spy.has("adj_close")
    assert codes(meta.issues)["adj_close_partial"] == 1780
    assert googl.has("adj_close")
    assert not googl.has("open")


@pytest.mark.shared
def test_recorded_intraday_bars_keep_half_days(shared: Path) -> None:
    labels, columns = read_price_file(
        shared / "market" / "intraday" / "META_5m.csv.gz", intraday=True
    )
    day = labels.astype("datetime64[D]")
    assert (day == np.datetime64("2024-07-03")).sum() == 42, "13:00 close"
    assert (day == np.datetime64("2024-07-02")).sum() == 78
    assert np.isfinite(columns["close"]).all()
