"""RSS and Atom feeds (and single pages) over the web."""

from __future__ import annotations

from typing import Final

from signals.providers.web import WebClient

SOURCE: Final = "feed"


def fetch(client: WebClient, url: str) -> bytes:
    """The bytes of a feed or page; errors as in :mod:`signals.providers.web`."""
    return client.get(url, source=SOURCE).body
