"""Price histories → one asset's returns beside its benchmark's, on the asset's own sessions."""

from __future__ import annotations

import numpy as np

from signals.frames import Bools, Days, Floats
from signals.prices import PriceHistory
from signals.returns.record import AssetSeries
from signals.sessions import TradingCalendar


def price_returns(prices: Floats, kind: str) -> Floats:
    """(S,) returns from the session before: P_t/P_{t−1} − 1 (``simple``) or ln(P_t/P_{t−1}).

    NaN at the first session and next to every missing price: a return needs both closes on
    neighbouring sessions. ``kind = "level"`` gives ln(1 + x_t) of a volume instead.
    """
    if kind == "level":
        # An index without volume is recorded as 0 at every session: that is no volume at all.
        return np.log1p(np.where(prices > 0, prices, np.nan))
    out = np.full(len(prices), np.nan)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = prices[1:] / prices[:-1]
        out[1:] = np.log(ratio) if kind == "log" else ratio - 1.0
    out[~np.isfinite(out)] = np.nan
    return out


def trade_to_trade_returns(prices: Floats, kind: str, other: Floats | None = None) -> Floats:
    """(S,) returns since the last session with a price, NaN where there is none.

    With ``other`` prices: the return of ``other`` between the same two sessions, so that asset and
    benchmark are measured over the same span (Maynes & Rumsey 1993).
    """
    out = np.full(len(prices), np.nan)
    traded = np.flatnonzero(np.isfinite(prices) & (prices > 0))
    measured = prices if other is None else other
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = measured[traded[1:]] / measured[traded[:-1]]
        out[traded[1:]] = np.log(ratio) if kind == "log" else ratio - 1.0
    out[~np.isfinite(out)] = np.nan
    return out


def spans(prices: Floats) -> Floats:
    """(S,) sessions from the last price to this one: 1 on ordinary days, NaN without a price."""
    out = np.full(len(prices), np.nan)
    traded = np.flatnonzero(np.isfinite(prices) & (prices > 0))
    out[traded[1:]] = np.diff(traded)
    return out


def on_sessions(history: PriceHistory, column: str, sessions: Days) -> Floats:
    """The column at each of ``sessions``, NaN where the history has no such row."""
    values = history.column(column)
    out = np.full(len(sessions), np.nan)
    if len(history.sessions) == 0:
        return out
    place = np.searchsorted(history.sessions, sessions)
    place = np.minimum(place, len(history.sessions) - 1)
    found = history.sessions[place] == sessions
    out[found] = values[place[found]]
    return out


def benchmark_closed(sessions: Days, closes: Days, benchmark: TradingCalendar) -> Bools:
    """(S,) True where the benchmark has no close of the same date at or before the asset's close.

    METHODS, different calendars: the benchmark's return is measured between its last closes at
    or before the asset's two closing instants, and only where both are of the same dates.
    """
    place = benchmark.position(sessions)
    late = np.zeros(len(sessions), dtype=bool)
    here = place >= 0
    late[here] = benchmark.closes[place[here]] > closes[here]
    return ~here | late


def asset_series(
    asset: PriceHistory,
    benchmark: PriceHistory | None,
    *,
    start: int,
    stop: int,
    calendar: TradingCalendar,
    benchmark_calendar: TradingCalendar | None,
    field: str,
    kind: str,
    trade_to_trade: bool = False,
) -> AssetSeries:
    """Returns of ``asset`` and its benchmark on calendar positions ``start … stop − 1``.

    The first return needs the close before it, so position ``start`` is NaN unless the window
    begins later than the data. Nothing is filled in. ``trade_to_trade``: returns run from trade to
    trade, over the ``span`` of sessions that lies between.
    """
    first = max(start - 1, 0)
    sessions = calendar.sessions[first:stop]
    own = on_sessions(asset, field, sessions)
    y = trade_to_trade_returns(own, kind) if trade_to_trade else price_returns(own, kind)
    names: tuple[str, ...] = ()
    x = np.empty((len(sessions), 0))
    closed = np.zeros(len(sessions), dtype=bool)
    if benchmark is not None and benchmark_calendar is not None:
        names = ("market",)
        prices = on_sessions(benchmark, field, sessions)
        if benchmark_calendar.name != calendar.name:
            shut = benchmark_closed(sessions, calendar.closes[first:stop], benchmark_calendar)
            prices = np.where(shut, np.nan, prices)
            closed = shut.copy()
            closed[1:] |= shut[:-1]
        market = (
            trade_to_trade_returns(own, kind, prices)
            if trade_to_trade
            else price_returns(prices, kind)
        )
        x = market[:, None]
    skip = start - first
    return AssetSeries(
        ticker=asset.ticker,
        benchmark=benchmark.ticker if benchmark is not None else "",
        calendar=calendar.name,
        price_field=field,
        sessions=sessions[skip:],
        y=y[skip:],
        x=x[skip:],
        names=names,
        benchmark_closed=closed[skip:],
        span=spans(own)[skip:] if trade_to_trade else None,
    )


def choose_field(
    wanted: str, asset: PriceHistory, benchmark: PriceHistory | None, needed: Days
) -> str | None:
    """``close`` or ``adj_close`` for the asset *and* its benchmark, or None when they share none.

    ``auto``: ``adj_close`` only when both have it on every needed session that they traded,
    else ``close`` for both. Whole series, never mixed.
    """
    both = [h for h in (asset, benchmark) if h is not None]
    if wanted != "auto":
        return wanted if all(h.has(wanted) for h in both) else None
    if all(_covers(h, needed) for h in both):
        return "adj_close"
    return "close" if all(h.has("close") for h in both) else None


def _covers(history: PriceHistory, needed: Days) -> bool:
    if not history.has("adj_close"):
        return False
    rows = np.isin(history.sessions, needed)
    adjusted = np.isfinite(history.column("adj_close")[rows])
    traded = adjusted if not history.has("close") else np.isfinite(history.column("close")[rows])
    return bool(rows.any() and (adjusted | ~traded).all())
