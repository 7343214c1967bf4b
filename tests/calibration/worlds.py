"""Made-up returns with a known law, as studies: series, pairs, and the panel of the real dates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signals.calibration.cells import cell_index, compute_cells
from signals.calibration.correlate import pair_correlations
from signals.calibration.drawn import DrawnGroup, drawn_group
from signals.calibration.placebo import PlaceboDates, draw_dates
from signals.estimate import Estimation, estimate
from signals.inference.independence import (
    disjoint_subset,
    same,
    shares_one_date,
    windows_share_sessions,
)
from signals.panel import AbnormalPanel
from signals.returns import AssetSeries, EventReturns
from signals.sessions import trading_calendar

FIRST = "2019-01-02"


@dataclass(frozen=True, slots=True)
class World:
    """How returns are made: ``rho`` cross-correlation of disturbances, ``jump`` at real events,
    ``tail`` degrees of freedom of Student disturbances (0: normal)."""

    assets: int = 6
    sessions: int = 900
    rho: float = 0.0
    tail: float = 0.0
    seed: int = 7
    tokens: int = 0
    missing: float = 0.0
    first: str = FIRST


def series_of(world: World) -> tuple[AssetSeries, ...]:
    """One market for all; ``tokens`` of the assets trade every day (calendar 24/7)."""
    random = np.random.default_rng(world.seed)
    stocks = trading_calendar("XNYS").sessions
    start = int(np.searchsorted(stocks, np.datetime64(world.first)))
    stock_days = stocks[start : start + world.sessions]
    always = np.arange(stock_days[0], stock_days[-1] + 1)
    market = random.normal(0.0003, 0.01, len(always))
    shared = _noise(random, world, len(always))
    out = []
    for i in range(world.assets):
        own = _noise(random, world, len(always))
        e = np.sqrt(world.rho) * shared + np.sqrt(1 - world.rho) * own
        y = random.uniform(0.5, 1.5) * market + random.uniform(0.01, 0.03) * e
        token = i >= world.assets - world.tokens
        keep = np.ones(len(always), bool) if token else np.isin(always, stock_days)
        y, x = y[keep].copy(), market[keep][:, None]
        y[random.random(len(y)) < world.missing] = np.nan
        calendar = "24/7" if token else "XNYS"
        closed = np.zeros(len(y), dtype=bool)
        out.append(
            AssetSeries(f"A{i}", "MKT", calendar, "close", always[keep], y, x, ("market",), closed)
        )
    return tuple(out)


def _noise(random: np.random.Generator, world: World, count: int) -> np.ndarray:
    if world.tail:
        return random.standard_t(world.tail, count) / np.sqrt(world.tail / (world.tail - 2))
    return random.standard_normal(count)


def pairs_on(
    series: tuple[AssetSeries, ...], days: list[str], *, event_window: tuple[int, int] = (-3, 3),
    length: int = 120, assets: list[int] | None = None,
) -> EventReturns:  # fmt: skip
    """Every day an event on every asset (or on ``assets``)."""
    chosen = list(range(len(series))) if assets is None else assets
    rows = [(f"e{k}", s, day) for k, day in enumerate(days) for s in chosen]
    zero = [int(np.searchsorted(series[s].sessions, np.datetime64(d))) for _, s, d in rows]
    return EventReturns(
        event_id=np.asarray([r[0] for r in rows], dtype=object),
        group=np.full(len(rows), "g", dtype=object),
        category=np.full(len(rows), "c", dtype=object),
        series=series,
        series_index=np.asarray([r[1] for r in rows], dtype=np.int64),
        zero=np.asarray(zero, dtype=np.int64),
        event_window=event_window,
        length=length,
        gap=0,
    )


def known_days(returns: EventReturns) -> dict[str, np.ndarray]:
    """Day zeros by ticker."""
    found: dict[str, list[np.datetime64]] = {}
    for s, z in zip(returns.series_index, returns.zero, strict=True):
        found.setdefault(returns.series[s].ticker, []).append(returns.series[s].sessions[z])
    return {k: np.asarray(v, dtype="datetime64[D]") for k, v in found.items()}


def dates_of(
    returns: EventReturns, draws: int, *, seed: int = 1, min_returns: int = 60
) -> PlaceboDates:
    market = trading_calendar("XNYS").sessions
    return draw_dates(
        returns, market, known_days(returns), draws=draws, seed=seed, min_returns=min_returns
    )


def estimated(
    returns: EventReturns, *, min_returns: int = 60, missing: str = "strict"
) -> Estimation:
    return estimate(returns, "market", min_returns=min_returns, missing=missing)


def panel_of_draw(
    returns: EventReturns, zero: np.ndarray, *, min_returns: int = 60, model: str = "market"
) -> AbnormalPanel:
    """The real study of one draw, by the slow path: one fit after the other."""
    from dataclasses import replace

    placed = np.flatnonzero(zero >= 0)
    moved = replace(
        returns, event_id=returns.event_id[placed], group=returns.group[placed],
        category=returns.category[placed], series_index=returns.series_index[placed],
        zero=zero[placed],
    )  # fmt: skip
    panel = estimate(moved, model, min_returns=min_returns, missing="strict").panel
    assert panel is not None
    return panel


def drawn_from(
    returns: EventReturns, dates: PlaceboDates, window: tuple[int, int], model: str = "market"
) -> tuple[DrawnGroup, np.ndarray]:
    """All pairs as one group over ``window`` on the placebo dates, and the members used."""
    panel = estimate(returns, model, min_returns=60, missing="strict").panel
    assert panel is not None
    series, position, at = cell_index(returns.series_index, dates.zero)
    cells = compute_cells(
        returns, series, position, model, [window], min_returns=60, missing="strict"
    )
    found = pair_correlations(returns, model, cells, at, [window])
    members = disjoint_subset(panel, window)[0]
    part = panel.take(members)
    placed = (at >= 0) & np.isfinite(cells.car[at, 0])
    r_bar = np.full(len(at), np.nan) if found is None else found.mean(window, members, placed)
    group = drawn_group(
        cells, at[:, members], window, r_bar,
        independent=not windows_share_sessions(part, window),
        one_asset=same(part.calendar) and same(part.benchmark) and shares_one_date(part),
    )  # fmt: skip
    return group, members
