"""The catalogue of dated events: records, read, write, merge, duplicates."""

from signals.events.catalogue import Catalogue, Claim, NewsEvent
from signals.events.read import CATEGORIES, PRECISIONS, TIMINGS, read_catalogue

__all__ = [
    "CATEGORIES",
    "PRECISIONS",
    "TIMINGS",
    "Catalogue",
    "Claim",
    "NewsEvent",
    "read_catalogue",
]
