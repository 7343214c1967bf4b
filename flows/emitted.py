"""Events that a run emits, for automations (a webhook, an e-mail): see docs/operations.md.

=========================  ====================================================================
event                      when
=========================  ====================================================================
``signals.finding``        a pair is new, matured or revised, complete, and its p is below alpha
``signals.price-revision`` a source has restated history that was stored
``signals.source-down``    series could not be had, even when asked again
=========================  ====================================================================
"""

from __future__ import annotations

import math
from typing import Any, Final

from prefect.events import emit_event

from flows.findings import Finding, findings
from flows.outcome import Outcome

FINDING: Final = "signals.finding"
REVISION: Final = "signals.price-revision"
DOWN: Final = "signals.source-down"
MOST_EVENTS: Final = 50


def emit(outcome: Outcome) -> int:
    """Emit a run's events; returns how many."""
    study = outcome.result.spec.id
    sent = 0
    for found in news_of(outcome)[:MOST_EVENTS]:
        _send(FINDING, f"{study}.{found.event_id}.{found.ticker}", _payload(study, found))
        sent += 1
    for revision in outcome.revisions[:MOST_EVENTS]:
        payload: dict[str, Any] = {
            "study": study, "ticker": revision.ticker, "session": revision.session,
            "field": revision.field, "old": _finite(revision.old), "new": _finite(revision.new),
            "cause": revision.cause, "count": revision.count,
        }  # fmt: skip
        _send(REVISION, f"{study}.{revision.ticker}", payload)
        sent += 1
    if outcome.down:
        payload = {
            "study": study, "source": outcome.result.prices.source,
            "tickers": [f.ticker for f in outcome.down], "detail": outcome.down[0].detail,
        }  # fmt: skip
        _send(DOWN, study, payload)
        sent += 1
    return sent


def news_of(outcome: Outcome) -> list[Finding]:
    """The findings that this run has added or moved, and that chance alone would rarely give."""
    if outcome.unchanged:
        return []
    moved = outcome.result.tables["changes"]
    pairs = set(zip(moved["event_id"], moved["ticker"], strict=True))
    return [
        f for f in findings(outcome.result)
        if (f.event_id, f.ticker) in pairs
        and f.status == "complete"
        and f.p_value < outcome.result.spec.alpha
    ]  # fmt: skip


def _payload(study: str, found: Finding) -> dict[str, Any]:
    return {
        "study": study, "event": found.event_id, "ticker": found.ticker,
        "day_zero": found.day_zero, "window": found.window, "car": _finite(found.car),
        "p_value": _finite(found.p_value), "test": found.test,
    }  # fmt: skip


def _send(event: str, resource: str, payload: dict[str, Any]) -> None:
    named = {
        "prefect.resource.id": f"signals.study.{resource}",
        "prefect.resource.name": resource,
    }
    emit_event(event=event, resource=named, payload=payload)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
