"""What a study remembers of its earlier runs: recall, compare, keep."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flows.options import RunOptions, cache_dir
from signals.errors import SpecError
from signals.prices import PriceBook
from signals.prices.history import OF_ONE_RUN

if TYPE_CHECKING:
    from signals.reports.fingerprint import Fingerprint
    from signals.reports.history import StoredRun
    from signals.reports.result import StudyResult
    from signals.spec import StudySpec

KEEP_VARIABLE: Final = "SIGNALS_KEEP_RUNS"


def studies_folder() -> Path:
    """Where the runs of all studies are kept."""
    return cache_dir() / "studies"


def price_notes(prices: PriceBook) -> list[dict[str, str]]:
    """What concerns the prices of this run only: a source that was down, history restated."""
    return [
        {"ticker": i.ticker, "code": i.code, "session": i.session, "detail": i.detail}
        for i in prices.issues
        if i.code in OF_ONE_RUN
    ]


def recall(spec: StudySpec, mark: Fingerprint, out: Path, options: RunOptions) -> StoredRun | None:
    """The kept run whose reports stand in ``out``, whole, if nothing has changed since."""
    from signals.reports import history

    try:
        manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
        run = manifest["run"]
        same = run["fingerprint"] == mark.digest
        enough = set(options.tables) <= set(run["tables"]) and options.page <= run["page"]
        if not (same and enough and _intact(out, manifest["files"])):
            return None
        stored = history.read_run(studies_folder() / spec.id / run["id"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if stored is None:
        return None
    names = stored.manifest["run"].get("files", [])
    return stored if all((out / name).is_file() for name in names) else None


def kept_engine(spec: StudySpec, as_of: str | None) -> str | None:
    """What ``engine = "auto"`` resolved to at the study's earlier runs: it is kept, so that one
    more event never changes the last digits of all others."""
    from signals.reports import history

    if spec.engine != "auto":
        return None
    before = history.latest(studies_folder() / spec.id, as_of=as_of)
    return None if before is None else before.manifest.get("engine")


def restore(
    stored: StoredRun, spec: StudySpec, prices: PriceBook, out: Path
) -> tuple[StudyResult, tuple[Path, ...]]:
    """A kept run as a result again (without its panel), and its files."""
    result = _as_result(stored, spec, prices)
    return result, tuple(out / name for name in stored.manifest["run"]["files"])


def compare(result: StudyResult, mark: Fingerprint) -> tuple[StudyResult, StudyResult | None]:
    """The result with ``changes``: what differs from the previous run; and that run, if any."""
    from signals.reports import history
    from signals.reports.changes import RunView, changes

    before = history.latest(studies_folder() / result.spec.id, as_of=mark.parts["as_of"])
    earlier = None if before is None else _as_result(before, result.spec, result.prices)
    was = None
    if before is not None and earlier is not None:
        was = RunView(earlier.tables, before.manifest, before.fingerprint)
    now = {**result.manifest, "run": {"price_notes": price_notes(result.prices)}}
    table = changes(was, RunView(result.tables, now, mark.parts))
    tables = {**result.tables, "changes": table}
    if before is None:
        return replace(result, tables=tables), None
    run = {**result.run, "previous": before.run_id}
    return replace(result, tables=tables, run=run), earlier


def remember(
    result: StudyResult, run: Mapping[str, Any], mark: Fingerprint, files: tuple[Path, ...]
) -> None:
    """Keep the run among the study's earlier ones, and prune those."""
    from signals.reports import history

    folder = studies_folder() / result.spec.id
    root = files[-1].parent
    names = [os.path.relpath(f, root) for f in files]
    history.keep(result, {**result.run, **run, "files": names}, mark.parts, folder)
    history.prune(folder, newest=kept_runs())


def _as_result(stored: StoredRun, spec: StudySpec, prices: PriceBook) -> StudyResult:
    from signals.reports.result import StudyResult

    manifest = {k: v for k, v in stored.manifest.items() if k != "run"}
    return StudyResult(spec, stored.tables(), manifest, prices, run=stored.manifest["run"])


def kept_runs() -> int:
    """How many runs of a study are kept beside each month's last (``SIGNALS_KEEP_RUNS``)."""
    from signals.reports import history

    text = os.environ.get(KEEP_VARIABLE, "").strip()
    if not text:
        return history.KEEP_RUNS
    if not text.isdecimal() or not 1 <= int(text) <= 100_000:
        raise SpecError(
            "is not a number of runs", key=KEEP_VARIABLE, value=text, allowed="1 to 100000"
        )
    return int(text)


def _intact(out: Path, digests: Mapping[str, str]) -> bool:
    """Whether every table stands in ``out`` as it was written."""
    return bool(digests) and all(
        hashlib.sha256((out / name).read_bytes()).hexdigest() == digest
        for name, digest in digests.items()
    )
