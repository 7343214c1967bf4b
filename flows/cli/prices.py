"""``signals prices``: fill, renew or verify the cache of a study's prices."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli import screen
from flows.cli.run import AsJson, MaxAge, PricesOption, StudyFile

if TYPE_CHECKING:
    from signals.prices import PriceBook


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
    from signals.errors import TransientError

    options = RunOptions(
        study=Path(study), prices=source, refresh=refresh, max_age=parse_max_age(max_age)
    )
    spec, catalogue = steps.read(options)
    now = datetime.now(UTC)
    plan = steps.match(spec, catalogue, None, now)
    runner = DirectRunner()
    opened = steps.open_prices(spec, options, now, runner.turn)
    requests = steps.wanted(plan, options)
    with watching() as progress:
        progress.stage("prices", len(requests))
        book = runner.fetch(opened, requests, progress)
    rows = _rows(book)
    if as_json:
        screen.as_json({"source": book.source, "series": rows})
    else:
        _print(rows)
    down = [f for f in book.failures.values() if f.code == "source_down"]
    if down:
        raise TransientError(
            book.source,
            f"no answer for {len(down)} of {len(rows)} series ({down[0].ticker}): {down[0].detail}",
        )


def _rows(book: PriceBook) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for ticker in sorted({*book.histories, *book.failures}):
        found = book.histories.get(ticker)
        failed = book.failures.get(ticker)
        if found is None:
            rows.append(
                {"ticker": ticker, "status": failed.code if failed else "", "first": "", "last": "",
                 "sessions": 0, "source": book.source, "fetched_at": "", "digest": "",
                 "remarks": failed.detail if failed else ""}
            )  # fmt: skip
            continue
        bounds = [str(s)[:10] for s in found.sessions[[0, -1]]] if len(found.sessions) else ["", ""]
        remarks = "; ".join(f"{i.code} {i.session} ({i.count})" for i in found.issues)
        rows.append(
            {"ticker": ticker, "status": "ok", "first": bounds[0], "last": bounds[1],
             "sessions": len(found.sessions), "source": found.source,
             "fetched_at": found.fetched_at, "digest": found.digest, "remarks": remarks}
        )  # fmt: skip
    return rows


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
