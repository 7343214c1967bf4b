"""The steps of a run, each one call of the library. The flow and ``--direct`` share them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signals.errors import TransientError
from signals.prices import (
    PriceBook,
    PriceFailure,
    PriceHistory,
    PriceRequest,
    PriceSource,
    PriceUnavailable,
)

if TYPE_CHECKING:
    from flows.options import RunOptions
    from signals.events import Catalogue
    from signals.reports.result import StudyResult
    from signals.spec import StudySpec
    from signals.study import StudyPlan


def read(options: RunOptions) -> tuple[StudySpec, Catalogue]:
    """The study file and its events."""
    from signals.events import read_catalogue
    from signals.spec import read_study

    spec = read_study(options.study)
    folder = spec.file.parent
    catalogue = read_catalogue(
        [folder / name for name in spec.events.files],
        skip_bad_rows=options.skip_bad_rows,
    )
    return spec, catalogue


def match(spec: StudySpec, catalogue: Catalogue, as_of: str | None, now: datetime) -> StudyPlan:
    """Which event is studied on which asset, from which session on, with which prices."""
    from signals.study import plan_study

    return plan_study(spec, catalogue, as_of=as_of, now=now)


def open_prices(spec: StudySpec, options: RunOptions, now: datetime) -> PriceSource:
    """The source of prices that the study, or ``--prices``, names."""
    from signals.prices import open_source

    return open_source(
        spec,
        override=options.prices,
        now=now,
        refresh=options.refresh,
        max_age=options.max_age,
    )


def fetch(source: PriceSource, request: PriceRequest) -> PriceHistory | PriceFailure:
    """One series, or the cause why there is none. Raises ``TransientError`` (ask again)."""
    try:
        return source.load(request)
    except PriceUnavailable as cause:
        return PriceFailure(cause.ticker, cause.code, cause.detail)


def source_down(request: PriceRequest, cause: TransientError) -> PriceFailure:
    """What stands in the book for a ticker whose source did not answer, even when asked again."""
    return PriceFailure(request.ticker, "source_down", cause.detail)


def collect(source: PriceSource, answers: Iterable[PriceHistory | PriceFailure]) -> PriceBook:
    """All answers as one book."""
    histories: dict[str, PriceHistory] = {}
    failures: dict[str, PriceFailure] = {}
    for answer in answers:
        if isinstance(answer, PriceFailure):
            failures[answer.ticker] = answer
        else:
            histories[answer.ticker] = answer
    return PriceBook(histories, failures, source=source.name)


def estimate(
    spec: StudySpec,
    catalogue: Catalogue,
    prices: PriceBook,
    as_of: str | None,
    now: datetime,
) -> StudyResult:
    """The whole method: abnormal returns, their uncertainty, every statistic."""
    from signals.study import run_study

    return run_study(spec, catalogue, prices, as_of=as_of, now=now)


def write(
    result: StudyResult, out: Path, tables: tuple[str, ...], run: Mapping[str, Any]
) -> list[Path]:
    """CSV tables and the manifest, each file whole or not at all."""
    from signals import reports

    return reports.write(replace(result, run={**result.run, **run}), out, tables=tables)
