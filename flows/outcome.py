"""What a run hands back."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signals.errors import TransientError
from signals.prices import PriceFailure, Revision

if TYPE_CHECKING:
    from signals.reports.result import StudyResult


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A finished run: what was found, where it was written, how long each stage took (s).

    ``unchanged``: no input has changed since the run whose reports stand in ``out``; nothing was
    computed and nothing written. ``down``: series that could not be had. ``revisions``: history
    that the source has restated.
    """

    result: StudyResult
    out: Path
    files: tuple[Path, ...]
    run: Mapping[str, Any]
    down: tuple[PriceFailure, ...] = ()
    revisions: tuple[Revision, ...] = ()
    unchanged: bool = False

    @property
    def seconds(self) -> Mapping[str, float]:
        timings: Mapping[str, float] = self.run["timings"]
        return timings

    def raise_if_down(self) -> None:
        """End in :class:`SourceDown` where series are missing; the files are written by then."""
        if self.down:
            asked = len(self.down) + len(self.result.prices.histories)
            raise SourceDown(no_answer(self.result.prices.source, self.down, asked), self)


class SourceDown(TransientError):
    """Some series could not be had; what could be studied without them is in ``outcome``."""

    def __init__(self, cause: TransientError, outcome: Outcome) -> None:
        super().__init__(cause.source, cause.detail)
        self.outcome = outcome


def no_answer(source: str, down: Sequence[PriceFailure], asked: int) -> TransientError:
    """One error for all the series of a source that did not answer."""
    named = ", ".join(f.ticker for f in down[:8]) + (" …" if len(down) > 8 else "")
    return TransientError(
        source, f"no answer for {len(down)} of {asked} series ({named}): {down[0].detail}"
    )


@dataclass(slots=True, eq=False)
class Stopwatch:
    """Wall seconds by stage; ``outside`` are stages that the total does not count."""

    laps: dict[str, float] = field(default_factory=dict)
    outside: set[str] = field(default_factory=set)

    @contextmanager
    def lap(self, name: str) -> Iterator[None]:
        """Time the block under ``name``."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.laps[f"{name}_s"] = round(time.perf_counter() - begin, 3)

    def apart(self, name: str, seconds: float, *, of: str) -> None:
        """Count ``seconds`` of the lap ``of`` as a stage of its own, outside the total."""
        self.laps[f"{of}_s"] = round(self.laps[f"{of}_s"] - seconds, 3)
        self.laps[f"{name}_s"] = seconds
        self.outside.add(f"{name}_s")

    def total(self) -> float:
        """Seconds of all laps that are not outside."""
        return round(sum(s for name, s in self.laps.items() if name not in self.outside), 3)
