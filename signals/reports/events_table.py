"""``events.csv``: every pair that was asked for, where it lands, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from signals.errors import EventError
from signals.frames import Bools, Days, Ints, Labels, table
from signals.panel import AbnormalPanel
from signals.reports.columns import Text, iso, rows_of_text, text
from signals.sessions import Overlaps, SessionEvents

COPIED = (
    "event_id", "ticker", "category", "subject", "headline", "announced_at", "precision", "group",
    "benchmark", "calendar", "timing", "rule", "flags",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Studied:
    """What became of the N requested pairs so far: ``done`` (N,) those with abnormal returns, and
    ``waits`` (N,) the first session of their event window that has not closed, NaT where all
    have."""

    done: Bools
    waits: Days

    @classmethod
    def none(cls, count: int, labels: Any = "datetime64[D]") -> Studied:
        """Nobody yet; ``labels`` is the type of the sessions' labels."""
        return cls(np.zeros(count, dtype=bool), np.full(count, "NaT", dtype=labels))

    def add(self, rows: Ints, panel: AbnormalPanel, closed: Mapping[str, np.datetime64]) -> None:
        """The pairs of a panel, which are these ``rows`` of the requested ones."""
        self.done[rows] = True
        self.waits[rows] = open_windows(panel, closed)


def events_table(
    matched: SessionEvents,
    overlaps: Overlaps,
    panel: AbnormalPanel | None,
    failures: Sequence[EventError],
    closed: Mapping[str, np.datetime64],
    unit: str = "D",
) -> pd.DataFrame:
    """Requested pairs = complete + partial + pending + excluded; ``closed`` is the last closed
    session of each calendar. ``unit`` of the day zeros: ``D`` for sessions, ``s`` for bars."""
    studied = Studied.none(len(matched))
    if panel is not None:
        studied = Studied.none(len(matched), panel.sessions.dtype)
        rows = rows_of(matched.frame, panel.event_id, panel.ticker)
        studied.add(rows, panel, closed)
    return pairs_table(matched, overlaps, studied, failures, unit)


def pairs_table(
    matched: SessionEvents,
    overlaps: Overlaps,
    studied: Studied,
    failures: Sequence[EventError],
    unit: str = "D",
) -> pd.DataFrame:
    """The same from the pairs that were ``studied``."""
    frame = matched.frame
    data: dict[str, Any] = {name: rows_of_text(frame[name].array) for name in COPIED}
    for name in ("day_zero", "alternative_day_zero"):
        data[name] = iso(frame[name].to_numpy(f"datetime64[{unit}]"))
    data["overlaps"] = overlaps.text(frame["event_id"].array)
    status, code, reason = _status(frame, studied, failures)
    data.update(status=status, reason_code=code, reason=reason)
    return table("events", data)


def _status(
    frame: pd.DataFrame, studied: Studied, failures: Sequence[EventError]
) -> tuple[Text, Text, Text]:
    """Status, code and reason of every pair, in this order of rank: excluded, pending (not studied
    and not excluded), partial (a session of its window is still open), complete."""
    failed = rows_of(frame, [e.event_id for e in failures], [e.ticker for e in failures])
    partial = studied.done & ~np.isnat(studied.waits)
    state = np.where(studied.done, np.where(partial, 1, 0), 2)
    state[failed[failed >= 0]] = 3
    status = text(["complete", "partial", "pending", "excluded"], state)
    codes = {"": 0, "window_open": 1, "day_zero_open": 2}
    words = {"": 0}
    code, reason = np.where(state < 3, state, 0), np.zeros(len(frame), dtype=np.int64)
    zeros = frame["day_zero"].to_numpy("datetime64[D]")
    # Words are written once for each different day or detail.
    for which, days, what in ((1, studied.waits, ""), (2, zeros, "day zero ")):
        rows = np.flatnonzero(state == which)
        different, place = np.unique(days[rows], return_inverse=True)
        said = [f"{what}{day} has not closed yet" for day in different]
        reason[rows] = len(words) + place
        words |= {word: len(words) + k for k, word in enumerate(said)}
    for row, error in zip(failed.tolist(), failures, strict=True):
        if row >= 0:
            code[row] = codes.setdefault(error.code, len(codes))
            reason[row] = words.setdefault(error.detail, len(words))
    return status, text(list(codes), code), text(list(words), reason)


def rows_of(
    frame: pd.DataFrame, event_id: Sequence[str] | Labels, ticker: Sequence[str] | Labels
) -> Ints:
    """(K,) the row of each pair in a frame that holds every pair once."""
    keys = pd.Index(frame["event_id"].astype("str") + "\x1f" + frame["ticker"].astype("str"))
    wanted = pd.Series(event_id, dtype="str") + "\x1f" + pd.Series(ticker, dtype="str")
    return np.asarray(keys.get_indexer(pd.Index(wanted)), dtype=np.int64)


def open_windows(panel: AbnormalPanel, closed: Mapping[str, np.datetime64]) -> Days:
    """(N,) the first session of each pair's event window that has not closed, or NaT."""
    names, place = np.unique(panel.calendar.astype(str), return_inverse=True)
    last = np.asarray([closed[str(c)] for c in names])[place]
    waits = panel.sessions > last[:, None]
    first = np.argmax(waits, axis=1)
    sessions = np.take_along_axis(panel.sessions, first[:, None], axis=1)[:, 0]
    return np.where(waits.any(axis=1), sessions, np.datetime64("NaT"))
