"""Sentences from results, by plain functions; all strings stand in one mapping per language."""

from signals.reports.prose.sentences import (
    Move,
    claim_sentence,
    finding_sentence,
    group_sentence,
    model_phrase,
    when_phrase,
)
from signals.reports.prose.words import ENGLISH_WORDS, LANGUAGES, Words

__all__ = [
    "ENGLISH_WORDS",
    "LANGUAGES",
    "Move",
    "Words",
    "claim_sentence",
    "finding_sentence",
    "group_sentence",
    "model_phrase",
    "when_phrase",
]
