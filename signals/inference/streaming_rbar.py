"""r̄ of one group over one window, from the sums by date and the pairs that those leave out."""

from __future__ import annotations

import math

import numpy as np

from signals.frames import Bools, Floats, Ints
from signals.inference.correlation import FEWEST_COMMON_SESSIONS
from signals.inference.inference import Correlation
from signals.inference.streaming_calendar import ABSENT
from signals.inference.streaming_events import Ordered
from signals.inference.streaming_lags import LagSums, weighted
from signals.inference.streaming_pairs import Pairing, PairSum, pair_sum
from signals.inference.streaming_residuals import ChunkTask, block_values
from signals.panel import Window


def cell_correlation(
    events: Ordered, members: Bools, lags: LagSums | None, window: Window, limit: int
) -> Correlation:
    """r̄ as ``correlation.correlation`` defines it; NaN with the reason where undefined, or where
    more than ``limit`` pairs with incomplete rows would have to be added one by one."""
    rows = np.flatnonzero(members)
    count = len(rows)
    if count < 2:
        return Correlation(math.nan, "one event has no cross-correlation", 0, count)
    length = window[1] - window[0] + 1
    total, overlapping = 0.0, 0
    if lags is not None:
        depth = min(length, len(lags.pairs))
        overlapping = int(lags.pairs[:depth].sum())
        reason = _undefined_lag(lags, depth, events.store.length)
        if reason:
            return Correlation(math.nan, reason, overlapping, count)
        total = weighted(lags, length)
    odd = pair_sum(_pairing(events, rows, window), limit)
    overlapping += odd.pairs
    if math.isnan(odd.total):
        return Correlation(math.nan, _undefined_pair(events, rows, odd, limit), overlapping, count)
    return Correlation((total + odd.total) / (count * (count - 1) / 2), "", overlapping, count)


def _undefined_lag(lags: LagSums, depth: int, rows: int) -> str:
    if lags.flat:
        return "residuals that do not vary on common sessions"
    short = np.flatnonzero(
        (lags.pairs[:depth] > 0) & (rows - np.arange(depth) < FEWEST_COMMON_SESSIONS)
    )
    if not short.size:
        return ""
    common = rows - int(short[0])
    return f"events share {common} estimation sessions; r̄ needs {FEWEST_COMMON_SESSIONS}"


def _undefined_pair(events: Ordered, rows: Ints, odd: PairSum, limit: int) -> str:
    if odd.undefined is None:
        return (
            f"{odd.pairs} pairs with incomplete estimation rows; at most {limit} are added one by "
            "one (pair_limit)"
        )
    i, j, common = odd.undefined
    pair = rows[[i, j]]
    names = [
        f"{event} / {ticker}"
        for event, ticker in zip(
            events.returns.event_id[events.order[pair]], events.tickers(pair), strict=True
        )
    ]
    text = " and ".join(names)
    if common < FEWEST_COMMON_SESSIONS:
        return f"{text} share {common} estimation sessions; r̄ needs {FEWEST_COMMON_SESSIONS}"
    return f"{text}: residuals that do not vary on common sessions"


def _pairing(events: Ordered, rows: Ints, window: Window) -> Pairing:
    length = window[1] - window[0] + 1
    store, numbers = events.store, events.numbers

    def sessions(index: Ints) -> Ints:
        at = rows[index]
        return numbers.window(events.zero[at], events.series[at], window[0], length)

    def estimation(index: Ints) -> Ints:
        at = rows[index]
        return numbers.window(events.zero[at], events.series[at], store.first, store.length)

    def residuals(index: Ints) -> Floats:
        task = events_task(events, rows[index])
        return block_values(task, slice(0, len(index)))[:, : store.length]

    regular = events.regular[rows]
    if regular.all():
        nothing = np.zeros(len(rows), dtype=np.int64)
        return Pairing(nothing, nothing, regular, sessions, estimation, residuals)
    everyone = sessions(np.arange(len(rows)))
    last = np.where(everyone == ABSENT, np.iinfo(np.int64).min, everyone).max(axis=1)
    return Pairing(everyone.min(axis=1), last, regular, sessions, estimation, residuals)


def events_task(
    events: Ordered,
    rows: Ints,
    members: Bools | None = None,
    lags: tuple[int, ...] = (),
    *,
    want_ranks: bool = False,
    want_places: bool = False,
) -> ChunkTask:
    """The task of the events ``rows``, for one chunk (``members`` (C, n)) or a few residuals."""
    dropped = {}
    if events.dropped:
        dropped = {
            i: events.dropped[row] for i, row in enumerate(rows.tolist()) if row in events.dropped
        }
    return ChunkTask(
        store=events.store,
        zero=events.zero[rows],
        series=events.series[rows],
        params=events.cars.params[rows],
        sigma=events.cars.sigma[rows],
        n_obs=events.cars.n_obs[rows],
        dropped=dropped,
        members=np.zeros((0, len(rows)), dtype=bool) if members is None else members,
        date=events.position[rows],
        regular=events.regular[rows],
        lags=lags,
        want_ranks=want_ranks,
        want_places=want_places,
    )
