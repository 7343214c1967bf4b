"""Two fetches of one series: do they fit together, and what are they joined?"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from signals.errors import TransientError
from signals.frames import Floats, frozen
from signals.prices.history import QualityIssue
from signals.prices.revisions import Revision, compare
from signals.prices.store import StoredSeries

OVERLAP: Final = 5


def joined(stored: StoredSeries, part: StoredSeries) -> StoredSeries:
    """Every session of both; where both have one, the newer answer counts."""
    labels = np.union1d(stored.sessions, part.sessions)
    old, new = np.searchsorted(labels, stored.sessions), np.searchsorted(labels, part.sessions)
    columns: dict[str, Floats] = {}
    for name in sorted({*stored.columns, *part.columns}):
        values = np.full(len(labels), np.nan)
        if name in stored.columns:
            values[old] = stored.columns[name]
        if name in part.columns:
            fresh = part.columns[name]
            values[new] = np.where(np.isnan(fresh), values[new], fresh)
        columns[name] = frozen(values)
    known = {(i.code, i.session) for i in part.issues}
    kept = tuple(
        i for i in stored.issues if i.code != "incomplete" and (i.code, i.session) not in known
    )
    return replace(
        part,
        asked_first=min(stored.asked_first, part.asked_first),
        through=max(stored.through, part.through),
        sessions=frozen(labels),
        columns=columns,
        issues=(*kept, *part.issues),
    )


def unlike(stored: StoredSeries, part: StoredSeries) -> bool:
    """True where the two do not fit together: other columns or currency, or no session shared."""
    return (
        set(stored.columns) != set(part.columns)
        or stored.currency != part.currency
        or not np.isin(stored.sessions[-1:], part.sessions).all()
    )


def refuse_loss(stored: StoredSeries, fresh: StoredSeries, source: str) -> None:
    """A whole answer that lacks what was there before is a partial answer."""
    lost = len(np.setdiff1d(stored.sessions, fresh.sessions, assume_unique=True))
    if lost > max(OVERLAP, len(stored.sessions) // 50):
        detail = f"a partial answer: {lost} of {len(stored.sessions)} stored sessions are not in it"
        raise TransientError(source, detail, ticker=stored.ticker)


def compared(stored: StoredSeries, fresh: StoredSeries) -> tuple[Revision, ...]:
    """What ``fresh`` revises of ``stored``, over the sessions that both could hold."""
    old, new = (stored.sessions, stored.columns), (fresh.sessions, fresh.columns)
    return compare(fresh.ticker, old, new, fresh.fetched_at)


def restated_issue(ticker: str, seen: tuple[Revision, ...]) -> QualityIssue:
    """What a restatement is told as: the first session, how many, and the cause by field."""
    prices = [r for r in seen if r.field != "volume"]
    detail = ", ".join(f"{r.field}: {r.cause}" for r in prices)
    first, count = min(r.session for r in prices), max(r.count for r in prices)
    return QualityIssue(ticker, "restated", first, count, detail)
