"""The events catalogue: what is read, what is refused and with which words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signals.errors import DataError, SignalsError
from signals.events import read_catalogue

HEADER = "event_id,announced_at,precision,category,subject,headline,source,url"


def events(tmp_path: Path, *rows: str, header: str = HEADER, name: str = "events.csv") -> Path:
    file = tmp_path / name
    file.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return file


def test_instants_and_dates_are_read(tmp_path: Path) -> None:
    file = events(
        tmp_path,
        "b,2025-10-29T16:06:00-04:00,minute,earnings_call,META,results,filing,",
        "a,2025-08-19,day,restructuring,META,report,press,",
    )
    frame = read_catalogue([file]).frame
    assert list(frame["event_id"]) == ["a", "b"]
    assert frame["instant"].iloc[1] == pd.Timestamp("2025-10-29T20:06:00Z")
    assert frame["date"].iloc[0] == pd.Timestamp("2025-08-19")
    assert pd.isna(frame["instant"].iloc[0])


def test_users_own_columns_and_text_in_any_script_are_kept(tmp_path: Path) -> None:
    file = events(
        tmp_path,
        'a,2025-08-19,day,deal,मेटा,"خبر, ""quoted""",s,u,12.5,=HYPERLINK(1)',
        header=HEADER + ",log_market_cap,note",
    )
    row = read_catalogue([file]).frame.iloc[0]
    assert row["headline"] == 'خبر, "quoted"'
    assert row["log_market_cap"] == "12.5"
    assert row["note"] == "=HYPERLINK(1)"


@pytest.mark.parametrize(
    ("row", "column", "value"),
    [
        ("a,2025-02-30,day,deal,,,,", "announced_at", "2025-02-30"),
        ("a,2025-02-03T10:00:00,minute,deal,,,,", "announced_at", "2025-02-03T10:00:00"),
        ("a,2025-02-03,minute,deal,,,,", "announced_at", "2025-02-03"),
        ("a,soon,day,deal,,,,", "announced_at", "soon"),
        ("a,3025-02-03,day,deal,,,,", "announced_at", "3025-02-03"),
        ("a,2025-02-03,week,deal,,,,", "precision", "week"),
        ("a,2025-02-03,day,,,,,", "category", ""),
        ("../../etc,2025-02-03,day,deal,,,,", "event_id", "../../etc"),
        (",2025-02-03,day,deal,,,,", "event_id", ""),
    ],
)  # fmt: skip
def test_a_bad_row_names_file_line_column_value(
    tmp_path: Path, row: str, column: str, value: str
) -> None:
    file = events(
        tmp_path, "good,2025-01-02,day,deal,,,,", 'q,2025-01-03,day,deal,,"two\nlines",,', row
    )
    with pytest.raises(DataError) as caught:
        read_catalogue([file])
    assert (caught.value.file, caught.value.line) == (str(file), 5)
    assert (caught.value.column, caught.value.value) == (column, value)
    assert caught.value.allowed
    kept = read_catalogue([file], skip_bad_rows=True)
    assert list(kept.frame["event_id"]) == ["good", "q"]
    assert f"{file}:5" in kept.skipped[0]


def test_timing_belongs_to_dates_only(tmp_path: Path) -> None:
    header = HEADER + ",timing"
    good = events(tmp_path, "a,2025-02-03,day,deal,,,,,post_close", header=header)
    assert read_catalogue([good]).frame["timing"].iloc[0] == "post_close"
    for row in (
        "a,2025-02-03T10:00:00Z,minute,deal,,,,,post_close",
        "a,2025-02-03,day,deal,,,,,at_noon",
    ):
        with pytest.raises(DataError, match="column timing"):
            read_catalogue([events(tmp_path, row, header=header)])


def test_duplicates_are_refused_with_both_places(tmp_path: Path) -> None:
    one = events(tmp_path, "a,2025-02-03,day,deal,,,,", "b,2025-02-04,day,deal,,,,")
    two = events(tmp_path, "b,2025-02-05,day,deal,,,,", name="more.csv")
    with pytest.raises(DataError) as caught:
        read_catalogue([one, two])
    assert f"{one}:3" in str(caught.value)
    assert f"{two}:2" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"  \n", "is empty"),
        (HEADER.encode(), "a header and no events"),
        (b"event_id,precision\na,day\n", "'announced_at' is missing"),
        (HEADER.encode() + b"\n\xff\xfe,x", "not UTF-8"),
        (HEADER.encode() + b"\na\0,x", "NUL byte"),
        (HEADER.encode() + b"\na,2025-02-03,day,deal,,,,,,,extra\n", "more cells than the header"),
    ],
)
def test_files_that_are_no_catalogues(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "events.csv"
    file.write_bytes(content)
    with pytest.raises(DataError, match=words):
        read_catalogue([file])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.csv: there is no such events file"):
        read_catalogue([tmp_path / "none.csv"])


def test_parquet_gives_the_same_catalogue(tmp_path: Path) -> None:
    file = events(tmp_path, "a,2025-08-19,day,deal,META,h,s,u", "b,2025-08-20,day,deal,META,h,s,u")
    pd.read_csv(file, dtype=str, keep_default_na=False).to_parquet(tmp_path / "events.parquet")
    ours, theirs = read_catalogue([file]), read_catalogue([tmp_path / "events.parquet"])
    pd.testing.assert_frame_equal(ours.frame, theirs.frame)
    assert ours.digest == theirs.digest


def test_row_order_does_not_matter(tmp_path: Path) -> None:
    rows = [f"e{i},2025-08-{i + 1:02d},day,deal,META,h,s,u" for i in range(9)]
    one = read_catalogue([events(tmp_path, *rows)])
    two = read_catalogue([events(tmp_path, *reversed(rows))])
    pd.testing.assert_frame_equal(one.frame, two.frame)
    assert one.digest == two.digest


def test_a_hundred_thousand_rows_are_no_loop(tmp_path: Path) -> None:
    days = np.datetime_as_string(np.datetime64("2005-01-01") + np.arange(5000))
    rows = [f"e{i},{days[i % 5000]},day,deal,,,," for i in range(100_000)]
    assert len(read_catalogue([events(tmp_path, *rows)])) == 100_000


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_make_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    file = tmp_path_factory.mktemp("fuzz") / "events.csv"
    file.write_bytes(HEADER.encode() + b"\n" + content)
    try:
        count, said = len(read_catalogue([file])), ""
    except SignalsError as error:
        count, said = 0, str(error)
    assert count > 0 or str(file) in said
