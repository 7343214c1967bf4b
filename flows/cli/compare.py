"""``signals compare``: two runs or studies side by side."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli import screen
from flows.cli.run import AsJson

if TYPE_CHECKING:
    from signals.reports.compare import Report

MOST_ROWS = 30


def compare(
    left: Annotated[str, typer.Argument(metavar="RUN", help="A run's id, or a reports folder.")],
    right: Annotated[str, typer.Argument(metavar="RUN", help="Another one.")],
    page: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Also write it as a page.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put two runs or studies side by side: settings, CARs over the left one's primary window."""
    from signals.reports.compare import car_differences, moved, setting_differences

    a, b = _side(left), _side(right)
    settings = setting_differences(a, b)
    every = car_differences(a, b, a.primary)
    rows = moved(every)
    if page is not None:
        _write_page(page, a, b)
    if as_json:
        screen.as_json(
            {
                "left": a.name, "right": b.name, "window": list(a.primary),
                "settings": [dict(zip(("key", "left", "right"), s, strict=True)) for s in settings],
                "pairs": len(every), "car": rows.to_dict("records"),
            }
        )  # fmt: skip
        return
    _print(a, b, settings, rows.to_dict("records"), len(every))


def _side(name: str) -> Report:
    """A reports folder, or a kept run by its id."""
    from flows.memory import studies_folder
    from signals.reports.compare import Report, read_report
    from signals.reports.history import find

    if (Path(name) / "manifest.json").is_file() and not (Path(name) / "car.parquet").is_file():
        return read_report(Path(name))
    run = find(studies_folder(), name)
    return Report(f"{run.study} {run.run_id}", run.tables(), run.manifest)


def _print(
    a: Report,
    b: Report,
    settings: list[tuple[str, str, str]],
    rows: Sequence[Mapping[Hashable, Any]],
    pairs: int,
) -> None:
    from flows.findings import percent, probability, window_text

    screen.out(f"left:  {a.name}\nright: {b.name}\n")
    if settings:
        screen.table(["setting", "left", "right"], [list(s) for s in settings])
        screen.out("")
    car = f"CAR {window_text(*a.primary)}"
    columns = ["event", "asset", f"{car} left", "right", "difference", "p left", "p right"]
    cells = [
        [
            str(r["event_id"]), str(r["ticker"]), percent(_number(r["car_a"])),
            percent(_number(r["car_b"])), percent(_number(r["difference"])),
            probability(_number(r["p_a"])), probability(_number(r["p_b"])),
        ]
        for r in rows[:MOST_ROWS]
    ]  # fmt: skip
    if cells:
        screen.table(columns, cells, right=columns[2:])
    screen.out(f"{len(rows)} of {pairs} pairs differ")


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")


def _write_page(page: Path, a: Report, b: Report) -> None:
    from signals.reports.compare import compare_html
    from signals.reports.write import replace_file

    page.parent.mkdir(parents=True, exist_ok=True)
    replace_file(page, compare_html(a, b).encode())
    screen.note(f"written: {page}")
