"""Group statistics of many placebo studies: the study's pattern of dates, moved draw by draw."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from signals.frames import Floats, Ints
from signals.inference.inference import Settings
from signals.inference.streaming import check_windows, group_statistics
from signals.inference.streaming_calendar import session_numbers
from signals.inference.streaming_events import Prepared, in_order, mark_day_zero, prepare
from signals.inference.streaming_finish import STREAMED
from signals.inference.streaming_panel import panel_from, refuse_trade_to_trade
from signals.models.batched import fit_batch
from signals.models.batched_cars import CarBatch, Windows
from signals.models.batched_rows import ModelForm
from signals.models.batched_sums import cars_from_sums
from signals.panel import AbnormalPanel, Window
from signals.returns.record import EventReturns

DRAWS_AT_ONCE = 64


@dataclass(frozen=True, slots=True, eq=False)
class PlaceboStudies:
    """D placebo studies of n pairs: ``names`` (s,), ``windows`` (w,);

    ``statistic``, ``p_value``, ``estimate`` (D, w, s), NaN where not applicable; ``n_events``,
    ``r_bar`` (D, w); ``car``, ``scar`` (D, n, w) and ``df`` (D, n) of every pair.
    """

    names: tuple[str, ...]
    windows: tuple[Window, ...]
    statistic: Floats
    p_value: Floats
    estimate: Floats
    n_events: Ints
    r_bar: Floats
    car: Floats
    scar: Floats
    df: Ints


def placebo_studies(
    returns: EventReturns,
    model: ModelForm | str,
    zeros: Ints,
    windows: Windows,
    *,
    names: Sequence[str] = STREAMED,
    min_returns: int = 1,
    missing: str = "strict",
    settings: Settings | None = None,
    run: Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]] = map,
    pair_limit: int = 20_000_000,
) -> PlaceboStudies:
    """Every streamed statistic of D studies whose day zeros are ``zeros`` (D, n), positions in the
    pairs' own series.

    Each draw equals ``study_at_scale`` (and so the in-memory functions) on the same dates; CARs of
    all draws come from one set of running sums. ``run`` maps ``draw_statistics`` over picklable
    tasks (a process pool's ``map``, Dask) and changes no number. Test:
    tests/inference/test_streaming_placebo.py.
    """
    refuse_trade_to_trade(returns, missing)
    check_windows(returns, windows)
    prepared = prepare(returns, model)
    draws, n = zeros.shape
    series = np.broadcast_to(returns.series_index, (draws, n)).reshape(-1)
    cars = cars_from_sums(
        prepared.store, zeros.reshape(-1), series, windows, min_returns=min_returns,
        missing=missing,
    )  # fmt: skip
    mark_day_zero(returns, prepared.store, zeros.reshape(-1), series, cars)
    bare = replace(returns, dropped={})
    tasks = (
        DrawTask(
            bare, prepared, zeros[begin : begin + DRAWS_AT_ONCE],
            _rows(cars, slice(begin * n, (begin + DRAWS_AT_ONCE) * n)), tuple(windows),
            tuple(names), settings or Settings(), pair_limit,
        )
        for begin in range(0, draws, DRAWS_AT_ONCE)
    )  # fmt: skip
    found = list(run(draw_statistics, tasks))
    values = np.concatenate([v for v, _ in found])
    counts = np.concatenate([c for _, c in found])
    shape = (draws, n, len(windows))
    return PlaceboStudies(
        tuple(names), tuple(windows), values[..., 0], values[..., 1], values[..., 2],
        counts[..., 0].astype(np.int64), counts[..., 1], cars.car.reshape(shape),
        cars.scar.reshape(shape), cars.df.reshape(draws, n),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class DrawTask:
    """Some draws (picklable): ``zeros`` (d, n) and ``cars`` (d·n) of the pairs of ``returns``."""

    returns: EventReturns
    prepared: Prepared
    zeros: Ints
    cars: CarBatch
    windows: tuple[Window, ...]
    names: tuple[str, ...]
    settings: Settings
    pair_limit: int


def draw_statistics(task: DrawTask) -> tuple[Floats, Floats]:
    """(d, w, s, 3) statistic, p and estimate, and (d, w, 2) events and r̄ of the task's draws."""
    draws, n = task.zeros.shape
    values = np.empty((draws, len(task.windows), len(task.names), 3))
    counts = np.empty((draws, len(task.windows), 2))
    everyone = {"all": np.ones(n, dtype=bool)}
    for d in range(draws):
        mine = _rows(task.cars, slice(d * n, (d + 1) * n))
        events = in_order(replace(task.returns, zero=task.zeros[d]), task.prepared, mine)
        cells, _ = group_statistics(
            events, everyone, task.windows, task.names, chunk=max(n, 1),
            settings=task.settings, run=map, pair_limit=task.pair_limit,
        )  # fmt: skip
        for w, cell in enumerate(cells):
            values[d, w] = [(s.statistic, s.p_value, s.estimate) for s in cell.statistics]
            counts[d, w] = len(cell.members), cell.correlation.r_bar
    return values, counts


def _rows(cars: CarBatch, rows: slice) -> CarBatch:
    return CarBatch(*[getattr(cars, f.name)[rows] for f in fields(cars)])


def placebo_panels(
    returns: EventReturns,
    model: ModelForm | str,
    zeros: Ints,
    *,
    min_returns: int = 1,
    missing: str = "strict",
    prepared: Prepared | None = None,
) -> Iterator[AbnormalPanel | None]:
    """The panel of each draw in turn, for statistics that need one (portfolio, sign-flip …).

    ``DRAWS_AT_ONCE`` draws are fitted in one batch and handed out as views of its arrays. A pair
    without a fit on its placebo date is missing from that draw's panel; None when all are.
    """
    refuse_trade_to_trade(returns, missing)
    prepared = prepare(returns, model) if prepared is None else prepared
    numbers = session_numbers(returns, prepared.store.span)
    draws, n = zeros.shape
    for begin in range(0, draws, DRAWS_AT_ONCE):
        block = zeros[begin : begin + DRAWS_AT_ONCE]
        many = len(block)

        def repeated(values: np.ndarray, times: int = many) -> np.ndarray:
            return np.tile(values, times)

        stacked = replace(
            returns,
            event_id=repeated(returns.event_id),
            group=repeated(returns.group),
            category=repeated(returns.category),
            series_index=repeated(returns.series_index),
            zero=block.reshape(-1),
            dropped={},
        )
        fit = fit_batch(stacked, model, min_returns=min_returns, day_zero=True, rows=prepared.store)
        panel = panel_from(stacked, fit, missing, numbers)
        stops = np.cumsum(fit.usable.reshape(many, n).sum(axis=1))
        for start, stop in zip([0, *stops[:-1].tolist()], stops.tolist(), strict=True):
            yield None if panel is None or stop == start else _view(panel, slice(start, stop))


def _view(panel: AbnormalPanel, rows: slice) -> AbnormalPanel:
    """Some consecutive events of a panel, without copying."""
    changed = {
        f.name: getattr(panel, f.name)[rows]
        for f in fields(panel)
        if f.name != "tau" and isinstance(getattr(panel, f.name), np.ndarray)
    }
    return replace(panel, **changed)
