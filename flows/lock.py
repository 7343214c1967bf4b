"""Two runs on one folder wait for each other: their files are never mixed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from signals.errors import SpecError, TransientError

PATIENCE: Final = 600.0  # seconds that a run waits for another one


@contextmanager
def folder_lock(
    out: Path, note: Callable[[str], None], *, patience: float = PATIENCE
) -> Iterator[None]:
    """Hold ``out`` for this run alone; says so when it has to wait.

    Raises :class:`TransientError` after ``patience`` seconds, :class:`SpecError` where the
    folder cannot be made. The lock stands beside the folder, so the reports hold only reports.
    """
    from filelock import FileLock, Timeout

    if out.exists() and not out.is_dir():
        raise SpecError("is a file, not a folder", key="--out", value=str(out))
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        # Prefect may run a step in another thread than the one that took the lock.
        lock = FileLock(out.parent / f".{out.name}.lock", thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            note(f"another run is writing to {out}; waiting for it")
            lock.acquire(timeout=patience)
    except Timeout:
        raise TransientError(
            str(out), f"still locked by another run after {patience:g} s"
        ) from None
    except OSError as error:
        raise SpecError(
            f"cannot be written to: {error.strerror or error}", key="--out", value=str(out)
        ) from None
    try:
        _sweep(out)
        yield
    finally:
        lock.release()


def _sweep(out: Path) -> None:
    """Remove what a killed run has left half-written: nobody else writes here while we hold the
    lock, and a half-written file has no name that anybody reads."""
    for folder in (out, out / "figures"):
        for part in folder.glob(".*.tmp"):
            part.unlink(missing_ok=True)
