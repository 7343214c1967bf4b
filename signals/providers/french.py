"""Kenneth French's data library, through pandas-datareader: daily factor returns in percent.

The only module that imports pandas-datareader. It hands on a whole file as it is published
(percent; NaN where the library has its missing-value code) or the cause why there is none:
:class:`TransientError` for a network fault, a busy server or an answer that is no factor file,
:class:`RateLimited` with the server's own pause, :class:`NoSuchSeries` where the file is gone or
has lost its columns. The library's terms are its own: nothing of it is shipped.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from zipfile import BadZipFile

import numpy as np

from signals.errors import SpecError, TransientError
from signals.frames import Days, Floats
from signals.providers import NoSuchSeries, RateLimited

SOURCE: Final = "french"
Dataset = Literal["three", "five", "momentum"]

FILES: Final[Mapping[Dataset, tuple[str, tuple[str, ...]]]] = {
    "three": ("F-F_Research_Data_Factors_daily", ("mkt_rf", "smb", "hml", "rf")),
    "five": (
        "F-F_Research_Data_5_Factors_2x3_daily",
        ("mkt_rf", "smb", "hml", "rmw", "cma", "rf"),
    ),
    "momentum": ("F-F_Momentum_Factor_daily", ("mom",)),
}
"""Data set → the library's file and its columns. ``smb`` of the two main files differ."""

_MISSING: Final = (-99.99, -999.0)


@dataclass(frozen=True, slots=True, eq=False)
class FrenchAnswer:
    """One published file: ``sessions`` (S,) ``datetime64[D]``, columns (S,) in percent."""

    dataset: str
    sessions: Days
    columns: Mapping[str, Floats]


def fetch_factors(dataset: Dataset, *, timeout: float = 30.0, session: Any = None) -> FrenchAnswer:
    """The whole file of ``dataset``; one request, retries are the caller's.

    ``session`` is a ``requests.Session`` (default: a new one, which heeds the proxy variables).
    Test: tests/providers/test_french.py.
    """
    try:
        import requests
        from pandas_datareader._utils import RemoteDataError
        from pandas_datareader.famafrench import FamaFrenchReader
    except ImportError as error:
        raise SpecError(
            "French's library is read through pandas-datareader, which is not installed",
            key="factors.source",
            value=SOURCE,
            allowed='the extra `factors` of this package, or source = "csv"',
        ) from error
    name, columns = FILES[dataset]
    seen: list[requests.Response] = []
    own = session if session is not None else requests.Session()
    own.hooks["response"].append(lambda response, **_: seen.append(response))
    reader = FamaFrenchReader(
        name, start="1900-01-01", retry_count=0, pause=0, timeout=timeout, session=own
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the reader's own pandas deprecations
            tables = reader.read()
    except RemoteDataError as error:
        raise _cause(dataset, seen, str(error)) from error
    except (OSError, requests.RequestException) as error:
        raise TransientError(SOURCE, _one_line(error), ticker=dataset) from error
    except (BadZipFile, ValueError, TypeError, IndexError, KeyError) as error:
        detail = f"the answer is no factor file: {_one_line(error)}"
        raise TransientError(SOURCE, detail, ticker=dataset) from error
    return _answer(dataset, columns, tables)


def _answer(dataset: Dataset, wanted: tuple[str, ...], tables: Mapping[Any, Any]) -> FrenchAnswer:
    if 0 not in tables or len(tables[0]) == 0:
        raise TransientError(SOURCE, "the answer holds no table", ticker=dataset)
    frame = tables[0]
    frame.columns = [str(c).strip().lower().replace("-", "_") for c in frame.columns]
    absent = [c for c in wanted if c not in frame.columns]
    if absent:
        detail = f"the file has no column {', '.join(absent)}: {', '.join(frame.columns)}"
        raise NoSuchSeries(dataset, "no_prices", detail)
    sessions = frame.index.to_timestamp().to_numpy().astype("datetime64[D]")
    if (np.diff(sessions) <= np.timedelta64(0)).any():
        raise TransientError(SOURCE, "the file's dates are not in order", ticker=dataset)
    columns = {}
    for name in wanted:
        try:
            values = frame[name].to_numpy(dtype=np.float64, copy=True)
        except ValueError as error:
            detail = f"{name}: {_one_line(error)}"
            raise TransientError(SOURCE, detail, ticker=dataset) from error
        values[np.isin(values, _MISSING)] = np.nan
        columns[name] = values
    return FrenchAnswer(dataset, sessions, columns)


def _cause(dataset: Dataset, seen: list[Any], said: str) -> Exception:
    """The status that pandas-datareader's error has lost."""
    if not seen:
        return TransientError(SOURCE, _one_line(said.rpartition("Exception:")[2]), ticker=dataset)
    last = seen[-1]
    if last.status_code == 429:
        after = last.headers.get("Retry-After", "")
        pause = float(after) if after.isdigit() else None
        return RateLimited(SOURCE, "HTTP 429", ticker=dataset, retry_after=pause)
    if 400 <= last.status_code < 500 and last.status_code != 408:
        return NoSuchSeries(dataset, "no_prices", f"HTTP {last.status_code} for {last.url}")
    return TransientError(SOURCE, f"HTTP {last.status_code}", ticker=dataset)


def _one_line(said: object) -> str:
    return " ".join(str(said).split())[:200]
