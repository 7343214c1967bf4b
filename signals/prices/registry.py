"""The price sources by name, and how a study's own one is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from signals.errors import SpecError, nearest
from signals.prices.cache import CachedSource
from signals.prices.csv_source import CsvSource
from signals.prices.parquet_source import ParquetSource
from signals.prices.sample_source import SampleSource
from signals.prices.source import PriceSource
from signals.prices.yahoo_source import YahooSource
from signals.spec import StudySpec


@dataclass(frozen=True, slots=True, eq=False)
class Opening:
    """What a source may need to be opened."""

    path: Path | None
    cache_dir: Path
    now: Callable[[], datetime]
    refresh: bool
    max_age: float | None
    before_request: Callable[[str], None] | None


@dataclass(frozen=True, slots=True, eq=False)
class PriceSourceRow:
    """One row of the registry: how to open the source, what it is, what it needs."""

    open: Callable[[Opening], PriceSource]
    description: str
    needs: str
    needs_path: bool = False
    cached: bool = False


def _csv(opening: Opening) -> PriceSource:
    assert opening.path is not None  # open_source has seen to it
    return CsvSource(opening.path)


def _parquet(opening: Opening) -> PriceSource:
    assert opening.path is not None
    return ParquetSource(opening.path)


def _sample(opening: Opening) -> PriceSource:
    return SampleSource()


def _yahoo(opening: Opening) -> PriceSource:
    inner = YahooSource(opening.now, before_request=opening.before_request)
    return CachedSource(
        inner, opening.cache_dir, opening.now, opening.max_age, refresh=opening.refresh
    )


PRICE_SOURCES: Final[Mapping[str, PriceSourceRow]] = {
    "yahoo": PriceSourceRow(
        _yahoo,
        "Yahoo's charts through yfinance, kept in data_cache/prices",
        "a network; personal use by Yahoo's terms",
        cached=True,
    ),
    "csv": PriceSourceRow(
        _csv, "a folder of TICKER.csv files", "[prices].path or csv:PATH", needs_path=True
    ),
    "parquet": PriceSourceRow(
        _parquet,
        "one parquet file, long or wide",
        "[prices].path or parquet:PATH",
        needs_path=True,
    ),
    "sample": PriceSourceRow(
        _sample,
        "AAPL, FB, GOOG, IBM, MSFT to 2013-03 and ^GSPC 1999 to 2018, from installed packages",
        "the extra `sample`",
    ),
}


def _now() -> datetime:
    return datetime.now(UTC)


def open_source(
    spec: StudySpec,
    *,
    override: str | None = None,
    cache_dir: Path,
    now: Callable[[], datetime] = _now,
    refresh: bool = False,
    max_age: float | None = None,
    before_request: Callable[[str], None] | None = None,
) -> PriceSource:
    """The price source of a study, or the one that ``override`` names.

    ``override`` is ``yahoo``, ``sample``, ``csv:PATH`` or ``parquet:PATH``; its path is relative
    to the working directory, ``[prices].path`` to the study file. Raises :class:`SpecError`.
    """
    name, path = source_name(spec, override), None
    row = PRICE_SOURCES[name]
    if row.needs_path:
        path = _path(spec, name, override)
    return row.open(Opening(path, cache_dir, now, refresh, max_age, before_request))


def source_name(spec: StudySpec, override: str | None = None) -> str:
    """Which source it is going to be; raises :class:`SpecError` for one that is not known."""
    if override is None:
        return spec.prices.source
    name = override.split(":", 1)[0]
    if name not in PRICE_SOURCES:
        guess = nearest(name, PRICE_SOURCES)
        raise SpecError(
            "unknown price source" + (f"; did you mean {guess!r}?" if guess else ""),
            key="--prices",
            value=override,
            allowed="yahoo, sample, csv:PATH, parquet:PATH",
        )
    if ":" in override and not PRICE_SOURCES[name].needs_path:
        raise SpecError("takes no path", key="--prices", value=override, allowed=name)
    return name


def _path(spec: StudySpec, name: str, override: str | None) -> Path:
    stated = override.split(":", 1)[1] if override and ":" in override else None
    if stated:
        return Path(stated)
    if spec.prices.path and spec.prices.source == name and stated is None:
        return spec.file.parent / spec.prices.path
    if override is not None:
        raise SpecError("names no path", key="--prices", value=override, allowed=f"{name}:PATH")
    raise SpecError(
        f"is needed for source = {name!r}", file=spec.file, key="prices.path", allowed="a path"
    )
