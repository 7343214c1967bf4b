"""Where a study's factors come from: a CSV of the user's, or French's library behind a cache."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from signals.errors import DataError, SpecError, TransientError
from signals.frames import Floats
from signals.prices.store import CorruptSeries, StoredSeries, locked, read_series, write_series
from signals.providers import NoSuchSeries
from signals.providers.french import SOURCE, Dataset, FrenchAnswer, fetch_factors
from signals.returns.factors import FactorTable, read_factor_csv, require_columns, table_of
from signals.spec import StudySpec

Fetch = Callable[[Dataset], FrenchAnswer]

LOOK_AGAIN_HOURS: Final = 24.0
"""The library is renewed about once a month: a table that ends before the study's sessions do is
asked for again, but not more often than this."""


def load_factors(
    spec: StudySpec,
    names: tuple[str, ...],
    *,
    cache_dir: Path,
    last: str,
    now: datetime | None = None,
    refresh: bool = False,
    max_age: float | None = None,
    fetch: Fetch = fetch_factors,
) -> FactorTable:
    """The table that ``[factors]`` of the study names, in decimals, with the columns ``names``.

    ``names`` are the factors of the model; the risk-free rate is added. ``last`` is the last
    session that the study needs (ISO). French's three-factor file serves models without ``rmw``
    and ``cma``, the five-factor file the others (their ``smb`` differ); momentum is joined by
    session. Stored under ``cache_dir/factors/french/``, written whole, with its digest.

    Raises :class:`SpecError` (no ``[factors]``, no file, wrong unit, missing column),
    :class:`DataError` (bad cell, a file that the library no longer has) or
    :class:`TransientError`. With ``max_age`` (days) a stored table that young stands in for a
    source that does not answer. Test: tests/models/test_factors.py.
    """
    chosen = spec.factors
    if chosen is None:
        raise SpecError(
            f"the model {spec.model!r} needs factor returns",
            file=spec.file,
            key="factors",
            allowed='[factors] with source = "french", or source = "csv" with path and unit',
        )
    if chosen.source == "csv":
        if chosen.path is None:
            raise SpecError(
                "the factor file is not named",
                file=spec.file,
                key="factors.path",
                allowed="a CSV of factors, relative to the study file",
            )
        table = read_factor_csv(spec.file.parent / chosen.path, chosen.unit, file=spec.file)
        require_columns(table, (*names, "rf"), file=spec.file)
        return table
    if chosen.unit == "decimal":
        raise SpecError(
            "French's library is in percent and is converted here",
            file=spec.file,
            key="factors.unit",
            value="decimal",
            allowed='source = "french" without unit',
        )
    moment = datetime.now(UTC) if now is None else now
    cache = _Cache(cache_dir / "factors" / SOURCE, moment, last, refresh, max_age, fetch)
    return _french(names, cache)


class _Cache:
    """Stored tables of the library, each renewed when it ends too early and is not of today."""

    def __init__(
        self,
        folder: Path,
        now: datetime,
        last: str,
        refresh: bool,
        max_age: float | None,
        fetch: Fetch,
    ) -> None:
        self.folder = folder
        self.now = now
        self.last = last
        self.refresh = refresh
        self.max_age = max_age
        self.fetch = fetch

    def table(self, dataset: Dataset) -> StoredSeries:
        path = self.folder / f"{dataset}.parquet"
        with locked(path):
            stored = _read(path)
            if stored is not None and not self.refresh and self._serves(stored):
                return stored
            try:
                fresh = self._stored(self.fetch(dataset))
            except TransientError:
                if stored is not None and self._young(stored):
                    return stored
                raise
            except NoSuchSeries as cause:
                raise DataError(
                    f"French's library: {cause.detail}", file=dataset, allowed='source = "csv"'
                ) from cause
            write_series(path, fresh)
        return fresh

    def _serves(self, stored: StoredSeries) -> bool:
        covers = len(stored.sessions) > 0 and str(stored.sessions[-1]) >= self.last
        return covers or self._age_hours(stored) < LOOK_AGAIN_HOURS

    def _young(self, stored: StoredSeries) -> bool:
        return self.max_age is not None and self._age_hours(stored) <= 24 * self.max_age

    def _age_hours(self, stored: StoredSeries) -> float:
        age = self.now - datetime.fromisoformat(stored.fetched_at)
        return age.total_seconds() / 3600

    def _stored(self, answer: FrenchAnswer) -> StoredSeries:
        first, last = str(answer.sessions[0]), str(answer.sessions[-1])
        return StoredSeries(
            source=SOURCE,
            symbol=answer.dataset,
            ticker=answer.dataset,
            calendar="XNYS",
            interval="1d",
            asked_first=first,
            through=last,
            fetched_at=self.now.isoformat(timespec="seconds"),
            sessions=answer.sessions,
            columns=answer.columns,
            name="daily factor returns, percent",
        )


def _read(path: Path) -> StoredSeries | None:
    """What is stored; a damaged file counts as none and is fetched anew."""
    try:
        return read_series(path)
    except CorruptSeries:
        return None


def _french(names: tuple[str, ...], cache: _Cache) -> FactorTable:
    main = cache.table("five" if {"rmw", "cma"} & set(names) else "three")
    columns: dict[str, Floats] = dict(main.columns)
    fetched = main.fetched_at
    if "mom" in names:
        momentum = cache.table("momentum")
        joined = np.full(len(main.sessions), np.nan)
        _, here, there = np.intersect1d(
            main.sessions, momentum.sessions, assume_unique=True, return_indices=True
        )
        joined[here] = momentum.columns["mom"][there]
        columns["mom"] = joined
        fetched = min(fetched, momentum.fetched_at)
    source = f"{SOURCE}: {main.symbol} factors{' and momentum' if 'mom' in names else ''}"
    table = table_of(main.sessions, columns, unit="percent", source=source, fetched_at=fetched)
    require_columns(table, (*names, "rf"))
    return table
