"""A study at scale: every event's CAR and all group statistics, with memory bounded by a setting.

Three passes over the events, none of which keeps a row:

1. ``cars_from_sums``: coefficients, CAR, Var(CAR) of every event, by asset;
2. ``residual_partial`` over chunks in order of day zero: ranks, signs, mean residuals, r̄;
3. ``place_partial`` over the same chunks, for GRANK only, whose event value needs sd(SCAR) and r̄.

What stays is O(N·(k + windows)) results and the rows of one block a thread. Chunks are cut at fixed
places of a canonical order and their sums merged in that order: the same ``chunk`` gives the same
bytes on one thread, on many, or on Dask, in whatever order the events came.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from signals.errors import SpecError
from signals.frames import Bools, Floats, Ints, Labels
from signals.inference.evidence import SHORTEST_ESTIMATION, spread
from signals.inference.inference import Correlation, Inference, Settings
from signals.inference.streaming_calendar import disjoint
from signals.inference.streaming_events import Ordered, ordered_events
from signals.inference.streaming_finish import (
    CAR_ONLY,
    NEEDS_R_BAR,
    STREAMED,
    CellSums,
    slim_panel,
    statistic,
)  # fmt: skip
from signals.inference.streaming_panel import refuse_trade_to_trade
from signals.inference.streaming_rbar import cell_correlation, events_task
from signals.inference.streaming_residuals import (
    ChunkTask,
    Partial,
    Places,
    PlaceTask,
    merge,
    merge_places,
    place_partial,
    residual_partial,
)  # fmt: skip
from signals.models.batched_cars import CarBatch, Windows
from signals.models.batched_rows import ModelForm
from signals.panel import Window
from signals.returns.record import EventReturns

SMALLEST_CHUNK = 256
Runner = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]
"""Applies a function to tasks and gives the results in order: ``map``, threads, Dask."""


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


@dataclass(frozen=True, slots=True, eq=False)
class ScaleStudy:
    """``cars`` of all N events in the order of ``returns``, ``failure`` (N,) codes or "",
    ``cells`` group × window, ``aar`` by group (empty when no statistic needed residuals)."""

    windows: tuple[Window, ...]
    cars: CarBatch
    failure: Labels
    cells: tuple[Cell, ...]
    aar: tuple[AverageReturns, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """Cells as masks over the events in order: ``members`` (C, N); one per group × window, then
    one per group for the AAR (``lags`` 0)."""

    groups: tuple[str, ...]
    windows: tuple[Window, ...]
    cells: tuple[tuple[str, Window], ...]
    members: Bools
    left_out: tuple[Ints, ...]
    lags: tuple[int, ...]
    names: tuple[str, ...]


def study_at_scale(
    returns: EventReturns,
    model: ModelForm | str,
    windows: Windows,
    *,
    chunk: int = 16_384,
    names: Sequence[str] = STREAMED,
    groups: Mapping[str, Bools] | None = None,
    min_returns: int = 1,
    missing: str = "strict",
    settings: Settings | None = None,
    run: Runner = map,
    pair_limit: int = 20_000_000,
    workers: int = 1,
) -> ScaleStudy:
    """CAR of every event and the group statistics ``names`` over ``windows``, streamed.

    ``chunk`` events make one task (their rows are gathered 1,024 at a time). ``groups`` maps a
    name to (N,) members, default all. ``workers`` threads share the work; ``run`` maps the chunk
    functions over their (picklable) tasks elsewhere, for example on Dask. ``pair_limit`` bounds
    how many pairs with incomplete rows r̄ adds one by one; beyond it the statistics that need r̄
    are refused.

    Equals the in-memory functions on the same events to 1e-10: tests/inference/test_streaming.py.
    Raises :class:`SpecError` for a chunk below 256 and for names that cannot be streamed.
    """
    _check(chunk, names)
    refuse_trade_to_trade(returns, missing)
    events = ordered_events(returns, model, windows, min_returns, missing, workers)
    groups = {"all": np.ones(len(returns), dtype=bool)} if groups is None else groups
    plan = _plan(events, groups, tuple(windows), names)
    sums: Partial | None = None
    places: Places | None = None
    tasks = list(_tasks(events, plan, chunk)) if set(names) - set(CAR_ONLY) else []
    with _applied(run, workers) as apply:
        if tasks:
            sums = merge(apply(residual_partial, tasks))
        correlations = [
            cell_correlation(
                events, plan.members[c], sums.lag[c] if sums else None, window, pair_limit
            )
            if plan.lags[c]
            else Correlation(math.nan, "not computed", 0, int(plan.members[c].sum()))
            for c, (_, window) in enumerate(plan.cells)
        ]
        if tasks and {"grank_t", "grank_z"} & set(names):
            places = merge_places(
                apply(place_partial, _place_tasks(events, plan, correlations, tasks, chunk))
            )
    cells = tuple(
        _finish(events, plan, c, correlations[c], sums, places, settings or Settings())
        for c in range(len(plan.cells))
    )
    return ScaleStudy(
        plan.windows, events.original(events.cars), events.failure_labels(), cells,
        _average_returns(events, plan, sums),
    )  # fmt: skip


def _check(chunk: int, names: Sequence[str]) -> None:
    if chunk < SMALLEST_CHUNK:
        raise SpecError(
            "too small a chunk of events", key="chunk", value=chunk,
            allowed=f"an integer of at least {SMALLEST_CHUNK}",
        )  # fmt: skip
    for name in names:
        if name not in STREAMED:
            raise SpecError(
                "a statistic that cannot be streamed", key="names", value=name, allowed=STREAMED
            )


@contextmanager
def _applied(run: Runner, workers: int) -> Iterator[Runner]:
    if run is not map or workers <= 1:
        yield run
        return
    with ThreadPoolExecutor(workers) as pool:
        yield pool.map


def _plan(
    events: Ordered,
    groups: Mapping[str, Bools],
    windows: tuple[Window, ...],
    names: Sequence[str],
) -> _Plan:
    cells = tuple((group, window) for group in groups for window in windows)
    place = np.where(events.position >= 0, events.position, events.zero)
    # By ticker, then day zero, then the canonical order: a stable sort of what is sorted by day.
    by_owner = np.argsort(events.owner, kind="stable")
    place, owner = place[by_owner], events.owner[by_owner]
    members, left_out = [], []
    for group, window in cells:
        usable = np.isfinite(events.cars.car[:, windows.index(window)])
        usable &= np.asarray(groups[group], dtype=bool)[events.order]
        here = usable[by_owner]
        kept = np.zeros(len(events), dtype=bool)
        taken = disjoint(place[here], owner[here], window[1] - window[0] + 1)
        kept[by_owner[here][taken]] = True
        members.append(kept)
        left_out.append(np.sort(events.order[usable & ~kept]))
    for chosen in groups.values():
        members.append((events.cars.code == 0) & np.asarray(chosen, dtype=bool)[events.order])
    wanted = {*NEEDS_R_BAR, "grank_t", "grank_z"} & set(names)
    lags = tuple(w[1] - w[0] + 1 if wanted else 0 for _, w in cells) + (0,) * len(groups)
    return _Plan(
        tuple(groups), windows, cells, np.stack(members), tuple(left_out), lags, tuple(names)
    )


def _tasks(events: Ordered, plan: _Plan, chunk: int) -> Iterator[ChunkTask]:
    """Chunks of the events that any cell counts, in order of day zero."""
    grank = {"grank_t", "grank_z"} & set(plan.names)
    for rows in _pieces(plan, chunk):
        yield events_task(
            events, rows, plan.members[:, rows], plan.lags,
            want_ranks="corrado_rank_z" in plan.names, want_places=bool(grank),
        )  # fmt: skip


def _pieces(plan: _Plan, chunk: int) -> Iterator[Ints]:
    active = np.flatnonzero(plan.members.any(axis=0))
    for begin in range(0, len(active), chunk):
        yield active[begin : begin + chunk]


def _place_tasks(
    events: Ordered,
    plan: _Plan,
    correlations: Sequence[Correlation],
    tasks: Sequence[ChunkTask],
    chunk: int,
) -> Iterator[PlaceTask]:
    """SCAR* = SCAR/sd(SCAR)·√(1 − max(r̄, 0)) of each cell, cut into the chunks of ``tasks``."""
    scar = events.cars.scar
    value = np.zeros((len(plan.cells), len(events)))
    for c, (_, window) in enumerate(plan.cells):
        mine = scar[plan.members[c], plan.windows.index(window)]
        sd = spread(mine) if len(mine) > 1 else 0.0
        r_bar = correlations[c].r_bar
        if sd > 0 and r_bar < 1:
            value[c, plan.members[c]] = mine / sd * math.sqrt(1 - max(r_bar, 0.0))
    for task, rows in zip(tasks, _pieces(plan, chunk), strict=True):
        yield PlaceTask(task, value[:, rows])


def _finish(
    events: Ordered,
    plan: _Plan,
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


def _average_returns(
    events: Ordered, plan: _Plan, sums: Partial | None
) -> tuple[AverageReturns, ...]:
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
