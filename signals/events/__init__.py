"""The catalogue of dated events: records, read, write, merge, duplicates."""

from signals.events.catalogue import Catalogue, Claim, NewsEvent

__all__ = ["Catalogue", "Claim", "NewsEvent"]
