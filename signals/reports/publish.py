"""Everything that a run leaves in its folder: tables, manifest, page and figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from signals.errors import DataError
from signals.reports.exports import export
from signals.reports.result import StudyResult
from signals.reports.write import replace_file, write

if TYPE_CHECKING:
    from signals.reports.compare import Report

MOST_PAGE_PAIRS: Final = 20_000

# Figures of an earlier run that this one does not make would stand beside results that are not
# theirs: they are removed. Other files of the folder are left alone.
OWN_FIGURES: Final = ("timeline", "forest", "caar", "power", "car_path_*")


def publish(
    result: StudyResult,
    out: Path,
    *,
    html: bool = True,
    figures: bool = True,
    tables: Sequence[str] = (),
    run: Mapping[str, Any] | None = None,
    command: str | None = None,
    previous: StudyResult | Report | Path | None = None,
) -> list[Path]:
    """CSV tables and manifest first, then further formats, ``report.html`` and ``figures/``.

    Parameters
    ----------
    tables : any of ``csv``, ``parquet``, ``xlsx``, ``tex``, ``md``. CSV is always written, but
        for tables of more than a million rows: those are parquet unless ``csv`` is named.
    run : the ``run`` object of the manifest (timings, run id, host).
    command : the command line that makes this report again; shown on the page.
    previous : an earlier run, to say on the page what moved since. A folder that is about to be
        overwritten must be given as what ``compare.read_report`` read from it before.

    A study of more than 20,000 pairs gets tables only. Returns the paths written. Raises
    :class:`DataError` when the folder cannot be written, :class:`SpecError` for an unknown table
    format. Checked by tests/reports/test_publish.py.
    """
    if len(result.events) > MOST_PAGE_PAIRS:
        # Nobody reads a page of so many events, and no browser shows it: the tables hold them.
        html = figures = False
        (out / "report.html").unlink(missing_ok=True)
    extra = [name for name in tables if name != "csv"]
    paths = write(result, out, tables=tables, run=run)
    paths += export(result, out, extra)
    try:
        if html:
            from signals.reports.html import render

            page = render(result, command=command, previous=previous)
            paths.append(replace_file(out / "report.html", page.encode()))
        if figures:
            paths += write_figures(result, out / "figures")
    except OSError as error:
        raise DataError(
            f"reports cannot be written: {error.strerror or error}", file=out
        ) from error
    return paths


def write_power(result: StudyResult, folder: Path) -> list[Path]:
    """``power.csv``, ``power.png`` (2×) and ``power.svg``: what ``signals calibrate`` leaves beside
    ``calibration.csv``. Without a power curve none, and older ones are removed."""
    from signals.reports.figures.power_lines import power_lines, power_table
    from signals.reports.figures.style import encoded
    from signals.reports.write import csv_bytes

    lines = power_lines(result)
    wanted: dict[str, Callable[[], bytes]] = {}
    if lines:
        wanted["csv"] = lambda: bytes(csv_bytes(power_table(result)))
    if any(line.shown for line in lines):
        figure = result.plot.power()
        wanted |= {"png": lambda: encoded(figure, "png"), "svg": lambda: encoded(figure, "svg")}
    for kind in {"csv", "png", "svg"} - set(wanted):
        (folder / f"power.{kind}").unlink(missing_ok=True)
    return [replace_file(folder / f"power.{kind}", made()) for kind, made in wanted.items()]


def write_figures(result: StudyResult, folder: Path) -> list[Path]:
    """``NAME.png`` (2×) and ``NAME.svg`` of every default figure; stale ones are removed."""
    from signals.reports.figures import default_figures
    from signals.reports.figures.style import pixels, png, svg

    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    with ThreadPoolExecutor(1) as beside:
        waiting = []
        for name, figure in default_figures(result):
            path = folder / f"{name}.png"
            waiting.append((path, beside.submit(png, pixels(figure))))
            paths.append(replace_file(folder / f"{name}.svg", svg(figure)))
        paths += [replace_file(path, image.result()) for path, image in waiting]
    kept = set(paths)
    for pattern in OWN_FIGURES:
        for kind in ("png", "svg"):
            for old in folder.glob(f"{pattern}.{kind}"):
                if old not in kept:
                    old.unlink()
    return paths
