"""A folder of price files: one ``TICKER.csv`` (or ``.csv.gz``) for each asset, for intraday bars
``TICKER_5m.csv`` where there is one.

Columns: ``date`` (``YYYY-MM-DD``), or ``ts_utc`` (start of an intraday bar, ISO-8601 with ``Z`` or
an offset); at least one of ``close`` and ``adj_close``; optionally ``open high low volume``. In any
order; other columns are ignored. Empty cells, ``NaN``, ``NA`` and ``null`` are missing values;
anything else that is not a number is a :class:`DataError` with file, line, column and value.

Files are read by Arrow's vectorised reader. Only when that refuses a file is it walked row by
row, to say where the fault is.
"""

from __future__ import annotations

import csv
import gzip
import io
import math
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from signals.errors import DataError, SpecError
from signals.frames import Days, Floats
from signals.prices.history import FIELDS, PriceHistory
from signals.prices.series import assemble
from signals.prices.source import PriceRequest, PriceUnavailable, plain_file_name

NULLS: Final = ("", "NaN", "nan", "NA", "N/A", "null", "None")
_LIMIT: Final = 512 * 2**20
_PIECE: Final = 2**20
_COLUMNS_ALLOWED: Final = "date (or ts_utc) and at least one of close, adj_close"
_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True, eq=False)
class CsvSource:
    """Prices from ``folder/SYMBOL.csv``. Checked by ``tests/prices/test_csv_source.py``."""

    folder: Path
    name: str = "csv"

    def __post_init__(self) -> None:
        if not self.folder.is_dir():
            raise SpecError(
                "there is no such folder of price files", key="prices.path", value=str(self.folder)
            )

    def load(self, request: PriceRequest) -> PriceHistory:
        """The rows of one file; raises :class:`PriceUnavailable` where there is none and
        :class:`DataError` where a cell cannot be used."""
        file = self._file(request)
        intraday = request.interval != "1d"
        labels, columns = read_price_file(file, intraday=intraday)
        return assemble(request, labels, columns, source=self.name)

    def _file(self, request: PriceRequest) -> Path:
        if not plain_file_name(request.symbol):
            detail = f"{request.symbol[:40]!r} cannot be a file name"
            raise PriceUnavailable(request.ticker, "no_prices", detail)
        stems = [request.symbol]
        if request.interval != "1d":  # a folder may hold bars of several lengths: META_5m.csv
            stems.insert(0, f"{request.symbol}_{request.interval}")
        for stem in stems:
            for ending in (".csv", ".csv.gz"):
                file = self.folder / f"{stem}{ending}"
                if file.is_file():
                    return file
        detail = f"no {request.symbol}.csv in {self.folder.name or self.folder}"
        raise PriceUnavailable(request.ticker, "no_prices", detail)


def read_price_file(file: Path, *, intraday: bool = False) -> tuple[Days, dict[str, Floats]]:
    """Labels (R,) and price columns (R,) of one file, in file order, nothing judged yet.

    Raises :class:`DataError` naming file, line, column, value and what is allowed.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    raw = _bytes(file)
    header = _header(file, raw)
    label = "ts_utc" if intraday else "date"
    names = _named(file, header, label)
    types: dict[str, Any] = {header[i]: pa.float64() for i in names.values()}
    types[header[names[label]]] = pa.timestamp("s", tz="UTC") if intraday else pa.date32()
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(raw),
            read_options=arrow_csv.ReadOptions(use_threads=False),
            convert_options=arrow_csv.ConvertOptions(
                column_types=types,
                include_columns=[header[i] for i in names.values()],
                null_values=list(NULLS),
                strings_can_be_null=True,
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise _fault(file, raw, header, names, label) or _unplaced(file, error) from None
    cells = {f: table.column(header[i]) for f, i in names.items() if f != label}
    columns = {f: c.to_numpy(zero_copy_only=False).astype(np.float64) for f, c in cells.items()}
    dates = table.column(header[names[label]])
    # "inf" and odd spellings of NaN pass for numbers: they are no prices.
    odd = any((~np.isfinite(v)).sum() > cells[f].null_count for f, v in columns.items())
    if dates.null_count or odd:
        raise _fault(file, raw, header, names, label) or _unplaced(file, "a date is missing")
    unit = "datetime64[s]" if intraday else "datetime64[D]"
    return dates.to_numpy().astype(unit), columns


def _bytes(file: Path) -> bytes:
    try:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as stream:
            raw = _bounded(stream)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"cannot be read: {error}", file=file) from None
    if len(raw) > _LIMIT:
        raise DataError("is larger than a price file can be", file=file, allowed="512 MB")
    if not raw.strip():
        raise DataError("is empty", file=file, allowed=_COLUMNS_ALLOWED)
    return raw.removeprefix(b"\xef\xbb\xbf")


def _bounded(stream: gzip.GzipFile | io.BufferedReader) -> bytes:
    """All of a stream, or a little more than the limit. Piece by piece: a read of the whole limit
    would set that much memory aside for the smallest file."""
    parts, size = [], 0
    while size <= _LIMIT and (part := stream.read(_PIECE)):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def _header(file: Path, raw: bytes) -> list[str]:
    try:
        first = raw.split(b"\n", 1)[0].decode("utf-8")
        return next(csv.reader([first.rstrip("\r")]))
    except (UnicodeDecodeError, csv.Error, StopIteration):
        raise DataError("has no readable header", file=file, line=1, allowed="UTF-8 text") from None


def _named(file: Path, header: list[str], label: str) -> dict[str, int]:
    """Position of each column that is used; upper case and blanks in names do not matter."""
    plain = [h.strip().casefold().replace(" ", "_") for h in header]
    wanted = [label, *FIELDS]
    twice = [n for n in wanted if plain.count(n) > 1]
    if twice:
        raise DataError("stands twice in the header", file=file, line=1, column=twice[0])
    names = {n: plain.index(n) for n in wanted if n in plain}
    if label not in names:
        other = "date" if label == "ts_utc" else "ts_utc"
        problem = f"the column {label} is missing"
        if other in plain:
            kind = "daily rows" if other == "date" else "intraday bars"
            problem += f": the file holds {kind}, see [prices].interval"
        elif len(header) == 1 and ";" in header[0]:
            problem += ": the columns are separated by ';'"
        raise DataError(problem, file=file, line=1, value=header[:8], allowed=_COLUMNS_ALLOWED)
    if not {"close", "adj_close"} & set(names):
        raise DataError(
            "has neither close nor adj_close",
            file=file,
            line=1,
            value=header[:8],
            allowed=_COLUMNS_ALLOWED,
        )
    return names


def _unplaced(file: Path, error: object) -> DataError:
    return DataError(f"cannot be read as a table: {str(error)[:200]}", file=file)


def _fault(
    file: Path, raw: bytes, header: list[str], names: dict[str, int], label: str
) -> DataError | None:
    """The first cell that cannot be used, found row by row."""
    try:
        for line, row in _lines(raw):
            if len(row) != len(header):
                return DataError(
                    f"the row has {len(row)} cells, the header {len(header)}", file=file, line=line
                )
            for column, at in names.items():
                fault = _cell_fault(column, row[at], label)
                if fault:
                    return DataError(
                        fault[0], file=file, line=line, column=column, value=row[at],
                        allowed=fault[1],
                    )  # fmt: skip
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        problem = "is not UTF-8 text"
        return DataError(problem, file=file, line=line, value=raw[error.start : error.start + 1])
    except csv.Error as error:
        return DataError(f"is not readable text: {error}", file=file)
    return None


def _lines(raw: bytes) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(raw.decode("utf-8"), newline=""))
    next(reader)
    for row in reader:
        if row:
            yield reader.line_num, row


def _cell_fault(column: str, cell: str, label: str) -> tuple[str, str] | None:
    """What is wrong with one cell, and what may stand there."""
    if column == label == "date":
        try:
            datetime.strptime(cell, "%Y-%m-%d").replace(tzinfo=UTC)
        except ValueError:
            return "is not a date", "YYYY-MM-DD"
        return None if len(cell) == 10 else ("is not a date", "YYYY-MM-DD")
    if column == label:
        try:
            stated = datetime.fromisoformat(cell)
        except ValueError:
            return "is not an instant", "YYYY-MM-DDThh:mm:ssZ"
        return None if stated.tzinfo else ("has no time zone", "YYYY-MM-DDThh:mm:ssZ")
    number = _NUMBER.fullmatch(cell.strip())
    if number and math.isinf(float(cell)):
        return "is larger than a number can be", "a number, or empty"
    if cell in NULLS or number:
        return None
    return "is not a price" if column != "volume" else "is not a volume", "a number, or empty"
