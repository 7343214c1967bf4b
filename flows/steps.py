"""The steps of a run, each one call of the library. The flow and ``--direct`` share them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from flows.memory import compare, kept_engine, price_notes, recall, remember, restore
from flows.options import cache_dir
from signals.errors import DataError, TransientError
from signals.prices import (
    PriceBook,
    PriceFailure,
    PriceHistory,
    PriceRequest,
    PriceSource,
    PriceUnavailable,
    open_source,
    source_name,
)
from signals.sessions import as_of_instant

__all__ = [
    "collect", "compare", "estimate", "factors", "fetch", "fingerprint", "match", "needs_factors",
    "open_prices", "price_notes", "read", "recall", "remember",
    "restore", "source_down", "with_expected_moves", "write",
]  # fmt: skip

if TYPE_CHECKING:
    from flows.options import RunOptions
    from signals.estimate import Estimator
    from signals.events import Catalogue
    from signals.reports.fingerprint import Fingerprint
    from signals.reports.result import StudyResult
    from signals.returns.factors import FactorTable
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


def match(
    spec: StudySpec,
    catalogue: Catalogue,
    options: RunOptions,
    as_of: str | None,
    now: datetime,
) -> StudyPlan:
    """Which event is studied on which asset, from which session on, with which prices: these
    under the names that the source of this run uses."""
    from signals.study import plan_study

    source = source_name(spec, options.prices)
    return plan_study(spec, catalogue, as_of=as_of, now=now, source=source)


def open_prices(
    spec: StudySpec, options: RunOptions, now: datetime, turn: Callable[[str], None]
) -> PriceSource:
    """The source that the study, or ``--prices``, names. ``turn`` is called before each request
    that goes out, and waits while others are served."""
    return open_source(
        spec,
        override=options.prices,
        cache_dir=cache_dir(),
        now=lambda: now,
        refresh=options.refresh,
        max_age=options.max_age,
        before_request=turn,
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


def needs_factors(spec: StudySpec) -> bool:
    """Whether the study's model reads factor returns (or the risk-free rate)."""
    from signals.models import MODELS

    row = MODELS[spec.model]
    return row.regressors == "factors" or row.excess


def factors(
    spec: StudySpec, requests: Sequence[PriceRequest], options: RunOptions, now: datetime
) -> FactorTable:
    """The factor returns that the study's model needs."""
    from signals.models import MODELS
    from signals.returns.factor_source import load_factors

    return load_factors(
        spec,
        MODELS[spec.model].factors,
        cache_dir=cache_dir(),
        last=max((r.last for r in requests), default=""),
        now=now,
        refresh=options.refresh,
        max_age=options.max_age,
    )


def estimate(
    spec: StudySpec,
    catalogue: Catalogue,
    prices: PriceBook,
    table: FactorTable | None,
    as_of: str | None,
    now: datetime,
    estimator: Estimator | None = None,
) -> StudyResult:
    """The whole method: abnormal returns, their uncertainty, every statistic."""
    from signals.estimate import estimate as one_by_one
    from signals.study import run_study

    return run_study(
        spec, catalogue, prices, factors=table, as_of=as_of, now=now,
        estimator=estimator or one_by_one, engine=kept_engine(spec, as_of),
    )  # fmt: skip


def with_expected_moves(
    result: StudyResult, source: str, out: Path, as_of: str | None, now: datetime
) -> StudyResult:
    """The result with ``expected_moves``: what options say of events that have not happened yet.

    Only where Yahoo is the source: nobody else here has option chains, and there is no history of
    them. What an earlier run recorded is kept, with the measured move beside it once known.
    """
    import pandas as pd

    from signals.expected_move import day_zero_moves, expected_moves_table, yahoo_chain_of

    if source != "yahoo" or as_of is not None:
        return result
    file = out / "expected_moves.csv"
    try:
        earlier = pd.read_csv(file) if file.is_file() else None
    except ValueError as error:
        raise DataError(f"is not the table that an earlier run wrote: {error}", file=file) from None
    if earlier is None and not (result.events["status"] == "pending").any():
        return result
    table = expected_moves_table(
        result.events, day_zero_moves(result.abnormal_returns), yahoo_chain_of(now),
        recorded_at=f"{now:%Y-%m-%dT%H:%M:%SZ}", earlier=earlier,
    )  # fmt: skip
    return replace(result, tables={**result.tables, "expected_moves": table})


def fingerprint(
    plan: StudyPlan,
    catalogue: Catalogue,
    prices: PriceBook,
    table: FactorTable | None,
    as_of: str | None,
    now: datetime,
) -> Fingerprint:
    """Digests of everything that the results depend on."""
    from signals.reports.fingerprint import fingerprint as digest_inputs

    clock = now.astimezone(UTC).replace(tzinfo=None)
    end = as_of_instant(as_of, plan.spec.market.calendar) if as_of else None
    moment = np.datetime64(clock, "us")
    return digest_inputs(
        plan.spec,
        catalogue,
        plan.session_events,
        prices,
        now=moment if end is None else min(end, moment),
        factors=table.digest if table is not None else "",
        as_of=as_of,
    )


def write(
    result: StudyResult,
    out: Path,
    options: RunOptions,
    run: Mapping[str, Any],
    before: StudyResult | None,
) -> list[Path]:
    """Tables and manifest, then the page and the figures; each file whole or not at all."""
    from signals.reports.publish import publish

    return publish(
        result,
        out,
        html=options.page,
        figures=options.page,
        tables=options.tables,
        run=run,
        command=f"signals run {options.study}",
        previous=before,
    )
