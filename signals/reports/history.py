"""Earlier runs of a study, kept whole: ``<folder>/<run id>/`` with every table as parquet.

A run's folder appears complete or not at all, and is read only while every file in it is the one
that was written. What is kept: the newest runs, and of older ones the last of each month.
Checked by ``tests/faults/test_upgrade.py`` and ``tests/faults/test_disk.py``.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from signals.errors import DataError, SpecError
from signals.reports.result import StudyResult

FORMAT: Final = 1
KEEP_RUNS: Final = 60
LOCK_SECONDS: Final = 120.0
_RUN_ID: Final = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")


@dataclass(frozen=True, slots=True, eq=False)
class StoredRun:
    """One earlier run. ``manifest`` is its ``manifest.json`` (with ``run``), ``fingerprint`` the
    digests of its inputs by name."""

    path: Path
    manifest: Mapping[str, Any]
    fingerprint: Mapping[str, Any]

    @property
    def run_id(self) -> str:
        return self.path.name

    @property
    def study(self) -> str:
        return str(self.manifest["study"])

    @property
    def as_of(self) -> str | None:
        stated = self.fingerprint.get("as_of")
        return None if stated is None else str(stated)

    @property
    def started_at(self) -> str:
        return str(self.manifest["run"].get("started_at", ""))

    def table(self, name: str) -> pd.DataFrame:
        """One table of the run; an empty one where the run did not write it."""
        path = self.path / f"{name}.parquet"
        return pd.read_parquet(path) if path.is_file() else pd.DataFrame()

    def whole(self) -> bool:
        """Whether every file of the run is still what was written."""
        stated = self.fingerprint.get("files")
        try:
            return isinstance(stated, Mapping) and stated == _digests(self.path)
        except OSError:
            return False

    def tables(self) -> dict[str, pd.DataFrame]:
        """All tables of the run by name."""
        return {p.stem: pd.read_parquet(p) for p in sorted(self.path.glob("*.parquet"))}


def keep(
    result: StudyResult, run: Mapping[str, Any], fingerprint: Mapping[str, Any], folder: Path
) -> StoredRun:
    """Store a run under ``folder/<run["id"]>``; raises :class:`DataError` where that fails."""
    target = folder / str(run["id"])
    manifest = {**result.manifest, "run": dict(run)}
    try:
        with _alone(folder):
            part = Path(tempfile.mkdtemp(prefix=".part-", dir=folder))
            try:
                for name, frame in result.tables.items():
                    frame.to_parquet(part / f"{name}.parquet", index=False)
                _dump(part / "manifest.json", manifest)
                mark = {"format": FORMAT, **fingerprint, "files": _digests(part)}
                _dump(part / "fingerprint.json", mark)
                part.rename(target)
            except BaseException:
                shutil.rmtree(part, ignore_errors=True)
                raise
    except OSError as error:
        raise DataError(
            f"the run cannot be kept: {error.strerror or error}", file=target
        ) from error
    return StoredRun(target, manifest, mark)


def runs(folder: Path) -> list[StoredRun]:
    """The runs kept in ``folder``, oldest first. A damaged one is left out."""
    if not folder.is_dir():
        return []
    found = (read_run(p) for p in sorted(folder.iterdir()) if _RUN_ID.fullmatch(p.name))
    return [r for r in found if r is not None]


def latest(folder: Path, *, as_of: str | None = None) -> StoredRun | None:
    """The newest whole run with the same ``as_of`` (None: of the present)."""
    same = (r for r in reversed(runs(folder)) if r.as_of == as_of)
    return next((r for r in same if r.whole()), None)


def find(studies: Path, name: str) -> StoredRun:
    """The run that ``name`` means: a run id (or its unique beginning) of any study, or the path
    of a kept run. Raises :class:`SpecError` for none or several."""
    direct = read_run(Path(name))
    if direct is not None:
        return _usable(direct, name)
    _refuse_other_format(Path(name), name)
    folders = sorted(studies.iterdir()) if studies.is_dir() else []
    every = [r for f in folders for r in runs(f)]
    named = [r for r in every if r.run_id.startswith(name)] if name else []
    if len(named) == 1:
        return _usable(named[0], name)
    for folder in folders if name and not named else ():
        _refuse_other_format(folder / Path(name).name, name)
    several = f"means {len(named)} runs: {', '.join(r.run_id for r in named[:5])}"
    raise SpecError(
        several if named else "is no run that was kept",
        key="RUN",
        value=name,
        allowed="a run id, or enough of its beginning: see `signals history STUDY.toml`",
    )


def _usable(run: StoredRun, name: str) -> StoredRun:
    if run.whole():
        return run
    raise SpecError("is damaged: not what was written", key="RUN", value=name)


def _refuse_other_format(path: Path, name: str) -> None:
    try:
        mark = json.loads((path / "fingerprint.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    found = mark.get("format") if isinstance(mark, dict) else None
    if found != FORMAT:
        raise SpecError(
            f"was kept by another version of this program (format {found})", key="RUN",
            value=name, allowed=f"runs of format {FORMAT}; run the study again to compare it",
        )  # fmt: skip


def prune(folder: Path, *, newest: int = KEEP_RUNS) -> list[str]:
    """Delete old runs: all but the newest and, of older ones, the last of each month.

    Returns the ids of the deleted runs.
    """
    ids = sorted(p.name for p in folder.iterdir() if _RUN_ID.fullmatch(p.name))
    last_of_month = {i[:6]: i for i in ids}
    kept = {*ids[-newest:], *last_of_month.values()} if newest > 0 else set(ids)
    gone = [i for i in ids if i not in kept]
    for run_id in gone:  # under another name first: half of a run is never read
        doomed = folder / f".part-{run_id}"
        try:
            (folder / run_id).rename(doomed)
        except OSError:
            continue  # another run has just deleted it
        shutil.rmtree(doomed, ignore_errors=True)
    return gone


def read_run(path: Path) -> StoredRun | None:
    """The run kept at ``path``; None where there is none, or a damaged one."""
    try:
        manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
        mark = json.loads((path / "fingerprint.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    known = isinstance(manifest, dict) and isinstance(mark, dict) and mark.get("format") == FORMAT
    return StoredRun(path, manifest, mark) if known else None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Alone with the runs of a study; what a killed run left half-kept is swept away."""
    from filelock import FileLock

    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock", timeout=LOCK_SECONDS):
        for part in folder.glob(".part-*"):
            shutil.rmtree(part, ignore_errors=True)
        yield


def _digests(folder: Path) -> dict[str, str]:
    """sha256 of every file of a run but its fingerprint."""
    return {
        p.name: hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.iterdir())
        if p.name != "fingerprint.json"
    }


def _dump(path: Path, content: Mapping[str, Any]) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
