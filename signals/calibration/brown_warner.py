"""Brown and Warner's experiment: random events on real returns, with no effect or a known one.

Each draw picks assets at random and dates at random (or one date for all: clustered), and every
statistic is asked. On complete returns of one calendar a draw's r̄ needs no pairwise products: the
residuals of events that share a date are unit vectors ẑ_i, and Σ_{i≠j} ẑ_i'ẑ_j = |Σẑ_i|² − n.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from signals.calibration.cells import Cells, cell_index, compute_cells
from signals.calibration.drawn import drawn_group
from signals.calibration.placebo import can_host
from signals.calibration.vectorized import VECTORIZED
from signals.frames import Floats, Ints
from signals.panel import Window
from signals.returns import AssetSeries, EventReturns

DRAWS_AT_ONCE = 20_000  # events of one block of draws


@dataclass(frozen=True, slots=True, eq=False)
class Experiment:
    """``draws`` samples of ``events`` assets over ``window``; ``clustered``: one date for all.
    ``length`` estimation sessions, all of them needed; ``effect`` (decimal) on day zero."""

    draws: int
    events: int
    clustered: bool
    window: Window = (0, 0)
    model: str = "market"
    length: int = 250
    effect: float = 0.0
    seed: int = 20250730


def brown_warner(series: Sequence[AssetSeries], experiment: Experiment) -> dict[str, Floats]:
    """name → (draws,) p-values of every vectorised statistic.

    ``series`` have the same sessions (one calendar and benchmark). Dates are drawn with equal
    chance from those on which at least ``events`` assets have complete windows, assets without
    replacement (on random dates, an asset whose date it cannot host is drawn again with it).
    Windows longer than one session are for clustered dates only: on random dates r̄ would need
    windows that overlap partly. Seeded by ``PCG64``; blocks of draws are computed one after the
    other, so memory stays below 1 GB.
    Brown & Warner (1985). Checked by tests/calibration/test_brown_warner.py.
    """
    if experiment.window[0] != experiment.window[1] and not experiment.clustered:
        raise ValueError("random dates: one-session windows only")
    returns = _returns(series, experiment)
    hosts = np.stack([can_host(s, returns, experiment.length) for s in series])
    random = np.random.Generator(np.random.PCG64(experiment.seed))
    parts: list[dict[str, Floats]] = []
    for count in _blocks(experiment):
        asset, zero = _draw(hosts, experiment, count, random)
        parts.append(_p_values(returns, asset, zero, experiment))
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


def _returns(series: Sequence[AssetSeries], experiment: Experiment) -> EventReturns:
    none = np.empty(0, dtype=np.int64)
    blank = np.empty(0, dtype=object)
    return EventReturns(
        event_id=blank, group=blank, category=blank, series=tuple(series), series_index=none,
        zero=none, event_window=experiment.window, length=experiment.length, gap=0,
    )  # fmt: skip


def _blocks(experiment: Experiment) -> Iterator[int]:
    step = max(1, DRAWS_AT_ONCE // experiment.events)
    for begin in range(0, experiment.draws, step):
        yield min(step, experiment.draws - begin)


def _draw(
    hosts: np.ndarray, experiment: Experiment, count: int, random: np.random.Generator
) -> tuple[Ints, Ints]:
    """(count, events) assets and positions of day zero."""
    dates = np.flatnonzero(hosts.sum(axis=0) >= experiment.events)
    asset = np.empty((count, experiment.events), dtype=np.int64)
    zero = np.empty_like(asset)
    for d in range(count):
        if experiment.clustered:
            date = int(random.choice(dates))
            zero[d] = date
            asset[d] = random.choice(np.flatnonzero(hosts[:, date]), experiment.events, False)
            continue
        # A date that the asset drawn cannot host is drawn again: both stay uniform.
        asset[d] = random.choice(len(hosts), experiment.events, False)
        zero[d] = random.choice(dates, experiment.events)
        bad = ~hosts[asset[d], zero[d]]
        while bad.any():
            asset[d, bad] = random.choice(len(hosts), int(bad.sum()))
            zero[d, bad] = random.choice(dates, int(bad.sum()))
            bad = ~hosts[asset[d], zero[d]]
    return asset, zero


def _p_values(
    returns: EventReturns, asset: Ints, zero: Ints, experiment: Experiment
) -> dict[str, Floats]:
    series, position, at = cell_index(asset, zero)
    cells = compute_cells(
        returns, series, position, experiment.model, [experiment.window],
        min_returns=experiment.length, missing="strict", effect=experiment.effect,
    )  # fmt: skip
    drawn = drawn_group(
        cells, at, experiment.window, _r_bar(cells, at, zero),
        independent=False, one_asset=experiment.clustered,
    )  # fmt: skip
    return {name: statistic(drawn) for name, statistic in VECTORIZED.items()}


def _r_bar(cells: Cells, at: Ints, zero: Ints) -> Floats:
    """(D,) r̄: pairs on the same date count fully, all others have no session in common."""
    assert cells.rows is not None
    residual = cells.rows.residual
    off = residual - residual.mean(axis=1, keepdims=True)
    unit = off / np.sqrt((off**2).sum(axis=1))[:, None]
    count = at.shape[1]
    out = np.empty(len(at))
    for d in range(len(at)):
        dates, place = np.unique(zero[d], return_inverse=True)
        if len(dates) == count:
            out[d] = 0.0
            continue
        if len(dates) == 1:
            total = unit[at[d]].sum(axis=0)[None, :]
        else:
            total = np.zeros((len(dates), unit.shape[1]))
            np.add.at(total, place, unit[at[d]])
        out[d] = ((total**2).sum() - count) / (count * (count - 1))
    return out
