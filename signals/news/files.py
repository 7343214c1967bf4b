"""Collecting into files: ``events.csv`` with its claims, and beside it what waits for a person.

==========================  ==========================================================
``events.csv``              the catalogue; rows that were there keep their order and cells
``events.claims.csv``       market claims of its events
``events.review.csv``       undated, unmatched, recalled, denied, doubtful items, decisions
``events.review.claims.csv``  their claims, which go with them when they are accepted
==========================  ==========================================================
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pandas as pd

from signals.errors import DataError
from signals.events.catalogue import Catalogue
from signals.events.claims import claims_file, read_claims
from signals.events.read import read_catalogue
from signals.events.review import (
    Decided,
    events_file_of,
    read_review,
    review_claims_file,
    review_file,
)
from signals.frames import CLAIM_COLUMNS
from signals.news.anchors import MARKET_ZONE, EarningsDate
from signals.news.article import Article, Skipped
from signals.news.collect import NEWS_FOLDER, Collected, collect
from signals.news.lexicon import Lexicon
from signals.news.read import read_files
from signals.news.store import alone, write_together


def collect_files(
    paths: Sequence[str | Path],
    into: Path,
    *,
    news: Path | Lexicon = NEWS_FOLDER,
    earnings: Sequence[EarningsDate] = (),
    zone: str = MARKET_ZONE,
    extract: Callable[[Article], Any] | None = None,
    progress: Callable[[int], object] | None = None,
    write: bool = True,
) -> Collected:
    """Collect the articles of files and folders into the catalogue ``into`` (it need not exist).

    Returns what :func:`signals.news.collect.collect` returns; files are written at the end only,
    all at once, and not at all with ``write = False``.
    """
    articles, skipped = read_files(paths)
    return collect_into(
        articles, into, skipped=skipped, news=news, earnings=earnings, zone=zone, extract=extract,
        progress=progress, write=write,
    )  # fmt: skip


def collect_into(
    articles: Sequence[Article],
    into: Path,
    *,
    skipped: Sequence[Skipped] = (),
    news: Path | Lexicon = NEWS_FOLDER,
    earnings: Sequence[EarningsDate] = (),
    zone: str = MARKET_ZONE,
    extract: Callable[[Article], Any] | None = None,
    progress: Callable[[int], object] | None = None,
    write: bool = True,
) -> Collected:
    """The same for articles of any source."""
    if into.suffix.lower() != ".csv":
        raise DataError("events are collected into a CSV file", file=into, allowed="NAME.csv")
    with alone(into) if write else nullcontext():
        found = collect(
            articles,
            _known(into),
            news=news,
            earnings=earnings,
            review=read_review(review_file(into)),
            review_claims=read_claims(review_file(into)),
            skipped=skipped,
            zone=zone,
            extract=extract,
            progress=progress,
        )
        if write:
            write_collected(found, into)
    return found


def _in_file_order(events: pd.DataFrame, into: Path) -> pd.DataFrame:
    """Old rows as they stand in the file, new ones after them: a diff shows what is new."""
    if not into.is_file() or events.empty:
        return events
    old = pd.read_csv(into, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    order = {str(e).strip(): k for k, e in enumerate(old["event_id"])}
    place = events["event_id"].map(lambda e: order.get(e, len(order)))
    return events.iloc[place.argsort(kind="stable")].reset_index(drop=True)


def _known(into: Path) -> Catalogue | None:
    return read_catalogue([into]) if into.is_file() else None


def write_collected(found: Collected, into: Path) -> list[Path]:
    """Write the files of a collection; an empty table makes no file, an old one is replaced."""
    return _write(into, found.events, found.claims, found.review, found.review_claims)


def _write(
    into: Path,
    events: pd.DataFrame,
    claims: pd.DataFrame,
    review: pd.DataFrame,
    review_claims: pd.DataFrame,
) -> list[Path]:
    tables = (
        (_in_file_order(events, into), into),
        (claims, claims_file(into)),
        (review, review_file(into)),
        (review_claims, review_claims_file(into)),
    )
    return write_together(into, [(t, file) for t, file in tables if len(t) or file.is_file()])


def open_review(review: Path) -> Decided:
    """The four tables behind a review file, ready for ``accept``, ``edit`` and ``reject`` of
    :mod:`signals.events.review`."""
    into = events_file_of(review)
    waiting = read_review(review)
    if waiting.empty:
        raise DataError("nothing waits for review", file=review)
    known = _known(into)
    events = pd.DataFrame() if known is None else known.frame.drop(columns=["instant", "date"])
    claims = pd.DataFrame(columns=list(CLAIM_COLUMNS)) if known is None else known.claims
    return Decided(events, waiting, claims, read_claims(review))


def change_review(review: Path, change: Callable[[Decided], Decided]) -> Decided:
    """Apply ``change`` to the four tables as they stand now, and write them back.

    Nobody else changes the catalogue meanwhile: neither a collection nor another review loses
    anything (``tests/news/test_store.py``). Where ``change`` raises, nothing is written.
    """
    into = events_file_of(review)
    if not review.is_file():
        raise DataError("nothing waits for review", file=review)
    with alone(into):
        decided = change(open_review(review))
        _write(into, decided.events, decided.claims, decided.review, decided.review_claims)
    return decided
