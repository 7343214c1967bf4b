"""``signals calibrate``: the same study on placebo dates, to see how far its tests hold."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli import screen
from flows.cli.run import AsJson, AsOf, MaxAge, PricesOption, SkipBadRows, StudyFile

if TYPE_CHECKING:
    from signals.reports.result import StudyResult

MOST_DRAWS = 1_000_000
PLAIN_DRAWS = 200  # of statistics that are run one placebo study at a time


def calibrate(
    study: StudyFile,
    draws: Annotated[
        int, typer.Option("--draws", min=1, max=MOST_DRAWS, help="Placebo studies to draw.")
    ] = 2000,
    effect: Annotated[
        float | None,
        typer.Option("--effect", metavar="X", help="Inject 0.02 (2 %) and show the power."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Default reports/<id>/calibration."),
    ] = None,
    prices: PricesOption = None,
    as_of: AsOf = None,
    max_age: MaxAge = None,
    skip_bad_rows: SkipBadRows = False,
    as_json: AsJson = False,
) -> None:
    """Repeat a study on placebo dates: the actual size of every statistic, and the smallest effect
    that this study could have seen."""
    from flows.options import RunOptions, parse_as_of, parse_max_age
    from signals.reports.prose.power import power_sentences
    from signals.reports.publish import write_power
    from signals.reports.write import csv_bytes, replace_file

    options = RunOptions(
        study=study, prices=prices, as_of=parse_as_of(as_of), skip_bad_rows=skip_bad_rows,
        max_age=parse_max_age(max_age),
    )  # fmt: skip
    result = _calibrated(options, draws, _checked(effect))
    folder = out if out is not None else options.folder(result.spec.id) / "calibration"
    folder.mkdir(parents=True, exist_ok=True)
    path = replace_file(folder / "calibration.csv", csv_bytes(result.table("calibration")))
    power = write_power(result, folder)
    sentences = power_sentences(result)
    if as_json:
        screen.as_json(
            {
                "study": result.spec.id,
                "file": str(path),
                "power": {"files": [str(p) for p in power], "sentences": sentences},
                "calibration": dict(result.manifest["calibration"]),
                "rows": _rows(result),
            }
        )
        return
    _print(result)
    for line in sentences:
        screen.out(line)
    screen.out(f"report: {path}")
    for file in power:
        screen.out(f"power: {file}")


def _checked(effect: float | None) -> float | None:
    from signals.errors import SpecError

    if effect is not None and not -1 < effect < 1:
        raise SpecError(
            "is not an effect", key="--effect", value=effect, allowed="a decimal, 0.02 for 2 %"
        )
    return effect


def _calibrated(options: Any, draws: int, effect: float | None) -> StudyResult:
    from flows import steps
    from flows.cli.bar import watching
    from flows.direct import DirectRunner
    from signals.calibration import PlaceboOptions
    from signals.study import run_study

    now = datetime.now(UTC)
    spec, catalogue = steps.read(options)
    spec = spec.model_copy(
        update={"calibration": spec.calibration.model_copy(update={"draws": draws})}
    )
    plan = steps.match(spec, catalogue, options, options.as_of, now)
    runner = DirectRunner()
    source = steps.open_prices(spec, options, now, runner.turn)
    requests = plan.requests
    with watching() as progress:
        progress.stage("prices", len(requests))
        book = runner.fetch(source, requests, progress)
        factors = None
        if steps.needs_factors(spec):
            factors = runner.ask("factors", steps.factors, spec, requests, options, now)
        progress.stage("placebo studies")
        return run_study(
            spec, catalogue, book, factors=factors, as_of=options.as_of, now=now,
            placebo=PlaceboOptions(effect=effect, plain_draws=PLAIN_DRAWS, demanded=True),
        )  # fmt: skip


def _rows(result: StudyResult) -> list[dict[str, Any]]:
    frame = result.table("calibration").astype(object)
    records = frame.where(frame.notna(), None).to_dict("records")
    return [{str(key): value for key, value in record.items()} for record in records]


def _print(result: StudyResult) -> None:
    facts = result.manifest["calibration"]
    if facts["possible_draws"] < facts["draws"]:
        screen.note(
            f"{facts['draws']} draws asked for, {facts['possible_draws']} are possible: so many "
            "offsets lie outside all known event windows"
        )
    columns = ["statistic", "window", "draws", "rejected", "99 %", "verdict", "smallest effect"]
    with_power = result.table("calibration").get("power") is not None
    rows = []
    for row in _rows(result):
        line = [
            str(row["statistic_name"]),
            f"[{row['first']}, {row['last']}]",
            str(row["effective_draws"]),
            _percent(row["rejection_rate"]),
            f"{_percent(row['ci_low'])}–{_percent(row['ci_high'])}",
            str(row["verdict"]),
            _percent(row.get("min_detectable")),
        ]
        rows.append([*line, _percent(row.get("power"))] if with_power else line)
    if with_power:
        columns.append("power")
    screen.table(
        columns, rows, title=f"rejections at {result.spec.alpha:.0%} on placebo dates",
        right=["draws", "rejected", "99 %", "smallest effect", "power"],
    )  # fmt: skip


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"
