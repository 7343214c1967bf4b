"""``manifest.json``: what went in, what came out, and how to do it again."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

import pandas as pd

from signals.events import Catalogue
from signals.prices import PriceBook, PriceHistory
from signals.prices.history import OF_ONE_RUN
from signals.spec import StudySpec

FORMAT_VERSION = 1
PACKAGES = ("numpy", "scipy", "pandas", "statsmodels", "exchange_calendars")


def manifest(
    spec: StudySpec,
    catalogue: Catalogue,
    prices: PriceBook,
    tables: Mapping[str, pd.DataFrame],
    *,
    as_of: str | None = None,
    engine: str = "statsmodels",
    remarks: Sequence[str] = (),
    calibration: Mapping[str, Any] | None = None,
    family: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The manifest without its ``run`` object: the same input gives the same bytes."""
    settings = spec.model_dump(mode="json", exclude={"file"})
    counts = tables["events"]["status"].value_counts()
    used = int(counts.get("complete", 0) + counts.get("partial", 0))
    return {
        "format_version": FORMAT_VERSION,
        "study": spec.id,
        "title": spec.title,
        "as_of": as_of,
        "seed": spec.seed,
        "engine": engine,
        "counts": {
            "requested": len(tables["events"]),
            "used": used,
            "pending": int(counts.get("pending", 0)),
            "excluded": int(counts.get("excluded", 0)),
            "complete": int(counts.get("complete", 0)),
            "partial": int(counts.get("partial", 0)),
            "events": int(tables["events"]["event_id"].nunique()),
            "bad_rows_skipped": len(catalogue.skipped),
        },
        "family": dict(family or {}),
        "calibration": dict(calibration or {}),
        "digests": {
            "spec": _digest(json.dumps(settings, sort_keys=True)),
            "events": catalogue.digest,
            "prices": {
                ticker: _series(history) for ticker, history in sorted(prices.histories.items())
            },
        },
        "unavailable": {
            ticker: {"code": failure.code, "detail": failure.detail}
            for ticker, failure in sorted(prices.failures.items())
        },
        "price_issues": [
            {
                "ticker": issue.ticker,
                "code": issue.code,
                "session": issue.session,
                "count": issue.count,
                "detail": issue.detail,
            }
            for issue in prices.issues
            if issue.code not in OF_ONE_RUN
        ],
        "remarks": list(remarks),
        "not_yet": not_yet(tables),
        "versions": {
            "python": ".".join(map(str, sys.version_info[:3])),
            "signals": metadata.version("signals-eventstudy"),
            **{name: metadata.version(name) for name in PACKAGES},
        },
        "spec": settings,
    }


def not_yet(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Columns of the contract whose content belongs to a part that is not built yet."""
    return [f"{name}.{column}" for name, column in NOT_YET if name in tables]


NOT_YET: tuple[tuple[str, str], ...] = ()


def _series(history: PriceHistory) -> dict[str, Any]:
    seen = history.sessions
    return {
        "digest": history.digest,
        "source": history.source,
        "currency": history.currency,
        "first": str(seen[0]) if len(seen) else "",
        "last": str(seen[-1]) if len(seen) else "",
        "rows": len(seen),
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
