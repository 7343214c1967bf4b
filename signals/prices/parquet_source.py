"""All prices of a study in one parquet file, long or wide.

* long: ``date`` (or ``ts_utc``), ``ticker``, ``close`` and/or ``adj_close``, optionally volume (and
  for bars open, high, low): one row for each ticker and session, in any order;
* wide: ``date`` (or ``ts_utc``) and one column for each ticker, holding its close.

The file is opened once. A long file is put in order of its ticker once, so that a ticker is one
slice of each column; a wide file is read one column at a time.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from signals.errors import DataError, SpecError
from signals.frames import Days, Floats
from signals.prices.history import FIELDS, PriceHistory
from signals.prices.series import assemble
from signals.prices.source import PriceRequest, PriceUnavailable

# Nothing reads the open, high and low of daily rows; of 25 million they take a gigabyte.
_DAILY: Final = ("close", "adj_close", "volume")
_ALLOWED: Final = "long (date, ticker, close …) or wide (date and one column for each ticker)"


@dataclass(slots=True, eq=False)
class _Long:
    """Columns in order of ticker, and where each ticker's rows begin and end.

    ``labels`` are days since 1970 (int32) or UTC bar starts.
    """

    labels: Any
    columns: dict[str, Floats]
    slices: dict[str, tuple[int, int]]


@dataclass(slots=True, eq=False)
class _Wide:
    labels: Days
    file: Any
    tickers: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class ParquetSource:
    """Prices from one parquet file. Checked by ``tests/prices/test_parquet_source.py``."""

    path: Path
    name: str = "parquet"
    _opened: dict[str, _Long | _Wide] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        if not self.path.is_file():
            raise SpecError(
                "there is no such parquet file", key="prices.path", value=str(self.path)
            )

    def load(self, request: PriceRequest) -> PriceHistory:
        """The rows of one ticker; raises :class:`PriceUnavailable` where the file has none."""
        with self._lock:  # a parquet reader is not safe to share between threads
            label = "date" if request.interval == "1d" else "ts_utc"
            if label not in self._opened:
                self._opened[label] = _open(self.path, label)
            labels, columns = _series(self.path, self._opened[label], request)
        return assemble(request, labels, columns, source=self.name)


def _open(path: Path, label: str) -> _Long | _Wide:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path, memory_map=True)
        names = file.schema_arrow.names
        if label not in names:
            raise DataError(
                f"the column {label} is missing", file=path, value=names[:8], allowed=_ALLOWED
            )
        if "ticker" not in names:
            labels = _labels(path, file.read([label]).column(label), label)
            return _Wide(labels, file, frozenset(names) - {label})
        fields = _DAILY if label == "date" else FIELDS
        prices = [f for f in fields if f in names]
        if not {"close", "adj_close"} & set(prices):
            problem = "has neither close nor adj_close"
            raise DataError(problem, file=path, value=names[:8], allowed=_ALLOWED)
        return _long(path, file, label, prices)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"cannot be read as parquet: {str(error)[:200]}", file=path) from None


def _long(path: Path, file: Any, label: str, prices: list[str]) -> _Long:
    """Every column in order of ticker. One column is read, ordered and let go of at a time."""
    codes, words = _codes(path, file.read(["ticker"]).column("ticker"))
    order = np.argsort(codes, kind="stable") if (codes[1:] < codes[:-1]).any() else None
    edges = np.cumsum(np.concatenate(([0], np.bincount(codes, minlength=len(words)))))
    labels = _labels(path, file.read([label]).column(label), label)
    if label == "date":
        labels = labels.astype(np.int32)  # half the memory; each slice is widened again
    columns = {}
    labels = labels if order is None else labels[order]
    for name in prices:
        values = _floats(path, file.read([name]).column(name), name)
        columns[name] = values if order is None else values[order]
    slices = {w: (int(edges[i]), int(edges[i + 1])) for i, w in enumerate(words)}
    return _Long(labels, columns, slices)


def _codes(path: Path, tickers: Any) -> tuple[Any, list[str]]:
    """A small integer for each row's ticker, and the ticker of each integer."""
    import pyarrow as pa

    if tickers.null_count:
        raise DataError("a row has no ticker", file=path, column="ticker")
    if not pa.types.is_dictionary(tickers.type):
        tickers = tickers.dictionary_encode()
    whole = tickers.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0)
    codes = whole.indices.to_numpy(zero_copy_only=False)
    words = [str(w) for w in whole.dictionary.to_pylist()]
    if len(words) < 2**15:
        codes = codes.astype(np.int16)  # numpy orders these in linear time
    return codes, words


def _series(
    path: Path, opened: _Long | _Wide, request: PriceRequest
) -> tuple[Days, dict[str, Floats]]:
    known = opened.slices if isinstance(opened, _Long) else opened.tickers
    if request.symbol not in known:
        raise PriceUnavailable(request.ticker, "no_prices", f"{path.name} has no {request.symbol}")
    if isinstance(opened, _Long):
        start, stop = opened.slices[request.symbol]
        labels = opened.labels[start:stop]
        labels = labels.astype("datetime64[D]") if request.interval == "1d" else labels
        return labels, {k: v[start:stop] for k, v in opened.columns.items()}
    column = opened.file.read([request.symbol]).column(request.symbol)
    return opened.labels, {"close": _floats(path, column, request.symbol)}


def _floats(path: Path, column: Any, name: str) -> Floats:
    import pyarrow as pa

    if not (
        pa.types.is_floating(column.type)
        or pa.types.is_integer(column.type)
        or pa.types.is_decimal(column.type)
        or pa.types.is_null(column.type)
    ):
        raise DataError(
            "is not a column of numbers", file=path, column=name, value=str(column.type),
            allowed="float or integer",
        )  # fmt: skip
    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def _labels(path: Path, column: Any, label: str) -> Days:
    import pyarrow as pa

    if column.null_count:
        raise DataError("a row has no date", file=path, column=label)
    if label == "ts_utc":
        if not pa.types.is_timestamp(column.type):
            raise DataError(
                "is not an instant", file=path, column=label, value=str(column.type),
                allowed="timestamp (UTC)",
            )  # fmt: skip
        return np.asarray(column.to_numpy()).astype("datetime64[s]")
    try:
        return np.asarray(column.cast(pa.date32()).to_numpy()).astype("datetime64[D]")
    except pa.ArrowException:
        raise DataError(
            "is not a date", file=path, column=label, value=str(column.type),
            allowed="date, midnight timestamp or YYYY-MM-DD text",
        ) from None  # fmt: skip
