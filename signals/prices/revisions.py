"""What changed between two fetches of one series."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np

from signals.frames import Bools, Days, Floats
from signals.prices.history import PRICE_FIELDS

# Adjusted closes jitter in their last digits from answer to answer; the smallest dividends move
# them by more than 1e-4.
TOLERANCE: Final = 5e-6


@dataclass(frozen=True, slots=True, eq=False)
class Revision:
    """One field of a stored series that the source now states differently.

    ``session`` is the first session concerned, ``old`` and ``new`` its values, ``count`` how many
    sessions differ. ``cause``: ``split`` (one ratio for all), ``unit`` (that ratio is 100 or
    1/100), ``dividend`` (adjusted closes only), ``filled`` (was missing), ``withdrawn`` (is
    missing now), ``correction``.
    """

    ticker: str
    session: str
    field: str
    old: float
    new: float
    cause: str
    count: int = 1
    seen_at: str = ""


def compare(
    ticker: str,
    old: tuple[Days, Mapping[str, Floats]],
    new: tuple[Days, Mapping[str, Floats]],
    seen_at: str = "",
) -> tuple[Revision, ...]:
    """The revisions of ``new`` against ``old``, over the sessions from the later of the two first
    to the earlier of the two last ones; one record a field."""
    if not (len(old[0]) and len(new[0])):
        return ()
    first, last = max(old[0][0], new[0][0]), min(old[0][-1], new[0][-1])
    labels = np.union1d(old[0], new[0])
    labels = labels[(labels >= first) & (labels <= last)]
    found = []
    for name in (*PRICE_FIELDS, "volume"):
        if name not in old[1] and name not in new[1]:
            continue
        before, after = _on(labels, old, name), _on(labels, new, name)
        differs = _differs(before, after)
        if differs.any():
            at = int(np.flatnonzero(differs)[0])
            cause = _cause(name, before[differs], after[differs])
            found.append(
                Revision(
                    ticker, str(labels[at]), name, float(before[at]), float(after[at]), cause,
                    int(differs.sum()), seen_at,
                )
            )  # fmt: skip
    return tuple(found)


def is_restated(revisions: tuple[Revision, ...]) -> bool:
    """True where prices changed; volumes are revised for days after a session as a rule."""
    return any(r.field != "volume" for r in revisions)


def record(folder: Path, revisions: tuple[Revision, ...]) -> None:
    """Append the revisions to ``folder/revisions.jsonl``, each line in one write."""
    if not revisions:
        return
    lines = "".join(json.dumps(asdict(r), allow_nan=True) + "\n" for r in revisions)
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / "revisions.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(handle, lines.encode())
    finally:
        os.close(handle)


def _on(labels: Days, series: tuple[Days, Mapping[str, Floats]], name: str) -> Floats:
    values = np.full(len(labels), np.nan)
    column = series[1].get(name)
    if column is None:
        return values
    _, here, there = np.intersect1d(labels, series[0], assume_unique=True, return_indices=True)
    values[here] = column[there]
    return values


def _differs(before: Floats, after: Floats) -> Bools:
    gone = np.isnan(before) & np.isnan(after)
    return ~(gone | np.isclose(before, after, rtol=TOLERANCE, atol=0.0))


def _cause(name: str, before: Floats, after: Floats) -> str:
    if np.isnan(before).all():
        return "filled"
    if np.isnan(after).all():
        return "withdrawn"
    if name == "adj_close":
        return "dividend"
    if name == "volume" or not (np.isfinite(before) & np.isfinite(after)).all():
        return "correction"
    ratio = after / before
    same = float(np.ptp(ratio)) < 1e-3 * float(np.abs(ratio).mean())
    if not same or len(ratio) < 2:
        return "correction"
    return "unit" if abs(abs(float(np.log(ratio[0]))) - np.log(100)) < 0.01 else "split"
