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
from dataclasses import dataclass
from typing import Any

import numpy as np

from signals.errors import SpecError
from signals.frames import Bools, Labels
from signals.inference.inference import Correlation, Settings
from signals.inference.streaming_cells import AverageReturns, Cell, average_returns, finish_cell
from signals.inference.streaming_events import (
    Ordered,
    failure_labels,
    first_pass,
    in_order,
    prepare,
)  # fmt: skip
from signals.inference.streaming_finish import (
    CAR_ONLY,
    STREAMED,
)  # fmt: skip
from signals.inference.streaming_panel import refuse_trade_to_trade
from signals.inference.streaming_plan import GRANK, chunk_tasks, place_tasks, plan_cells
from signals.inference.streaming_rbar import cell_correlation
from signals.inference.streaming_residuals import (
    Partial,
    Places,
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
class ScaleStudy:
    """``cars`` of all N events in the order of ``returns``, ``failure`` (N,) codes or "",
    ``cells`` group × window, ``aar`` by group (empty when no statistic needed residuals)."""

    windows: tuple[Window, ...]
    cars: CarBatch
    failure: Labels
    cells: tuple[Cell, ...]
    aar: tuple[AverageReturns, ...]


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
    check_windows(returns, windows)
    refuse_trade_to_trade(returns, missing)
    prepared = prepare(returns, model)
    cars = first_pass(returns, prepared, windows, min_returns, missing, workers)
    groups = {"all": np.ones(len(returns), dtype=bool)} if groups is None else groups
    with _applied(run, workers) as apply:
        cells, aar = group_statistics(
            in_order(returns, prepared, cars), groups, tuple(windows), names,
            chunk=chunk, settings=settings or Settings(), run=apply, pair_limit=pair_limit,
        )  # fmt: skip
    failure = failure_labels(returns, prepared.store, cars)
    return ScaleStudy(tuple(windows), cars, failure, cells, aar)


def group_statistics(
    events: Ordered,
    groups: Mapping[str, Bools],
    windows: tuple[Window, ...],
    names: Sequence[str],
    *,
    chunk: int,
    settings: Settings,
    run: Runner,
    pair_limit: int,
) -> tuple[tuple[Cell, ...], tuple[AverageReturns, ...]]:
    """The second and third pass: every group × window, and the AAR of every group."""
    plan = plan_cells(events, groups, windows, names)
    sums: Partial | None = None
    places: Places | None = None
    tasks = list(chunk_tasks(events, plan, chunk)) if set(names) - set(CAR_ONLY) else []
    if tasks:
        sums = merge(run(residual_partial, tasks))
    correlations = [
        cell_correlation(events, plan.members[c], sums.lag[c] if sums else None, window, pair_limit)
        if plan.lags[c]
        else Correlation(math.nan, "not computed", 0, int(plan.members[c].sum()))
        for c, (_, window) in enumerate(plan.cells)
    ]
    if tasks and GRANK & set(names):
        places = merge_places(
            run(place_partial, place_tasks(events, plan, correlations, tasks, chunk))
        )
    cells = tuple(
        finish_cell(events, plan, c, correlations[c], sums, places, settings)
        for c in range(len(plan.cells))
    )
    return cells, average_returns(events, plan, sums)


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


def check_windows(returns: EventReturns, windows: Windows) -> None:
    """Windows must lie inside the event window, whose rows are the only ones laid out."""
    first, last = returns.event_window
    for window in windows:
        if not first <= window[0] <= window[1] <= last:
            raise SpecError(
                "a window outside the event window", key="study.car_windows", value=list(window),
                allowed=f"[first, last] with {first} ≤ first ≤ last ≤ {last}",
            )  # fmt: skip


@contextmanager
def _applied(run: Runner, workers: int) -> Iterator[Runner]:
    if run is not map or workers <= 1:
        yield run
        return
    with ThreadPoolExecutor(workers) as pool:
        yield pool.map
