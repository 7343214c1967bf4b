"""What ``signals run`` prints at the end: findings, groups, what was excluded, where files are."""

from __future__ import annotations

from typing import Final

import pandas as pd

from flows.cli import screen
from flows.findings import (
    Finding,
    findings,
    interval,
    interval_name,
    percent,
    probability,
    window_text,
)
from flows.pipeline import Outcome

MOST_ROWS: Final = 20
MOST_GROUPS: Final = 12
SHOWN_GROUPINGS: Final = ("all", "category", "group")


def show(outcome: Outcome) -> None:
    """Print a finished run: results on stdout, timings on stderr."""
    _print_findings(outcome)
    _print_groups(outcome)
    _print_counts(outcome)
    _print_excluded(outcome.result.excluded)
    screen.out(f"reports in {outcome.out}/: {', '.join(p.name for p in outcome.files)}")
    screen.note(_timings(outcome))


def _print_findings(outcome: Outcome) -> None:
    spec = outcome.result.spec
    rows = findings(outcome.result)
    if not rows:
        screen.out(f"{spec.title or spec.id}: no event could be studied yet")
        return
    car, ci = f"CAR {rows[0].window}", interval_name(spec.alpha)
    columns = ["event", "asset", "day zero", car, ci, "p", "q", "test", "status"]
    cells = [_cells(f) for f in rows[:MOST_ROWS]]
    if not any(f.q_value == f.q_value for f in rows):  # NaN: no family of tests in this study
        columns.remove("q")
        cells = [row[:6] + row[7:] for row in cells]
    screen.table(columns, cells, title=spec.title or spec.id, right=[car, ci, "p", "q"])
    if len(rows) > MOST_ROWS:
        screen.out(f"the {MOST_ROWS} strongest of {len(rows)}; all are in car.csv")
    screen.out("")


def _cells(f: Finding) -> list[str]:
    return [
        f.event_id, f.ticker, f.day_zero, percent(f.car), interval(f.ci_low, f.ci_high),
        probability(f.p_value), probability(f.q_value), f.test, f.status,
    ]  # fmt: skip


def _print_groups(outcome: Outcome) -> None:
    """Mean CAR of each group over the primary window, with p of its recommended tests."""
    first, last = outcome.result.spec.primary
    tests = _primary(outcome.result.statistics, first, last)
    tests = tests[(tests["status"] == "ok") & tests["recommended"].astype(str).eq("True")]
    means = _primary(outcome.result.caar, first, last)
    if tests.empty or means.empty:
        return
    p = tests.pivot_table(
        index=["group_by", "group"], columns="statistic_name", values="p_value", sort=False
    )
    rows = []
    for row in means.to_dict("records"):
        key = (row["group_by"], row["group"])
        if key in p.index:
            label = "all events" if key[0] == "all" else f"{key[0]}: {key[1]}"
            found = [probability(float(v)) for v in p.loc[key]]
            rows.append([label, str(int(row["n_events"])), percent(row["caar"]), *found])
    mean = f"mean CAR {window_text(first, last)}"
    columns = ["", "pairs", mean, *(f"p {name}" for name in p.columns)]
    screen.table(columns, rows[:MOST_GROUPS], right=columns[1:])
    screen.out("further groups, windows and tests: caar.csv, statistics.csv\n")


def _primary(frame: pd.DataFrame, first: int, last: int) -> pd.DataFrame:
    rows = (frame["first"] == first) & (frame["last"] == last)
    return frame[rows & frame["group_by"].isin(SHOWN_GROUPINGS)]


def _print_counts(outcome: Outcome) -> None:
    counts = outcome.result.manifest["counts"]
    screen.out(
        f"event-asset pairs: {counts['requested']} requested = {counts['used']} used + "
        f"{counts['pending']} pending + {counts['excluded']} excluded"
    )


def _print_excluded(excluded: pd.DataFrame) -> None:
    for code, part in excluded.groupby("code", sort=True):
        tickers = list(dict.fromkeys(part["ticker"]))
        named = ", ".join(tickers[:6]) + (" …" if len(tickers) > 6 else "")
        detail = part["detail"].iloc[0]
        if (part["detail"] != detail).any():
            detail += " … (each in excluded.csv)"
        screen.out(f"excluded {len(part)} ({code}; {named}): {detail}")


def _timings(outcome: Outcome) -> str:
    seconds = outcome.seconds
    text = f"study {seconds['study_s']:.1f} s"
    if "prefect_start_s" in seconds:
        text += f", after {seconds['prefect_start_s']:.1f} s for Prefect's start"
    return text
