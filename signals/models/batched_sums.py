"""CARs and their forecast variance from sums, shared by the events of an asset where that pays.

For one asset the sums of products over any estimation window are differences of running sums, so
events of the same asset share all arithmetic: an event costs two look-ups per sum instead of
T·(p+1)(p+2)/2 multiplications. Assets with few events have the sums taken from their gathered
windows. What sums cannot hold to 1e-11 (a level that dwarfs the window's own, R² near one,
correlated regressors) is solved from its rows by two passes (``batched_solve``), and there by QR
where even that is not enough. Test: tests/models/test_batched_sums.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import numpy as np

from signals.frames import Bools, Floats, Ints
from signals.models.batched_cars import CarBatch, Windows, cars_from_rows, empty_cars
from signals.models.batched_moments import Moments, WindowSums, cars_from_moments, pairs
from signals.models.batched_rows import RowStore
from signals.models.batched_running import RunningSums, running_sums

ROWS_AT_ONCE: Final = 1 << 17
BLOCK: Final = 2048
"""Events whose rows are gathered at a time."""
LOOKED_UP: Final = 8192
"""Events whose sums are looked up at a time."""
WORTH: Final = 3
"""Running sums pay once the events' windows hold this many times the sessions of the series."""


def cars_from_sums(
    store: RowStore,
    zero: Ints,
    series: Ints,
    windows: Windows,
    *,
    min_returns: int = 1,
    missing: str = "strict",
    dropped: Mapping[int, Ints] | None = None,
    run: Callable[..., Iterable[Any]] = map,
) -> CarBatch:
    """CAR and Var(CAR) of n events over ``windows``; arguments as ``cars_from_rows``.

    Series are taken a few at a time (``ROWS_AT_ONCE`` sessions), so memory stays bounded; ``run``
    (``map`` or a thread pool's) goes through these parts and does not change a number.
    """
    out = empty_cars(len(zero), store.form, len(windows))

    def solve_part(job: tuple[Ints, Ints]) -> None:
        part, members = job
        found = empty_cars(len(part), store.form, len(windows))
        hard = np.ones(len(part), dtype=bool)
        if not store.form.fixed:
            sums = _gathered if _rows_are_cheaper(store, part, members) else _running
            found, hard = sums(
                store, zero[part], series[part], members, windows, min_returns, missing
            )
            hard[list(_inside(dropped or {}, part))] = True
        again = np.flatnonzero(hard)
        if again.size:
            rows = part[again]
            solved = cars_from_rows(
                store, zero[rows], series[rows], windows, min_returns=min_returns,
                missing=missing, dropped=_inside(dropped or {}, rows),
            )  # fmt: skip
            found.put(again, solved)
        out.put(part, found)  # no other part has these events

    for _ in run(solve_part, _parts(store, zero, series)):
        pass
    return out


def _inside(dropped: Mapping[int, Ints], rows: Ints) -> dict[int, Ints]:
    """``dropped`` by place in ``rows``."""
    if not dropped:
        return {}
    return {i: dropped[row] for i, row in enumerate(rows.tolist()) if row in dropped}


def _parts(store: RowStore, zero: Ints, series: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Events in blocks of whole series, of about ``ROWS_AT_ONCE`` rows to read."""
    rank = np.empty(len(store.size), dtype=np.int64)
    rank[np.lexsort((store.x_start, store.size))] = np.arange(len(store.size))
    # Series of one length and with one regressor come together; a short integer sorts by radix.
    small = np.uint16 if len(rank) <= 1 << 16 else np.int64
    order = np.argsort(rank[series].astype(small), kind="stable")
    count = np.bincount(series, minlength=len(rank))
    members = np.argsort(rank)
    members = members[count[members] > 0]
    stops = np.cumsum(count[members])
    rows = np.cumsum(np.minimum(store.size[members], count[members] * store.span))
    begin = 0
    while begin < len(members):
        before = rows[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(rows, before + ROWS_AT_ONCE, side="right")))
        yield order[stops[begin] - count[members[begin]] : stops[end - 1]], members[begin:end]
        begin = end


def _rows_are_cheaper(store: RowStore, part: Ints, members: Ints) -> bool:
    return len(part) * store.span < WORTH * int(store.size[members].sum())


def _running(
    store: RowStore,
    zero: Ints,
    series: Ints,
    members: Ints,
    windows: Windows,
    min_returns: int,
    missing: str,
) -> tuple[CarBatch, Bools]:
    """From running sums: two look-ups a sum, whatever the window's length."""
    out = empty_cars(len(zero), store.form, len(windows))
    hard = np.zeros(len(zero), dtype=bool)
    lengths = [last - first + 1 for first, last in windows]
    with np.errstate(over="ignore", invalid="ignore"):
        running = running_sums(store, members)
        for begin in range(0, len(zero), LOOKED_UP):
            part = slice(begin, begin + LOOKED_UP)
            moments, seen = _looked_up(store, running, zero[part], series[part], windows)
            found, hard[part] = cars_from_moments(
                moments, seen, lengths, store.form, min_returns, missing
            )
            out.put(part, found)
    return out, hard


def _looked_up(
    store: RowStore, running: RunningSums, zero: Ints, series: Ints, windows: Windows
) -> tuple[Moments, list[WindowSums]]:
    size = store.size[series]

    def place(offset: int) -> Ints:
        return np.clip(zero + offset, 0, size)

    low = running.before(series, place(store.first))
    high = running.before(series, place(store.first + store.length))
    left, right = pairs(len(store.x) + 1)
    moments = Moments(
        count=(high[0] - low[0]).astype(np.int64),
        first=high[1] - low[1],
        products=high[2] - low[2],
        level=high[2][left == right],
        centre=running.centre[series].T,
        unfit=~running.finite[series],
    )
    seen = []
    for first, last in windows:
        counts, sums = running.first(series, place(last + 1))
        before, gone = running.first(series, place(first))
        seen.append(WindowSums(counts - before, sums - gone))
    return moments, seen


def _gathered(
    store: RowStore,
    zero: Ints,
    series: Ints,
    members: Ints,
    windows: Windows,
    min_returns: int,
    missing: str,
) -> tuple[CarBatch, Bools]:
    """From the events' own rows, ``BLOCK`` at a time; the sums are about zero."""
    out = empty_cars(len(zero), store.form, len(windows))
    hard = np.zeros(len(zero), dtype=bool)
    lengths = [last - first + 1 for first, last in windows]
    left, right = pairs(len(store.x) + 1)
    for begin in range(0, len(zero), BLOCK):
        part = slice(begin, begin + BLOCK)
        with np.errstate(over="ignore", invalid="ignore"):
            y, xs = store.estimation(zero[part], series[part])
            first = np.stack([row.sum(axis=1) for row in (y, *xs)])
            rows, used, infinite = _cleaned([y, *xs], first)
            if used is not None:
                first = np.stack([row.sum(axis=1) for row in rows])
            products = np.stack([np.vecdot(rows[i], rows[j])
                                 for i, j in zip(left, right, strict=True)])  # fmt: skip
            count = np.full(len(y), store.length) if used is None else used.sum(axis=1)
            y1, _, x1, _ = store.events(zero[part], series[part])
            inside, seen, beyond = _cleaned([y1, *x1], y1 + sum(x1))
            moments = Moments(
                count, first, products, products[left == right], np.zeros((len(rows), 1)),
                infinite | beyond,
            )  # fmt: skip
            sums = [_window_sums(inside, seen, window, store.event) for window in windows]
        found, hard[part] = cars_from_moments(
            moments, sums, lengths, store.form, min_returns, missing
        )
        out.put(part, found)
    return out, hard


def _cleaned(columns: list[Floats], sums: Floats) -> tuple[list[Floats], Bools | None, Bools]:
    """Zero on incomplete rows; which rows are complete (None: all), and who touches an infinity.

    ``sums`` is anything that every value has been added to: finite only where all of them are.
    """
    n = len(columns[0])
    if np.isfinite(sums).all():
        return columns, None, np.zeros(n, dtype=bool)
    used = np.isfinite(sum(columns[1:], start=columns[0]))
    infinite = np.zeros(n, dtype=bool)
    for values in columns:
        infinite |= np.isinf(values).any(axis=1)
    return [np.where(used, values, 0.0) for values in columns], used, infinite


def _window_sums(
    inside: list[Floats], seen: Bools | None, window: tuple[int, int], event: int
) -> WindowSums:
    columns = slice(window[0] - event, window[1] - event + 1)
    count = (
        np.full(len(inside[0]), float(columns.stop - columns.start))
        if seen is None
        else seen[:, columns].sum(axis=1).astype(float)
    )
    return WindowSums(count, np.stack([row[:, columns].sum(axis=1) for row in inside]))
