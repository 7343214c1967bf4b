"""The events of a study at scale in their canonical order, with the results of the first pass."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields

import numpy as np

from signals.frames import Bools, Ints, Labels
from signals.inference.streaming_calendar import SessionNumbers, session_numbers
from signals.models.batched_cars import CarBatch, Windows
from signals.models.batched_rows import ModelForm, RowStore, form_of, row_store
from signals.models.batched_solve import FAILURES
from signals.models.batched_sums import cars_from_sums
from signals.returns.record import EventReturns


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """What does not depend on where the events are: rows, session numbers, and per series the
    ``rank`` of (ticker, benchmark) and the ``owner``, the number of its ticker."""

    store: RowStore
    numbers: SessionNumbers
    rank: Ints
    owner: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Ordered:
    """N events by day zero, then asset, then event id, whatever order they came in.

    ``order`` (N,) their positions in ``returns``; ``zero``, ``series`` places; ``position`` grid
    position of day zero (−1 off the main calendar), ``day`` its label; ``owner`` number of the
    ticker; ``regular`` events with all estimation rows, on the main calendar, wholly inside the
    data; ``dropped`` row → series positions; ``cars`` the first pass, in this order.
    """

    returns: EventReturns
    store: RowStore
    numbers: SessionNumbers
    order: Ints
    zero: Ints
    series: Ints
    position: Ints
    day: Ints
    owner: Ints
    regular: Bools
    dropped: dict[int, Ints]
    cars: CarBatch

    def __len__(self) -> int:
        return len(self.order)

    def tickers(self, rows: Ints) -> Labels:
        """(n,) tickers of the events ``rows``."""
        names = np.array([s.ticker for s in self.returns.series], dtype=object)
        return np.asarray(names[self.series[rows]])


def prepare(returns: EventReturns, model: ModelForm | str) -> Prepared:
    """Lay out the series of a study for ``model``."""
    store = row_store(returns, form_of(model))
    names = [(s.ticker, s.benchmark, i) for i, s in enumerate(returns.series)]
    rank = np.empty(len(names), dtype=np.int64)
    for place, (_, _, i) in enumerate(sorted(names)):
        rank[i] = place
    tickers = {t: i for i, t in enumerate(sorted({s.ticker for s in returns.series}))}
    owner = np.array([tickers[s.ticker] for s in returns.series], dtype=np.int64)
    return Prepared(store, session_numbers(returns, store.span), rank, owner)


def first_pass(
    returns: EventReturns,
    prepared: Prepared,
    windows: Windows,
    min_returns: int,
    missing: str,
    workers: int,
) -> CarBatch:
    """``cars_from_sums`` of all events in the order of ``returns``, on ``workers`` threads."""
    with ThreadPoolExecutor(max(workers, 1)) as pool:
        cars = cars_from_sums(
            prepared.store, returns.zero, returns.series_index, windows, min_returns=min_returns,
            missing=missing, dropped=returns.dropped, run=pool.map if workers > 1 else map,
        )  # fmt: skip
    mark_day_zero(returns, prepared.store, returns.zero, returns.series_index, cars)
    return cars


def in_order(returns: EventReturns, prepared: Prepared, cars: CarBatch) -> Ordered:
    """The events and ``cars`` (in the order of ``returns``) in their canonical order."""
    store, numbers = prepared.store, prepared.numbers
    day = numbers.day(returns.zero, returns.series_index)
    order = _order(returns, day, prepared.rank)
    zero, series = returns.zero[order], returns.series_index[order]
    cars = CarBatch(*[np.take(getattr(cars, f.name), order, axis=0) for f in fields(cars)])
    position = numbers.position(zero, series)
    inside = (zero + store.event >= 0) & (zero + store.event + store.width <= store.size[series])
    regular = (cars.code == 0) & (cars.n_obs == store.length) & (position >= 0) & inside
    return Ordered(
        returns, store, numbers, order, zero, series, position, day[order],
        prepared.owner[series], regular, _by_row(returns.dropped, order), cars,
    )  # fmt: skip


def failure_labels(returns: EventReturns, store: RowStore, cars: CarBatch) -> Labels:
    """(N,) failure codes of ``cars``, in the order of ``returns``."""
    failure = np.array(FAILURES, dtype=object)[cars.code]
    lacks = store.lacks[returns.series_index]
    return np.where(lacks != "", lacks, failure)


def mark_day_zero(
    returns: EventReturns, store: RowStore, zero: Ints, series: Ints, cars: CarBatch
) -> None:
    """Without its day-zero return there is nothing to study: the codes of ``estimate``."""
    if not 0 <= -store.event < store.width:
        return
    y, xs = store.at(zero, series)
    for row in np.flatnonzero((cars.code == 0) & ~np.isfinite(sum(xs, start=y))).tolist():
        code = "missing_day_zero"
        if np.isfinite(y[row]):
            closed = returns.series[series[row]].benchmark_closed[zero[row]]
            code = "benchmark_closed" if closed else "missing_benchmark"
        cars.code[row] = FAILURES.index(code)
        cars.car[row] = cars.variance[row] = np.nan
        cars.seen[row] = 0


def _order(returns: EventReturns, day: Ints, rank: Ints) -> Ints:
    """By day, then (ticker, benchmark), then event id: independent of the order of the input."""
    asset = rank[returns.series_index]
    date = np.unique(day, return_inverse=True)[1]
    key = date * len(rank) + asset
    order = np.argsort(key)  # need not be stable: equal keys are put in order below
    same = key[order][1:] == key[order][:-1]
    tied = np.flatnonzero(np.r_[False, same] | np.r_[same, False])
    if tied.size:
        mine = order[tied]
        order[tied] = mine[np.lexsort((returns.event_id[mine].astype(str), key[mine]))]
    return order


def _by_row(dropped: Mapping[int, Ints], order: Ints) -> dict[int, Ints]:
    if not dropped:
        return {}
    return {row: dropped[i] for row, i in enumerate(order.tolist()) if i in dropped}
