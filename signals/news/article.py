"""The record of one article or feed item, before anything is understood of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, eq=False)
class Article:
    """One page, feed item or filing.

    ``text`` is what positions of quotes count in (characters, from 0). Where the source has a
    title of its own, ``text`` begins with it, and ``title_end`` says where it stops.
    ``published`` is the page's or feed's own timestamp (ISO-8601, with offset or a bare date) and
    ``published_by`` what says so (``feed``, ``page``, ``filing`` …); empty where nothing does.
    ``hints`` are facts that a structured source states outright (category, ticker, timing).
    """

    text: str
    source: str = ""
    url: str = ""
    title_end: int = 0
    published: str = ""
    published_by: str = ""
    language: str = ""
    hints: dict[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Identity of the text: the same text from two places is the same article."""
        return hashlib.sha256(self.text.strip().encode("utf-8", "replace")).hexdigest()[:16]


@dataclass(frozen=True, slots=True, eq=False)
class Skipped:
    """A file, or one item of it, that could not be used, and why."""

    source: str
    reason: str
