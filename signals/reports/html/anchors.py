"""Permalinks and file names from event ids."""

from __future__ import annotations

import hashlib
import re


def anchor(event_id: str) -> str:
    """``event-meta-q3-2025``; ids with other signs get a digest so that no two collide."""
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", event_id)
    if plain == event_id and len(plain) <= 100:
        return f"event-{plain}"
    return f"event-{plain[:40]}-{hashlib.sha256(event_id.encode()).hexdigest()[:8]}"
