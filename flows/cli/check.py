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
    "before_close": "before the close",
    "after_close": "after the close",
    "no_session": "no session that day",
    "utc_day": "always open",
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
    plan = steps.match(spec, catalogue, options, day, now)
    frame = _shown(plan.session_events.frame)
    if as_json:
        screen.as_json(_document(plan, frame, catalogue.skipped))
        return
    for line in _landings(frame):
        screen.out(line)
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


def _landings(frame: pd.DataFrame) -> list[str]:
    """A paragraph for each event, in order of time: when it was announced, and one line for the
    assets that land on one day for one reason."""
    keys = ["day_zero", "alternative_day_zero", "rule", "calendar", "flags"]
    lines = []
    for (_, event_id), event in frame.groupby(["instant_used", "event_id"], sort=True):
        first = event.iloc[0]
        timing = f" ({first['timing']})" if first["precision"] == "day" else ""
        lines.append(f"{event_id}: announced {first['announced_at']}{timing}")
        for values, part in event.groupby(keys, sort=True):
            zero, other, rule, calendar, flags = (str(v) for v in values)
            day = f"{zero or 'no session'}{f' or {other}' if other else ''}"
            # `ambiguous_day_zero` is what "or" says.
            words = [w for w in flags.split(";") if w and w != "ambiguous_day_zero"]
            why = ", ".join([RULES.get(rule, rule), *words])
            lines.append(f"  {day:<24}  {calendar:<5} {_named(list(part['ticker']))}: {why}")
        lines.append("")
    return lines


def _named(tickers: list[str]) -> str:
    return ", ".join(tickers[:3]) + (f" +{len(tickers) - 3}" if len(tickers) > 3 else "")


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
