"""``signals serve``: studies that run by themselves, watched in Prefect's UI."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli import screen
from flows.cli.run import PricesOption

if TYPE_CHECKING:
    from flows.deploy import Served


def serve(
    studies: Annotated[
        list[Path], typer.Argument(metavar="STUDY.toml…", help="One or more study files.")
    ],
    cron: Annotated[
        str | None,
        typer.Option("--cron", metavar="CRON", help="When: 30 18 * * 1-5; else [schedule]."),
    ] = None,
    timezone: Annotated[
        str | None,
        typer.Option("--timezone", metavar="ZONE", help="On whose clock: America/New_York."),
    ] = None,
    out: Annotated[
        Path,
        typer.Option("--out", metavar="DIR", help="Folder of reports, one folder a study in it."),
    ] = Path("reports"),
    prices: PricesOption = None,
    feeds: Annotated[
        list[str] | None,
        typer.Option(
            "--feeds", metavar="URL", help="A feed to collect news from; may be repeated."
        ),
    ] = None,
    port: Annotated[
        int,
        typer.Option("--port", min=1, max=65535, help="Of our own server, where you have none."),
    ] = 4200,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=64, help="How many runs at the same time.")
    ] = 2,
) -> None:
    """Run studies on a schedule until interrupted; watch and start runs in Prefect's UI."""
    from flows import settings
    from flows.connection import require_api
    from flows.options import CACHE_VARIABLE, cache_dir
    from flows.server import own_server

    settings.apply()
    served = _served(studies, cron, timezone, out, prices, tuple(feeds or ()))
    os.environ[CACHE_VARIABLE] = str(cache_dir().resolve())
    url = settings.api_url()
    if url is not None:
        require_api(url)
        _serve(served, url, limit)
        return
    screen.note(f"starting Prefect's own server on port {port}: up to 30 s the first time …")
    with own_server(port) as own:
        os.environ["PREFECT_API_URL"] = own
        _serve(served, own, limit)


def _served(
    studies: Sequence[Path],
    cron: str | None,
    timezone: str | None,
    out: Path,
    prices: str | None,
    feeds: tuple[str, ...],
) -> list[Served]:
    """Every study, read and checked before anything starts."""
    from flows import steps
    from flows.options import RunOptions
    from flows.schedule import timetable
    from signals.errors import SpecError
    from signals.prices import source_name

    plans = []
    for file in studies:
        spec, _ = steps.read(RunOptions(study=file))
        source_name(spec, prices)
        plans.append((spec, timetable(spec, cron=cron, timezone=timezone)))
    ids = [spec.id for spec, _ in plans]
    for name in ids:
        if ids.count(name) > 1:
            raise SpecError("two studies have the same id", key="study.id", value=name)
    from flows.deploy import Served

    return [Served(spec, when, out / spec.id, prices, feeds) for spec, when in plans]


def _serve(served: Sequence[Served], url: str, limit: int) -> None:
    from flows.connection import told_in_words
    from flows.deploy import serve_studies
    from flows.settings import shown

    for one in served:
        when = one.timetable
        told = f"{when.cron} ({when.timezone})" if when else "no schedule: start it in the UI"
        screen.out(f"{one.spec.id}: {told}; reports in {one.out}")
    screen.out(f"watch it at {shown(url).removesuffix('/api')}; end with Ctrl-C")
    with told_in_words():
        serve_studies(served, url, limit=limit)
