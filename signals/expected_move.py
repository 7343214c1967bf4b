"""What option prices expected a share to do, beside what it did (``expected_moves.csv``).

The at-the-money straddle of the nearest expiry after the news costs about what the market expects
the price to move until then: implied move = (call + put)/spot (Brenner & Subrahmanyam 1988, up to
the factor √(2/π) of a standard deviation, which is the mean absolute move). Option history is not
to be had, so this can be recorded only at run time, before the event: the chain is asked then and
the row is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd

from signals.errors import TransientError
from signals.frames import Floats, table

NAN: Final = float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class OptionChain:
    """Prices of one expiry: ``strikes`` (K,) ascending, ``calls`` and ``puts`` (K,) mid or last
    prices, NaN where there is none; ``spot`` the share's price then, ``recorded_at`` (UTC, ISO)
    when it was asked, ``expiry`` the day on which these options end."""

    symbol: str
    recorded_at: str
    spot: float
    expiry: np.datetime64
    strikes: Floats
    calls: Floats
    puts: Floats


@dataclass(frozen=True, slots=True, eq=False)
class ExpectedMove:
    """``implied`` move as a decimal return of the straddle at ``strike``; NaN with ``reason``."""

    implied: float
    strike: float
    call: float
    put: float
    reason: str = ""


ChainOf = Callable[[str, np.datetime64], "OptionChain | None"]
"""Symbol and day → the chain of the first expiry on or after that day, None where there is no
market in options on it."""


def expected_move(chain: OptionChain) -> ExpectedMove:
    """(call + put)/spot at the strike nearest to the spot that has both prices.

    NaN with a reason: no strike with both, or the nearest is more than 5 % away (the straddle's
    price is then largely intrinsic value). Checked by tests/intraday/test_expected_move.py.
    """
    both = np.isfinite(chain.calls) & np.isfinite(chain.puts) & (chain.calls > 0) & (chain.puts > 0)
    if not both.any() or not chain.spot > 0:
        return ExpectedMove(NAN, NAN, NAN, NAN, "no strike has a call and a put price")
    rows = np.flatnonzero(both)
    best = rows[np.argmin(np.abs(chain.strikes[rows] - chain.spot))]
    strike = float(chain.strikes[best])
    call, put = float(chain.calls[best]), float(chain.puts[best])
    if abs(strike / chain.spot - 1) > 0.05:
        reason = f"the nearest strike with both prices, {strike:g}, is more than 5 % away"
        return ExpectedMove(NAN, strike, call, put, reason)
    return ExpectedMove((call + put) / chain.spot, strike, call, put)


def yahoo_chain_of(now: datetime, *, timeout: float = 20.0) -> ChainOf:
    """Yahoo's option chains as they are at ``now`` (UTC). An option costs the middle of bid and
    ask, or its last price where one of them is missing."""
    from signals.providers import NoSuchSeries
    from signals.providers.yahoo import option_chain

    def chain_of(symbol: str, day: np.datetime64) -> OptionChain | None:
        try:
            found = option_chain(symbol, str(day), timeout=timeout)
        except NoSuchSeries:
            return None
        if found is None or found[1].calls is None or found[1].puts is None:
            return None
        expiry, page = found
        both = (
            _priced(page.calls).to_frame("call").join(_priced(page.puts).rename("put"), how="outer")
        )
        both = both.sort_index()
        spot = (page.underlying or {}).get("regularMarketPrice")
        return OptionChain(
            symbol, now.strftime("%Y-%m-%dT%H:%M:%SZ"), NAN if spot is None else float(spot),
            np.datetime64(expiry, "D"), both.index.to_numpy(np.float64),
            both["call"].to_numpy(np.float64), both["put"].to_numpy(np.float64),
        )  # fmt: skip

    return chain_of


def _priced(options: pd.DataFrame) -> pd.Series:
    """Price by strike: (bid + ask)/2 where both are quoted, else the last trade's."""
    frame = options.drop_duplicates("strike").set_index("strike")
    bid, ask, last = (frame[c].astype(np.float64) for c in ("bid", "ask", "lastPrice"))
    return ((bid + ask) / 2).where((bid > 0) & (ask > 0), last)


def expected_moves_table(
    events: pd.DataFrame,
    moves: pd.DataFrame,
    chain_of: ChainOf,
    *,
    recorded_at: str,
    earlier: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row for each pair of ``events`` (``event_id``, ``ticker``, ``day_zero``, ``status``).

    Only pairs that are still ``pending`` can have an expectation recorded: a chain asked after the
    news says what is expected *now*. The others have ``reason`` ``not_recorded``. ``moves`` holds
    (event_id, ticker, actual_return) of day zero, for ``actual_move`` and its ``ratio`` to the
    implied one, once known. ``earlier`` is the table of the run before: what it recorded is kept,
    because it cannot be asked again. A source that is down leaves the row empty with its cause.
    """
    actual = {
        (str(e), str(t)): float(r)
        for e, t, r in moves[["event_id", "ticker", "actual_return"]].itertuples(index=False)
    }
    kept = _recorded(earlier)
    rows = []
    for event, ticker, day, status in _pairs(events):
        row: dict[str, Any] = {"event_id": event, "ticker": ticker, "recorded_at": recorded_at}
        row |= kept.get((event, ticker)) or _asked(ticker, day, status, chain_of)
        rows.append({**row, "actual_move": actual.get((event, ticker), NAN)})
        implied = rows[-1].get("implied_move", NAN)
        if implied > 0:
            rows[-1]["ratio"] = abs(rows[-1]["actual_move"]) / implied
    return table("expected_moves", rows)


def _pairs(events: pd.DataFrame) -> Iterable[tuple[str, str, str, str]]:
    columns = events[["event_id", "ticker", "day_zero", "status"]]
    for event, ticker, day, status in columns.itertuples(index=False, name=None):
        yield str(event), str(ticker), str(day), str(status)


def day_zero_moves(abnormal_returns: pd.DataFrame) -> pd.DataFrame:
    """Event, ticker and raw return of day zero, from ``abnormal_returns.csv``'s table."""
    rows = abnormal_returns[abnormal_returns["tau"] == 0]
    return rows[["event_id", "ticker", "actual_return"]]


def _recorded(earlier: pd.DataFrame | None) -> dict[tuple[str, str], dict[str, Any]]:
    """The rows of an earlier table that hold an implied move."""
    if earlier is None or earlier.empty:
        return {}
    rows = earlier[earlier["implied_move"].notna()].to_dict("records")
    return {(str(r["event_id"]), str(r["ticker"])): {str(k): v for k, v in r.items()} for r in rows}


def _asked(ticker: str, day: str, status: str, chain_of: ChainOf) -> dict[str, Any]:
    if status != "pending":
        return {"reason": "not_recorded: the news was out, and there is no history of options"}
    try:
        chain = chain_of(ticker, np.datetime64(day[:10], "D"))
    except TransientError as error:
        return {"reason": f"source_down: {error.detail}"}
    if chain is None:
        return {"reason": "no_options: the source has no options on it that expire after the event"}
    found = expected_move(chain)
    return {
        "recorded_at": chain.recorded_at, "expiry": str(chain.expiry), "strike": found.strike,
        "spot": chain.spot, "call_price": found.call, "put_price": found.put,
        "implied_move": found.implied, "reason": found.reason,
    }  # fmt: skip
