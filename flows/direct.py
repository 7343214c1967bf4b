"""A run without Prefect: for notebooks, clusters and impatient people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, Final, TypeVar

from flows import policy, steps
from flows.options import RunOptions
from flows.outcome import Outcome
from flows.pipeline import conduct
from flows.progress import Progress, Unwatched
from signals.errors import TransientError
from signals.prices import PriceBook, PriceFailure, PriceHistory, PriceRequest, PriceSource

T = TypeVar("T")

WORKERS: Final = 4  # more connections than that and Yahoo slows everybody down


class DirectRunner:
    """Calls every step plainly; series are fetched by a few threads."""

    name = "direct"

    def __init__(self) -> None:
        self.pace = policy.Pace()

    def turn(self, symbol: str) -> None:
        self.pace(symbol)

    def step(self, name: str, function: Callable[..., T], *args: Any) -> T:
        return function(*args)

    def ask(self, name: str, function: Callable[..., T], *args: Any) -> T:
        return policy.retrying(lambda: function(*args))

    def tell(self, done: int, total: int) -> None:
        return None

    def fetch(
        self, source: PriceSource, requests: Sequence[PriceRequest], progress: Progress
    ) -> PriceBook:
        def answer(request: PriceRequest) -> PriceHistory | PriceFailure:
            try:
                return policy.retrying(lambda: steps.fetch(source, request))
            except TransientError as cause:
                return steps.source_down(request, cause)

        answers: list[PriceHistory | PriceFailure] = []
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="prices") as pool:
            for request, found in zip(requests, pool.map(answer, requests), strict=True):
                answers.append(found)
                progress.advance(request.ticker)
        return steps.collect(source, answers)


def run_direct(
    options: RunOptions,
    progress: Progress | None = None,
    *,
    now: datetime | None = None,
    before: Mapping[str, float] | None = None,
) -> Outcome:
    """Run a study through the library alone (see :func:`flows.pipeline.conduct`)."""
    return conduct(options, DirectRunner(), progress or Unwatched(), now=now, before=before)
