"""What is on the disk: whole files, exact numbers, nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from signals import run_study
from signals.errors import DataError
from signals.frames import TABLES
from signals.reports.result import StudyResult
from signals.reports.write import csv_bytes, replace_file, write
from tests.study.prices import market_book, study

ROWS = [
    'e1,2023-03-15,day,deal,A,"=HYPERLINK(""http://x"")",s,u,pre_open,',
    "e2,2023-06-14,day,deal,A,@SUM(1) <script>,s,u,post_close,",
    "e3,2023-09-13,day,other,A,خبر مهم - मेटा,s,u,pre_open,",
]
NOW = datetime(2024, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    folder = tmp_path_factory.mktemp("study")
    return run_study(*study(folder, ROWS), market_book({"A": 1.0, "B": 0.5, "C": 0.1}), now=NOW)


def test_columns_are_exactly_the_contract(result: StudyResult, tmp_path: Path) -> None:
    write(result, tmp_path)
    names = ("events", "models", "abnormal_returns", "car", "caar", "aar", "statistics", "excluded")
    for name in names:
        header = (tmp_path / f"{name}.csv").read_bytes().decode("utf-8").split("\r\n")[0]
        assert header.split(",") == list(TABLES[name].all)
        frame = pd.read_csv(tmp_path / f"{name}.csv")
        assert frame.equals(frame.sort_values(list(TABLES[name].key), kind="stable"))


def test_numbers_survive_the_round_trip_to_the_last_bit(
    result: StudyResult, tmp_path: Path
) -> None:
    write(result, tmp_path)
    back = pd.read_csv(tmp_path / "car.csv", dtype=str)
    for column in ("car", "std_error", "p_value", "scar", "bhar"):
        numbers = back[column].map(float)
        np.testing.assert_array_equal(numbers, result.car[column])


def test_formulas_are_shown_and_not_run(result: StudyResult, tmp_path: Path) -> None:
    write(result, tmp_path)
    with (tmp_path / "events.csv").open(encoding="utf-8", newline="") as handle:
        shown = {row["event_id"]: row["headline"] for row in csv.DictReader(handle)}
    assert shown["e1"] == '\'=HYPERLINK("http://x")'
    assert shown["e2"] == "'@SUM(1) <script>"
    assert shown["e3"] == "خبر مهم - मेटा"


def test_negative_numbers_are_no_formulas() -> None:
    frame = pd.DataFrame({"x": [-1.5, 2.0], "t": ["-1", "+2"], "y": [None, "ok"]})
    rows = list(csv.DictReader(io.StringIO(csv_bytes(frame).decode())))
    assert [r["x"] for r in rows] == ["-1.5", "2.0"]
    assert [r["t"] for r in rows] == ["'-1", "'+2"]


def test_same_input_same_bytes(result: StudyResult, tmp_path: Path) -> None:
    first = write(result, tmp_path / "one", run={"host": "a"})
    second = write(result, tmp_path / "two", run={"host": "b"})
    for one, two in zip(first, second, strict=True):
        if one.name != "manifest.json":
            assert one.read_bytes() == two.read_bytes()
    manifests = [json.loads(p[-1].read_text(encoding="utf-8")) for p in (first, second)]
    assert [m.pop("run") for m in manifests] == [{**result.run, "host": h} for h in "ab"]
    assert manifests[0] == manifests[1]


def test_the_manifest_holds_the_digest_of_every_table(result: StudyResult, tmp_path: Path) -> None:
    write(result, tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == digest
    assert set(manifest["files"]) == {f"{n}.csv" for n in result.tables}


def test_a_crash_leaves_the_old_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "car.csv"
    replace_file(target, b"old")

    def crash(source: str, destination: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", crash)
    with pytest.raises(OSError, match="No space"):
        replace_file(target, b"new")
    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["car.csv"]


def test_a_folder_that_cannot_be_written_is_named(result: StudyResult, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="reports cannot be written"):
        write(result, tmp_path / "file" / "out")


def test_tables_of_very_many_rows_are_parquet_unless_csv_is_asked_for(
    result: StudyResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(result, tmp_path)
    # The package's name ``write`` is the function, not the module.
    monkeypatch.setattr(sys.modules["signals.reports.write"], "MOST_CSV_ROWS", 50)
    monkeypatch.setattr(sys.modules["signals.reports.write"], "SLOW_CSV_ROWS", 50)
    assert len(result.abnormal_returns) < 50 < len(result.statistics)
    write(result, tmp_path)
    assert not (tmp_path / "statistics.csv").exists()
    assert (tmp_path / "abnormal_returns.csv").exists()
    back = pd.read_parquet(tmp_path / "statistics.parquet")
    np.testing.assert_array_equal(back["p_value"], result.statistics["p_value"])
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    digest = hashlib.sha256((tmp_path / "statistics.parquet").read_bytes()).hexdigest()
    assert manifest["files"]["statistics.parquet"] == digest

    write(result, tmp_path, tables=("csv",))
    assert not (tmp_path / "statistics.parquet").exists()
    fast = pd.read_csv(tmp_path / "statistics.csv", dtype=str)
    assert list(fast.columns) == list(TABLES["statistics"].all)
    np.testing.assert_array_equal(fast["p_value"].map(float), result.statistics["p_value"])
