"""CARs and their forecast variance straight from running sums, without gathering a window.

For one asset the sums of products over any estimation window are differences of running sums, so
events of the same asset share all arithmetic: an event costs two look-ups per sum instead of
T·(p+1)(p+2)/2 multiplications. Values are centred by the series' means first. What a difference
of running sums cannot hold to 1e-11 (a level of the sums that dwarfs the window's own, R² near
one, correlated regressors) is solved from its rows instead (``batched_solve``), and there by QR
where even that is not enough. Test: tests/models/test_batched_sums.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from signals.frames import Bools, Floats, Ints
from signals.models.batched_cars import CarBatch, Windows, cars_from_rows, empty_cars
from signals.models.batched_rows import RowStore
from signals.models.batched_solve import FAILURES, invert, size_of_terms
from signals.models.linear import ZERO_VARIANCE

MAX_LEVEL: Final = 1e3
"""Running sums this much larger than the window's own sum leave it 12 digits."""
MAX_SUM_CONDITION: Final = 10.0
ROWS_AT_ONCE: Final = 1 << 18
WORTH: Final = 4
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
        left_out = _inside(dropped or {}, part)
        again = np.arange(len(part))
        found = empty_cars(len(part), store.form, len(windows))
        if not _rows_are_cheaper(store, part, members):
            found, hard = _from_sums(
                store, zero[part], series[part], members, windows, min_returns, missing
            )
            hard[list(left_out)] = True
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
    """Events in blocks of whole series, at most ``ROWS_AT_ONCE`` sessions (or one series)."""
    order = np.argsort(series, kind="stable")
    members, first = np.unique(series[order], return_index=True)
    stops = np.append(first[1:], len(order))
    rows = np.cumsum(store.size[members])
    begin = 0
    while begin < len(members):
        before = rows[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(rows, before + ROWS_AT_ONCE, side="right")))
        yield order[first[begin] : stops[end - 1]], members[begin:end]
        begin = end


def _rows_are_cheaper(store: RowStore, part: Ints, members: Ints) -> bool:
    return store.form.fixed or len(part) * store.span < WORTH * int(store.size[members].sum())


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


def _from_sums(
    store: RowStore,
    zero: Ints,
    series: Ints,
    members: Ints,
    windows: Windows,
    min_returns: int,
    missing: str,
) -> tuple[CarBatch, Bools]:
    """What running sums give, and which events they cannot be trusted with."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        running = running_sums(store, members)
        fit = _fit(store, running, zero, series)
        out = empty_cars(len(zero), store.form, len(windows))
        few = fit.count < max(min_returns, store.form.k + 1)
        out.n_obs[:] = fit.count
        out.code[few] = FAILURES.index("too_few_returns")
        out.df[:] = np.where(few, 0, fit.count - store.form.k)
        out.params[:] = np.where(few[:, None], np.nan, fit.params)
        out.sigma[:] = np.where(few, np.nan, np.sqrt(fit.ssr / np.maximum(out.df, 1)))
        for w, window in enumerate(windows):
            _window(store, running, zero, series, window, w, missing, fit, out)
    return out, (fit.hard & ~few) | ~running.finite[series]


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """Fits from sums: ``y_mean``, ``x_mean`` are about the series' centre, ``params`` are not."""

    count: Ints
    y_mean: Floats
    x_mean: Floats
    slope: Floats
    core: Floats
    params: Floats
    ssr: Floats
    hard: Bools


def _fit(store: RowStore, running: RunningSums, zero: Ints, series: Ints) -> _Fit:
    constant, q, n = store.form.constant, len(store.x) + 1, len(zero)
    size, start = store.size[series], running.start[series] - 1
    low = start + np.clip(zero + store.first, 0, size)
    high = start + np.clip(zero + store.first + store.length, 0, size)
    count = running.between(low, high, slice(0, 1))[0].astype(np.int64)
    rows = np.maximum(count, 1)
    means = running.between(low, high, slice(1, q + 1)) / rows if constant else np.zeros((q, n))
    left, right = np.triu_indices(q)
    own = running.between(low, high, slice(q + 1, None)) - rows * means[left] * means[right]
    products = np.empty((q, q, n))
    products[left, right] = products[right, left] = own
    cross, against = np.moveaxis(products[1:, 1:], 2, 0), products[0, 1:].T
    spread = np.einsum("jjn->nj", products)
    true = (running.centre[series] + means.T)[:, 1:]
    squares = spread[:, 1:] + rows[:, None] * true**2
    core, condition = invert(np.ascontiguousarray(cross), true, rows, squares, constant)
    slope = np.einsum("npq,nq->np", core, against)
    total = spread[:, 0]
    ssr = total - np.einsum("np,np->n", slope, against)
    y_mean = running.centre[series, 0] + means[0]
    params = slope
    if constant:
        params = np.column_stack([y_mean - np.einsum("np,np->n", slope, true), slope])
    level = np.take(running.sums[q + 1 :][left == right], high, axis=1).T
    terms = size_of_terms(total, y_mean, squares, params, rows, constant)
    safe = (
        (level[:, 0] <= MAX_LEVEL * ssr)
        & (level[:, 1:] <= MAX_LEVEL * spread[:, 1:]).all(axis=1)
        & (ssr > 1e-3 * total)
        & (np.sqrt(ssr) > 1e2 * ZERO_VARIANCE * terms)
        & (condition <= MAX_SUM_CONDITION)
    )
    return _Fit(count, means[0], means[1:].T, slope, core, params, ssr, ~safe)


def _window(
    store: RowStore,
    running: RunningSums,
    zero: Ints,
    series: Ints,
    window: tuple[int, int],
    w: int,
    missing: str,
    fit: _Fit,
    out: CarBatch,
) -> None:
    """CAR = Σ(y − ȳ) − b'Σ(x − x̄) and its variance over one window, from three look-ups."""
    size, start, q = store.size[series], running.start[series] - 1, len(store.x) + 1
    low = start + np.clip(zero + window[0], 0, size)
    high = start + np.clip(zero + window[1] + 1, 0, size)
    sums = running.between(low, high, slice(0, q + 1))
    seen = sums[0]
    apart = sums[2:].T - seen[:, None] * fit.x_mean
    car = sums[1] - seen * fit.y_mean - np.einsum("np,np->n", fit.slope, apart)
    factor = seen + np.einsum("np,npq,nq->n", apart, fit.core, apart)
    if store.form.constant:
        factor += seen**2 / np.maximum(fit.count, 1)
    usable = seen == window[1] - window[0] + 1 if missing == "strict" else seen > 0
    usable &= out.code == 0
    out.car[:, w] = np.where(usable, car, np.nan)
    out.variance[:, w] = np.where(usable, out.sigma**2 * factor, np.nan)
    out.seen[:, w] = np.where(out.code == 0, seen, 0)
