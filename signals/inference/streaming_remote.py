"""Chunks for other machines: each task with only the rows that its events touch.

A chunk is a run of dates, so of every series it needs one estimation window and a few sessions
more: about T + W + dates rows of y, and of a shared market those rows once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any, Protocol

import numpy as np

from signals.frames import Floats, Ints
from signals.inference.streaming_residuals import ChunkTask, PlaceTask
from signals.models.batched_rows import RowStore


class Cluster(Protocol):
    """What is used of ``distributed.Client``."""

    def scatter(self, tasks: list[Any], **options: Any) -> Any: ...

    def map(self, function: Callable[[Any], Any], tasks: Any, **options: Any) -> Any: ...

    def gather(self, futures: Any) -> Any: ...


def on_cluster(client: Cluster, at_once: int = 16) -> Callable[..., Iterator[Any]]:
    """A ``run`` for ``study_at_scale`` that maps chunks on a Dask client, ``at_once`` in flight,
    and gives results in order: the same bytes as on one thread."""

    def run(function: Callable[[Any], Any], tasks: Iterable[Any]) -> Iterator[Any]:
        waiting = iter(tasks)
        while batch := [portable(task) for task in islice(waiting, at_once)]:
            # Scattered, because a task inside Dask's graph is pickled more than once.
            held = client.scatter(batch, hash=False)
            yield from client.gather(client.map(function, held, pure=False))

    return run


def portable(task: ChunkTask | PlaceTask) -> ChunkTask | PlaceTask:
    """The same task with a store of its own rows only. Its results have the same bytes."""
    if isinstance(task, PlaceTask):
        return PlaceTask(_narrowed(task.chunk), task.event)
    return _narrowed(task)


def _narrowed(task: ChunkTask) -> ChunkTask:
    store = task.store
    at = store.place(task.zero, task.series)
    members, series = np.unique(task.series, return_inverse=True)
    low = np.full(len(members), np.iinfo(np.int64).max)
    high = np.full(len(members), np.iinfo(np.int64).min)
    np.minimum.at(low, series, at)
    np.maximum.at(high, series, at + store.span)
    y, y_start = _cut(store.y, store.y_start[members], low, high)
    cut = [_cut(x, store.x_start[members], low, high) for x in store.x]
    small = RowStore(
        form=store.form, y=y, raw=y, x=tuple(x for x, _ in cut), risk_free=None, y_start=y_start,
        x_start=cut[0][1] if cut else y_start, rf_start=y_start, size=high - low,
        lacks=store.lacks[members], length=store.length, width=store.width, first=store.first,
        event=store.event,
    )  # fmt: skip
    # ``low`` is where a series' first window begins, so no clipping is left to do.
    zero = at - low[series] - store.first
    dropped = {row: rows - task.zero[row] + zero[row] for row, rows in task.dropped.items()}
    return replace(task, store=small, zero=zero, series=series, dropped=dropped)


def _cut(flat: Floats, start: Ints, low: Ints, high: Ints) -> tuple[Floats, Ints]:
    """The rows [low, high) of each series, those with one source once; and their new starts."""
    sources, which = np.unique(start, return_inverse=True)
    begin = np.full(len(sources), np.iinfo(np.int64).max)
    end = np.full(len(sources), np.iinfo(np.int64).min)
    np.minimum.at(begin, which, low)
    np.maximum.at(end, which, high)
    offset = np.cumsum(end - begin) - (end - begin)
    pieces = [
        flat[s + b : s + e]
        for s, b, e in zip(sources.tolist(), begin.tolist(), end.tolist(), strict=True)
    ]
    return np.concatenate(pieces), offset[which] + low - begin[which]
