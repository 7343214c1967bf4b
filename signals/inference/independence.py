"""Which events are independent of which, judged per reported window and not per event window."""

from __future__ import annotations

from typing import Literal

import numpy as np

from signals.frames import Bools, Days, Ints
from signals.panel import AbnormalPanel, Window

Situation = Literal[
    "one_asset_one_event",
    "one_event_several_assets",
    "one_asset_several_events",
    "many_assets_many_events",
]


def day_zeros(panel: AbnormalPanel) -> Days:
    """(N,) session of day zero (of the column nearest to it where the panel has none)."""
    return np.asarray(panel.sessions[:, int(np.argmin(np.abs(panel.tau)))])


def situation(panel: AbnormalPanel) -> Situation:
    """What kind of study this group is, from its tickers and day zeros.

    Several assets on one shared day zero are one event; one ticker with several rows is one
    asset with several events; anything else is many–many.
    """
    if len(panel) < 2:
        return "one_asset_one_event"
    if len(set(panel.ticker)) == 1:
        return "one_asset_several_events"
    if shares_one_date(panel) and len(set(panel.ticker)) == len(panel):
        return "one_event_several_assets"
    return "many_assets_many_events"


def shares_one_date(panel: AbnormalPanel) -> bool:
    """True when every event has the same day zero."""
    zero = day_zeros(panel)
    return bool((zero == zero[0]).all())


def windows_share_sessions(panel: AbnormalPanel, window: Window) -> bool:
    """True when any two events' windows hold the same calendar session."""
    sessions = panel.sessions[:, panel.columns(window)]
    numbers = np.sort(sessions[~np.isnat(sessions)].astype(np.int64))
    return bool((numbers[1:] == numbers[:-1]).any())


def disjoint_subset(panel: AbnormalPanel, window: Window) -> tuple[Ints, Ints]:
    """(kept, left out): per ticker, events in order of day zero whose windows share no session.

    Events are taken in order of day zero, ties by event id; one whose window shares a session
    with one already taken of the same ticker is left out. For windows of equal length this is
    the largest disjoint subset (interval scheduling by earliest end). Both arrays hold positions
    in the panel, ascending. Checked by tests/inference/test_independence.py (brute force).
    """
    sessions = panel.sessions[:, panel.columns(window)]
    missing = np.isnat(sessions)
    numbers = sessions.astype(np.int64)
    first = np.where(missing, np.iinfo(np.int64).max, numbers).min(axis=1)
    last = np.where(missing, np.iinfo(np.int64).min, numbers).max(axis=1)
    zero = day_zeros(panel).astype(np.int64)
    kept = np.zeros(len(panel), dtype=bool)
    taken_until: dict[str, int] = {}
    for i in sorted(range(len(panel)), key=lambda i: (zero[i], panel.event_id[i])):
        until = taken_until.get(panel.ticker[i])
        if until is None or first[i] > until:
            kept[i] = True
            taken_until[panel.ticker[i]] = int(last[i])
    return np.flatnonzero(kept), np.flatnonzero(~kept)


def date_clusters(panel: AbnormalPanel, window: Window) -> Ints:
    """(N,) cluster number of each event: events whose windows share a session, directly or
    through others, are in one cluster. Numbered in order of their first session."""
    sessions = panel.sessions[:, panel.columns(window)]
    missing = np.isnat(sessions)
    numbers = sessions.astype(np.int64)
    first = np.where(missing, np.iinfo(np.int64).max, numbers).min(axis=1)
    last = np.where(missing, np.iinfo(np.int64).min, numbers).max(axis=1)
    order = np.argsort(first, kind="stable")
    reached = np.maximum.accumulate(last[order])
    opens = np.ones(len(panel), dtype=bool)
    opens[1:] = first[order][1:] > reached[:-1]
    cluster = np.empty(len(panel), dtype=np.int64)
    cluster[order] = np.cumsum(opens) - 1
    return cluster


def same(labels: np.ndarray) -> bool:
    """True when all labels are one."""
    return len(set(labels)) <= 1


def asynchronous_closes(panel: AbnormalPanel) -> str:
    """Names the calendars of a group whose sessions end at different hours, else blank: the same
    news then falls into returns that are measured at different times."""
    calendars = sorted(set(panel.calendar.tolist()))
    return "" if len(calendars) < 2 else f"asynchronous_closes: {', '.join(calendars)}"


def shared_events(panel: AbnormalPanel, window: Window) -> Bools:
    """(N,) True for events whose window shares a session with another event's window."""
    cluster = date_clusters(panel, window)
    return np.asarray(np.bincount(cluster)[cluster] > 1)
