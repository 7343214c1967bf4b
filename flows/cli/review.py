"""``signals review``: accept, edit or reject what waits, row by row."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli import screen
from flows.cli.run import AsJson
from signals.errors import DataError, SpecError

if TYPE_CHECKING:
    from signals.events.review import Decided

ReviewFile = Annotated[Path, typer.Argument(metavar="events.review.csv", help="The review file.")]


def review(
    file: ReviewFile,
    accept: Annotated[
        str, typer.Option("--accept", metavar="ID[@DATE]", help="Accept one row without asking.")
    ] = "",
    reject: Annotated[
        str, typer.Option("--reject", metavar="ID", help="Reject one row without asking.")
    ] = "",
    edit: Annotated[
        str, typer.Option("--edit", metavar="ID:COLUMN=TEXT", help="Change a cell without asking.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Accept, edit or reject the events that wait for a person.

    On a terminal each row is asked about; otherwise they are listed, and the options decide.
    """
    from signals.events.review import waiting
    from signals.news.files import change_review, open_review

    if accept or reject or edit:
        done = change_review(file, partial(_decided, accept=accept, reject=reject, edit=edit))
        if accept:
            screen.out(f"{accept.partition('@')[0]} → {done.event_id}")
        return
    state = open_review(file)
    left = waiting(state.review)
    if as_json:
        screen.as_json([dict(r) for r in left.to_dict("records")])
        return
    if not _interactive():
        columns = ["event_id", "reason", "candidates", "evidence", "headline"]
        screen.table(columns, [[str(row[c]) for c in columns] for _, row in left.iterrows()])
        return
    for event_id in list(left["event_id"]):
        if not _asked(file, str(event_id)):
            break
    screen.out(f"{len(waiting(open_review(file).review))} rows wait in {file}")


def _interactive() -> bool:
    import sys

    return sys.stdin.isatty() and sys.stdout.isatty()


def _decided(state: Decided, accept: str, reject: str, edit: str) -> Decided:
    from dataclasses import replace

    from signals.events import review as rows

    if edit:
        event_id, _, rest = edit.partition(":")
        column, sign, text = rest.partition("=")
        if not sign:
            raise SpecError("is no change", key="--edit", value=edit, allowed="ID:COLUMN=TEXT")
        state = replace(state, review=rows.edit(state.review, event_id, {column: text}))
    if reject:
        state = rows.reject(*_tables(state), reject)
    if accept:
        event_id, _, candidate = accept.partition("@")
        state = rows.accept(*_tables(state), event_id, candidate)
    return state


def _tables(state: Decided) -> tuple[Any, Any, Any, Any]:
    return state.events, state.review, state.claims, state.review_claims


def _asked(file: Path, event_id: str) -> bool:
    """Ask about one row until it is decided or left; False to stop. Each answer is applied to the
    files as they stand then: while a person reads, a collection may add to them."""
    from signals.events.review import waiting
    from signals.news.files import change_review, open_review

    while True:
        left = waiting(open_review(file).review)
        if event_id not in set(left["event_id"]):
            screen.note(f"{event_id} no longer waits")
            return True
        row = left.loc[left["event_id"] == event_id].iloc[0]
        _show(row)
        answer = typer.prompt(
            "[1-3] that date, [a]ccept, [e]dit, [r]eject, [s]kip, [q]uit", default="s"
        ).strip()
        if answer in {"q", "s"}:
            return bool(answer == "s")
        accepted = rejected = edited = ""
        try:
            if answer == "e":
                edited = f"{event_id}:{typer.prompt('column=text')}"
            elif answer == "r":
                rejected = event_id
            elif answer == "a" or answer.isdigit():
                accepted = f"{event_id}@{_candidate(row, answer)}"
            else:
                continue
            done = change_review(
                file, partial(_decided, accept=accepted, reject=rejected, edit=edited)
            )
        except (DataError, SpecError) as error:
            screen.note(str(error))
            continue
        if accepted:
            screen.out(f"{event_id} → {done.event_id}")
        if not edited:
            return True


def _candidate(row: Any, answer: str) -> str:
    listed = [c for c in str(row["candidates"]).split("; ") if c]
    if answer == "a":
        return ""
    if not 1 <= int(answer) <= len(listed):
        raise SpecError("is no candidate", value=answer, allowed=listed)
    return listed[int(answer) - 1]


def _show(row: Any) -> None:
    for name in ("event_id", "reason", "headline", "subject", "category", "announced_at",
                 "evidence", "source"):  # fmt: skip
        if str(row.get(name, "")):
            screen.out(f"{name:>14}  {row[name]}")
    for number, candidate in enumerate((c for c in str(row["candidates"]).split("; ") if c), 1):
        screen.out(f"{number:>14}  {candidate}")
