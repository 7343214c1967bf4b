"""What an article said the market did, against what prices did.

measured = C_b / C_{a−1} − 1 over the claim's window [a, b] in sessions from day zero (close to
close); market value: (C_b − C_{a−1}) × shares on every stated share count; breadth: the share of
a group's members that moved so. The tolerance is the rounding of the statement. Verdicts:
``supported`` only by the stated window itself, or by a neighbouring close-to-close window where
the words leave the window open; an intraday low alone never supports. ``unverifiable`` names what
is missing. Checked by ``tests/claims``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

from signals.claim_readings import (
    agrees,
    bound_of,
    change,
    extreme,
    number,
    percent,
    readings,
    tolerance_of,
    window_of,
)
from signals.frames import table
from signals.prices.history import PriceBook, PriceHistory

OPEN_WINDOWS: Final = ("close", "session", "week")  # words that leave the window open


@dataclass(frozen=True, slots=True, eq=False)
class ShareCount:
    """Shares outstanding on a stated day (ISO date, may be empty)."""

    count: float
    as_of: str = ""


class _Result(NamedTuple):
    measured: float
    first: float
    last: float
    tolerance: float
    verdict: str
    reason: str


def check_claims(
    claims: pd.DataFrame,
    day_zeros: pd.DataFrame,
    prices: PriceBook,
    *,
    shares: Mapping[str, Any] | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    texts: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Check every claim; returns ``frames.TABLES["claims"]``, one row a claim.

    Parameters
    ----------
    claims : columns of ``events.claims.csv``; ``bound``, ``step`` and ``quote`` are used where
        they are there.
    day_zeros : columns event_id, ticker, day_zero (ISO date; empty or missing: not known).
    prices : the price book of the study.
    shares : ticker → one or several of: a number, a :class:`ShareCount`, anything with ``count``
        and ``as_of``.
    groups : group name → tickers, for breadth.
    texts : source → its text, to cut quotes from where the claims carry none.
    """
    zeros = _zeros(day_zeros)
    rows = []
    for raw in claims.to_dict("records"):
        claim = {str(k): v for k, v in raw.items()}
        result = _check(claim, zeros, prices, shares or {}, groups or {})
        rows.append(
            {
                **{k: claim.get(k, "") for k in ("event_id", "claim_id", "ticker", "metric")},
                "stated": float(claim["stated"]),
                "measured": result.measured,
                "unit": claim.get("unit", ""),
                "window_first": result.first,
                "window_last": result.last,
                "tolerance": result.tolerance,
                "verdict": result.verdict,
                "quote": _quote(claim, texts or {}),
                "reason": result.reason,
            }
        )
    return table("claims", rows)


def _zeros(frame: pd.DataFrame) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for row in frame.to_dict("records"):
        day = row.get("day_zero")
        if day is None or day is pd.NaT or not str(day).strip() or str(day) in {"nan", "NaT"}:
            continue
        event, ticker = str(row["event_id"]), str(row.get("ticker", ""))
        found[event, ticker] = str(day)[:10]
        found.setdefault((event, ""), str(day)[:10])  # for assets that are not in the study
    return found


def _quote(claim: Mapping[str, Any], texts: Mapping[str, str]) -> str:
    quote = claim.get("quote")
    if isinstance(quote, str) and quote:
        return quote
    text = texts.get(str(claim.get("source", "")))
    start, end = number(claim.get("quote_start")), number(claim.get("quote_end"))
    if text is None or math.isnan(start) or math.isnan(end):
        return ""
    return " ".join(text[int(start) : int(end)].split())


def _unverifiable(reason: str, measured: float = math.nan, tolerance: float = math.nan) -> _Result:
    return _Result(measured, math.nan, math.nan, tolerance, "unverifiable", reason)


def _check(
    claim: Mapping[str, Any],
    zeros: Mapping[tuple[str, str], str],
    prices: PriceBook,
    shares: Mapping[str, Any],
    groups: Mapping[str, Sequence[str]],
) -> _Result:
    metric, ticker = str(claim["metric"]), str(claim["ticker"])
    if metric == "company_figure":
        return _unverifiable("a figure of the company's accounts: prices alone cannot check it")
    if metric == "volume":
        return _unverifiable("volume claims are not checked")
    event = str(claim["event_id"])
    zero = zeros.get((event, ticker)) or zeros.get((event, ""))
    if zero is None:
        return _unverifiable("the event has no day zero")
    if metric == "breadth":
        return _breadth(claim, zero, prices, groups.get(ticker, ()))
    history = prices.histories.get(ticker)
    if history is None:
        failure = prices.failures.get(ticker)
        return _unverifiable(f"no prices of {ticker}{f': {failure.detail}' if failure else ''}")
    position = int(np.searchsorted(history.sessions, np.datetime64(zero)))
    if position >= len(history.sessions):
        return _unverifiable(f"the prices of {ticker} end before {zero}")
    if metric == "market_value":
        return _market_value(claim, history, position, _counts(shares.get(ticker)))
    return _return(claim, history, position)


def _return(claim: Mapping[str, Any], history: PriceHistory, position: int) -> _Result:
    stated, tolerance = float(claim["stated"]), tolerance_of(claim)
    window, words = window_of(claim, history.sessions, position), str(claim.get("window", ""))
    found = readings(history, position, window)
    if not found:
        return _unverifiable("closes of the window are missing", tolerance=tolerance)
    said = "; ".join(f"{r.name} {percent(r.value)}" for r in found)
    if window is None:
        session = found[0].value
        return _unverifiable(f"closes cannot show “{words}”; {said}", session, tolerance)
    main = next((r for r in found if (r.first, r.last) == window), None)
    if main is None:
        return _unverifiable(f"closes of the window are missing; {said}", tolerance=tolerance)
    best = min(found, key=lambda r: abs(r.value - stated))
    low = extreme(history, position, window, down=stated < 0)
    said += "" if low is None else f"; intraday {'low' if stated < 0 else 'high'} {percent(low)}"
    bound = bound_of(claim)
    if agrees(main.value, stated, tolerance, bound):
        return _Result(main.value, main.first, main.last, tolerance, "supported", said)
    loose = any(w in words.lower() for w in OPEN_WINDOWS) or not words
    if loose and agrees(best.value, stated, tolerance, bound):
        reason = f"{said}; the words leave the window open, and {best.name} fits"
        return _Result(best.value, best.first, best.last, tolerance, "supported", reason)
    same = "right" if main.value * stated > 0 else "wrong"
    reason = f"{said}; direction {same}, best reading: {best.name} {percent(best.value)}"
    return _Result(main.value, main.first, main.last, tolerance, "contradicted", reason)


def _counts(stated: Any) -> list[ShareCount]:
    if stated is None:
        return []
    many = stated if isinstance(stated, list | tuple) else [stated]
    found = []
    for one in many:
        if isinstance(one, int | float):
            found.append(ShareCount(float(one)))
        elif isinstance(one, Mapping):
            found.append(ShareCount(float(one["count"]), str(one.get("as_of", ""))))
        else:
            found.append(ShareCount(float(one.count), str(getattr(one, "as_of", ""))))
    return found


def _market_value(
    claim: Mapping[str, Any], history: PriceHistory, position: int, counts: list[ShareCount]
) -> _Result:
    stated, tolerance = float(claim["stated"]), tolerance_of(claim)
    if not counts:
        return _unverifiable("shares outstanding are not stated", tolerance=tolerance)
    window = window_of(claim, history.sessions, position)
    if window is None:
        return _unverifiable(f"closes cannot show “{claim.get('window')}”", tolerance=tolerance)
    closes = history.column("close")
    before, after = position + window[0] - 1, position + window[1]
    if before < 0 or after >= len(closes) or math.isnan(closes[after] - closes[before]):
        return _unverifiable("closes of the window are missing", tolerance=tolerance)
    moves = [(float(closes[after] - closes[before]) * c.count, c) for c in counts]
    bound = bound_of(claim)
    agree = [agrees(value, stated, tolerance, bound) for value, _ in moves]
    said = "; ".join(_move(value, c) for value, c in moves)
    nearest = min((value for value, _ in moves), key=lambda v: abs(v - stated))
    if all(agree):
        return _Result(nearest, *window, tolerance, "supported", said)
    if not any(agree):
        same = "right" if nearest * stated > 0 else "wrong"
        reason = f"{said}; direction {same}"
        return _Result(nearest, *window, tolerance, "contradicted", reason)
    return _Result(
        nearest, *window, tolerance, "unverifiable", f"{said}; it depends on the share count"
    )


def _move(value: float, shares: ShareCount) -> str:
    moved = f"{value / 1e9:+,.1f}".replace("-", "−")
    day = f" ({shares.as_of})" if shares.as_of else ""
    return f"{moved} bn on {shares.count / 1e9:.3f} bn shares{day}"


def _breadth(
    claim: Mapping[str, Any], zero: str, prices: PriceBook, members: Sequence[str]
) -> _Result:
    stated = float(claim["stated"])
    step = number(claim.get("step"))
    wanted = 0 if math.isnan(step) or step <= 0 else round(1.0 / step)
    tolerance = 0.005 if not wanted else 0.5 / wanted
    moves, window = [], None
    words = str(claim.get("window") or "")
    for ticker in members:
        history = prices.histories.get(ticker)
        position = (
            -1 if history is None else int(np.searchsorted(history.sessions, np.datetime64(zero)))
        )
        if history is None or position >= len(history.sessions):
            continue
        window = window_of(claim, history.sessions, position)
        move = change(history.column("close"), position, *(window or (0, 0)))
        if not math.isnan(move):
            moves.append(move)
    if not moves:
        return _unverifiable("no prices of the group's members", tolerance=tolerance)
    sign = 1.0 if stated > 0 else -1.0
    moved = sum(m * sign > 0 for m in moves)
    share = sign * moved / len(moves) if moved else 0.0
    said = f"{moved} of {len(moves)} members with prices {'rose' if sign > 0 else 'fell'}"
    if window is None:
        return _unverifiable(f"closes cannot show “{words}”; that session {said}", share, tolerance)
    if not wanted or len(moves) < wanted:
        of = f" of the {wanted}" if wanted else ""
        return _Result(
            share, *window, tolerance, "unverifiable", f"prices of {len(moves)}{of} only; {said}"
        )
    verdict = "supported" if abs(share - stated) <= tolerance * (1 + 1e-9) else "contradicted"
    return _Result(share, *window, tolerance, verdict, said)
