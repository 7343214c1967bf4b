"""``signals check``: everything that can be said of a study without any price."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flows.cli import screen
from flows.cli.run import AsJson, AsOf, SkipBadRows, StudyFile

if TYPE_CHECKING:
    import pandas as pd

    from signals.study import StudyPlan

RULES = {
    "before_close": "before the close: that session",
    "after_close": "at or after the close: the next session",
    "no_session": "no session that day: the next one",
    "utc_day": "trades always: the UTC day",
}


def check(
    study: StudyFile,
    as_of: AsOf = None,
    skip_bad_rows: SkipBadRows = False,
    as_json: AsJson = False,
) -> None:
    """Validate a study without any network; show how each event lands on each asset's sessions."""
    from flows import steps
    from flows.options import RunOptions, parse_as_of

    day = parse_as_of(as_of)
    options = RunOptions(study=study, as_of=as_of, skip_bad_rows=skip_bad_rows)
    spec, catalogue = steps.read(options)
    now = datetime.now(UTC)
    plan = steps.match(spec, catalogue, day, now)
    frame = _shown(plan.session_events.frame)
    if as_json:
        screen.as_json(_document(plan, frame, catalogue.skipped))
        return
    rows = _landings(frame)
    screen.table(
        ["event", "announced", "day zero", "other reading", "assets", "why", "flags"], rows
    )
    screen.out("")
    events, assets = frame["event_id"].nunique(), frame["ticker"].nunique()
    screen.out(
        f"{spec.id}: {events} events on {assets} assets, {len(frame)} pairs; "
        f"{len(plan.requests)} price series from {spec.prices.source}"
    )
    for line in catalogue.skipped:
        screen.out(f"left out: {line}")
    for event_id, ticker, code, detail in _excluded(plan):
        screen.out(f"excluded: {event_id} / {ticker} ({code}): {detail}")


def _shown(frame: pd.DataFrame) -> pd.DataFrame:
    """The pairs with their session labels as text."""
    days = {
        name: frame[name].dt.strftime("%Y-%m-%d").fillna("").astype(str)
        for name in ("day_zero", "alternative_day_zero")
    }
    return frame.assign(**days)


def _landings(frame: pd.DataFrame) -> list[list[str]]:
    """One row for the assets of an event that land on one day for one reason."""
    keys = ["announced_at", "event_id", "day_zero", "alternative_day_zero", "rule", "flags"]
    rows = []
    for values, part in frame.groupby(keys, sort=True):
        announced, event_id, zero, other, rule, flags = (str(v) for v in values)
        tickers = list(part["ticker"])
        named = ", ".join(tickers[:4]) + (
            f" and {len(tickers) - 4} more" if len(tickers) > 4 else ""
        )
        precision = str(part["precision"].iloc[0])
        timing = str(part["timing"].iloc[0])
        when = announced + (f" ({timing or 'unknown'})" if precision == "day" else "")
        why = RULES.get(rule, rule)
        rows.append([event_id, when, zero or "none", other, named, why, flags.replace(";", ", ")])
    return rows


def _excluded(plan: StudyPlan) -> list[tuple[str, str, str, str]]:
    """What is known to be excluded before any price is read (event, asset, code, detail)."""
    frame = plan.session_events.frame
    found = []
    for i, (event_id, ticker, position) in enumerate(
        zip(frame["event_id"], frame["ticker"], frame["position"], strict=True)
    ):
        others = plan.overlaps.confounding[i]
        if position < 0:
            found.append((event_id, ticker, "no_session", "outside the calendar's sessions"))
        elif plan.spec.overlap == "exclude" and len(others):
            named = ", ".join(str(frame["event_id"].iloc[j]) for j in others)
            found.append((event_id, ticker, "overlap", f"event window holds {named}"))
    return found


def _document(plan: StudyPlan, frame: pd.DataFrame, skipped: tuple[str, ...]) -> dict[str, Any]:
    columns = [
        "event_id", "ticker", "announced_at", "precision", "timing", "group", "benchmark",
        "calendar", "day_zero", "alternative_day_zero", "rule", "flags",
    ]  # fmt: skip
    names = ("event_id", "ticker", "code", "detail")
    return {
        "study": plan.spec.id,
        "pairs": frame[columns].to_dict("records"),
        "excluded": [dict(zip(names, row, strict=True)) for row in _excluded(plan)],
        "skipped_rows": list(skipped),
        "price_series": [r.ticker for r in plan.requests],
    }
