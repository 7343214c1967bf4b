"""``signals run``: a study from prices to reports."""

from __future__ import annotations

import contextvars
import logging
import os
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli import screen

if TYPE_CHECKING:
    from flows.options import RunOptions
    from flows.outcome import Outcome
    from flows.progress import Progress

StudyFile = Annotated[Path, typer.Argument(metavar="STUDY.toml", help="The study file.")]
PricesOption = Annotated[
    str | None,
    typer.Option(
        "--prices",
        metavar="SOURCE[:PATH]",
        help="Another source: yahoo, csv:DIR, parquet:FILE, sample.",
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of", metavar="DATE", help="As if it were the end of that day: nothing later exists."
    ),
]
SkipBadRows = Annotated[
    bool, typer.Option("--skip-bad-rows", help="Use the good rows of a catalogue with bad ones.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
MaxAge = Annotated[
    float | None,
    typer.Option(
        "--max-age", metavar="DAYS", help="How old a cached series may be when its source is down."
    ),
]


def run(
    study: StudyFile,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Folder of the reports; default reports/<id>."),
    ] = None,
    prices: PricesOption = None,
    as_of: AsOf = None,
    tables: Annotated[
        str, typer.Option("--tables", metavar="LIST", help="csv,parquet,xlsx,tex,md.")
    ] = "",
    max_age: MaxAge = None,
    skip_bad_rows: SkipBadRows = False,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Ask the source again for everything.")
    ] = False,
    page: Annotated[
        bool, typer.Option("--page/--no-page", help="Make report.html and the figures.")
    ] = True,
    runner: Annotated[
        str,
        typer.Option(
            "--runner", metavar="threads|dask", help="Where pairs are estimated: [runner] address."
        ),
    ] = "threads",
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 4 when any event had to be excluded.")
    ] = False,
    direct: Annotated[
        bool, typer.Option("--direct", help="Without Prefect; the same files byte for byte.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run a study end to end: prices → match → estimate → test → reports."""
    from flows.options import RunOptions, parse_as_of, parse_max_age, parse_runner, parse_tables

    parse_as_of(as_of)
    options = RunOptions(
        study=study,
        out=out,
        prices=prices,
        as_of=as_of,
        skip_bad_rows=skip_bad_rows,
        max_age=parse_max_age(max_age),
        tables=parse_tables(tables),
        refresh=refresh,
        page=page,
        runner=parse_runner(runner),
    )
    outcome = _conducted(options, direct=direct)
    if as_json:
        _print_json(outcome)
    else:
        from flows.cli.summary import show

        show(outcome)
    outcome.raise_if_down()
    if strict and len(outcome.result.excluded):
        screen.note(f"{len(outcome.result.excluded)} event-asset pairs were excluded (--strict)")
        raise typer.Exit(4)


def _conducted(options: RunOptions, *, direct: bool) -> Outcome:
    from flows.cli.bar import watching
    from flows.outcome import SourceDown

    screen.note(f"signals run {options.study}" + (" (without Prefect)" if direct else ""))
    marks = () if direct else _marks(options)
    if not direct:
        screen.note(_greeting())
    try:
        with watching() as progress:
            return _direct(options, progress) if direct else _flow(options, progress, marks)
    except SourceDown as down:  # what could be done is shown before the error is
        return down.outcome


def _direct(options: RunOptions, progress: Progress) -> Outcome:
    from flows.direct import run_direct

    return run_direct(options, progress)


def _marks(options: RunOptions) -> tuple[str, ...]:
    """The tags of the flow run: study and source. Reads the study, so that a mistyped key is told
    at once and not after Prefect's start."""
    from flows import steps
    from signals.prices import source_name

    spec, _ = steps.read(options)
    return spec.id, source_name(spec, options.prices)


def _greeting() -> str:
    """What happens next, said before Prefect is even imported."""
    from flows.settings import api_url, shown

    url = api_url()
    if url:
        return f"connecting to Prefect at {shown(url)} …"
    return "starting Prefect's own server: 10–20 s the first time (--direct does without) …"


def _flow(options: RunOptions, progress: Progress, marks: tuple[str, ...]) -> Outcome:
    begun = time.perf_counter()
    from flows import settings
    from flows.connection import require_api, told_in_words

    settings.apply(quiet=True)
    logging.raiseExceptions = False  # else a log line that finds no server is an error on stderr
    require_api(settings.api_url())
    from prefect import tags

    from flows.progress import begin, watcher
    from flows.study_flow import study_flow

    def call() -> Outcome:
        begin.set(begun)
        watcher.set(progress)
        with tags("study", *marks):
            return started()

    def started() -> Outcome:
        return study_flow(
            study=os.fspath(options.study),
            out=None if options.out is None else os.fspath(options.out),
            prices=options.prices,
            as_of=date.fromisoformat(options.as_of) if options.as_of else None,
            tables=list(options.tables),
            max_age=options.max_age,
            skip_bad_rows=options.skip_bad_rows,
            refresh=options.refresh,
            page=options.page,
            runner=options.runner,
        )

    with told_in_words():
        return contextvars.copy_context().run(call)


def _print_json(outcome: Outcome) -> None:
    from dataclasses import fields

    from flows.findings import findings

    rows: list[dict[str, Any]] = [
        {f.name: getattr(row, f.name) for f in fields(row)} for row in findings(outcome.result)
    ]
    screen.as_json(
        {
            "study": outcome.result.spec.id,
            "out": str(outcome.out),
            "files": [str(p) for p in outcome.files],
            "counts": outcome.result.manifest.get("counts", {}),
            "primary_window": list(outcome.result.spec.primary),
            "findings": rows,
            "excluded": outcome.result.excluded.to_dict("records"),
            "down": [f.ticker for f in outcome.down],
            "unchanged": outcome.unchanged,
            "run": outcome.run,
        }
    )
