"""Everything that can change a study's results, as digests: equal ones, equal results."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

import signals
from signals.events import Catalogue
from signals.prices import PriceBook
from signals.prices.history import OF_ONE_RUN
from signals.reports.manifest import PACKAGES
from signals.sessions import SessionEvents, trading_calendar
from signals.sessions.bars import bar_seconds, windows_in_sessions
from signals.spec import StudySpec


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """The inputs of one run: ``parts`` by name, ``digest`` of them all."""

    parts: Mapping[str, Any]

    @property
    def digest(self) -> str:
        text = json.dumps(self.parts, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def fingerprint(
    spec: StudySpec,
    catalogue: Catalogue,
    matched: SessionEvents,
    prices: PriceBook,
    *,
    now: np.datetime64,
    factors: str = "",
    as_of: str | None = None,
) -> Fingerprint:
    """Digest what a run is about to be computed from.

    ``now`` (UTC instant) matters only as far as windows are still open: once the last session of
    every window has closed, another day changes nothing. ``factors`` is the digest of the factor
    table. The program itself is among the inputs, so a new version computes everything anew.
    Checked by ``tests/reports/test_history.py``.
    """
    settings = spec.model_dump(mode="json", exclude={"file"})
    issues = [
        (i.ticker, i.code, i.session, i.count, i.detail)
        for i in prices.issues
        if i.code not in OF_ONE_RUN
    ]
    failures = [(f.ticker, f.code, f.detail) for _, f in sorted(prices.failures.items())]
    return Fingerprint(
        {
            "spec": _digest(settings),
            "events": catalogue.digest,
            "claims": _digest(catalogue.claims.to_csv(index=False)),
            "skipped": len(catalogue.skipped),
            "source": prices.source,
            "prices": {t: h.digest for t, h in sorted(prices.histories.items())},
            "issues": _digest([issues, failures]),
            "factors": factors,
            "as_of": as_of,
            "closed": closed_sessions(spec, matched, now),
            "program": program_digest(),
            "versions": {name: metadata.version(name) for name in PACKAGES},
        }
    )


def closed_sessions(spec: StudySpec, matched: SessionEvents, now: np.datetime64) -> dict[str, str]:
    """By calendar: the last session that has closed, or the last one that any window needs; while
    bars of a day are still to come, the start of the present bar."""
    frame = matched.frame[matched.frame["position"] >= 0]
    found = {}
    for name, part in frame.groupby("calendar", sort=True):
        calendar = trading_calendar(str(name))
        closed = int(np.searchsorted(calendar.closes, now, side="right")) - 1
        needed = int(part["position"].max()) + windows_in_sessions(spec)[0][1]
        place = max(min(closed, needed, len(calendar.sessions) - 1), 0)
        found[str(name)] = str(calendar.sessions[place])
        if spec.intraday and closed < needed:
            step = bar_seconds(spec.prices.interval)
            seconds = now.astype("datetime64[s]").astype(np.int64) // step * step
            found[str(name)] = str(seconds.astype("datetime64[s]"))
    return found


@functools.cache
def program_digest() -> str:
    """Digest of this package's own source files."""
    root = Path(signals.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
