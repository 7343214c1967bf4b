"""A run from start to end, on one screen: read → match → prices → estimate → write.

*How* a step is called (plainly, or as a Prefect task) is the runner's business, so the flow and
``--direct`` cannot drift apart.
"""

from __future__ import annotations

import platform
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from flows import steps
from flows.lock import folder_lock
from flows.options import RunOptions, parse_as_of
from flows.outcome import Outcome, Stopwatch, no_answer
from flows.progress import Progress
from signals.errors import DataError
from signals.prices import PriceBook, PriceFailure, PriceRequest, PriceSource, Revision

if TYPE_CHECKING:
    from signals.estimate import Estimator
    from signals.events import Catalogue
    from signals.reports.fingerprint import Fingerprint
    from signals.reports.result import StudyResult
    from signals.returns.factors import FactorTable
    from signals.spec import StudySpec

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

    def tell(self, done: int, total: int) -> None:
        """So many chunks of the estimation are done."""

    def fetch(
        self, source: PriceSource, requests: Sequence[PriceRequest], progress: Progress
    ) -> PriceBook:
        """Every request's series or its cause; a source that is down is asked again first."""


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """Everything that the study is computed from, and its digests."""

    spec: StudySpec
    catalogue: Catalogue
    prices: PriceBook
    factors: FactorTable | None
    mark: Fingerprint
    revisions: tuple[Revision, ...]

    @property
    def down(self) -> tuple[PriceFailure, ...]:
        failures = sorted(self.prices.failures.items())
        return tuple(f for _, f in failures if f.code == "source_down")


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
    elsewhere = _elsewhere(options, spec, runner)
    with folder_lock(out, progress.note):
        inputs = _inputs(options, runner, progress, watch, spec, catalogue, as_of, now)
        stored = steps.recall(spec, inputs.mark, out, options)
        if stored is not None:
            run["timings"] = {**(before or {}), **watch.laps, "study_s": watch.total()}
            result, files = steps.restore(stored, spec, inputs.prices, out)
            return Outcome(result, out, files, run, inputs.down, inputs.revisions, unchanged=True)
        progress.stage("estimate")
        with watch.lap("estimate"):
            result = _estimate(runner, inputs, as_of, now, elsewhere)
            result, earlier = steps.compare(result, inputs.mark)
            result = steps.with_expected_moves(result, inputs.prices.source, out, as_of, now)
        apart = result.run.get("timings", {}).get("calibration_s", 0.0)
        watch.apart("calibration", apart, of="estimate")
        progress.stage("write")
        run["fingerprint"] = inputs.mark.digest
        run["tables"] = list(options.tables)
        run["page"] = options.page
        run["price_notes"] = steps.price_notes(inputs.prices)
        run["timings"] = {**(before or {}), **watch.laps, "study_s": watch.total()}
        with watch.lap("write"):
            files = tuple(runner.step("write", steps.write, result, out, options, run, earlier))
            steps.remember(result, run, inputs.mark, files)
    run["timings"] = {**run["timings"], **watch.laps, "study_s": watch.total()}
    return Outcome(result, out, files, run, inputs.down, inputs.revisions)


def _elsewhere(options: RunOptions, spec: StudySpec, runner: Runner) -> Estimator | None:
    """Who estimates, where that is not this process; refused before anything is fetched."""
    if options.runner != "dask":
        return None
    from flows.dask_runner import estimator

    return estimator(spec, runner.tell)


def _inputs(
    options: RunOptions,
    runner: Runner,
    progress: Progress,
    watch: Stopwatch,
    spec: StudySpec,
    catalogue: Catalogue,
    as_of: str | None,
    now: datetime,
) -> Inputs:
    """Match events to sessions and fetch what the study needs."""
    progress.stage("match")
    with watch.lap("match"):
        plan = runner.step("match", steps.match, spec, catalogue, options, as_of, now)
    source = steps.open_prices(spec, options, now, runner.turn)
    requests = plan.requests
    progress.stage("prices", len(requests))
    with watch.lap("prices"):
        book = runner.fetch(source, requests, progress)
    factors = None
    if requests and steps.needs_factors(spec):
        with watch.lap("factors"):
            factors = runner.ask("factors", steps.factors, spec, requests, options, now)
    mark = steps.fingerprint(plan, catalogue, book, factors, as_of, now)
    seen: tuple[Revision, ...] = getattr(source, "revisions", ())
    return Inputs(spec, catalogue, book, factors, mark, seen)


def _estimate(
    runner: Runner,
    inputs: Inputs,
    as_of: str | None,
    now: datetime,
    elsewhere: Estimator | None,
) -> StudyResult:
    book, down = inputs.prices, inputs.down
    if down and not book.histories:
        raise no_answer(book.source, down, len(down))
    try:
        return runner.step(
            "estimate", steps.estimate, inputs.spec, inputs.catalogue, book, inputs.factors,
            as_of, now, elsewhere,
        )  # fmt: skip
    except DataError:
        if down:  # nothing is left to study, because the source did not answer
            raise no_answer(book.source, down, len(down) + len(book.histories)) from None
        raise
