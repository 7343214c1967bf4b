"""What a run tells about itself while it goes on. The terminal draws it; the flow stores it."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Protocol


class Progress(Protocol):
    """Somebody who watches a run."""

    def stage(self, name: str, total: int = 0) -> None:
        """A stage begins; ``total`` is the number of its steps where that is known."""

    def advance(self, what: str) -> None:
        """One step of the stage is done."""

    def note(self, message: str) -> None:
        """Something that a person should read now."""


class Unwatched:
    """Nobody watches."""

    def stage(self, name: str, total: int = 0) -> None:
        return None

    def advance(self, what: str) -> None:
        return None

    def note(self, message: str) -> None:
        return None


# When the command line began to start Prefect (``time.perf_counter``), to be told apart from the
# study's own time in the manifest.
begin: ContextVar[float | None] = ContextVar("begin", default=None)

# A flow's parameters are stored by Prefect, so a terminal cannot be one of them.
watcher: ContextVar[Progress] = ContextVar("watcher", default=Unwatched())  # noqa: B039
