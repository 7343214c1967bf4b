"""Which pairs of a series cannot be studied, before any return is computed, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from signals.frames import Ints, Labels
from signals.prices import PriceBook, PriceHistory
from signals.returns.factors import FactorTable
from signals.sessions import TradingCalendar


@dataclass(frozen=True, slots=True, eq=False)
class PairsOfSeries:
    """The pairs of one series: their ``rows`` in the pair table, events, and day zeros."""

    rows: Ints
    event_id: Labels
    position: Ints


def by_series(pairs: pd.DataFrame) -> Iterator[tuple[tuple[str, str, str], PairsOfSeries]]:
    """(ticker, benchmark, calendar), in order, and the pairs of each."""
    names = ["ticker", "benchmark", "calendar"]
    group = pairs.groupby(names, sort=True).ngroup().to_numpy()
    order = np.argsort(group, kind="stable")
    begins = np.flatnonzero(np.diff(group[order], prepend=-1))
    keys = pairs[names].iloc[order[begins]].to_numpy(object).tolist()
    rows = pairs.index.to_numpy(np.int64)[order]
    event_id = pairs["event_id"].to_numpy(object)[order]
    position = pairs["position"].to_numpy(np.int64)[order]
    ends = np.append(begins, len(order))[1:].tolist()
    for key, begin, end in zip(keys, begins.tolist(), ends, strict=True):
        ticker, bench, calendar = map(str, key)
        part = slice(begin, end)
        yield (ticker, bench, calendar), PairsOfSeries(rows[part], event_id[part], position[part])


Reason = tuple[str, str, str]


def unusable(
    ticker: str,
    named: tuple[str, ...],
    place: Ints,
    prices: PriceBook,
    calendar: TradingCalendar,
    regressors: str,
    reach: tuple[int, int],
    factors: FactorTable | None,
) -> tuple[list[Reason], Ints]:
    """Reasons (stage, code, detail) why pairs cannot be studied, and which one each has, or −1."""
    every = np.zeros(len(place), dtype=np.int64)
    failed = prices.failures.get(ticker)
    history = prices.histories.get(ticker)
    if history is None:
        code = failed.code if failed else "no_prices"
        detail = failed.detail if failed else f"no prices for {ticker}"
        return [("prices", code, detail)], every
    bench = next((b for b in named if b not in prices.histories), None)
    if regressors == "market" and bench is not None:
        cause = prices.failures.get(bench)
        detail = f"no prices for the benchmark {bench}" + (f": {cause.detail}" if cause else "")
        return [("prices", "no_benchmark", detail)], every
    first, last = _span(history, calendar)
    days = calendar.sessions[np.clip(place, 0, len(calendar.sessions) - 1)]
    ends = factors.sessions[-1] if factors is not None and len(factors.sessions) else None
    beyond = np.zeros(len(place), dtype=bool) if ends is None else days > ends
    begins = "no price" if first is None else str(calendar.sessions[first])
    outside = (place + reach[0] < 0) | (place + reach[1] >= len(calendar.sessions))
    early = np.full(len(place), first is None) if first is None else place <= first
    late = np.zeros(len(place), dtype=bool) if last is None else place > last
    reasons: list[Reason] = []
    which = every - 1
    for mask, stage, code, detail in (
        (beyond, "factors", "after_last_factor", f"the factor returns end with {ends}"),
        (late, "prices", "after_last_price", f"prices of {ticker} end with {_day(calendar, last)}"),
        (early, "prices", "before_first_price", f"prices of {ticker} begin with {begins}"),
        (outside, "sessions", "outside_calendar", f"windows leave the calendar {calendar.name}"),
        (place < 0, "sessions", "outside_calendar", f"{calendar.name} has no session for it"),
    ):
        which[mask] = len(reasons)
        reasons.append((stage, code, detail))
    return reasons, which


def _day(calendar: TradingCalendar, position: int | None) -> str:
    return "" if position is None else str(calendar.sessions[position])


def _span(history: PriceHistory, calendar: TradingCalendar) -> tuple[int | None, int | None]:
    """Positions of the first and last session with a price."""
    seen = np.isfinite(history.column("close")) | np.isfinite(history.column("adj_close"))
    days = history.sessions[seen]
    if len(days) == 0:
        return None, None
    return (
        int(np.searchsorted(calendar.sessions, days[0])),
        int(np.searchsorted(calendar.sessions, days[-1], side="right")) - 1,
    )
