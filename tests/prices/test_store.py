"""Series on disk: whole or not at all, checked on every read, named so that they stay home."""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signals.prices import store
from signals.prices.history import QualityIssue
from signals.prices.store import (
    CorruptSeries,
    StoredSeries,
    locked,
    read_series,
    safe_name,
    series_path,
    verify,
    write_series,
)

from .making import sessions, walk

DAYS = sessions("2024-01-02", "2024-03-28")


def series(**changes: object) -> StoredSeries:
    close = walk(len(DAYS))
    close[3] = np.nan
    plain = StoredSeries(
        source="own", symbol="META", ticker="META", calendar="XNYS", interval="1d",
        asked_first="2024-01-01", through="2024-03-28", fetched_at="2024-03-29T00:00:00+00:00",
        sessions=DAYS, columns={"close": close, "volume": walk(len(DAYS), 2)}, currency="USD",
        name="Meta Platforms, Inc.",
        issues=(QualityIssue("META", "duplicate", "2024-01-05", 1, "détail"),),
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


def same(a: StoredSeries, b: StoredSeries) -> bool:
    text = "source symbol ticker calendar interval asked_first through fetched_at currency name"
    return (
        all(getattr(a, f) == getattr(b, f) for f in text.split())
        and (a.sessions == b.sessions).all()
        and a.sessions.dtype == b.sessions.dtype
        and set(a.columns) == set(b.columns)
        and all(np.array_equal(a.columns[k], b.columns[k], equal_nan=True) for k in a.columns)
        and [i.detail for i in a.issues] == [i.detail for i in b.issues]
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = series_path(tmp_path, "own", "META")
    assert read_series(path) is None
    write_series(path, series())
    found = read_series(path)
    assert found is not None
    assert same(found, series())
    assert not found.columns["close"].flags.writeable
    bars = series(
        interval="5m", sessions=(DAYS.astype("datetime64[s]") + np.timedelta64(52200, "s"))
    )
    write_series(series_path(tmp_path, "own", "META", "5m"), bars)
    again = read_series(series_path(tmp_path, "own", "META", "5m"))
    assert again is not None
    assert same(again, bars)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=30),
    st.text(max_size=30),
)
def test_any_numbers_and_names_survive(
    tmp_path_factory: pytest.TempPathFactory, values: list[float], name: str
) -> None:
    path = tmp_path_factory.mktemp("c") / "x.parquet"
    one = series(
        sessions=DAYS[: len(values)],
        columns={"close": np.array(values)},
        name=name.replace("\ud800", ""),
    )
    write_series(path, one)
    found = read_series(path)
    assert found is not None
    assert same(found, one)


@pytest.mark.parametrize("moment", ["write", "sync", "replace"])
def test_a_write_that_dies_leaves_the_old_series(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    path = series_path(tmp_path, "own", "META")
    write_series(path, series())
    before = path.read_bytes()

    def die(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        if moment == "write":
            from pyarrow import parquet

            patched.setattr(parquet, "write_table", die)
        else:
            patched.setattr(os, "fsync" if moment == "sync" else "replace", die)
        with pytest.raises(OSError, match="No space"):
            write_series(path, series(through="2024-12-31"))
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["META.parquet"], "nothing is left lying"


def _die_before_replace(path: Path) -> None:
    os.replace = lambda *_: os._exit(9)  # type: ignore[assignment]
    with locked(path):
        write_series(path, series(through="2024-12-31"))


def test_a_killed_process_leaves_the_old_series_and_no_lock(tmp_path: Path) -> None:
    path = series_path(tmp_path, "own", "META")
    write_series(path, series())
    child = multiprocessing.get_context("fork").Process(target=_die_before_replace, args=(path,))
    child.start()
    child.join(30)
    assert child.exitcode == 9
    found = read_series(path)
    assert found is not None
    assert found.through == "2024-03-28"
    assert [f.status for f in verify(tmp_path)] == ["leftover", "ok"]
    started = time.process_time()
    with locked(path):
        assert time.process_time() - started < 1.0
        other = path.with_name("META.B.1.tmp")
        other.write_bytes(b"of another series that is being written")
        write_series(path, series())
    assert sorted(p.suffix for p in path.parent.iterdir()) == [".lock", ".parquet", ".tmp"]
    assert other.exists()


def outcome(path: Path) -> StoredSeries | CorruptSeries | None:
    try:
        return read_series(path)
    except CorruptSeries as error:
        return error


def test_no_flipped_bit_and_no_cut_goes_unnoticed(tmp_path: Path) -> None:
    path = series_path(tmp_path, "own", "META")
    write_series(path, series())
    whole, draw = path.read_bytes(), random.Random(5)
    noticed = 0
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[draw.randrange(len(damaged))] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        found = outcome(path)
        if isinstance(found, CorruptSeries):
            assert found.status in {"corrupt", "other_format"}
            noticed += 1
        else:  # a bit that means nothing (padding, statistics): what is read is what was written
            assert found is not None
            assert same(found, series())
    assert noticed > 150
    for length in (0, 1, 4, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(CorruptSeries):
            read_series(path)


def test_another_format_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = series_path(tmp_path, "own", "META")
    monkeypatch.setattr(store, "FORMAT", 99)
    write_series(path, series())
    monkeypatch.undo()
    (status,) = verify(tmp_path)
    assert status.status == "other_format"
    assert "format 99; this version writes 1" in status.detail


def test_verify_describes_every_file(tmp_path: Path) -> None:
    write_series(series_path(tmp_path, "own", "META"), series())
    write_series(series_path(tmp_path, "own", "../../x"), series(symbol="../../x"))
    series_path(tmp_path, "other", "SPY").parent.mkdir()
    series_path(tmp_path, "other", "SPY").write_bytes(b"nonsense")
    (tmp_path / "prices" / "own" / "revisions.jsonl").write_text("{}\n")
    found = verify(tmp_path)
    assert sorted((f.status, f.symbol) for f in found) == [
        ("corrupt", ""),
        ("ok", "../../x"),
        ("ok", "META"),
    ]
    ok = next(f for f in found if f.symbol == "META")
    assert (ok.first, ok.last, ok.rows) == ("2024-01-02", "2024-03-28", len(DAYS))
    assert verify(tmp_path / "nothing") == []


HOSTILE = ["../../x", "/etc/passwd", "..", ".", "", "CON", "NUL", "con.txt", "COM1", "a\0b", "META.", "x" * 300, "МЕТА", "ＭＥＴＡ", "meta", "é", "e\u0301", "a/b", "a\\b", "A B", "~", "-rf", "\ud800"]  # fmt: skip


@pytest.mark.parametrize("symbol", HOSTILE)
def test_any_symbol_has_a_file_of_its_own_inside_the_folder(tmp_path: Path, symbol: str) -> None:
    path = series_path(tmp_path, "own", symbol)
    assert path.resolve().parent == (tmp_path / "prices" / "own").resolve()
    assert path.name.isascii()
    assert len(path.name) < 80
    path.parent.mkdir(parents=True)
    path.write_text("can be made")
    others = {safe_name(s).casefold() for s in HOSTILE if s != symbol}
    assert safe_name(symbol).casefold() not in others


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_two_symbols_never_share_a_file(one: str, two: str) -> None:
    names = {safe_name(one).casefold(), safe_name(two).casefold()}
    assert (len(names) == 1) == (one == two)
    assert not any(set(n) & set('/\\\0:*?"<>|') or n.startswith((".", "-")) for n in names)


def test_plain_symbols_stay_readable() -> None:
    for symbol in ("META", "BRK.B", "^GSPC", "BTC-USD", "EURUSD=X", "005930.KS"):
        assert safe_name(symbol) == symbol
    assert safe_name("META", "5m") == "META@5m"
