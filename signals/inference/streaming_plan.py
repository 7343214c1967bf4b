"""Which events each group × window counts, and the tasks that the passes are cut into."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from signals.frames import Bools, Ints
from signals.inference.evidence import spread
from signals.inference.inference import Correlation
from signals.inference.streaming_calendar import disjoint
from signals.inference.streaming_events import Ordered
from signals.inference.streaming_finish import NEEDS_R_BAR
from signals.inference.streaming_rbar import events_task
from signals.inference.streaming_residuals import ChunkTask, PlaceTask
from signals.panel import Window

GRANK = frozenset({"grank_t", "grank_z"})
WORTH_A_TASK: Final = 1024
"""Events that take longer than handing them to another thread and merging what comes back."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Cells as masks over the events in order: ``members`` (C, N); one per group × window, then
    one per group for the AAR (``lags`` 0)."""

    groups: tuple[str, ...]
    windows: tuple[Window, ...]
    cells: tuple[tuple[str, Window], ...]
    members: Bools
    left_out: tuple[Ints, ...]
    lags: tuple[int, ...]
    names: tuple[str, ...]


def plan_cells(
    events: Ordered,
    groups: Mapping[str, Bools],
    windows: tuple[Window, ...],
    names: Sequence[str],
) -> Plan:
    """Per group × window the events with a CAR, overlapping windows of one asset left out."""
    cells = tuple((group, window) for group in groups for window in windows)
    place = np.where(events.position >= 0, events.position, events.zero)
    # By ticker, then day zero, then the canonical order: a stable sort of what is sorted by day.
    few = len(events) == 0 or int(events.owner.max()) < 1 << 16  # short integers sort by radix
    by_owner = np.argsort(events.owner.astype(np.uint16 if few else np.int64), kind="stable")
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
    wanted = {*NEEDS_R_BAR, *GRANK} & set(names)
    lags = tuple(w[1] - w[0] + 1 if wanted else 0 for _, w in cells) + (0,) * len(groups)
    return Plan(
        tuple(groups), windows, cells, np.stack(members), tuple(left_out), lags, tuple(names)
    )


def chunk_tasks(events: Ordered, plan: Plan, chunk: int) -> Iterator[ChunkTask]:
    """Chunks of the events that any cell counts, in order of day zero."""
    grank = GRANK & set(plan.names)
    for rows in _pieces(plan, chunk):
        yield events_task(
            events, rows, plan.members[:, rows], plan.lags,
            want_ranks="corrado_rank_z" in plan.names, want_places=bool(grank),
        )  # fmt: skip


def _pieces(plan: Plan, chunk: int) -> Iterator[Ints]:
    """Runs of at most ``chunk`` events: an even number of equal ones, and some even of a small
    study, so that two threads have as much to do. They depend on nothing but ``chunk`` and N."""
    active = np.flatnonzero(plan.members.any(axis=0))
    pieces = max(-(-len(active) // chunk), min(4, -(-len(active) // WORTH_A_TASK)))
    pieces += pieces % 2 if pieces > 1 else 0
    step = max(-(-len(active) // max(pieces, 1)), 1)
    for begin in range(0, len(active), step):
        yield active[begin : begin + step]


def place_tasks(
    events: Ordered,
    plan: Plan,
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
