"""Several tables that belong together, changed by one process at a time and all at once.

A catalogue is four files. Whoever changes it holds its lock from reading to writing, so two
collections, or a collection and a review, lose nothing of each other. The lock is the operating
system's and ends with its process. The new files are written beside the old ones, then a list of
them, then each takes its name: a process killed between two names leaves the list, and the next
one to hold the lock ends what it began. Checked by ``tests/news/test_store.py``.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pandas as pd

from signals.errors import DataError, TransientError
from signals.events.write import csv_text

LOCK_SECONDS: Final = 600.0


@contextmanager
def alone(into: Path, *, patience: float = LOCK_SECONDS) -> Iterator[None]:
    """Hold the catalogue ``into`` (``events.csv``) and the files beside it for this process.

    Raises :class:`TransientError` after ``patience`` seconds, :class:`DataError` where the folder
    cannot be written to.
    """
    from filelock import FileLock, Timeout

    try:
        into.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(into.with_name(f".{into.name}.lock"))
        lock.acquire(timeout=patience)
    except Timeout:
        detail = f"another collection or review has held it for {patience:g} s"
        raise TransientError(str(into), detail) from None
    except OSError as error:
        raise DataError(f"cannot be written: {error.strerror or error}", file=into) from None
    try:
        _finish(into)
        for part in into.parent.glob(f".{into.stem}.*.tmp"):
            part.unlink(missing_ok=True)
        yield
    finally:
        lock.release()


def write_together(into: Path, tables: Iterable[tuple[pd.DataFrame, Path]]) -> list[Path]:
    """Replace all ``tables`` (files beside ``into``), or none. Call it inside :func:`alone`.

    Raises :class:`DataError` where they cannot be written; the old files then stand.
    """
    parts: list[tuple[Path, Path]] = []
    try:
        for frame, file in tables:
            parts.append((_part(file, csv_text(frame)), file))
        listed = json.dumps([[part.name, file.name] for part, file in parts])
        os.replace(_part(into, listed), _list_of(into))
        _finish(into)
    except OSError as error:
        if not _list_of(into).exists():
            for part, _ in parts:
                part.unlink(missing_ok=True)
        raise DataError(f"cannot be written: {error.strerror or error}", file=into) from error
    return [file for _, file in parts]


def _part(file: Path, text: str) -> Path:
    handle, name = tempfile.mkstemp(prefix=f".{file.name}.", suffix=".tmp", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(text.encode("utf-8"))
        os.chmod(name, 0o644)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


def _list_of(into: Path) -> Path:
    return into.with_name(f".{into.name}.new")


def _finish(into: Path) -> None:
    """Give the files of a list their names; those that have theirs already are no longer there."""
    listed = _list_of(into)
    if not listed.is_file():
        return
    try:
        pairs = [(str(part), str(file)) for part, file in json.loads(listed.read_text("utf-8"))]
    except (ValueError, TypeError):
        raise DataError("is not ours; remove it", file=listed) from None
    for part, file in pairs:
        if {Path(part).name, Path(file).name} != {part, file} or not part.endswith(".tmp"):
            raise DataError("is not ours; remove it", file=listed, value=part)
        if into.with_name(part).exists():
            os.replace(into.with_name(part), into.with_name(file))
    listed.unlink()
