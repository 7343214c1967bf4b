"""The study as a Prefect flow: tasks named by stage and ticker, retries, limits, artifacts."""

from __future__ import annotations

import flows.prefect_defaults  # noqa: F401  (before Prefect)

# isort: split
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from prefect import Task, flow, runtime, tags
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.tasks import exponential_backoff
from prefect.utilities.annotations import quote

from flows import artifacts, emitted, limits, policy, steps
from flows.options import RunnerName, RunOptions, TableFormat, parse_max_age, parse_tables
from flows.outcome import Outcome
from flows.pipeline import conduct
from flows.progress import Progress, begin, watcher
from signals.errors import TransientError
from signals.prices import PriceBook, PriceFailure, PriceHistory, PriceRequest, PriceSource

T = TypeVar("T")

WORKERS: Final = 4
MOST_TASKS: Final = 150  # a task costs 8–25 ms and five database writes: larger studies use chunks

THREADS: Any = ThreadPoolTaskRunner(max_workers=WORKERS)

# What passes between steps stays in memory; what is worth keeping, the library keeps as parquet.
PLAIN: Final[Mapping[str, Any]] = {"cache_policy": NO_CACHE, "persist_result": False}

Answers = list[PriceHistory | PriceFailure]


def transient(task: Task[..., Any], run: Any, state: State[Any]) -> bool:
    """Whether a failed task is worth a retry: only when the source may answer next time."""
    return isinstance(state.result(raise_on_failure=False), TransientError)


def retries() -> dict[str, Any]:
    """The retry policy as Prefect's tasks want it."""
    return {
        "retries": policy.RETRIES,
        "retry_delay_seconds": exponential_backoff(policy.first_delay()),
        "retry_jitter_factor": policy.JITTER,
        "retry_condition_fn": transient,
    }


def fetch_chunk(label: str, source: PriceSource, requests: Sequence[PriceRequest]) -> Answers:
    """The series of one ticker (or, in a large study, of a chunk of them)."""
    if len(requests) == 1:
        return [steps.fetch(source, requests[0])]
    return [_patient(source, request) for request in requests]


def _patient(source: PriceSource, request: PriceRequest) -> PriceHistory | PriceFailure:
    try:
        return policy.retrying(lambda: steps.fetch(source, request))
    except TransientError as cause:
        return steps.source_down(request, cause)


class PrefectRunner:
    """Calls every step as a Prefect task; series are fetched by threads, one task a ticker."""

    name = "prefect"

    def __init__(self) -> None:
        self.pace = policy.Pace()
        self.gauge: artifacts.ProgressArtifact | None = None

    def turn(self, symbol: str) -> None:
        self.pace(symbol)
        limits.take_turn()

    def step(self, name: str, function: Callable[..., T], *args: Any) -> T:
        stage: Task[..., T] = Task(function, name=name, task_run_name=name, **PLAIN)
        # quote: Prefect would otherwise walk through every array to look for futures.
        return stage(*[quote(a) for a in args])

    def ask(self, name: str, function: Callable[..., T], *args: Any) -> T:
        stage: Task[..., T] = Task(function, name=name, task_run_name=name, **PLAIN, **retries())
        return stage(*[quote(a) for a in args])

    def tell(self, done: int, total: int) -> None:
        if self.gauge is None:
            self.gauge = artifacts.ProgressArtifact("estimate", total)
        self.gauge.advance(done - self.gauge.done)

    def fetch(
        self, source: PriceSource, requests: Sequence[PriceRequest], progress: Progress
    ) -> PriceBook:
        task = Task(
            fetch_chunk,
            name="prices",
            task_run_name="prices-{label}",
            tags=[source.name],
            **PLAIN,
            **retries(),
        )
        if source.name == "yahoo":
            limits.ensure()
        chunks = _chunks(requests)
        bar = artifacts.ProgressArtifact("prices", len(requests))
        futures = [task.submit(*_arguments(source, c)) for c in chunks]
        answers: Answers = []
        for chunk, future in zip(chunks, futures, strict=True):
            answers.extend(_collected(future, chunk))
            for request in chunk:
                progress.advance(request.ticker)
            bar.advance(len(chunk))
        return steps.collect(source, answers)


def _collected(future: PrefectFuture[Answers], chunk: Sequence[PriceRequest]) -> Answers:
    """The answers of one task; a source that stayed down is an answer too."""
    future.wait()
    found = future.state.result(raise_on_failure=False)
    if isinstance(found, TransientError):
        return [steps.source_down(request, found) for request in chunk]
    if isinstance(found, BaseException):
        raise found
    return list(found)


def _chunks(requests: Sequence[PriceRequest]) -> list[Sequence[PriceRequest]]:
    size = -(-len(requests) // MOST_TASKS) or 1
    return [requests[i : i + size] for i in range(0, len(requests), size)]


def _arguments(source: PriceSource, chunk: Sequence[PriceRequest]) -> tuple[Any, Any, Any]:
    # quote: as in PrefectRunner.step
    return _label(chunk), quote(source), quote(chunk)


def _label(chunk: Sequence[PriceRequest]) -> str:
    return chunk[0].ticker + (f"+{len(chunk) - 1}" if len(chunk) > 1 else "")


def run_name() -> str:
    """``meta_ai 2025-10-31``: the study file's name and the day."""
    given = runtime.flow_run.parameters
    day = given.get("as_of") or f"{datetime.now(UTC):%Y-%m-%d}"
    return f"{Path(str(given['study'])).stem} {day}"


@flow(
    name="study",
    flow_run_name=run_name,
    task_runner=THREADS,
    timeout_seconds=policy.run_timeout(),
    persist_result=False,
    validate_parameters=True,
)
def study_flow(
    study: str,
    out: str | None = None,
    prices: str | None = None,
    as_of: date | None = None,
    tables: list[TableFormat] | None = None,
    max_age: float | None = None,
    skip_bad_rows: bool = False,
    refresh: bool = False,
    page: bool = True,
    runner: RunnerName = "threads",
) -> Outcome:
    """Run one study: prices → match → estimate → test → reports.

    Args:
        study: path of the study file (TOML)
        out: folder of the reports; empty: reports/<study id>
        prices: another price source, SOURCE or SOURCE:PATH
        as_of: what the study would have said at the end of that day
        tables: formats of the tables beside CSV
        max_age: days that a cached series may be old when its source is down
        skip_bad_rows: use the good rows of a catalogue that has bad ones
        refresh: ask the source again for everything
        page: make report.html and the figures
        runner: where pairs are estimated; dask needs [runner] address in the study file
    """
    begun = begin.get()
    before = {} if begun is None else {"prefect_start_s": round(time.perf_counter() - begun, 3)}
    options = RunOptions(
        study=Path(study),
        out=Path(out) if out else None,
        prices=prices or None,
        as_of=as_of.isoformat() if as_of else None,
        skip_bad_rows=skip_bad_rows,
        max_age=parse_max_age(max_age),
        tables=parse_tables(",".join(tables or [])),
        refresh=refresh,
        page=page,
        runner=runner,
    )
    identity = {"flow_run": runtime.flow_run.name, "flow_run_id": str(runtime.flow_run.id)}
    with tags("study", Path(study).stem):  # of the tasks; the run's own come from who starts it
        outcome = conduct(options, PrefectRunner(), watcher.get(), before=before, identity=identity)
        artifacts.publish(outcome)
        emitted.emit(outcome)
    outcome.raise_if_down()
    return outcome
