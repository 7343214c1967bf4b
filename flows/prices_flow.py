"""The price refresh as a flow: fetch what is missing for a study, and say what is stale."""

from __future__ import annotations

import flows.prefect_defaults  # noqa: F401  (before Prefect)

# isort: split
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect import flow, runtime, tags
from prefect.artifacts import create_table_artifact

from flows import steps
from flows.options import RunOptions, parse_max_age
from flows.outcome import no_answer
from flows.progress import watcher
from flows.series import series_rows
from flows.study_flow import THREADS, PrefectRunner


def run_name() -> str:
    """``prices meta_ai 2025-10-31``: the study file's name and the day."""
    given = runtime.flow_run.parameters
    return f"prices {Path(str(given['study'])).stem} {datetime.now(UTC):%Y-%m-%d}"


@flow(name="prices", flow_run_name=run_name, task_runner=THREADS, persist_result=False)
def prices_flow(
    study: str,
    prices: str | None = None,
    max_age: float | None = None,
    refresh: bool = False,
) -> list[dict[str, Any]]:
    """Fetch the prices that a study lacks; what is stored already is only checked.

    Args:
        study: path of the study file (TOML)
        prices: another price source, SOURCE or SOURCE:PATH
        max_age: days that a stored series may be old when its source is down
        refresh: ask the source again for every series
    """
    options = RunOptions(
        study=Path(study), prices=prices or None, refresh=refresh, max_age=parse_max_age(max_age)
    )
    runner, now = PrefectRunner(), datetime.now(UTC)
    spec, catalogue = runner.step("read", steps.read, options)
    with tags("prices", spec.id):
        plan = runner.step("match", steps.match, spec, catalogue, options, None, now)
        source = steps.open_prices(spec, options, now, runner.turn)
        book = runner.fetch(source, plan.requests, watcher.get())
    rows = series_rows(book)
    create_table_artifact(
        rows or [{"ticker": "none is needed yet"}],
        key=f"{spec.id}-prices",
        description="Every series of the study: until when, from when, what is wrong with it",
    )
    down = [f for _, f in sorted(book.failures.items()) if f.code == "source_down"]
    if down:
        raise no_answer(book.source, down, len(rows))
    return rows
