"""A study file and its catalogue, read together: the notebook's first line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from signals.events import Catalogue, read_catalogue
from signals.spec import StudySpec, read_study


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """``spec`` and ``events`` of a study file."""

    spec: StudySpec
    events: Catalogue


def load_study(path: str | Path, *, skip_bad_rows: bool = False) -> Study:
    """Read a study file and the events files it names (relative to it)."""
    spec = read_study(path)
    folder = spec.file.parent
    files = [folder / name for name in spec.events.files]
    return Study(spec, read_catalogue(files, skip_bad_rows=skip_bad_rows))
