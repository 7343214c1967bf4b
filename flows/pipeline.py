"""A run from start to end, on one screen: read → match → prices → estimate → write.

*How* a step is called (plainly, or as a Prefect task) is the runner's business, so the flow and
``--direct`` cannot drift apart.
"""

from __future__ import annotations

import platform
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from flows import steps
from flows.lock import folder_lock
from flows.options import RunOptions, parse_as_of
from flows.progress import Progress
from signals.errors import DataError, TransientError
from signals.prices import PriceBook, PriceFailure, PriceRequest, PriceSource

if TYPE_CHECKING:
    from signals.reports.result import StudyResult

T = TypeVar("T")


class Runner(Protocol):
    """Calls the steps of a run."""

    name: str

    def turn(self, symbol: str) -> None:
        """Wait until a request for ``symbol`` may go out."""

    def step(self, name: str, function: Callable[..., T], *args: Any) -> T:
        """``function(*args)``, shown as the stage ``name``."""

    def ask(self, name: str, function: Callable[..., T], *args: Any) -> T:
        """A step that asks a source, and asks again when that is down."""

    def fetch(
        self, source: PriceSource, requests: Sequence[PriceRequest], progress: Progress
    ) -> PriceBook:
        """Every request's series or its cause; a source that is down is asked again first."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A finished run: what was found, where it was written, how long each stage took (s)."""

    result: StudyResult
    out: Path
    files: tuple[Path, ...]
    run: Mapping[str, Any]
    down: tuple[PriceFailure, ...] = ()

    @property
    def seconds(self) -> Mapping[str, float]:
        timings: Mapping[str, float] = self.run["timings"]
        return timings

    def raise_if_down(self) -> None:
        """End in :class:`SourceDown` where series are missing; the files are written by then."""
        if self.down:
            asked = len(self.down) + len(self.result.prices.histories)
            raise SourceDown(_cause(self.result.prices.source, self.down, asked), self)


class SourceDown(TransientError):
    """Some series could not be had; what could be studied without them is in ``outcome``."""

    def __init__(self, cause: TransientError, outcome: Outcome) -> None:
        super().__init__(cause.source, cause.detail)
        self.outcome = outcome


@dataclass(slots=True, eq=False)
class Stopwatch:
    """Wall seconds by stage."""

    laps: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def lap(self, name: str) -> Iterator[None]:
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.laps[f"{name}_s"] = round(time.perf_counter() - begin, 3)

    def total(self) -> float:
        return round(sum(self.laps.values()), 3)


def conduct(
    options: RunOptions,
    runner: Runner,
    progress: Progress,
    *,
    now: datetime | None = None,
    before: Mapping[str, float] | None = None,
    identity: Mapping[str, Any] | None = None,
) -> Outcome:
    """One run of one study.

    Parameters
    ----------
    before : seconds already spent, by name (imports, Prefect's start), kept in the manifest.
    identity : further keys of the manifest's ``run`` object (the flow run's name and id).

    Raises
    ------
    SpecError, DataError
        the user's input is wrong (exit 2).
    TransientError
        no series at all could be had because the source is down (exit 3). Where only some
        could not, the study of the others is written and ``Outcome.down`` names them.
    """
    now = now or datetime.now(UTC)
    as_of = parse_as_of(options.as_of)
    watch = Stopwatch()
    run: dict[str, Any] = {
        "id": f"{now:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}",
        "started_at": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "host": platform.node(),
        "runner": runner.name,
        **(identity or {}),
    }
    progress.stage("read")
    with watch.lap("read"):
        spec, catalogue = runner.step("read", steps.read, options)
    out = options.folder(spec.id)
    with folder_lock(out, progress.note):
        progress.stage("match")
        with watch.lap("match"):
            plan = runner.step("match", steps.match, spec, catalogue, as_of, now)
        source = steps.open_prices(spec, options, now, runner.turn)
        requests = steps.wanted(plan, options)
        progress.stage("prices", len(requests))
        with watch.lap("prices"):
            book = runner.fetch(source, requests, progress)
        down = _down(book)
        table = None
        if requests and steps.needs_factors(spec):
            with watch.lap("factors"):
                table = runner.ask("factors", steps.factors, spec, requests, options, now)
        progress.stage("estimate")
        with watch.lap("estimate"):
            result = _estimate(runner, book, down, (spec, catalogue, book, table, as_of, now))
        progress.stage("write")
        run["timings"] = {**(before or {}), **watch.laps, "study_s": watch.total()}
        with watch.lap("write"):
            files = runner.step("write", steps.write, result, out, options.tables, run)
    run["timings"] = {**run["timings"], **watch.laps, "study_s": watch.total()}
    return Outcome(result, out, tuple(files), run, down)


def _estimate(
    runner: Runner, book: PriceBook, down: tuple[PriceFailure, ...], args: tuple[Any, ...]
) -> StudyResult:
    if down and not book.histories:
        raise _cause(book.source, down, len(down))
    try:
        return runner.step("estimate", steps.estimate, *args)
    except DataError:
        if down:  # nothing is left to study, because the source did not answer
            raise _cause(book.source, down, len(down) + len(book.histories)) from None
        raise


def _down(book: PriceBook) -> tuple[PriceFailure, ...]:
    return tuple(f for _, f in sorted(book.failures.items()) if f.code == "source_down")


def _cause(source: str, down: Sequence[PriceFailure], asked: int) -> TransientError:
    named = ", ".join(f.ticker for f in down[:8]) + (" …" if len(down) > 8 else "")
    return TransientError(
        source, f"no answer for {len(down)} of {asked} series ({named}): {down[0].detail}"
    )
