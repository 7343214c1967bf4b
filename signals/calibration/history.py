"""The series of a study with more sessions before them: where placebo dates come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from signals.frames import Days, Ints
from signals.models import MODELS
from signals.plan import PLACEBO_HISTORY
from signals.prices import PriceBook
from signals.returns import AssetSeries, EventReturns, Regressors, align
from signals.returns.factors import FactorTable
from signals.sessions import trading_calendar
from signals.spec import StudySpec


def long_series(
    spec: StudySpec,
    returns: EventReturns,
    prices: PriceBook,
    factors: FactorTable | None = None,
) -> tuple[AssetSeries, ...]:
    """Every series of ``returns`` from ``PLACEBO_HISTORY`` sessions earlier to its last session.

    Built by the same ``align`` with the same price column, so a placebo return is made as the
    study's returns are. A series without earlier prices stays as long as it is. Prices after the
    study's last window are not used: a study that is run again next month has the same placebo
    dates. Checked by tests/calibration/test_history.py.
    """
    row = MODELS[spec.model]
    regressors = Regressors(row.regressors, row.factors, row.excess)
    first = _earliest(spec, returns)
    found: dict[tuple[str, str, str], AssetSeries] = {}
    for field in sorted({s.price_field for s in returns.series}):
        chosen = [s for s in returns.series if s.price_field == field]
        column = "adj_close" if field == "adj_close" else "close"
        fixed = spec.model_copy(update={"prices": spec.prices.model_copy(update={"field": column})})
        pairs = _ends(fixed, chosen, prices, first)
        for series in align(fixed, pairs, prices, regressors, factors).returns.series:
            found[_key(series)] = series
    return tuple(_longer(series, found.get(_key(series))) for series in returns.series)


def placed_in(returns: EventReturns, series: Sequence[AssetSeries]) -> EventReturns:
    """The same pairs on other (longer) series: day zeros keep their session labels."""
    labels = [returns.series[s].sessions for s in returns.series_index]
    zero = [
        np.searchsorted(series[s].sessions, own[z])
        for s, own, z in zip(returns.series_index, labels, returns.zero, strict=True)
    ]
    return replace(returns, series=tuple(series), zero=np.asarray(zero, dtype=np.int64), dropped={})


def _key(series: AssetSeries) -> tuple[str, str, str]:
    return series.ticker, series.benchmark, series.calendar


def _longer(short: AssetSeries, long: AssetSeries | None) -> AssetSeries:
    if long is None or len(long.sessions) < len(short.sessions):
        return short
    return long


def _earliest(spec: StudySpec, returns: EventReturns) -> np.datetime64:
    """The market session ``PLACEBO_HISTORY`` sessions before the first session of any series."""
    begin = min(s.sessions[0] for s in returns.series).astype("datetime64[D]")
    market = trading_calendar(spec.market.calendar).sessions
    place = max(int(np.searchsorted(market, begin)) - PLACEBO_HISTORY, 0)
    day: np.datetime64 = market[place]
    return day


def _ends(
    spec: StudySpec, series: Sequence[AssetSeries], prices: PriceBook, first: np.datetime64
) -> pd.DataFrame:
    """A table of made-up pairs whose windows begin and end where each long series shall."""
    rows = []
    for one in series:
        sessions = trading_calendar(one.calendar).sessions
        for position in _span(spec, one, prices, sessions, first):
            rows.append(
                {"event_id": "placebo", "ticker": one.ticker, "benchmark": one.benchmark,
                 "calendar": one.calendar, "group": "", "category": "", "position": position}
            )  # fmt: skip
    return pd.DataFrame(rows)


def _span(
    spec: StudySpec,
    series: AssetSeries,
    prices: PriceBook,
    sessions: Days,
    first: np.datetime64,
) -> Ints:
    """Day-zero positions whose windows reach from ``first`` to the series' own last session.

    An asset that was listed later gets sessions without prices before its first one, so that its
    earliest events, with few estimation returns, have a place too.
    """
    reach = spec.estimation_window[0], spec.event_window[1]
    stop = int(np.searchsorted(sessions, series.sessions[-1].astype(sessions.dtype)))
    history = prices.histories[series.ticker].sessions.astype(sessions.dtype)
    begin = int(np.searchsorted(sessions, max(first, history[0]), side="right"))
    low = begin + 1 if history[0] > first else max(begin - reach[0], -reach[0])
    high = stop - reach[1]
    last = int(np.searchsorted(sessions, history[-1], side="right")) - 1
    return np.unique(np.clip([low, high], begin + 1, min(high, last)))


def placebo_returns(
    spec: StudySpec,
    returns: EventReturns,
    index: Ints,
    prices: PriceBook,
    factors: FactorTable | None = None,
) -> EventReturns:
    """The studied pairs (positions ``index`` in ``returns``) on their long series.

    Estimation rows that ``overlap = "dummy"`` leaves out of a study are missing returns here, so
    that placebo estimations leave them out as well.
    """
    chosen = replace(
        returns,
        event_id=returns.event_id[index],
        group=returns.group[index],
        category=returns.category[index],
        series_index=returns.series_index[index],
        zero=returns.zero[index],
        dropped={},
    )
    series = list(long_series(spec, returns, prices, factors))
    left_out: dict[int, list[Ints]] = {}
    for pair, rows in returns.dropped.items():
        left_out.setdefault(int(returns.series_index[pair]), []).append(rows)
    for s, found in left_out.items():
        short, long = returns.series[s], series[s]
        rows = np.unique(np.concatenate(found))
        rows = rows[(rows >= 0) & (rows < len(short.sessions))]
        y = long.y.copy()
        y[np.searchsorted(long.sessions, short.sessions[rows])] = np.nan
        series[s] = replace(long, y=y)
    return placed_in(chosen, series)
