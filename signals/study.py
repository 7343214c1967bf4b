"""The whole method on one screen, no I/O: dated events and prices in, :class:`StudyResult` out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from signals.calibration import PlaceboOptions, trust
from signals.claims import check_claims
from signals.eligibility import Ready, make_ready
from signals.errors import DataError, EventError, SpecError
from signals.estimate import Estimation, Estimator, estimate
from signals.estimate_batched import engine_for, estimate_batched
from signals.events import Catalogue
from signals.inference import Settings
from signals.inference.variance_ratio import variance_panel
from signals.intraday_study import run_intraday, tables_beyond
from signals.large_study import LARGE, run_large
from signals.panel import AbnormalPanel
from signals.plan import StudyPlan, clock_of, plan_study
from signals.prices import PriceBook
from signals.prices.alignment import with_alignment
from signals.prices.currency import in_currency
from signals.reports.calibration_tables import (
    calibration_facts,
    family_facts,
    group_positions,
    trusted_tables,
)
from signals.reports.events_table import events_table
from signals.reports.flags import pair_flags
from signals.reports.group_tables import (
    Group,
    aar_table,
    caar_table,
    groups,
    statistics_table,
)
from signals.reports.manifest import manifest
from signals.reports.regression_table import regression_table
from signals.reports.result import StudyResult
from signals.reports.tables import (
    abnormal_returns_table,
    car_table,
    excluded_table,
    models_table,
)
from signals.returns.factors import FactorTable
from signals.sessions import as_of_instant
from signals.spec import StudySpec

__all__ = ["StudyPlan", "plan_study", "run_study"]


def run_study(
    spec: StudySpec,
    catalogue: Catalogue,
    prices: PriceBook,
    *,
    factors: FactorTable | None = None,
    as_of: str | None = None,
    now: datetime | None = None,
    placebo: PlaceboOptions | None = None,
    estimator: Estimator = estimate,
    engine: str | None = None,
) -> StudyResult:
    """Run the study: the same call serves a notebook, a test and a flow.

    ``as_of`` (ISO date): only sessions closed and events announced by the end of that day in the
    study's market exist. ``now`` is the clock (default: this moment), used to tell events whose
    sessions have not closed yet (``pending``, ``partial``) from missing data. ``placebo`` is what
    ``signals calibrate`` asks for beyond ``[calibration] draws``. ``estimator`` fits the pairs
    (default: here, one by one; see :mod:`signals.estimate_chunks` for other machines). ``engine``
    is what ``engine = "auto"`` resolved to at the study's first run; it is kept.

    Raises :class:`DataError` when no pair of the study can be used.
    """
    if spec.intraday:
        plan = plan_study(spec, catalogue, as_of=as_of, now=now)
        end = None if as_of is None else as_of_instant(as_of, spec.market.calendar)
        return run_intraday(spec, catalogue, plan, prices, clock_of(end, now), as_of)
    prices = with_alignment(spec, in_currency(spec, prices))
    ready = make_ready(spec, catalogue, prices, factors, as_of, now)
    # Group statistics of variances have no streamed form: such a study keeps its rows.
    large = len(ready.returns) > LARGE and spec.quantity != "variance"
    if large and _engine(spec, ready, engine) == "batched":
        return run_large(spec, catalogue, ready, as_of)
    done = _estimated(spec, ready, estimator, engine)
    panel = _measured(spec, done.estimation.panel)
    found = _groups(panel, catalogue)
    begun = time.perf_counter()
    trusted = trust(
        spec, ready.plan, ready.returns, done.estimation, ready.prices, group_positions(found),
        factors, placebo,
    )  # fmt: skip
    seconds = round(time.perf_counter() - begun, 3)
    tables = _tables(spec, catalogue, done, panel, found)
    remarks: list[str] = []
    if panel is not None:
        tables = trusted_tables(tables, spec, panel, trusted)
        if spec.regression is not None:
            tables["regression"], remarks = regression_table(spec, catalogue, tables)
    return StudyResult(
        spec=spec,
        tables=tables,
        manifest=manifest(
            spec, catalogue, ready.prices, tables, as_of=as_of, remarks=remarks,
            engine=done.engine,
            calibration=calibration_facts(trusted.calibration, spec.calibration.draws),
            family=family_facts(tables["car"], spec),
        ),
        prices=ready.prices,
        panel=panel,
        run={"timings": {"calibration_s": seconds}},
        placebo_studies=trusted.calibration,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Estimated:
    """What is known once every pair has its model: ``flags`` are those of each estimated pair."""

    ready: Ready
    estimation: Estimation
    engine: str
    failures: tuple[EventError, ...]
    flags: list[tuple[str, ...]]


def _engine(spec: StudySpec, ready: Ready, kept: str | None) -> str:
    """The engine of this run: ``kept`` is the one that ``auto`` resolved to at the first run."""
    wanted = kept if spec.engine == "auto" and kept else spec.engine
    return engine_for(wanted, spec.model, len(ready.returns), spec.missing, file=spec.file)


def _estimated(spec: StudySpec, ready: Ready, estimator: Estimator, kept: str | None) -> _Estimated:
    engine = _engine(spec, ready, kept)
    fit = estimate_batched if engine == "batched" else estimator
    estimation = fit(
        ready.returns, spec.model, min_returns=spec.estimation.min_returns, missing=spec.missing
    )
    failures = (*ready.failures, *estimation.failures)
    if estimation.panel is None and not ready.pending:
        raise _nothing_usable(spec, failures)
    flags = pair_flags(
        estimation,
        ready.rows[estimation.index],
        ready.plan.overlaps,
        ready.plan.tickers_of_event(),
        dummies=spec.overlap == "dummy",
    )
    return _Estimated(ready, estimation, engine, failures, flags)


def _tables(
    spec: StudySpec,
    catalogue: Catalogue,
    done: _Estimated,
    panel: AbnormalPanel | None,
    found: list[Group],
) -> dict[str, pd.DataFrame]:
    """The tables of the study itself: each pair's, and each group's."""
    settings = Settings(alpha=spec.alpha, seed=spec.seed)
    ready, estimation = done.ready, done.estimation
    tables = {
        "events": events_table(
            ready.plan.session_events, ready.plan.overlaps, panel, done.failures, ready.closed
        ),
        "models": models_table(estimation, ready.returns),
        "excluded": excluded_table(done.failures),
        "abnormal_returns": abnormal_returns_table(panel),
        "car": car_table(panel, spec.windows, settings, ready.closed, done.flags, estimation.panel),
    }
    if panel is not None:
        tables["caar"] = caar_table(panel, found, spec.windows, spec.alpha)
        tables["aar"] = aar_table(panel, found)
        tables["statistics"] = statistics_table(
            panel, found, spec.windows, spec.statistics, settings
        )
        tables |= tables_beyond(spec, catalogue, panel, ready.prices, settings)
    if len(catalogue.claims):
        tables["claims"] = _claims(spec, catalogue, ready)
    return tables


def _claims(spec: StudySpec, catalogue: Catalogue, ready: Ready) -> pd.DataFrame:
    """What the articles said that the market did, against what it did."""
    landed = ready.plan.session_events.frame[["event_id", "ticker", "day_zero"]]
    groups = {
        g: [a.ticker for a in spec.assets if a.group == g] for g in {a.group for a in spec.assets}
    }
    zeros = landed.assign(day_zero=landed["day_zero"].dt.strftime("%Y-%m-%d").fillna(""))
    known = catalogue.claims["event_id"].isin(landed["event_id"])
    return check_claims(
        catalogue.claims[known], zeros, ready.prices, shares=spec.shares, groups=groups
    )


def _groups(panel: AbnormalPanel | None, catalogue: Catalogue) -> list[Group]:
    """The groups of the report; an event's own subject is left out of its group."""
    if panel is None:
        return []
    frame = catalogue.frame
    return list(groups(panel, dict(zip(frame["event_id"], frame["subject"], strict=True))))


def _measured(spec: StudySpec, panel: AbnormalPanel | None) -> AbnormalPanel | None:
    """The panel of the study's quantity: returns and volumes as they are, variances from them."""
    if spec.quantity != "variance" or panel is None:
        return panel
    if not panel.forecast:
        raise SpecError(
            f"the model {spec.model!r} has no prediction variance to measure a variance against",
            file=spec.file,
            key="study.quantity",
            value=spec.quantity,
            allowed="return, or a least-squares model",
        )
    return variance_panel(panel)


def _nothing_usable(spec: StudySpec, failures: Sequence[EventError]) -> DataError:
    if not failures:
        return DataError("no event falls on an asset of this study", file=spec.file)
    codes = sorted({f.code for f in failures})
    if codes == ["no_volume"]:
        raise SpecError(
            "the prices hold no volume for any asset and its benchmark",
            file=spec.file,
            key="study.quantity",
            value=spec.quantity,
            allowed="return or variance, or a source with volume (set market.benchmark to a fund)",
        )
    return DataError(
        f"no event of this study can be used ({', '.join(codes)}); "
        f"first of {len(failures)}: {failures[0]}",
        file=spec.file,
    )
