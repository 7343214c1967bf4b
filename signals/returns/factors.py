"""Factor returns by session: read from a CSV file, in decimals from the door on.

Factor files come in percent (Kenneth French's library) or in decimals; the study file says which,
the conversion happens here and nowhere else.
"""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np

from signals.errors import DataError, SpecError, nearest
from signals.frames import Days, Floats, frozen

Unit = Literal["percent", "decimal"]

FACTOR_NAMES: Final = ("mkt_rf", "smb", "hml", "rmw", "cma", "mom", "rf")
MISSING_CODES: Final = (-99.99, -999.0, -9999.0)
"""What factor files hold where there is no value."""

_JUDGED_ROWS: Final = 20
_MOST_DECIMAL: Final = 0.2
_LEAST_PERCENT: Final = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class FactorTable:
    """Daily factor returns, decimal.

    ``sessions`` (S,) ``datetime64[D]``, strictly increasing; ``columns`` name → (S,) with NaN
    where there is no value; ``source`` what it was read from; ``digest`` sha256 of the content;
    ``fetched_at`` when a fetched table was fetched.
    """

    sessions: Days
    columns: Mapping[str, Floats]
    source: str = ""
    digest: str = ""
    fetched_at: str = ""

    @property
    def last(self) -> str:
        """The last session (ISO), or ``""``."""
        return str(self.sessions[-1]) if len(self.sessions) else ""


def factors_for(
    table: FactorTable, names: tuple[str, ...], sessions: Days
) -> tuple[Floats, Floats]:
    """The factors and the risk-free rate on an asset's own sessions.

    ``sessions`` (S,) days → ``(x (S, p), rf (S,))``, NaN on every session that the table does not
    hold (after its end, at a weekend): an event there is excluded, nothing is carried forward.
    Raises :class:`SpecError` for a column that the table lacks, or for sessions that are bars.
    Test: tests/models/test_factors.py.
    """
    if np.datetime_data(sessions.dtype)[0] != "D":
        raise SpecError(
            "factor returns are daily and cannot be set against bars",
            key="prices.interval",
            allowed="1d with a model on factors or on the risk-free rate",
        )
    require_columns(table, (*names, "rf"))
    place = np.searchsorted(table.sessions, sessions)
    place = np.minimum(place, max(len(table.sessions) - 1, 0))
    found = np.zeros(len(sessions), dtype=bool)
    if len(table.sessions):
        found = table.sessions[place] == sessions

    def column(name: str) -> Floats:
        out = np.full(len(sessions), np.nan)
        out[found] = table.columns[name][place[found]]
        return out

    x = np.empty((len(sessions), len(names)))
    for j, name in enumerate(names):
        x[:, j] = column(name)
    return x, column("rf")


def require_columns(
    table: FactorTable, names: Iterable[str], *, file: str | Path | None = None
) -> None:
    """:class:`SpecError` naming the study's key when the table lacks a column."""
    absent = [n for n in names if n not in table.columns]
    if absent:
        raise SpecError(
            f"the model needs the factor column {', '.join(absent)}; {table.source or 'the table'} "
            f"has {', '.join(table.columns) or 'none'}",
            file=file,
            key="factors.path",
            allowed=f"a file with the columns date, {', '.join(FACTOR_NAMES)} (those needed)",
        )


def table_of(
    sessions: Days,
    columns: Mapping[str, Floats],
    *,
    unit: Unit,
    source: str,
    file: str | Path | None = None,
    fetched_at: str = "",
) -> FactorTable:
    """The door: percent becomes decimal, once. Refuses a unit that the data contradict.

    The daily market factor has a standard deviation near 1 % (0.01): above 0.2 it cannot be in
    decimals, below 0.05 it cannot be in percent.
    """
    market = columns.get("mkt_rf")
    if market is not None and np.isfinite(market).sum() >= _JUDGED_ROWS:
        spread = float(np.nanstd(market))
        wrong = spread > _MOST_DECIMAL if unit == "decimal" else 0 < spread < _LEAST_PERCENT
        if wrong:
            other = "percent" if unit == "decimal" else "decimal"
            raise SpecError(
                f"mkt_rf of {source} has a standard deviation of {spread:.3g}: that is {other}",
                file=file,
                key="factors.unit",
                value=unit,
                allowed=other,
            )
    scale = 100.0 if unit == "percent" else 1.0
    decimal = {n: frozen(np.asarray(columns[n] / scale)) for n in FACTOR_NAMES if n in columns}
    days = frozen(sessions.astype("datetime64[D]"))
    return FactorTable(days, decimal, source, _digest(days, decimal), fetched_at)


def read_factor_csv(
    path: Path, unit: Unit | None, *, file: str | Path | None = None
) -> FactorTable:
    """A CSV of factors: ``date`` and any of ``mkt_rf smb hml rmw cma mom rf``, one row a session.

    Any column order; other columns are left alone; a blank cell is missing. ``unit`` is stated by
    the study. Raises :class:`SpecError` (no such file, no unit, wrong unit) or :class:`DataError`
    with line and column (bad date, bad number, a date twice or out of order, a missing-value code).
    Test: tests/models/test_factors.py.
    """
    if unit is None:
        raise SpecError(
            "the unit of the factor file is not stated",
            file=file,
            key="factors.unit",
            allowed="percent, decimal",
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SpecError(
            f"the factor file cannot be read: {error.strerror or error}",
            file=file,
            key="factors.path",
            value=str(path),
        ) from error
    except UnicodeDecodeError as error:
        raise DataError("the file is not UTF-8 text", file=path) from error
    days, columns = _parse(text, path)
    return table_of(days, columns, unit=unit, source=path.name, file=file)


def _parse(text: str, path: Path) -> tuple[Days, dict[str, Floats]]:
    lines = csv.reader(text.splitlines())
    header = [h.strip() for h in next(lines, [])]
    names = _columns(header, path)
    at = header.index("date")
    days: list[np.datetime64] = []
    values: list[list[float]] = []
    for number, row in enumerate(lines, start=2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            raise DataError(
                f"{len(row)} cells where the header has {len(header)}", file=path, line=number
            )
        day = _day(row[at].strip(), path, number)
        if days and day <= days[-1]:
            what = "stands twice" if day == days[-1] else "is out of order"
            raise DataError(
                f"the date {what}", file=path, line=number, column="date", value=str(day)
            )
        days.append(day)
        values.append([_number(row[j], n, path, number) for n, j in names.items()])
    if not days:
        raise DataError("the factor file has no rows", file=path)
    table = np.array(values, dtype=np.float64).reshape(len(days), len(names))
    return (
        np.array(days, dtype="datetime64[D]"),
        {n: np.ascontiguousarray(table[:, j]) for j, n in enumerate(names)},
    )


def _columns(header: list[str], path: Path) -> dict[str, int]:
    """Factor name → its place; the header must name ``date`` and no column twice."""
    for name in header:
        if name in ("date", *FACTOR_NAMES) and header.count(name) > 1:
            raise DataError("the column stands twice", file=path, line=1, column=name)
    if "date" not in header:
        raise DataError("there is no column date", file=path, line=1, value=",".join(header))
    names: dict[str, int] = {n: header.index(n) for n in FACTOR_NAMES if n in header}
    if not names:
        guess = nearest(header[-1].lower(), FACTOR_NAMES)
        raise DataError(
            "there is no factor column" + (f"; did you mean {guess}?" if guess else ""),
            file=path,
            line=1,
            value=",".join(header),
            allowed=FACTOR_NAMES,
        )
    return names


def _day(cell: str, path: Path, line: int) -> np.datetime64:
    try:
        if len(cell) != 10:
            raise ValueError
        return np.datetime64(cell, "D")
    except ValueError:
        raise DataError(
            "not a date", file=path, line=line, column="date", value=cell, allowed="YYYY-MM-DD"
        ) from None


def _number(cell: str, column: str, path: Path, line: int) -> float:
    cell = cell.strip()
    if not cell:
        return math.nan
    try:
        value = float(cell)
    except ValueError:
        value = math.inf
    if not math.isfinite(value):
        raise DataError("not a number", file=path, line=line, column=column, value=cell)
    if value in MISSING_CODES:
        raise DataError(
            "a missing-value code where a return belongs",
            file=path,
            line=line,
            column=column,
            value=cell,
            allowed="a number, or a blank cell where there is none",
        )
    return value


def _digest(days: Days, columns: Mapping[str, Floats]) -> str:
    state = hashlib.sha256(np.ascontiguousarray(days).astype("<M8[D]").tobytes())
    for name in sorted(columns):
        state.update(name.encode())
        state.update(columns[name].astype("<f8").tobytes())
    return state.hexdigest()
