"""``events.csv``: every pair that was asked for, where it lands, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from signals.errors import EventError
from signals.frames import table
from signals.panel import AbnormalPanel
from signals.reports.tables import iso
from signals.sessions import Overlaps, SessionEvents

COPIED = (
    "event_id", "ticker", "category", "subject", "headline", "announced_at", "precision", "group",
    "benchmark", "calendar", "timing", "rule", "flags",
)  # fmt: skip


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
    return pairs_table(matched, overlaps, open_windows(panel, closed), failures, unit)


def pairs_table(
    matched: SessionEvents,
    overlaps: Overlaps,
    studied: Mapping[tuple[str, str], str],
    failures: Sequence[EventError],
    unit: str = "D",
) -> pd.DataFrame:
    """The same from the pairs that were ``studied`` (see :func:`open_windows`)."""
    frame = matched.frame
    data: dict[str, Any] = {name: frame[name].to_numpy() for name in COPIED}
    for name in ("day_zero", "alternative_day_zero"):
        data[name] = iso(frame[name].to_numpy(f"datetime64[{unit}]"))
    data["overlaps"] = overlaps.text(frame["event_id"].to_numpy(object))
    status, code, reason = _status(frame, studied, failures)
    data.update(status=status, reason_code=code, reason=reason)
    return table("events", data)


def _status(
    frame: pd.DataFrame,
    open_until: Mapping[tuple[str, str], str],
    failures: Sequence[EventError],
) -> tuple[list[str], list[str], list[str]]:
    excluded = {(e.event_id, e.ticker): e for e in failures}
    status, code, reason = [], [], []
    for event_id, ticker, zero in zip(
        frame["event_id"], frame["ticker"], frame["day_zero"], strict=True
    ):
        key = (str(event_id), str(ticker))
        if key in excluded:
            found = ("excluded", excluded[key].code, excluded[key].detail)
        elif key not in open_until:
            found = ("pending", "day_zero_open", f"day zero {zero:%Y-%m-%d} has not closed yet")
        elif open_until[key]:
            found = ("partial", "window_open", f"{open_until[key]} has not closed yet")
        else:
            found = ("complete", "", "")
        status.append(found[0])
        code.append(found[1])
        reason.append(found[2])
    return status, code, reason


def open_windows(
    panel: AbnormalPanel | None, closed: Mapping[str, np.datetime64]
) -> dict[tuple[str, str], str]:
    """For every studied pair the first session of its event window that has not closed, or ''."""
    if panel is None:
        return {}
    last = np.asarray([closed[str(c)] for c in panel.calendar])
    waits = panel.sessions > last[:, None]
    first = np.argmax(waits, axis=1)
    return {
        (str(panel.event_id[i]), str(panel.ticker[i])): (
            str(panel.sessions[i, first[i]]) if waits[i].any() else ""
        )
        for i in range(len(panel))
    }
