"""``signals prices``: fill, renew or verify the cache of a study's prices."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.cli import screen
from flows.cli.run import AsJson, MaxAge, PricesOption, StudyFile


def prices(
    study: StudyFile,
    source: PricesOption = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Ask the source again for every series.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Only compare what is stored with its digests.")
    ] = False,
    max_age: MaxAge = None,
    as_json: AsJson = False,
) -> None:
    """Fill the price cache of a study, or verify it, and show what each series holds."""
    if verify:
        _verify(as_json=as_json)
        return
    from flows import steps
    from flows.cli.bar import watching
    from flows.direct import DirectRunner
    from flows.options import RunOptions, parse_max_age
    from flows.outcome import no_answer
    from flows.series import series_rows

    options = RunOptions(
        study=Path(study), prices=source, refresh=refresh, max_age=parse_max_age(max_age)
    )
    spec, catalogue = steps.read(options)
    now = datetime.now(UTC)
    plan = steps.match(spec, catalogue, options, None, now)
    runner = DirectRunner()
    opened = steps.open_prices(spec, options, now, runner.turn)
    requests = plan.requests
    with watching() as progress:
        progress.stage("prices", len(requests))
        book = runner.fetch(opened, requests, progress)
    rows = series_rows(book)
    if as_json:
        screen.as_json({"source": book.source, "series": rows})
    else:
        _print(rows)
    down = [f for f in book.failures.values() if f.code == "source_down"]
    if down:
        raise no_answer(book.source, down, len(rows))


def _print(rows: list[dict[str, Any]]) -> None:
    columns = ["ticker", "status", "first", "last", "sessions", "source", "remarks"]
    screen.table(columns, [[str(row[c]) for c in columns] for row in rows], right=["sessions"])


def _verify(*, as_json: bool) -> None:
    """Compare every stored series with its digest; exit 1 where one is not what was written."""
    from flows.options import cache_dir
    from signals.prices import verify

    found = verify(cache_dir())
    columns = ["file", "status", "ticker", "first", "last", "rows", "fetched_at", "detail"]
    rows = [
        [str(f.path), f.status, f.ticker, f.first[:10], f.last[:10], str(f.rows), f.fetched_at,
         f.detail]
        for f in found
    ]  # fmt: skip
    if as_json:
        screen.as_json([dict(zip(columns, row, strict=True)) for row in rows])
    elif rows:
        screen.table(columns, rows, right=["rows"])
    bad = [f for f in found if f.status not in ("ok", "leftover")]
    screen.note(f"{len(found)} series in {cache_dir() / 'prices'}, {len(bad)} damaged")
    if bad:
        screen.note("a damaged series is fetched again by the next run that needs it")
        raise typer.Exit(1)
