"""Other table formats: what comes back is what was put in, and nothing in them runs."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from signals.errors import DataError, SpecError
from signals.reports.exports import export, latex, main_table, markdown, parquet, workbook
from tests.reports import samples


def test_parquet_gives_every_number_back(tmp_path: Path) -> None:
    result = samples.hostile()
    paths = export(result, tmp_path, ["parquet"])
    assert {p.stem for p in paths} == set(result.tables)
    back = pd.read_parquet(tmp_path / "car.parquet")
    np.testing.assert_array_equal(back["car"], result.car["car"])
    assert list(back.columns) == list(result.car.columns)


def test_parquet_of_mixed_columns_is_text() -> None:
    frame = pd.DataFrame({"value": pd.Series([1.5, "x", None, True], dtype=object)})
    back = pd.read_parquet(BytesIO(parquet(frame)))
    assert back["value"].tolist()[:2] == ["1.5", "x"]
    assert pd.isna(back["value"].iloc[2])


def test_workbook_has_formats_and_no_formula() -> None:
    from openpyxl import load_workbook

    result = samples.renamed(samples.hostile(), "A", "=1+1")
    book = load_workbook(BytesIO(workbook(result)))
    assert set(book.sheetnames) == {n[:31] for n in result.tables}
    sheet = book["car"]
    heads = [c.value for c in sheet[1]]
    assert heads == list(result.car.columns)
    assert sheet[2][heads.index("car")].number_format == "0.00%"
    assert sheet[2][heads.index("p_value")].number_format == "0.000"
    assert sheet.freeze_panes == "A2"
    assert sheet.max_row == len(result.car) + 1
    tickers = [row[heads.index("ticker")] for row in sheet.iter_rows(min_row=2)]
    assert any(c.value == "=1+1" for c in tickers)
    assert all(c.data_type == "s" for c in tickers)


def test_workbook_takes_control_characters() -> None:
    result = samples.renamed(samples.plain(), "A", "A\x07B")
    assert workbook(result)[:2] == b"PK"


def test_main_table_is_the_primary_window_in_percent() -> None:
    result = samples.hostile()
    table = main_table(result)
    first, last = result.spec.primary
    rows = result.car[(result.car["first"] == first) & (result.car["last"] == last)]
    assert len(table) == len(rows)
    shown = table["CAR [0, +1], %"].str.replace("−", "-").astype(float)
    np.testing.assert_allclose(shown, 100 * rows["car"], atol=0.0051)


def test_latex_and_markdown_escape_what_they_are_given() -> None:
    result = samples.renamed(samples.hostile(), "A", "A_1|<b>&$")
    text = latex(result)
    assert r"A\_1$|$$<$b$>$\&\$" in text
    assert r"\toprule" in text
    assert text.count(r"\begin{longtable}") == 1
    table = markdown(result)
    assert r"A\_1\|&lt;b>&$" in table
    widths = {line.replace(r"\|", "").count("|") for line in table.splitlines() if "|" in line}
    assert len(widths) == 1


def test_unknown_format_and_unwritable_folder(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="csv, parquet, xlsx, tex, md"):
        export(samples.plain(), tmp_path, ["docx"])
    blocked = tmp_path / "file"
    blocked.write_text("x")
    with pytest.raises(DataError, match="cannot be written"):
        export(samples.plain(), blocked, ["md"])
