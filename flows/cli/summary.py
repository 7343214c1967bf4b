"""What ``signals run`` prints at the end: findings, groups, what was excluded, where files are."""

from __future__ import annotations

import math
from typing import Final

import pandas as pd

from flows.cli import screen
from flows.findings import (
    findings,
    interval,
    interval_name,
    percent,
    probability,
    window_text,
)
from flows.outcome import Outcome
from signals.prices import PriceBook
from signals.prices.history import OF_ONE_RUN

MOST_ROWS: Final = 20
MOST_GROUPS: Final = 12
SHOWN_GROUPINGS: Final = ("all", "category", "group")


def show(outcome: Outcome) -> None:
    """Print a finished run: results on stdout, timings on stderr."""
    _print_findings(outcome)
    _print_groups(outcome)
    _print_counts(outcome)
    _print_excluded(outcome.result.excluded)
    _print_issues(outcome.result.prices)
    _print_changes(outcome)
    screen.out(f"reports in {outcome.out}/: {_files(outcome)}")
    screen.note(_timings(outcome))


def _files(outcome: Outcome) -> str:
    """The page first, then the tables; figures are counted."""
    names = [p.name for p in outcome.files if p.parent.name != "figures"]
    figures = len(outcome.files) - len(names)
    names.sort(key=lambda n: (not n.endswith(".html"), n == "manifest.json", n))
    return ", ".join(names) + (f", figures/ ({figures} files)" if figures else "")


def _print_findings(outcome: Outcome) -> None:
    spec = outcome.result.spec
    rows = findings(outcome.result)
    if not rows:
        screen.out(f"{spec.title or spec.id}: no event could be studied yet")
        return
    car, ci = f"CAR {rows[0].window}", interval_name(spec.alpha)
    most = rows[:MOST_ROWS]
    cells = {
        "event": [f.event_id for f in most],
        "asset": [f.ticker for f in most],
        "day zero": [f.day_zero for f in most],
        car: [percent(f.car) for f in most],
        ci: [interval(f.ci_low, f.ci_high) for f in most],
        "p": [probability(f.p_value) for f in most],
        "q": [probability(f.q_value) for f in most],
        "test": [f.test for f in most],
        "status": [f.status for f in most],
    }
    title = spec.title or spec.id
    # A terminal has eighty columns: what says nothing, or the same in every row, is left out.
    if not any(math.isfinite(f.q_value) for f in rows):
        del cells["q"]
    tests = {f.test for f in rows}
    test = f"p: {cells.pop('test')[0]}" if len(tests) == 1 else "tests: car.csv"
    if {f.status for f in rows} == {"complete"}:
        del cells["status"]
    shown = list(zip(*cells.values(), strict=True))
    screen.table(list(cells), shown, title=title, right=[car, ci, "p", "q"])
    if len(rows) > MOST_ROWS:
        test = f"the {MOST_ROWS} strongest of {len(rows)}, all in car.csv; {test}"
    screen.out(f"{test}\n")


def _print_groups(outcome: Outcome) -> None:
    """Mean CAR of each group over the primary window, with p of its recommended tests."""
    first, last = outcome.result.spec.primary
    tests = _primary(outcome.result.statistics, first, last)
    tests = tests[(tests["status"] == "ok") & tests["recommended"].astype(str).eq("True")]
    means = _primary(outcome.result.caar, first, last)
    rows = []
    for row in means.to_dict("records"):
        of_group = (tests["group_by"] == row["group_by"]) & (tests["group"] == row["group"])
        p = sorted(tests.loc[of_group, "p_value"].astype(float))
        if p:
            label = "all" if row["group_by"] == "all" else f"{row['group_by']}: {row['group']}"
            span = probability(p[0]) + (f" … {probability(p[-1])}" if len(p) > 1 else "")
            rows.append([label, str(int(row["n_events"])), percent(row["caar"]), str(len(p)), span])
    if not rows:
        return
    mean = f"mean CAR {window_text(first, last)}"
    columns = ["pairs of", "pairs", mean, "tests", "p"]
    screen.table(columns, rows[:MOST_GROUPS], right=columns[1:])
    screen.out("p: lowest and highest of the recommended tests; each one: statistics.csv\n")


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


def _print_changes(outcome: Outcome) -> None:
    if outcome.unchanged:
        since = outcome.result.run["id"]
        screen.out(f"nothing has changed since run {since}: the reports stand as they were")
        return
    previous = outcome.result.run.get("previous")
    if previous is None:
        return
    kinds = outcome.result.tables["changes"]["kind"].value_counts()
    told = ", ".join(f"{kinds.get(k, 0)} {k}" for k in ("new", "matured", "revised"))
    screen.out(f"since run {previous}: {told} (changes.csv)")


def _print_issues(prices: PriceBook) -> None:
    """What a reader must know of the prices before believing a number (the rest: manifest)."""
    for issue in prices.issues:
        if issue.code in OF_ONE_RUN:
            screen.out(f"{issue.ticker}: {issue.code}: {issue.detail}")


def _timings(outcome: Outcome) -> str:
    seconds = outcome.seconds
    text = f"study {seconds['study_s']:.1f} s"
    if "prefect_start_s" in seconds:
        text += f", after {seconds['prefect_start_s']:.1f} s for Prefect's start"
    return text
