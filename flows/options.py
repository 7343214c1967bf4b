"""What a user may choose for one run of a study, checked."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, Literal, cast, get_args

from signals.errors import SpecError

CACHE_VARIABLE: Final = "SIGNALS_CACHE"
TableFormat = Literal["csv", "parquet", "xlsx", "tex", "md"]
RunnerName = Literal["threads", "dask"]
TABLE_FORMATS: Final = get_args(TableFormat)


@dataclass(frozen=True, slots=True, eq=False)
class RunOptions:
    """One run of one study.

    ``prices`` overrides the study's source (``SOURCE[:PATH]``), ``as_of`` is an ISO date,
    ``max_age`` the days that a cached series may be old when its source is down; without ``page``
    neither ``report.html`` nor figures are made. ``runner`` says where pairs are estimated.
    """

    study: Path
    out: Path | None = None
    prices: str | None = None
    as_of: str | None = None
    skip_bad_rows: bool = False
    max_age: float | None = None
    tables: tuple[TableFormat, ...] = ()
    refresh: bool = False
    page: bool = True
    runner: RunnerName = "threads"

    def folder(self, study_id: str) -> Path:
        """Where the reports go: ``--out``, else ``reports/<study id>``."""
        return self.out if self.out is not None else Path("reports") / study_id


def cache_dir() -> Path:
    """Where prices and earlier runs are kept: ``SIGNALS_CACHE``, else ``data_cache`` here."""
    return Path(os.environ.get(CACHE_VARIABLE) or "data_cache")


def parse_as_of(text: str | None) -> str | None:
    """The day of ``--as-of``, as given; raises :class:`SpecError` for anything but YYYY-MM-DD."""
    if text is None:
        return None
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            raise ValueError
        date.fromisoformat(text)
    except ValueError:
        raise SpecError(
            "is not a date", key="--as-of", value=text, allowed="YYYY-MM-DD, a day that exists"
        ) from None
    return text


def parse_tables(text: str) -> tuple[TableFormat, ...]:
    """The formats of ``--tables csv,parquet``, CSV always among them; none named: CSV, and parquet
    instead for tables of more than a million rows."""
    asked = [part.strip().lower() for part in text.split(",") if part.strip()]
    for name in asked:
        if name not in TABLE_FORMATS:
            raise SpecError(
                "is not a table format", key="--tables", value=name, allowed=TABLE_FORMATS
            )
    named = {"csv", *asked} if asked else set()
    return tuple(name for name in TABLE_FORMATS if name in named)


def parse_max_age(days: float | None) -> float | None:
    """Days of ``--max-age``; raises :class:`SpecError` for a negative or absurd number."""
    if days is not None and not 0 <= days <= 36500:
        raise SpecError("is not an age", key="--max-age", value=days, allowed="days, 0 to 36500")
    return days


def parse_runner(text: str) -> RunnerName:
    """The name of ``--runner``; raises :class:`SpecError` for another one."""
    for name in get_args(RunnerName):
        if text == name:
            return cast(RunnerName, name)
    raise SpecError("is not a runner", key="--runner", value=text, allowed=get_args(RunnerName))
