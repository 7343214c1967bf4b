"""Which pairs can be studied now, and which rows their estimation leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd

from signals.errors import EventError
from signals.events import Catalogue
from signals.models import MODELS
from signals.plan import StudyPlan, clock_of, last_closed, plan_study
from signals.prices import PriceBook, PriceHistory
from signals.returns import EventReturns, Regressors, align, dropped_rows
from signals.returns.factors import FactorTable
from signals.sessions import as_of_instant
from signals.spec import StudySpec


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """A study before estimation: the pairs that can be tried as ``returns`` (N of them, ``rows``
    (N,) their rows in the plan), those that wait (``pending``), those that fell out so far
    (``failures``), and the last closed session of each calendar (``closed``)."""

    plan: StudyPlan
    prices: PriceBook
    returns: EventReturns
    rows: np.ndarray
    pending: int
    failures: tuple[EventError, ...]
    closed: Mapping[str, np.datetime64]


def make_ready(
    spec: StudySpec,
    catalogue: Catalogue,
    prices: PriceBook,
    factors: FactorTable | None,
    as_of: str | None,
    now: datetime | None,
) -> Ready:
    """Plan the study, leave out what cannot be known yet, and align the returns of the rest."""
    plan = plan_study(spec, catalogue, as_of=as_of, now=now)
    end = None if as_of is None else as_of_instant(as_of, spec.market.calendar)
    closed = last_closed(plan.session_events, clock_of(end, now))
    prices = prices if end is None else until(prices, closed)
    pending, ready = split_pending(plan.session_events.frame, closed)
    confounded: list[EventError] = []
    if spec.overlap == "exclude":
        ready, confounded = exclude_confounded(ready, plan)
    row = MODELS[spec.model]
    aligned = align(
        spec, ready, prices, Regressors(row.regressors, row.factors, row.excess), factors
    )
    returns = aligned.returns
    if spec.overlap == "dummy":
        returns = drop_contaminated(returns, aligned.rows, plan, spec)
    failures = (*confounded, *aligned.failures)
    return Ready(plan, prices, returns, aligned.rows, len(pending), failures, closed)


def until(prices: PriceBook, closed: Mapping[str, np.datetime64]) -> PriceBook:
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


def split_pending(
    frame: pd.DataFrame, closed: Mapping[str, np.datetime64]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The pairs whose day zero has not closed yet, and the others."""
    last = frame["calendar"].map(closed).to_numpy("datetime64[D]")
    waits = frame["day_zero"].to_numpy("datetime64[D]") > last
    return frame[waits], frame[~waits]


def exclude_confounded(
    ready: pd.DataFrame, plan: StudyPlan
) -> tuple[pd.DataFrame, list[EventError]]:
    """``overlap = "exclude"``: pairs with another event of the asset in their event window."""
    hit = plan.overlaps.confounding.any[ready.index.to_numpy(np.int64)]
    ids = plan.session_events.frame["event_id"].tolist()
    rows = ready[hit]
    failures = [
        EventError(
            str(event_id),
            str(ticker),
            "sessions",
            "overlap",
            "event window holds " + ", ".join(ids[j] for j in plan.overlaps.confounding[i]),
        )
        for i, event_id, ticker in zip(rows.index, rows["event_id"], rows["ticker"], strict=True)
    ]
    return ready[~hit], failures


def drop_contaminated(
    returns: EventReturns, rows: np.ndarray, plan: StudyPlan, spec: StudySpec
) -> EventReturns:
    """``overlap = "dummy"``: the primary-window sessions of the asset's other events leave the
    estimation (a dummy for a session and leaving it out give the same coefficients)."""
    place = plan.session_events.frame["position"].to_numpy(np.int64)
    others: dict[int, tuple[int, ...]] = {}
    for pair in np.flatnonzero(plan.overlaps.contaminating.any[rows]).tolist():
        # Positions in the series = positions on the calendar minus the series' start.
        row = int(rows[pair])
        start = place[row] - returns.zero[pair]
        others[pair] = tuple((place[list(plan.overlaps.contaminating[row])] - start).tolist())
    return replace(returns, dropped=dropped_rows(others, returns.zero, spec.primary))
