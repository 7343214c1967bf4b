"""``signals history`` and ``signals diff``: earlier runs of a study, and what moved between two."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli import screen
from flows.cli.run import AsJson, StudyFile

if TYPE_CHECKING:
    import pandas as pd

    from signals.reports.history import StoredRun

MOST_ROWS = 60


def history(study: StudyFile, as_json: AsJson = False) -> None:
    """List the runs of a study that were kept, oldest first, and what each of them changed."""
    from flows.memory import studies_folder
    from signals.reports import history as kept
    from signals.spec import read_study

    spec = read_study(study)
    rows = [_row(run) for run in kept.runs(studies_folder() / spec.id)]
    if as_json:
        screen.as_json(rows)
        return
    if not rows:
        screen.out(f"{spec.id}: no run is kept in {studies_folder() / spec.id}")
        return
    columns = list(rows[0])
    numbers = ["used", "pending", "excluded", "new", "matured", "revised"]
    screen.table(columns, [[str(row[c]) for c in columns] for row in rows], right=numbers)


def _row(run: StoredRun) -> dict[str, Any]:
    counts = run.manifest["counts"]
    table = run.table("changes")
    kinds: Counter[str] = Counter(table["kind"] if len(table) else ())
    return {
        "run": run.run_id,
        "as of": run.as_of or "",
        "used": counts["used"],
        "pending": counts["pending"],
        "excluded": counts["excluded"],
        "new": kinds["new"],
        "matured": kinds["matured"],
        "revised": kinds["revised"],
        "prices": run.fingerprint.get("source", ""),
    }


def diff(
    before: Annotated[str, typer.Argument(metavar="RUN", help="The earlier run: its id.")],
    after: Annotated[str, typer.Argument(metavar="RUN", help="The later run: its id.")],
    as_json: AsJson = False,
) -> None:
    """Show what moved between two runs: new and matured pairs, revised numbers, and the cause."""
    from flows.memory import studies_folder
    from signals.reports.changes import RunView, changes
    from signals.reports.history import find

    was, now = find(studies_folder(), before), find(studies_folder(), after)
    views = [RunView(r.tables(), r.manifest, r.fingerprint) for r in (was, now)]
    table = changes(views[0], views[1])
    if as_json:
        rows = table.astype(object).where(table.notna(), None).to_dict("records")
        screen.as_json({"before": was.run_id, "after": now.run_id, "changes": rows})
        return
    _print(table, was, now)


def _print(table: pd.DataFrame, was: StoredRun, now: StoredRun) -> None:
    if table.empty:
        screen.out(f"nothing moved between {was.run_id} and {now.run_id}")
        return
    for (kind, cause), part in table.groupby(["kind", "cause"], sort=True):
        screen.out(f"{kind}: {cause}")
        for row in part.head(MOST_ROWS).to_dict("records"):
            window = "" if row["column"] == "status" else _window(row)
            place = f"{row['event_id']} / {row['ticker']}{window}"
            screen.out(f"  {place}: {row['column']} {_shown(row['old'])} → {_shown(row['new'])}")
        if len(part) > MOST_ROWS:
            screen.out(f"  and {len(part) - MOST_ROWS} more (--json shows all)")


def _window(row: dict[Any, Any]) -> str:
    from flows.findings import window_text

    return f" {window_text(int(row['first']), int(row['last']))}"


def _shown(value: str) -> str:
    try:
        return f"{float(value):.6g}"
    except ValueError:
        return value or "nothing"
