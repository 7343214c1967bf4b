"""What waits for a person: the review file, and the three things one can do with a row of it.

Pure functions on frames: nothing here asks or prints. A decided row stays in the file with its
``decision``, so that collecting again does not bring it back. Checked by
``tests/news/test_review.py``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from signals.errors import DataError, nearest
from signals.events.merge import merge_events
from signals.frames import EVENT_COLUMNS

DECISION: Final = "decision"
ACCEPTED: Final = "accepted"
REJECTED: Final = "rejected"
EDITABLE: Final = (
    "announced_at", "precision", "timing", "category", "subject", "headline", "tickers", "note",
    "url",
)  # fmt: skip
_REVIEW_ONLY: Final = ("candidates", "evidence", "confidence", "reason", DECISION)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:?\d{2})\Z")


@dataclass(frozen=True, slots=True, eq=False)
class Decided:
    """The catalogue, the review file and both claims tables after a decision; ``event_id`` is the
    row of the catalogue that it became part of (empty: none)."""

    events: pd.DataFrame
    review: pd.DataFrame
    claims: pd.DataFrame
    review_claims: pd.DataFrame
    event_id: str = ""


def review_file(events_file: Path) -> Path:
    """``events.csv`` → ``events.review.csv``."""
    return events_file.with_name(f"{events_file.stem}.review.csv")


def review_claims_file(events_file: Path) -> Path:
    """``events.csv`` → ``events.review.claims.csv``."""
    return events_file.with_name(f"{events_file.stem}.review.claims.csv")


def events_file_of(review: Path) -> Path:
    """``events.review.csv`` → ``events.csv``."""
    if not review.name.endswith(".review.csv"):
        raise DataError("is no review file", file=review, allowed="NAME.review.csv")
    return review.with_name(review.name.removesuffix(".review.csv") + ".csv")


def read_review(file: Path) -> pd.DataFrame:
    """The rows of a review file, as text; an empty frame where there is no file."""
    if not file.is_file():
        return pd.DataFrame()
    try:
        frame = pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except pd.errors.EmptyDataError:
        return pd.DataFrame()
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        raise DataError(f"is not a CSV table: {error}", file=file) from None
    for column in (*EVENT_COLUMNS, "reason"):
        if column not in frame.columns:
            raise DataError(f"the column {column!r} is missing", file=file, line=1)
    return frame


def waiting(review: pd.DataFrame) -> pd.DataFrame:
    """The rows that nobody has decided on yet."""
    if DECISION not in review.columns:
        return review
    return review.loc[review[DECISION].fillna("") == ""]


def edit(review: pd.DataFrame, event_id: str, changes: Mapping[str, str]) -> pd.DataFrame:
    """The review file with cells of one row changed. Raises :class:`DataError` for an unknown
    row or column, or a date that is none."""
    at = _row_number(review, event_id)
    for column in changes:
        if column not in EDITABLE:
            guess = nearest(column, EDITABLE)
            hint = f"; did you mean {guess!r}?" if guess else ""
            raise DataError(f"cannot be edited{hint}", column=column, allowed=EDITABLE)
    out = review.copy()
    for column, value in changes.items():
        out.loc[out.index[at], column] = value.strip()
    if "announced_at" in changes and "precision" not in changes:
        stamp = changes["announced_at"].strip()
        out.loc[out.index[at], "precision"] = "day" if _DAY.match(stamp) else "minute"
    return out


def reject(
    events: pd.DataFrame,
    review: pd.DataFrame,
    claims: pd.DataFrame,
    review_claims: pd.DataFrame,
    event_id: str,
) -> Decided:
    """Mark a row as rejected; its claims are dropped."""
    _undecided(review, event_id)
    marked = _marked(review, event_id, REJECTED)
    left = review_claims
    if not left.empty:
        left = left.loc[left["event_id"] != event_id].reset_index(drop=True)
    return Decided(events, marked, claims, left)


def accept(
    events: pd.DataFrame,
    review: pd.DataFrame,
    claims: pd.DataFrame,
    review_claims: pd.DataFrame,
    event_id: str,
    candidate: str = "",
) -> Decided:
    """Put a row into the catalogue, with the date it has or that of ``candidate``.

    A candidate ``YYYY-MM-DD=event`` is an event the catalogue holds: the row becomes a further
    source of it. Its claims go where it goes. Raises :class:`DataError` where there is no date, or
    where the row is accepted already.
    """
    at = _undecided(review, event_id)
    row = {str(k): v for k, v in review.iloc[at].to_dict().items()}
    day, _, known = candidate.strip().partition("=")
    if known:
        row = _joined(row, events, known)
    elif day:
        row.update(announced_at=day, precision="day", timing=row.get("timing") or "unknown")
    _check_date(row)
    fresh = {k: v for k, v in row.items() if k not in _REVIEW_ONLY}
    if not known:
        fresh["event_id"] = re.sub(
            r"review-[0-9a-f]{8}$", str(row["announced_at"])[:10], str(row["event_id"])
        )
    merged = merge_events(events, pd.DataFrame([fresh]))
    target = merged.ids.get(str(fresh["event_id"]), "")
    if merged.unsure:
        raise DataError(
            "fits several events", column="candidates", value=merged.unsure[0]["candidates"]
        )
    moved = review_claims
    if not moved.empty:
        mine = moved["event_id"] == event_id
        claims = _with_claims(claims, moved.loc[mine], target)
        moved = moved.loc[~mine].reset_index(drop=True)
    return Decided(merged.frame, _marked(review, event_id, ACCEPTED), claims, moved, target)


def _joined(row: dict[str, Any], events: pd.DataFrame, known: str) -> dict[str, Any]:
    found = events.loc[events["event_id"] == known] if "event_id" in events else events.iloc[:0]
    if found.empty:
        raise DataError("the catalogue holds no such event", column="candidates", value=known)
    same = found.iloc[0]
    keep = ("event_id", "announced_at", "precision", "category", "subject", "timing")
    return {**row, **{k: same.get(k, "") for k in keep}, "amounts": ""}


def _check_date(row: Mapping[str, Any]) -> None:
    stamp, precision = str(row.get("announced_at") or ""), str(row.get("precision") or "")
    fits = _DAY.match(stamp) if precision == "day" else _INSTANT.match(stamp)
    if not fits:
        raise DataError(
            "has no date that fits its precision: choose a candidate or edit announced_at",
            column="announced_at",
            value=stamp,
            allowed="YYYY-MM-DD, or an instant with its offset",
        )


def _undecided(review: pd.DataFrame, event_id: str) -> int:
    """The row, which may not stand in the catalogue already: somebody else may have accepted it."""
    at = _row_number(review, event_id)
    if DECISION in review.columns and review.iloc[at][DECISION] == ACCEPTED:
        raise DataError("is accepted already", column="event_id", value=event_id)
    return at


def _row_number(review: pd.DataFrame, event_id: str) -> int:
    ids = [] if review.empty else [str(i) for i in review["event_id"]]
    if event_id not in ids:
        guess = nearest(event_id, ids)
        hint = f"; did you mean {guess!r}?" if guess else ""
        raise DataError(f"no such row waits for review{hint}", column="event_id", value=event_id)
    return ids.index(event_id)


def _marked(review: pd.DataFrame, event_id: str, decision: str) -> pd.DataFrame:
    at = _row_number(review, event_id)
    out = review.copy()
    if DECISION not in out.columns:
        out[DECISION] = ""
    out[DECISION] = out[DECISION].fillna("").astype(object)
    out.loc[out.index[at], DECISION] = decision
    return out


def _with_claims(claims: pd.DataFrame, moved: pd.DataFrame, target: str) -> pd.DataFrame:
    if moved.empty:
        return claims
    taken = 0 if claims.empty else int((claims["event_id"] == target).sum())
    mine = moved.copy()
    mine["event_id"] = target
    mine["claim_id"] = [f"c{taken + k}" for k in range(1, len(mine) + 1)]
    return pd.concat([claims, mine], ignore_index=True) if len(claims) else mine
