"""Closes that stand one row late or early: no calendar can tell, the market can.

A file whose dates are all sessions, but whose every close belongs to the session before, passes
every rule about dates, and a study on it ends with wrong numbers. Its returns then follow the
benchmark's of the session before, and not those of their own session.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from signals.frames import Floats, Ints
from signals.prices.history import PriceBook, PriceHistory, QualityIssue
from signals.spec import StudySpec

LEAST: Final = 60
MARGIN: Final = 0.25
CLEAR: Final = 0.30


def with_alignment(spec: StudySpec, book: PriceBook) -> PriceBook:
    """The book with an issue ``misaligned`` on every series that follows its benchmark a session
    late or early. Checked by ``tests/faults/test_silent.py``."""
    own = {a.ticker: a.benchmark for a in spec.assets if a.benchmark}
    histories = dict(book.histories)
    for ticker, history in book.histories.items():
        benchmark = book.histories.get(own.get(ticker) or spec.market.benchmark or "")
        if benchmark is None or benchmark.ticker == ticker:
            continue
        found = misaligned(history, benchmark)
        if found is not None:
            histories[ticker] = replace(history, issues=(*history.issues, found))
    return PriceBook(histories, book.failures, book.source)


def misaligned(history: PriceHistory, benchmark: PriceHistory) -> QualityIssue | None:
    """An issue where the returns of ``history`` follow those of its benchmark one session late or
    early; None where they do not, or where the two do not share a calendar (there a lag is real).

    r₀, r₋, r₊ are the correlations of an asset's log returns with the benchmark's of the same, the
    previous and the next session. Told when r₋ or r₊ is beyond 0.30 and beyond |r₀| by 0.25, on
    60 returns at least. Returns beyond ±50 % are left out.
    """
    if history.calendar != benchmark.calendar:
        return None
    _, mine, theirs = np.intersect1d(
        history.sessions, benchmark.sessions, assume_unique=True, return_indices=True
    )
    own, market = _returns(history, mine), _returns(benchmark, theirs)
    if len(own) < LEAST + 2:
        return None
    same = _correlation(own[1:-1], market[1:-1])
    late, early = _correlation(own[1:-1], market[:-2]), _correlation(own[1:-1], market[2:])
    lag, word = (late, "later") if late >= early else (early, "earlier")
    if not (lag > CLEAR and lag > abs(same) + MARGIN):
        return None
    detail = (
        f"its returns follow {benchmark.ticker} a session {word} (correlation {lag:.2f}; "
        f"{same:.2f} on the same session): are its closes one row off?"
    )
    return QualityIssue(history.ticker, "misaligned", str(history.sessions[0]), len(own), detail)


def _returns(history: PriceHistory, which: Ints) -> Floats:
    close = history.column("close" if history.has("close") else "adj_close")[which]
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        change = np.diff(np.log(close))
    return np.where(np.abs(change) < 0.5, change, np.nan)


def _correlation(a: Floats, b: Floats) -> float:
    """Pearson's r over the pairs that are there; 0 where there are too few or nothing varies."""
    both = np.isfinite(a) & np.isfinite(b)
    if both.sum() < LEAST:
        return 0.0
    a, b = a[both] - a[both].mean(), b[both] - b[both].mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 0 else 0.0
