"""The tables in other formats: parquet, one workbook, and the main table as LaTeX and Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pandas as pd

from signals.errors import DataError, SpecError
from signals.reports import tex
from signals.reports.figures.series import day_zeros, headline_p, numbers, window_rows
from signals.reports.html.grids import kind_of
from signals.reports.prose.numbers import bare_probability, fixed, percent_interval, window_text
from signals.reports.prose.sentences import level
from signals.reports.result import StudyResult
from signals.reports.write import parquet, replace_file

FORMATS: Final = ("csv", "parquet", "xlsx", "tex", "md")
WORKBOOK_FORMATS: Final = {
    "pct": "0.00%", "p": "0.000", "int": "0", "num": "0.000000", "text": "General",
}  # fmt: skip
WIDEST: Final = 60
SHEET_ROWS: Final = 1_048_576  # what a worksheet holds, heading included


def export(result: StudyResult, out: Path, formats: Sequence[str]) -> list[Path]:
    """Write the formats asked for beside the CSV tables; returns the paths.

    ``parquet``: one file per table. ``xlsx``: ``tables.xlsx`` with one sheet per table, returns
    as percent. ``tex`` and ``md``: ``main.tex`` and ``main.md``, CARs over the primary window.
    Raises :class:`SpecError` for an unknown format, :class:`DataError` when a file cannot be
    written. Checked by tests/reports/test_exports.py.
    """
    for name in formats:
        if name not in FORMATS:
            raise SpecError("unknown table format", key="--tables", value=name, allowed=FORMATS)
    paths: list[Path] = []
    try:
        out.mkdir(parents=True, exist_ok=True)
        if "parquet" in formats:
            for name in sorted(result.tables):
                paths.append(replace_file(out / f"{name}.parquet", parquet(result.tables[name])))
        if "xlsx" in formats:
            paths.append(replace_file(out / "tables.xlsx", workbook(result)))
        if "tex" in formats:
            paths.append(replace_file(out / "main.tex", latex(result).encode()))
        if "md" in formats:
            paths.append(replace_file(out / "main.md", markdown(result).encode()))
    except OSError as error:
        raise DataError(f"tables cannot be written: {error.strerror or error}", file=out) from error
    return paths


def workbook(result: StudyResult) -> bytes:
    """All tables as one workbook: a sheet each, heading row fixed and filtered, formats set.

    Text is stored as text, whatever it begins with: nothing is run as a formula.
    """
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    for name in sorted(result.tables):
        _sheet(book, name, result.tables[name], result.spec.quantity)
    if not result.tables:
        book.create_sheet("empty")
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def _sheet(book: Any, name: str, frame: pd.DataFrame, quantity: str) -> None:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(name[:31])
    rows = frame.iloc[: SHEET_ROWS - 1]
    lists = [rows[c].tolist() for c in rows.columns]
    formats = []
    for place, column in enumerate(rows.columns, start=1):
        kind = kind_of(str(column), [v for v in lists[place - 1] if v is not None], quantity)
        formats.append(WORKBOOK_FORMATS[kind])
        longest = max((len(str(v)) for v in lists[place - 1][:200] if kind == "text"), default=10)
        width = min(max(len(str(column)), longest, 8) + 2, WIDEST)
        sheet.column_dimensions[get_column_letter(place)].width = width
    sheet.freeze_panes = "A2"
    if len(rows.columns):
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(rows.columns))}{len(rows) + 1}"
    heading = []
    for column in rows.columns:
        cell = WriteOnlyCell(sheet, value=str(column))
        cell.font = Font(bold=True)
        heading.append(cell)
    sheet.append(heading)
    for values in zip(*lists, strict=True):
        cells = []
        for value, number_format in zip(values, formats, strict=True):
            cell = WriteOnlyCell(sheet, value=_value(value))
            if isinstance(value, str):
                cell.data_type = "s"
            else:
                cell.number_format = number_format
            cells.append(cell)
        sheet.append(cells)


def _value(value: Any) -> Any:
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    if isinstance(value, str):
        return ILLEGAL_CHARACTERS_RE.sub("\ufffd", value)
    if value is None or value is pd.NaT or (isinstance(value, float) and pd.isna(value)):
        return None
    return value if isinstance(value, bool | int | float) else str(value)


def main_table(result: StudyResult) -> pd.DataFrame:
    """Event, asset, day zero, CAR, interval, p and q over the primary window, as text."""
    rows = window_rows(result.car, result.spec.primary)
    zero = day_zeros(result)
    scale = 100.0 if result.spec.quantity == "return" else 1.0
    unit = ", %" if result.spec.quantity == "return" else ""
    window = window_text(*result.spec.primary)
    car, q = numbers(rows, "car"), numbers(rows, "q_value")
    ends = zip(numbers(rows, "ci_low"), numbers(rows, "ci_high"), strict=True)
    pairs = list(zip(rows["event_id"], rows["ticker"], strict=True))
    columns = {
        "Event": [str(e) for e, _ in pairs],
        "Asset": [str(t) for _, t in pairs],
        "Day zero": [zero.get((str(e), str(t)), "") for e, t in pairs],
        f"CAR {window}{unit}": [fixed(scale * v, 2) for v in car],
        f"{level(result.spec.alpha)} interval": [
            percent_interval(a * scale / 100, b * scale / 100, 0.0) for a, b in ends
        ],
        "p": [bare_probability(v) for v in headline_p(rows)],
        "q": [bare_probability(v) for v in q],
    }
    table = pd.DataFrame(columns)
    return table.drop(columns="q") if not any(columns["q"]) else table


def latex(result: StudyResult) -> str:
    """The main table for a paper (needs ``\\usepackage{booktabs,longtable}``); text is escaped
    (:mod:`signals.reports.tex`)."""
    frame = main_table(result)
    title = result.spec.title or result.spec.id
    needed = tex.preamble([title, *map(str, frame.to_numpy().ravel())])
    frame.columns = [tex.escaped(c) for c in frame.columns]
    text = (
        frame.style.format(tex.escaped)
        .hide(axis="index")
        .to_latex(
            hrules=True,
            caption=tex.escaped(title),
            label=f"tab:{result.spec.id}",
            column_format="lll" + "r" * (len(frame.columns) - 3),
            environment="longtable",
        )
    )
    return needed + str(text)


def markdown(result: StudyResult) -> str:
    """The main table as a GitHub-flavoured Markdown table; cells cannot break out of it."""
    frame = main_table(result)
    names = [str(c) for c in frame.columns]
    left = 3
    rule = ["---" if i < left else "---:" for i in range(len(names))]
    lines = [names, rule, *frame.to_numpy().tolist()]
    body = "\n".join("| " + " | ".join(_md(str(v)) for v in line) + " |" for line in lines)
    return f"**{_md(result.spec.title or result.spec.id)}**\n\n{body}\n"


def _md(text: str) -> str:
    out = text.replace("\\", "\\\\").replace("|", "\\|").replace("\r", " ").replace("\n", " ")
    return out.replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_").replace("`", "\\`")
