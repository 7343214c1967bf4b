"""A run's progress, drawn on stderr: a bar on a terminal, one line a stage elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from flows.cli import screen
from flows.progress import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

STAGES: Final = {
    "read": "reading the study",
    "match": "matching events to sessions",
    "prices": "prices",
    "estimate": "estimating and testing",
    "write": "writing the reports",
}


class Lines:
    """One line a stage, for logs."""

    def stage(self, name: str, total: int = 0) -> None:
        screen.note(STAGES.get(name, name) + (f" ({total})" if total else ""))

    def advance(self, what: str) -> None:
        return None

    def note(self, message: str) -> None:
        screen.note(message)


class Bar:
    """A bar that fills as the stages and their steps are done."""

    def __init__(self, drawing: RichProgress) -> None:
        self.drawing = drawing
        self.task = drawing.add_task("", total=len(STAGES))
        self.steps = 0

    def stage(self, name: str, total: int = 0) -> None:
        done = list(STAGES).index(name) if name in STAGES else 0
        self.steps = total
        self.drawing.update(self.task, description=STAGES.get(name, name), completed=done)

    def advance(self, what: str) -> None:
        if self.steps:
            self.drawing.update(self.task, description=f"prices {what}", advance=1 / self.steps)

    def note(self, message: str) -> None:
        self.drawing.console.print(message, markup=False, highlight=False)

    def finish(self) -> None:
        """All stages are done."""
        self.drawing.update(self.task, description="done", completed=len(STAGES))


@contextmanager
def watching() -> Iterator[Progress]:
    """Draw a run while the block lasts."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress

    columns = (
        BarColumn(bar_width=28),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with RichProgress(*columns, console=Console(stderr=True), transient=True) as drawing:
        bar = Bar(drawing)
        yield bar
        bar.finish()
