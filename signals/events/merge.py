"""The same story from several pages, in several languages, is one event with several sources.

Two rows are one event when subject and category agree, their times lie within a tolerance, and
their amounts overlap where both state any. The first public time wins, every source is kept, and
merging what is already there changes nothing. Checked by ``tests/news/test_merge.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import pandas as pd

from signals.frames import EVENT_COLUMNS

TOLERANCE: Final = timedelta(hours=36)
DAY_TOLERANCE: Final = timedelta(days=1)
AMOUNT_RATIO: Final = 1.25
SEPARATOR: Final = "; "


@dataclass(frozen=True, slots=True, eq=False)
class Merged:
    """``frame``: all events, old rows first in their order; ``ids``: the id each new row has in it;
    ``added``, ``changed``: ids of rows that are new, or got a source or an earlier time;
    ``unsure``: rows (with reason ``duplicate``) that fit more than one event."""

    frame: pd.DataFrame
    ids: Mapping[str, str]
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unsure: tuple[dict[str, Any], ...] = field(default=())


def merge_events(known: pd.DataFrame | None, fresh: pd.DataFrame) -> Merged:
    """Merge ``fresh`` rows into ``known`` ones; see the module."""
    columns = list(dict.fromkeys([*(known.columns if known is not None else ()), *fresh.columns]))
    rows: list[dict[str, Any]] = [] if known is None else _records(known, columns)
    old = len(rows)
    ids: dict[str, str] = {}
    changed: list[str] = []
    unsure: list[dict[str, Any]] = []
    for row in _records(fresh, columns):
        wanted = row["event_id"]
        same = [r for r in rows if is_same_event(r, row)]
        exact = [r for r in same if r["event_id"] == wanted]
        same = exact or same
        if len(same) > 1:
            ids.setdefault(wanted, wanted)
            names = SEPARATOR.join(
                f"{str(r['announced_at'])[:10]}={r['event_id']}" for r in same[:3]
            )
            unsure.append({**row, "candidates": names, "evidence": "fits several events",
                           "confidence": 0.5, "reason": "duplicate"})  # fmt: skip
        elif same:
            ids[wanted] = same[0]["event_id"]
            if _absorb(same[0], row):
                changed.append(same[0]["event_id"])
        else:
            row["event_id"] = ids[wanted] = _free_id(wanted, rows)
            rows.append(row)
    frame = pd.DataFrame(rows, columns=columns or list(EVENT_COLUMNS))
    added = tuple(r["event_id"] for r in rows[old:])
    kept = tuple(dict.fromkeys(c for c in changed if c not in added))
    return Merged(frame, ids, added, kept, tuple(unsure))


def _records(frame: pd.DataFrame, columns: list[str]) -> list[dict[str, Any]]:
    full = frame.reindex(columns=columns)
    for column in set(columns) - set(frame.columns):
        full[column] = ""
    for column in full.columns:
        if full[column].dtype.kind in "OUT" or str(full[column].dtype).startswith("str"):
            full[column] = full[column].astype(object).where(full[column].notna(), "")
    return [{str(k): v for k, v in r.items()} for r in full.to_dict("records")]


def is_same_event(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two rows report one event."""
    if _word(one["subject"]) != _word(other["subject"]) or one["category"] != other["category"]:
        return bool(one["event_id"] == other["event_id"])
    gap = abs(_instant(one) - _instant(other))
    by_day = "day" in (one["precision"], other["precision"])
    if gap > (DAY_TOLERANCE if by_day else TOLERANCE):
        return False
    return amounts_overlap(str(one.get("amounts", "")), str(other.get("amounts", "")))


def amounts_overlap(one: str, other: str) -> bool:
    """True where either states none, or some amount of one is within 25 % of one of the other's
    in the same currency."""
    mine, theirs = _amounts(one), _amounts(other)
    if not mine or not theirs:
        return True
    return any(
        a[1] == b[1] and max(a[0], b[0]) <= AMOUNT_RATIO * min(a[0], b[0])
        for a in mine
        for b in theirs
    )


def _amounts(text: str) -> list[tuple[float, str]]:
    found = []
    for part in text.split(";"):
        value, _, currency = part.strip().partition(" ")
        if value and currency:
            found.append((float(value), currency))
    return found


def _word(subject: Any) -> str:
    return str(subject).strip().casefold()


def _instant(row: Mapping[str, Any]) -> pd.Timestamp:
    """The middle of the day for a bare date: a neighbouring evening is still close."""
    stamp = pd.Timestamp(str(row["announced_at"]))
    if stamp.tzinfo is None:
        return (stamp.normalize() + pd.Timedelta(hours=16)).tz_localize("UTC")
    return stamp.tz_convert("UTC")


def _absorb(row: dict[str, Any], other: Mapping[str, Any]) -> bool:
    """Add the other's sources; take its time where that is earlier, or exact where ours is a
    day that holds it. True where anything changed."""
    changed = False
    for column in ("source", "url"):
        parts = [p for p in str(row.get(column, "")).split(SEPARATOR) if p]
        extra = [p for p in str(other.get(column, "")).split(SEPARATOR) if p and p not in parts]
        if extra:
            row[column] = SEPARATOR.join([*parts, *extra])
            changed = True
    if not changed:
        return False
    both_exact = row["precision"] != "day" and other["precision"] != "day"
    if both_exact and _instant(other) < _instant(row):
        for column in ("announced_at", "precision", "timing"):
            row[column] = other[column]
    return True


def _free_id(wanted: str, rows: list[dict[str, Any]]) -> str:
    taken = {r["event_id"] for r in rows}
    if wanted not in taken:
        return wanted
    number = 2
    while f"{wanted}-{number}" in taken:
        number += 1
    return f"{wanted}-{number}"
