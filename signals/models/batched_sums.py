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
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from signals.frames import Bools, Floats, Ints
from signals.models.batched_cars import BLOCK, CarBatch, Windows, cars_from_rows, empty_cars
from signals.models.batched_moments import Moments, WindowSums, cars_from_moments
from signals.models.batched_rows import RowStore

ROWS_AT_ONCE: Final = 1 << 18
WORTH: Final = 6
"""Running sums pay once the events' windows hold this many times the sessions of the series."""


@dataclass(frozen=True, slots=True, eq=False)
class RunningSums:
    """Exclusive running sums of some series, centred, on complete rows.

    ``sums`` (m, F): rows 0 count, 1…q the centred columns (y, x₁…x_p; q = p + 1), then their
    products in the order of ``np.triu_indices(q)``. ``start`` (S,) place of each series' first
    session (−1 for series that are not here), ``centre`` (S, q) what was subtracted,
    ``finite`` (S,) False for series that hold an infinite value.
    """

    sums: Floats
    start: Ints
    centre: Floats
    finite: Bools

    def between(self, low: Ints, high: Ints, rows: slice) -> Floats:
        """(rows, n) sums over [low, high)."""
        return np.take(self.sums[rows], high, axis=1) - np.take(self.sums[rows], low, axis=1)


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

    def solve_part(job: tuple[Ints, Ints]) -> tuple[Ints, CarBatch]:
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
        return part, found

    for part, found in run(solve_part, _parts(store, zero, series)):
        out.put(part, found)
    return out


def _inside(dropped: Mapping[int, Ints], rows: Ints) -> dict[int, Ints]:
    """``dropped`` by place in ``rows``."""
    if not dropped:
        return {}
    return {i: dropped[row] for i, row in enumerate(rows.tolist()) if row in dropped}


def _parts(store: RowStore, zero: Ints, series: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Events in blocks of whole series, of about ``ROWS_AT_ONCE`` rows to read."""
    order = np.argsort(series, kind="stable")
    members, first = np.unique(series[order], return_index=True)
    stops = np.append(first[1:], len(order))
    rows = np.cumsum(
        np.minimum(store.size[members], np.diff(np.r_[first, len(order)]) * store.span)
    )
    begin = 0
    while begin < len(members):
        before = rows[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(rows, before + ROWS_AT_ONCE, side="right")))
        yield order[first[begin] : stops[end - 1]], members[begin:end]
        begin = end


def _rows_are_cheaper(store: RowStore, part: Ints, members: Ints) -> bool:
    return len(part) * store.span < WORTH * int(store.size[members].sum())


def running_sums(store: RowStore, members: Ints) -> RunningSums:
    """Running sums of the series ``members``: O(rows · m), m = 1 + q + q(q+1)/2."""
    sizes = store.size[members]
    start = np.full(len(store.size), -1, dtype=np.int64)
    start[members] = np.cumsum(sizes + 1) - sizes  # one zero column before each series
    q = len(store.x) + 1
    left, right = np.triu_indices(q)
    sums = np.zeros((1 + q + len(left), int((sizes + 1).sum())))
    centre = np.zeros((len(store.size), q))
    finite = np.ones(len(store.size), dtype=bool)
    for member, size in zip(members.tolist(), sizes.tolist(), strict=True):
        block = np.empty((q, size))
        block[0] = store.y[store.y_start[member] :][:size]
        for j, x in enumerate(store.x):
            block[j + 1] = x[store.x_start[member] :][:size]
        complete = np.isfinite(block).all(axis=0)
        if not complete.all():
            finite[member] = not np.isinf(block).any()
            block[:, ~complete] = 0.0
        if store.form.constant:
            centre[member] = block.sum(axis=1) / max(int(complete.sum()), 1)
            block -= centre[member][:, None]
            block[:, ~complete] = 0.0
        here = sums[:, start[member] : start[member] + size]
        here[0] = complete
        here[1 : q + 1] = block
        np.multiply(block[left], block[right], out=here[q + 1 :])
        np.cumsum(here, axis=1, out=here)
    return RunningSums(sums, start, centre, finite)


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
    with np.errstate(over="ignore", invalid="ignore"):
        running = running_sums(store, members)
        q = len(store.x) + 1
        size, start = store.size[series], running.start[series] - 1

        def place(offset: int) -> Ints:
            return np.asarray(start + np.clip(zero + offset, 0, size))

        low, high = place(store.first), place(store.first + store.length)
        sums = running.between(low, high, slice(0, None))
        left, right = np.triu_indices(q)
        moments = Moments(
            count=sums[0].astype(np.int64),
            first=sums[1 : q + 1],
            products=sums[q + 1 :],
            level=np.take(running.sums[q + 1 :][left == right], high, axis=1),
            centre=running.centre[series].T,
            unfit=~running.finite[series],
        )
        seen = []
        for first, last in windows:
            found = running.between(place(first), place(last + 1), slice(0, q + 1))
            seen.append(WindowSums(found[0], found[1:]))
    lengths = [last - first + 1 for first, last in windows]
    return cars_from_moments(moments, seen, lengths, store.form, min_returns, missing)


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
    left, right = np.triu_indices(len(store.x) + 1)
    for begin in range(0, len(zero), BLOCK):
        part = slice(begin, begin + BLOCK)
        with np.errstate(over="ignore", invalid="ignore"):
            y, xs = store.estimation(zero[part], series[part])
            rows, used, infinite = _cleaned([y, *xs])
            products = np.stack([np.einsum("nt,nt->n", rows[i], rows[j])
                                 for i, j in zip(left, right, strict=True)])  # fmt: skip
            count = np.full(len(y), store.length) if used is None else used.sum(axis=1)
            first = np.stack([row.sum(axis=1) for row in rows])
            y1, _, x1, _ = store.events(zero[part], series[part])
            inside, seen, beyond = _cleaned([y1, *x1])
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


def _cleaned(columns: list[Floats]) -> tuple[list[Floats], Bools | None, Bools]:
    """Zero on incomplete rows; which rows are complete (None: all), and who touches an infinity."""
    used = np.isfinite(sum(columns[1:], start=columns[0]))
    if used.all():
        return columns, None, np.zeros(len(used), dtype=bool)
    infinite = np.zeros(len(used), dtype=bool)
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
