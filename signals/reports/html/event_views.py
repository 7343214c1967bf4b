"""One view per event: its sentences, its tables, its neighbours and what lies near it."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from signals.reports.figures.series import subject_of, texts, window_rows
from signals.reports.html import columns
from signals.reports.html.anchors import anchor
from signals.reports.html.claims_view import claims_frame
from signals.reports.html.grids import Grid, grid
from signals.reports.prose.either import either_sentences
from signals.reports.prose.moves import findings, group_sentences
from signals.reports.prose.numbers import listed, long_date, window_text
from signals.reports.prose.words import Words
from signals.reports.result import StudyResult

# Beyond this many events their tables are written by the script when they come into view.
MOST_WRITTEN_OUT: Final = 60


def event_anchors(result: StudyResult) -> dict[str, str]:
    """The permalink of every event: its id where that can stand in a link, else made from it."""
    return {str(e): anchor(str(e)) for e in dict.fromkeys(result.events["event_id"])}


def event_views(result: StudyResult, say: Words) -> list[dict[str, Any]]:
    """The events in order of time, each with everything that its section shows."""
    events = result.events
    if events.empty:
        return []
    subject = subject_of(result)
    anchors = event_anchors(result)
    written = events["event_id"].nunique() <= MOST_WRITTEN_OUT
    days = dict(iter(result.abnormal_returns.groupby(["event_id", "ticker"], sort=False)))
    primary = dict(iter(window_rows(result.car, result.spec.primary).groupby("event_id")))
    claims = dict(iter(result.table("claims").groupby("event_id")))
    sentences = _sentences(result, say)
    flags = _car_flags(result)
    spill = group_sentences(result, ("event",), say)
    views = []
    for event_id, part in events.groupby("event_id", sort=False):
        ticker = subject[str(event_id)]
        row = part[part["ticker"] == ticker].iloc[0]
        views.append(
            {
                **_dated(row, anchors, flags.get((str(event_id), ticker), ""), say),
                "ticker": ticker,
                "sentences": sentences.get((str(event_id), ticker), []),
                "spill": spill.get(("event", str(event_id)), ""),
                "studied": (event_id, ticker) in days,
                "days": _days(days.get((event_id, ticker)), ticker, result, say, written),
                "neighbours": _neighbours(primary.get(event_id), result, say, written),
                "claims": _claims(claims.get(event_id), say),
                "confounders": _confounders(str(row["overlaps"] or ""), anchors),
                "left_out": _left_out(part, say),
            }
        )
    return sorted(views, key=lambda v: (v["sort"], v["event_id"]))


def _car_flags(result: StudyResult) -> dict[tuple[str, str], str]:
    rows = window_rows(result.car, result.spec.primary)
    keys = zip(texts(rows, "event_id"), texts(rows, "ticker"), strict=True)
    return dict(zip(keys, texts(rows, "flags"), strict=True))


def _sentences(result: StudyResult, say: Words) -> dict[tuple[str, str], list[str]]:
    """The primary window's sentence of every pair, and day zero's where that is another one."""
    windows = [result.spec.primary]
    if (0, 0) in result.spec.windows and (0, 0) not in windows:
        windows.insert(0, (0, 0))
    out: dict[tuple[str, str], list[str]] = {}
    for window in windows:
        for key, item in findings(result, window, say).items():
            out.setdefault(key, []).append(item.sentence)
    for key, sentence in either_sentences(result, say).items():
        out.setdefault(key, []).append(sentence)
    return out


def _dated(row: pd.Series, anchors: dict[str, str], car_flags: str, say: Words) -> dict[str, Any]:
    values = {name: _text(row[name]) for name in row.index}
    known = dict.fromkeys(f for f in (values["flags"] + ";" + car_flags).split(";") if f)
    flags = [
        say.note(f"flag.{flag}").format(alternative=long_date(values["alternative_day_zero"]))
        or flag.replace("_", " ")
        for flag in known
    ]
    return {
        "event_id": values["event_id"],
        "anchor": anchors[values["event_id"]],
        "headline": values["headline"] or values["event_id"],
        "category": values["category"].replace("_", " "),
        "subject": values["subject"],
        "announced": values["announced_at"],
        "precision": values["precision"],
        "day_zero": values["day_zero"],
        "day_zero_text": long_date(values["day_zero"]) if values["day_zero"] else "–",
        "alternative": long_date(values["alternative_day_zero"]),
        "flags": flags,
        "sort": values["day_zero"] or values["announced_at"],
    }


def _days(
    frame: pd.DataFrame | None, ticker: str, result: StudyResult, say: Words, written: bool
) -> Grid | None:
    if frame is None:
        return None
    title = say("event.days", ticker=ticker)
    shown = frame if written else frame.iloc[:0]
    return grid("", title, shown, columns.DAYS, say, quantity=result.spec.quantity)


def _neighbours(
    frame: pd.DataFrame | None, result: StudyResult, say: Words, written: bool
) -> Grid | None:
    if frame is None:
        return None
    title = say("event.neighbours", window=window_text(*result.spec.primary))
    shown = frame if written else frame.iloc[:0]
    return grid("", title, shown, columns.NEIGHBOURS, say, quantity=result.spec.quantity)


def _claims(frame: pd.DataFrame | None, say: Words) -> Grid | None:
    if frame is None or frame.empty:
        return None
    shown = [c for c in columns.CLAIMS if c != "event_id"]
    return grid("", say("event.claims"), claims_frame(frame, say), shown, say)


def _confounders(overlaps: str, anchors: dict[str, str]) -> dict[str, list[tuple[str, str]]]:
    """``event:ID;estimation:ID`` → links by where the other event lies."""
    out: dict[str, list[tuple[str, str]]] = {"inside": [], "before": []}
    for item in overlaps.split(";"):
        kind, _, other = item.partition(":")
        if other:
            place = "inside" if kind == "event" else "before"
            out[place].append((other, anchors.get(other, "")))
    return out


def _left_out(part: pd.DataFrame, say: Words) -> list[str]:
    gone = part[part["status"].isin(["excluded", "pending"])]
    out = []
    for reason, rows in gone.groupby(gone["reason"].fillna(""), sort=True):
        tickers = listed(rows["ticker"].astype(str).tolist())
        shown = str(reason) or listed(sorted(set(texts(rows, "reason_code"))))
        out.append(say("event.not_used", tickers=tickers, reason=shown))
    return out


def _text(value: object) -> str:
    return "" if value is None or bool(pd.isna(value)) else str(value)  # type: ignore[call-overload]
