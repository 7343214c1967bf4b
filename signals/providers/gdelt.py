"""GDELT's DOC service: which pages on a subject its crawler saw, and when it saw them.

``seen`` is a bound on the time of publication, never that time. The service keeps a rolling three
months and wants about one request in five seconds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from signals.errors import DataError, TransientError
from signals.providers.web import WebClient

SOURCE: Final = "gdelt"
BASE: Final = "https://api.gdeltproject.org/api/v2/doc/doc"
PACE_SECONDS: Final = 5.0
MOST: Final = 250


@dataclass(frozen=True, slots=True, eq=False)
class SeenPage:
    """One page: title, address, when the crawler saw it (``YYYYMMDDThhmmssZ``), language."""

    title: str
    url: str
    seen: str
    language: str
    domain: str


def pages(
    client: WebClient, query: str, first: str, last: str, *, base: str = BASE, most: int = MOST
) -> list[SeenPage]:
    """Pages that match ``query`` between two ISO dates, both included."""
    asked = {
        "query": query,
        "mode": "ArtList",
        "format": "json",
        "maxrecords": str(most),
        "sort": "DateAsc",
        "startdatetime": first.replace("-", "") + "000000",
        "enddatetime": last.replace("-", "") + "235959",
    }
    answer = client.get(f"{base}?{urlencode(asked)}", source=SOURCE, pace=PACE_SECONDS)
    text = answer.body.decode("utf-8", "replace").strip()
    if text and not text.startswith("{"):
        if text.startswith("<"):
            raise TransientError(SOURCE, "answered with a page instead of JSON")
        raise DataError(f"{SOURCE} refused the query: {text[:200]}", value=query)
    try:
        items = json.loads(text or "{}").get("articles", [])
    except (ValueError, AttributeError):
        raise TransientError(SOURCE, "answered with broken JSON") from None
    return [
        SeenPage(*(str(i.get(k) or "") for k in ("title", "url", "seendate", "language", "domain")))
        for i in items
        if isinstance(i, dict)
    ]
