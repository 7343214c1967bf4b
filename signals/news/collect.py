"""Articles in; dated events, their market claims, and what a person must look at, out.

``collect`` is the whole way on one screen: language → parse → who, what, when, claims → merge.
It reads no clock and no network; what it cannot date, match or believe goes to review with a
reason code, and what it cannot read is named in ``skipped``. Collecting twice adds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas as pd

from signals.events.catalogue import Catalogue
from signals.events.merge import Merged, merge_events
from signals.events.review import waiting as undecided
from signals.frames import CLAIM_COLUMNS, EVENT_COLUMNS, EVENT_OPTIONAL_COLUMNS
from signals.news.anchors import MARKET_ZONE, Anchor, EarningsDate, anchors_of
from signals.news.article import Article, Skipped
from signals.news.language import detect
from signals.news.lexicon import Lexicon, load_lexicon
from signals.news.reading import Reading, read_article

NEWS_FOLDER: Final = Path("configs/news")
EXTRA_COLUMNS: Final = (
    "language", "entities", "amounts", "category_score", "category_words", "dating_evidence",
    "dating_confidence",
)  # fmt: skip
COLLECTED_COLUMNS: Final = (*EVENT_COLUMNS, *EVENT_OPTIONAL_COLUMNS, *EXTRA_COLUMNS)
REVIEW_COLUMNS: Final = (*COLLECTED_COLUMNS, "candidates", "evidence", "confidence", "reason")
CLAIM_EXTRA_COLUMNS: Final = ("bound", "step", "quote", "note")
REASONS: Final = ("undated", "unmatched", "recalled", "denied", "duplicate", "low_confidence")


@dataclass(frozen=True, slots=True, eq=False)
class Collected:
    """``events``: the catalogue as it should now be written (old rows first, in their order);
    ``added`` and ``changed``: ids of rows that are new or got a further source. ``claims``: claims
    of catalogue events; ``review`` and ``review_claims``: what waits for a person; ``skipped``:
    what could not be read. ``readings``: what was understood of each article, in order."""

    events: pd.DataFrame
    claims: pd.DataFrame
    review: pd.DataFrame
    review_claims: pd.DataFrame
    skipped: tuple[Skipped, ...]
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    readings: tuple[Reading, ...] = field(default=())


def collect(
    articles: Iterable[Article],
    catalogue: Catalogue | pd.DataFrame | None = None,
    *,
    news: Path | Lexicon = NEWS_FOLDER,
    earnings: Sequence[EarningsDate] = (),
    review: pd.DataFrame | None = None,
    review_claims: pd.DataFrame | None = None,
    skipped: Sequence[Skipped] = (),
    zone: str = MARKET_ZONE,
    extract: Callable[[Article], Any] | None = None,
    progress: Callable[[int], object] | None = None,
) -> Collected:
    """Collect ``articles`` into ``catalogue``.

    Parameters
    ----------
    articles : the articles, from any source.
    catalogue : what is known already (a :class:`Catalogue`, or its frame, or None).
    news : the folder of tables, or the tables themselves.
    earnings : known results releases, for fiscal periods.
    review, review_claims : what already waits for a person, to add nothing twice.
    zone : time zone of the market's calendar days.
    extract : optional further extractor (:mod:`signals.news.extractor`); off by default.
    progress : called with the number of articles done.
    """
    lexicon = news if isinstance(news, Lexicon) else load_lexicon(news)
    known = catalogue if isinstance(catalogue, Catalogue) else _as_catalogue(catalogue)
    anchors = anchors_of(known, lexicon)
    readings: list[Reading] = []
    lost = list(skipped)
    for done, article in enumerate(articles, start=1):
        reading = _read(article, lexicon, anchors, earnings, zone, extract)
        if isinstance(reading, Skipped):
            lost.append(reading)
        else:
            readings.append(reading)
        if progress is not None:
            progress(done)
    return _assembled(readings, known, review, review_claims, lost)


def _read(
    article: Article,
    lexicon: Lexicon,
    anchors: list[Anchor],
    earnings: Sequence[EarningsDate],
    zone: str,
    extract: Callable[[Article], Any] | None,
) -> Reading | Skipped:
    detected = detect(article.text, lexicon.languages)
    code = article.language if article.language in lexicon.languages else detected.code
    if not code:
        return Skipped(article.source, f"language: {detected.evidence}")
    return read_article(
        article, lexicon.languages[code], lexicon, anchors, list(earnings), zone, extract
    )


def _as_catalogue(frame: pd.DataFrame | None) -> Catalogue | None:
    if frame is None or frame.empty:
        return None
    full = frame.copy()
    for column in (*EVENT_COLUMNS, *EVENT_OPTIONAL_COLUMNS):
        if column not in full.columns:
            full[column] = ""
    return Catalogue(full.fillna(""), pd.DataFrame(columns=list(CLAIM_COLUMNS)))


def _assembled(
    readings: list[Reading],
    known: Catalogue | None,
    review: pd.DataFrame | None,
    review_claims: pd.DataFrame | None,
    lost: list[Skipped],
) -> Collected:
    fresh = [r.row for r in readings if not r.reason]
    old = None if known is None else known.frame.drop(columns=["instant", "date"], errors="ignore")
    merged: Merged = merge_events(old, pd.DataFrame(fresh, columns=list(COLLECTED_COLUMNS)))
    waiting = _waiting(readings, merged, review)
    claims = [_claim_rows(r, merged.ids.get(r.row["event_id"], "")) for r in readings]
    owned = {r.row["event_id"] for r in readings if not r.reason}
    mine = [c for r, c in zip(readings, claims, strict=True) if r.row["event_id"] in owned]
    # A row that is decided, or whose story has come into the catalogue, waits no more.
    asked = set(undecided(waiting)["event_id"]) - owned
    theirs = [_claim_rows(r, r.row["event_id"]) for r in readings if r.row["event_id"] in asked]
    before = None if known is None else known.claims
    return Collected(
        merged.frame,
        _claims_frame(before, mine),
        waiting,
        _claims_frame(review_claims, theirs),
        tuple(lost),
        merged.added,
        merged.changed,
        tuple(readings),
    )


def _waiting(readings: list[Reading], merged: Merged, review: pd.DataFrame | None) -> pd.DataFrame:
    rows = [
        {**r.row, "candidates": "; ".join(r.candidates), "evidence": r.evidence,
         "confidence": r.confidence, "reason": r.reason}
        for r in readings
        if r.reason
    ]  # fmt: skip
    fresh = pd.DataFrame([*rows, *merged.unsure], columns=list(REVIEW_COLUMNS)).fillna("")
    if review is not None and not review.empty:
        fresh = pd.concat([review, fresh], ignore_index=True)
    # The same item again, or one that has come into the catalogue since, waits once or not.
    fresh = fresh.drop_duplicates("event_id", keep="first")
    in_catalogue = (
        set(merged.frame["source"].str.split("; ").explode()) if len(merged.frame) else set()
    )
    keep = ~(fresh["source"].isin(in_catalogue) & (fresh["source"] != ""))
    return fresh.loc[keep].reset_index(drop=True)


def _claim_rows(reading: Reading, event_id: str) -> list[dict[str, Any]]:
    return [{**row, "event_id": event_id} for row in reading.claims] if event_id else []


def _claims_frame(before: pd.DataFrame | None, rows: list[list[dict[str, Any]]]) -> pd.DataFrame:
    """Old and new claims; a claim that is already there (same event, what and how much, source)
    is not added again. Ids run on within each event."""
    columns = [*CLAIM_COLUMNS, *CLAIM_EXTRA_COLUMNS]
    known: list[dict[str, Any]] = []
    if before is not None and not before.empty:
        known = [{str(k): v for k, v in r.items()} for r in before.to_dict("records")]
    seen = {_claim_key(r) for r in known}
    counts: dict[str, int] = {}
    for row in known:
        counts[row["event_id"]] = counts.get(row["event_id"], 0) + 1
    for row in (r for group in rows for r in group):
        key = _claim_key(row)
        if key in seen:
            continue
        seen.add(key)
        number = counts[row["event_id"]] = counts.get(row["event_id"], 0) + 1
        known.append({**row, "claim_id": f"c{number}"})
    frame = pd.DataFrame(known, columns=columns if not known else None)
    extra = [c for c in frame.columns if c not in columns]
    return frame.reindex(columns=[*columns, *extra])


def _claim_key(row: dict[str, Any]) -> tuple[Any, ...]:
    stated = float(row["stated"])
    return (
        row["event_id"], row["ticker"], row["metric"], float(f"{stated:.6g}"), row["source"],
    )  # fmt: skip
