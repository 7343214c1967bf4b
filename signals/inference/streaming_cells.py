"""One group over one window: its statistics from the sums, and a group's average returns."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from signals.frames import Floats, Ints
from signals.inference.evidence import SHORTEST_ESTIMATION
from signals.inference.inference import Correlation, Inference, Settings
from signals.inference.streaming_events import Ordered
from signals.inference.streaming_finish import CellSums, slim_panel, statistic
from signals.inference.streaming_plan import Plan
from signals.inference.streaming_residuals import Partial, Places
from signals.panel import Window


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One group over one window: ``members`` (positions of the events counted), ``left_out``
    (positions of events whose window overlaps one of the same asset), the ``statistics``."""

    group: str
    window: Window
    members: Ints
    left_out: Ints
    correlation: Correlation
    statistics: tuple[Inference, ...]


@dataclass(frozen=True, slots=True, eq=False)
class AverageReturns:
    """AAR of one group over the event window: ``tau`` (W,), ``n_events``, ``aar`` and the sample
    ``sd`` over events, NaN where there are none (or for sd, fewer than two)."""

    group: str
    tau: Ints
    n_events: Ints
    aar: Floats
    sd: Floats


def finish_cell(
    events: Ordered,
    plan: Plan,
    c: int,
    found: Correlation,
    sums: Partial | None,
    places: Places | None,
    settings: Settings,
) -> Cell:
    """The statistics of cell ``c``."""
    group, window = plan.cells[c]
    w, rows = plan.windows.index(window), np.flatnonzero(plan.members[c])
    cars, length, store = events.cars, events.store.length, events.store
    n_obs = cars.n_obs[rows]
    # Names are only read by the refusal of short estimations; a million strings are not free.
    named = bool((n_obs < SHORTEST_ESTIMATION).any())
    blank = np.empty(len(rows), dtype=object)
    panel = slim_panel(
        events.returns.event_id[events.order[rows]] if named else blank,
        events.tickers(rows) if named else blank,
        cars.car[rows, w], cars.variance[rows, w], cars.df[rows], n_obs, events.day[rows],
        store.form.name,
    )  # fmt: skip
    none = np.zeros(length + store.width)
    cell = CellSums(
        panel=panel,
        correlation=found,
        rows=length,
        columns=slice(window[0] - store.event, window[1] - store.event + 1),
        positive=float(sums.positive[c]) if sums else 0.0,
        rank=sums.rank[c] if sums else none,
        residual=sums.residual[c] if sums else none,
        seen=sums.seen[c] if sums else none,
        place=sums.place[c] if sums else none[:length],
        above=places.above[c] if places else none[:length],
        event=float(places.event[c]) if places else 0.0,
    )
    settings = replace(settings, correlation=found)
    note = _left_out(events, plan.left_out[c])
    return Cell(
        group, window, np.sort(events.order[rows]), plan.left_out[c], found,
        tuple(_noted(statistic(name, cell, settings), note) for name in plan.names),
    )  # fmt: skip


def _left_out(events: Ordered, left: Ints, limit: int = 8) -> str:
    """The words of ``auto.battery`` for events whose window overlaps one of the same asset."""
    if not left.size:
        return ""
    returns = events.returns
    names = ", ".join(
        f"{returns.event_id[i]} / {returns.series[returns.series_index[i]].ticker}"
        for i in left[:limit].tolist()
    )
    more = f" and {left.size - limit} more" if left.size > limit else ""
    return f"left out (overlapping windows): {names}{more}"


def _noted(found: Inference, note: str) -> Inference:
    if not note:
        return found
    return replace(found, reason=f"{found.reason}; {note}" if found.reason else note)


def average_returns(
    events: Ordered, plan: Plan, sums: Partial | None
) -> tuple[AverageReturns, ...]:
    """AAR of every group over all its events with a fit, overlapping windows included."""
    if sums is None:
        return ()
    out = []
    for g, group in enumerate(plan.groups):
        c, rows = len(plan.cells) + g, events.store.length
        n = sums.seen[c, rows:]
        with np.errstate(invalid="ignore", divide="ignore"):
            aar = sums.residual[c, rows:] / n
            sd = np.sqrt(np.maximum(sums.square[c] - n * aar**2, 0.0) / (n - 1))
        out.append(
            AverageReturns(
                group, events.returns.tau, n.astype(np.int64), np.where(n > 0, aar, np.nan),
                np.where(n > 1, sd, np.nan),
            )
        )  # fmt: skip
    return tuple(out)
