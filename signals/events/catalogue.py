"""The events of a study as one columnar record (a million rows are as welcome as ten)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class NewsEvent:
    """One dated news event. ``announced_at`` is the text of the catalogue: an instant with
    offset (``precision`` minute or hour) or a date of the market's calendar (``day``)."""

    event_id: str
    announced_at: str
    precision: str
    category: str
    subject: str
    headline: str
    source: str = ""
    url: str = ""
    tickers: str = ""
    timing: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Claim:
    """What an article says the market did. ``stated`` is signed and decimal for returns and
    breadth, currency units for values; the window is in sessions around day zero."""

    event_id: str
    claim_id: str
    ticker: str
    metric: str
    stated: float
    unit: str
    window: str
    window_first: int | None
    window_last: int | None
    source: str
    quote_start: int
    quote_end: int


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """Dated events, one row each, sorted by ``event_id``.

    ``frame`` has the columns of the events CSV (text; empty text where nothing is said), the
    parsed ``instant`` (``datetime64[us, UTC]``, NaT for ``precision = day``) and ``date``
    (``datetime64[us]`` midnight of the local date, NaT otherwise), and after them the user's own
    columns. ``claims`` has the columns of ``events.claims.csv`` (may be empty). ``skipped`` says in
    words which bad rows were left out (only with ``skip_bad_rows``).
    """

    frame: pd.DataFrame
    claims: pd.DataFrame
    digest: str = ""
    skipped: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.frame)

    def __iter__(self) -> Iterator[NewsEvent]:
        names = NewsEvent.__slots__
        for row in self.frame[list(names)].itertuples(index=False, name=None):
            yield NewsEvent(*row)
