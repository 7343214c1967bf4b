"""The whole method on one screen, no I/O: dated events and prices in, :class:`StudyResult` out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from signals.errors import DataError, EventError, SpecError, nearest
from signals.estimate import Estimation, estimate
from signals.events import Catalogue
from signals.inference import STATISTICS, Settings
from signals.models import MODELS
from signals.prices import PriceBook, PriceHistory, PriceRequest, requests_for
from signals.reports.events_table import events_table
from signals.reports.group_tables import aar_table, caar_table, groups, statistics_table
from signals.reports.manifest import manifest
from signals.reports.result import StudyResult
from signals.reports.tables import (
    abnormal_returns_table,
    car_table,
    excluded_table,
    models_table,
)
from signals.returns import EventReturns, Regressors, align, dropped_rows
from signals.returns.factors import FactorTable
from signals.sessions import (
    Overlaps,
    SessionEvents,
    as_of_instant,
    find_overlaps,
    match_events,
    trading_calendar,
)
from signals.spec import StudySpec


@dataclass(frozen=True, slots=True, eq=False)
class StudyPlan:
    """What a study will do, before any price is read: where each event lands, and the series
    that it needs (``requests``)."""

    spec: StudySpec
    session_events: SessionEvents
    overlaps: Overlaps
    requests: tuple[PriceRequest, ...]


def plan_study(
    spec: StudySpec,
    catalogue: Catalogue,
    *,
    as_of: str | None = None,
    now: datetime | None = None,
    source: str | None = None,
) -> StudyPlan:
    """Match events to sessions and list the price series needed (no I/O).

    ``source`` names the price source that will be asked, where it is not the study's own.

    Raises :class:`SpecError` for an unknown model or statistic, a benchmark that is needed and
    not named, or an unknown calendar.
    """
    check_names(spec)
    end = None if as_of is None else as_of_instant(as_of, spec.market.calendar)
    matched = match_events(spec, catalogue, as_of=end)
    frame = matched.frame
    overlaps = find_overlaps(
        frame["ticker"].to_numpy(object),
        frame["position"].to_numpy(np.int64),
        spec.event_window,
        spec.estimation_window,
    )
    requests = _requests(spec, matched, _clock(end, now), source)
    return StudyPlan(spec, matched, overlaps, requests)


def run_study(
    spec: StudySpec,
    catalogue: Catalogue,
    prices: PriceBook,
    *,
    factors: FactorTable | None = None,
    as_of: str | None = None,
    now: datetime | None = None,
) -> StudyResult:
    """Run the study: the same call serves a notebook, a test and a flow.

    ``as_of`` (ISO date): only sessions closed and events announced by the end of that day in the
    study's market exist. ``now`` is the clock (default: this moment), used to tell events whose
    sessions have not closed yet (``pending``, ``partial``) from missing data.

    Raises :class:`DataError` when no pair of the study can be used.
    """
    plan = plan_study(spec, catalogue, as_of=as_of, now=now)
    end = None if as_of is None else as_of_instant(as_of, spec.market.calendar)
    clock = _clock(end, now)
    closed = _last_closed(plan.session_events, clock)
    prices = prices if end is None else _until(prices, closed)
    pending, ready = _split_pending(plan.session_events.frame, closed)
    failures: list[EventError] = []
    if spec.overlap == "exclude":
        ready, failures = _exclude_confounded(ready, plan)
    row = MODELS[spec.model]
    regressors = Regressors(row.regressors, row.factors, row.excess)
    aligned = align(spec, ready, prices, regressors, factors)
    returns = aligned.returns
    if spec.overlap == "dummy":
        returns = _drop_contaminated(returns, aligned.rows, plan, spec)
    estimation = estimate(
        returns, spec.model, min_returns=spec.estimation.min_returns, missing=spec.missing
    )
    failures += [*aligned.failures, *estimation.failures]
    if estimation.panel is None and not len(pending):
        raise _nothing_usable(spec, failures)
    return _result(spec, catalogue, plan, prices, returns, estimation, failures, closed, as_of)


def _result(
    spec: StudySpec,
    catalogue: Catalogue,
    plan: StudyPlan,
    prices: PriceBook,
    returns: EventReturns,
    estimation: Estimation,
    failures: list[EventError],
    closed: Mapping[str, np.datetime64],
    as_of: str | None,
) -> StudyResult:
    settings = Settings(alpha=spec.alpha, seed=spec.seed)
    panel = estimation.panel
    tables: dict[str, pd.DataFrame] = {
        "events": events_table(plan.session_events, plan.overlaps, panel, failures, closed),
        "models": models_table(estimation, returns),
        "abnormal_returns": abnormal_returns_table(panel),
        "car": car_table(panel, spec.windows, settings, closed),
        "excluded": excluded_table(failures),
    }
    if panel is not None:
        subject = dict(zip(catalogue.frame["event_id"], catalogue.frame["subject"], strict=True))
        found = list(groups(panel, subject))
        tables["caar"] = caar_table(panel, found, spec.windows, spec.alpha)
        tables["aar"] = aar_table(panel, found)
        tables["statistics"] = statistics_table(
            panel, found, spec.windows, spec.statistics, settings
        )
    return StudyResult(
        spec=spec,
        tables=tables,
        manifest=manifest(spec, catalogue, prices, tables, as_of=as_of),
        prices=prices,
        panel=panel,
    )


def check_names(spec: StudySpec) -> None:
    """Raise :class:`SpecError` for models and statistics that are in no registry, and for a
    benchmark that the model needs and nobody names."""
    if spec.model not in MODELS:
        raise _unknown(spec, "study.model", spec.model, list(MODELS))
    for name in () if spec.statistics == "auto" else spec.statistics:
        if name not in STATISTICS:
            raise _unknown(spec, "study.statistics", name, list(STATISTICS))
    if MODELS[spec.model].regressors == "market" and spec.market.benchmark is None:
        without = [a.ticker for a in spec.assets if a.benchmark is None]
        if without or not spec.assets:
            raise SpecError(
                f"the model {spec.model!r} needs a benchmark"
                + (f" for {', '.join(without)}" if without else ""),
                file=spec.file,
                key="market.benchmark",
                allowed="a ticker, here or with each asset",
            )


def _unknown(spec: StudySpec, key: str, value: str, known: list[str]) -> SpecError:
    guess = nearest(value, known)
    return SpecError(
        "unknown name" + (f"; did you mean {guess!r}?" if guess else ""),
        file=spec.file,
        key=key,
        value=value,
        allowed=known,
    )


def _clock(end: np.datetime64 | None, now: datetime | None) -> np.datetime64:
    moment = (now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None)
    clock = np.datetime64(moment, "us")
    return clock if end is None else min(end, clock)


def _requests(
    spec: StudySpec, matched: SessionEvents, clock: np.datetime64, source: str | None
) -> tuple[PriceRequest, ...]:
    frame = matched.frame[matched.frame["position"] >= 0]
    tickers = sorted(frame["ticker"].unique())
    if not tickers:
        return ()
    first, last = [], []
    for name, part in frame.groupby("calendar"):
        sessions = trading_calendar(str(name)).sessions
        low = int(part["position"].min()) + spec.estimation_window[0] - 5
        high = int(part["position"].max()) + spec.event_window[1]
        first.append(sessions[max(low, 0)])
        last.append(sessions[min(high, len(sessions) - 1)])
    until = min(max(last), clock.astype("datetime64[D]"))
    donors = [d for t in tickers for d in spec.donors.get(t, ()) if d not in tickers]
    wanted = [*tickers, *dict.fromkeys(donors)]
    return requests_for(spec, wanted, str(min(first)), str(until), source=source)


def _last_closed(matched: SessionEvents, clock: np.datetime64) -> dict[str, np.datetime64]:
    """The last session of each calendar that has closed at ``clock``."""
    closed: dict[str, np.datetime64] = {}
    for name in sorted(matched.frame["calendar"].unique()):
        calendar = trading_calendar(str(name))
        place = int(np.searchsorted(calendar.closes, clock, side="right")) - 1
        closed[str(name)] = calendar.sessions[max(place, 0)]
    return closed


def _until(prices: PriceBook, closed: Mapping[str, np.datetime64]) -> PriceBook:
    """The price book as it stood: no later session than the last closed one of its calendar."""
    day = max(closed.values())
    histories = {
        ticker: _cut(history, closed.get(history.calendar, day))
        for ticker, history in prices.histories.items()
    }
    return replace(prices, histories=histories)


def _cut(history: PriceHistory, last: np.datetime64) -> PriceHistory:
    keep = history.sessions <= last
    columns = {name: values[keep] for name, values in history.columns.items()}
    return replace(history, sessions=history.sessions[keep], columns=columns)


def _split_pending(
    frame: pd.DataFrame, closed: Mapping[str, np.datetime64]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    last = frame["calendar"].map(closed).to_numpy("datetime64[D]")
    waits = frame["day_zero"].to_numpy("datetime64[D]") > last
    return frame[waits], frame[~waits]


def _exclude_confounded(
    ready: pd.DataFrame, plan: StudyPlan
) -> tuple[pd.DataFrame, list[EventError]]:
    """``overlap = "exclude"``: pairs with another event of the asset in their event window."""
    hit = np.asarray([bool(plan.overlaps.confounding[i]) for i in ready.index], dtype=bool)
    ids = plan.session_events.frame["event_id"]
    failures = [
        EventError(
            str(ready.loc[i, "event_id"]),
            str(ready.loc[i, "ticker"]),
            "sessions",
            "overlap",
            "event window holds " + ", ".join(ids[j] for j in plan.overlaps.confounding[i]),
        )
        for i in ready.index[hit]
    ]
    return ready[~hit], failures


def _drop_contaminated(
    returns: EventReturns, rows: np.ndarray, plan: StudyPlan, spec: StudySpec
) -> EventReturns:
    """``overlap = "dummy"``: the primary-window sessions of the asset's other events leave the
    estimation (a dummy for a session and leaving it out give the same coefficients)."""
    place = plan.session_events.frame["position"].to_numpy(np.int64)
    others: dict[int, tuple[int, ...]] = {}
    for pair, row in enumerate(rows):
        # Positions in the series = positions on the calendar minus the series' start.
        start = place[row] - returns.zero[pair]
        found = plan.overlaps.contaminating[row]
        others[pair] = tuple(int(place[j] - start) for j in found)
    return replace(returns, dropped=dropped_rows(others, returns.zero, spec.primary))


def _nothing_usable(spec: StudySpec, failures: list[EventError]) -> DataError:
    if not failures:
        return DataError("no event falls on an asset of this study", file=spec.file)
    codes = sorted({f.code for f in failures})
    return DataError(
        f"no event of this study can be used ({', '.join(codes)}); "
        f"first of {len(failures)}: {failures[0]}",
        file=spec.file,
    )
