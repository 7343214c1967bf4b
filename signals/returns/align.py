"""Event-asset pairs → :class:`EventReturns`: every series once, every event a position in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from signals.errors import EventError, SpecError
from signals.frames import Floats, Ints
from signals.prices import PriceBook
from signals.returns.beside import further_benchmarks, with_further
from signals.returns.factors import FactorTable, factors_for
from signals.returns.record import AssetSeries, EventReturns
from signals.returns.series import asset_series, choose_field
from signals.returns.usable import by_series, unusable
from signals.sessions import trading_calendar
from signals.spec import StudySpec


@dataclass(frozen=True, slots=True, eq=False)
class Regressors:
    """What the model needs beside the asset's own return: ``kind`` is ``none``, ``market``,
    ``factors``, ``peers`` or ``donors``; ``factors`` names the factor columns; ``excess`` asks
    for the risk-free rate."""

    kind: str = "market"
    factors: tuple[str, ...] = ()
    excess: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """``returns`` of the pairs that can be studied so far; ``rows`` (N,) their rows in the pair
    table; ``failures`` the others, each with its reason."""

    returns: EventReturns
    rows: Ints
    failures: tuple[EventError, ...]


def align(
    spec: StudySpec,
    pairs: pd.DataFrame,
    prices: PriceBook,
    regressors: Regressors,
    factors: FactorTable | None = None,
) -> Aligned:
    """Build the series that the pairs need and place each pair's day zero in its series.

    ``pairs`` has the columns of ``SessionEvents.frame``. Series are padded with NaN so that every
    estimation and event row of every pair exists as a position.
    """
    failures: list[EventError] = []
    series: list[AssetSeries] = []
    rows: list[Ints] = []
    index: list[Ints] = []
    zeros: list[Ints] = []
    reach = spec.estimation_window[0], spec.event_window[1]
    market_of = benchmark_calendars(spec)
    for (ticker, bench, cal), part in by_series(pairs):
        place, event_id = part.position, part.event_id
        calendar = trading_calendar(cal)
        asset = prices.histories.get(ticker)
        known = factors if regressors.kind == "factors" or regressors.excess else None
        named = (bench, *further_benchmarks(spec, ticker))
        why, which = unusable(ticker, named, place, prices, calendar, regressors.kind, reach, known)
        good = which < 0
        failures += [
            EventError(str(event_id[i]), ticker, *why[which[i]]) for i in np.flatnonzero(~good)
        ]
        if not good.any() or asset is None:
            continue
        start = int(place[good].min()) + reach[0]
        stop = int(place[good].max()) + reach[1] + 1
        needed = calendar.sessions[max(start - 1, 0) : stop]
        benchmark = prices.histories.get(bench) if regressors.kind == "market" else None
        wanted = "volume" if spec.quantity == "volume" else spec.prices.field
        field = choose_field(wanted, asset, benchmark, needed)
        if field is None:
            code, detail = _no_field(spec, ticker, bench)
            failures += [EventError(str(e), ticker, "prices", code, detail) for e in event_id[good]]
            continue
        one = asset_series(
            asset, benchmark, start=start, stop=stop, calendar=calendar, field=field,
            benchmark_calendar=trading_calendar(market_of.get(bench, cal)),
            kind="level" if spec.quantity == "volume" else spec.returns,
            trade_to_trade=spec.missing == "trade_to_trade",
        )  # fmt: skip
        one = with_further(replace(one, benchmark=bench), spec, prices, market_of, start, stop)
        series.append(_with_regressors(one, spec, prices, regressors, factors, start, stop))
        rows.append(part.rows[good])
        index.append(np.full(int(good.sum()), len(series) - 1, dtype=np.int64))
        zeros.append(place[good] - start)
    order, kept = _in_table_order(rows)
    chosen = pairs.loc[kept]
    returns = EventReturns(
        event_id=chosen["event_id"].to_numpy(object),
        group=chosen["group"].to_numpy(object),
        category=chosen["category"].to_numpy(object),
        series=tuple(series),
        series_index=_concatenated(index)[order],
        zero=_concatenated(zeros)[order],
        event_window=spec.event_window,
        length=spec.estimation.length,
        gap=spec.estimation.gap,
        kind="level" if spec.quantity == "volume" else spec.returns,
    )
    return Aligned(returns, kept, tuple(failures))


def benchmark_calendars(spec: StudySpec) -> dict[str, str]:
    """Calendar of every benchmark: its own where it is an asset, else that of the asset naming it
    (the market's own benchmark: the market's calendar)."""
    calendars: dict[str, str] = {}
    for asset in spec.assets:
        if asset.benchmark is not None:
            calendars.setdefault(asset.benchmark, asset.calendar or spec.market.calendar)
    if spec.market.benchmark is not None:
        calendars[spec.market.benchmark] = spec.market.calendar
    for asset in spec.assets:
        calendars[asset.ticker] = asset.calendar or spec.market.calendar
    return calendars


def _with_regressors(
    series: AssetSeries,
    spec: StudySpec,
    prices: PriceBook,
    regressors: Regressors,
    factors: FactorTable | None,
    start: int,
    stop: int,
) -> AssetSeries:
    if regressors.kind == "factors":
        if factors is None:
            raise SpecError(
                f"the model {spec.model!r} needs factor returns",
                file=spec.file,
                key="factors",
                allowed='[factors] with source = "french", or source = "csv" and path',
            )
        x, risk_free = factors_for(factors, regressors.factors, series.sessions)
        return replace(
            series,
            x=x,
            names=regressors.factors,
            risk_free=risk_free if regressors.excess else None,
        )
    if regressors.kind in ("peers", "donors"):
        names, x = _neighbours(series, spec, prices, regressors.kind, start, stop)
        return replace(series, x=x, names=names)
    if regressors.excess:
        if factors is None:
            raise SpecError(
                f"the model {spec.model!r} needs a risk-free rate", file=spec.file, key="factors"
            )
        _, risk_free = factors_for(factors, (), series.sessions)
        return replace(series, risk_free=risk_free)
    return series


def _neighbours(
    series: AssetSeries,
    spec: StudySpec,
    prices: PriceBook,
    kind: str,
    start: int,
    stop: int,
) -> tuple[tuple[str, ...], Floats]:
    """Returns of the asset's peers (one equal-weighted column) or donors (a column each)."""
    by_ticker = {a.ticker: a for a in spec.assets}
    if kind == "donors":
        tickers = list(spec.donors.get(series.ticker, ()))
        if not tickers:
            raise SpecError(
                f"the model {spec.model!r} needs donors for {series.ticker}",
                file=spec.file,
                key=f"donors.{series.ticker}",
                allowed="a list of tickers",
            )
    else:
        own = by_ticker.get(series.ticker)
        group = own.group if own else ""
        tickers = [a.ticker for a in spec.assets if a.group == group and a.ticker != series.ticker]
    calendar = trading_calendar(series.calendar)
    columns: dict[str, Floats] = {}
    for ticker in tickers:
        history = prices.histories.get(ticker)
        if history is not None and history.calendar == series.calendar:
            other = asset_series(
                history, None, start=start, stop=stop, calendar=calendar,
                benchmark_calendar=None, field=series.price_field, kind=spec.returns,
            )  # fmt: skip
            columns[ticker] = other.y
    if not columns:
        raise SpecError(
            f"the model {spec.model!r} finds no {kind} with prices for {series.ticker}",
            file=spec.file,
            key="donors" if kind == "donors" else "assets.group",
        )
    stacked = np.column_stack(list(columns.values()))
    if kind == "donors":
        return tuple(columns), stacked
    # A peer without a return that session would change the index's make-up: leave the row out.
    return ("peers",), stacked.mean(axis=1, keepdims=True)


def _no_field(spec: StudySpec, ticker: str, bench: str) -> tuple[str, str]:
    both = f"{ticker} and {bench}" if bench else ticker
    if spec.quantity == "volume":
        return "no_volume", f"there is no volume for both of {both}"
    if spec.prices.field == "auto":
        return "no_common_field", f"{both} share no price column"
    return "no_common_field", f"there is no column {spec.prices.field} for both of {both}"


def _concatenated(parts: list[Ints]) -> Ints:
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def _in_table_order(rows: list[Ints]) -> tuple[Ints, Ints]:
    flat = _concatenated(rows)
    order = np.argsort(flat, kind="stable")
    return order, flat[order]


def dropped_rows(
    confounders: Mapping[int, tuple[int, ...]], zero: Ints, window: tuple[int, int]
) -> dict[int, Ints]:
    """Series positions that a pair's estimation leaves out: the ``window`` sessions of each
    contaminating event of the same asset. ``confounders`` maps a pair to those events' zeros."""
    reach = np.arange(window[0], window[1] + 1)
    return {
        pair: np.unique(np.concatenate([z + reach for z in others]))
        for pair, others in confounders.items()
        if others
    }
