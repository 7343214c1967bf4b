"""``python -m tests.benchmarks.full_run [EVENTS]``: the whole of ``signals run``, files to files.

Makes a study (1,000 assets × 20 years in one wide parquet file, an events file), then runs the
real command on it in a process of its own and reports wall and CPU seconds and the peak of its
memory; then once more with its stages timed. Prints Markdown and writes
``.benchmarks/full_run.json``. ``--keep FOLDER`` makes the study there, or uses the one that is
there. ``--events-only`` parses and maps events and stops there (for a million of them).
"""

from __future__ import annotations

import argparse
import functools
import importlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

OUT = Path(".benchmarks/full_run.json")
GOAL = {"wall": 30.0, "peak_mb": 3_000.0}

# Stage → the function that is it; a stage within another is taken from the outer one.
STAGES = {
    "parse events": "flows.steps:read",
    "sessions, overlaps": "flows.steps:match",
    "read prices": "flows.direct:DirectRunner.fetch",
    "fingerprint": "flows.steps:fingerprint",
    "earlier run, changes": "flows.steps:compare",
    "eligibility, returns": "signals.study:make_ready",
    "estimate, tables of pairs": "signals.study:run_large",
    "group statistics": "signals.large_study:_group_tables",
    "write": "flows.steps:write",
    "keep the run": "flows.steps:remember",
    "print": "flows.cli.summary:show",
}


def command(study: Path) -> list[str]:
    program = "import sys; from flows.cli import main; sys.exit(main())"
    return [sys.executable, "-c", program, "run", "--direct", "--out", str(study.parent / "out"),
            str(study)]  # fmt: skip


def run(arguments: list[str], folder: Path) -> dict[str, Any]:
    """A process of its own: wall, user + system seconds, peak resident memory, its stdout."""
    cache = tempfile.mkdtemp(prefix="cache-", dir=folder)
    environment = {**os.environ, "SIGNALS_CACHE": cache, "PYTHONPATH": os.getcwd()}
    begin = time.perf_counter()
    child = subprocess.Popen(
        arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stderr is not None
    said, told = child.stdout.read(), child.stderr.read()
    _, status, used = os.wait4(child.pid, 0)
    wall = time.perf_counter() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"exit {child.returncode}: {told[-2000:]}")
    return {
        "wall": wall, "cpu": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1024,
        "said": said,
    }  # fmt: skip


def staged(study: Path) -> None:
    """The same command in this process with every stage timed; the last line is JSON."""
    open_laps: list[list[float]] = []
    laps: dict[str, list[float]] = {}

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            inner = [0.0, 0.0]
            open_laps.append(inner)
            wall, cpu = time.perf_counter(), time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                both = time.perf_counter() - wall, time.process_time() - cpu
                open_laps.pop()
                total = laps.setdefault(name, [0.0, 0.0, 0.0])
                for i in (0, 1):
                    total[i] += both[i] - inner[i]
                    if open_laps:
                        open_laps[-1][i] += both[i]
                total[2] = max(total[2], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)

        return call

    begin = time.perf_counter()
    for name, place in STAGES.items():
        module, _, path = place.partition(":")
        *owner, last = path.split(".")
        holder: Any = importlib.import_module(module)
        for part in owner:
            holder = getattr(holder, part)
        setattr(holder, last, timed(name, getattr(holder, last)))
    from flows.cli import main as signals

    code = signals(command(study)[3:])
    wall, cpu = time.perf_counter() - begin, time.process_time()
    done = [sum(lap[i] for lap in laps.values()) for i in (0, 1)]
    laps["imports and the rest"] = [wall - done[0], cpu - done[1], 0.0]
    print(json.dumps({"code": code, "laps": laps}))


def markdown(found: dict[str, Any]) -> str:
    lines = []
    if "command" in found:
        one = found["command"]
        lines += [
            "| events | wall s | CPU s | peak MB | goal |",
            "|---|---|---|---|---|",
            f"| {found['events']:,} | {one['wall']:.1f} | {one['cpu']:.1f} | "
            f"{one['peak_mb']:,.0f} | < {GOAL['wall']:.0f} s, < {GOAL['peak_mb']:,.0f} MB |",
            "",
        ]
    if "laps" in found:
        lines += ["| stage | wall s | CPU s | peak MB so far |", "|---|---|---|---|"]
        lines += [
            f"| {name} | {wall:.2f} | {cpu:.2f} | {f'{peak:,.0f}' if peak else '–'} |"
            for name, (wall, cpu, peak) in found["laps"].items()
        ]
    return "\n".join(lines)


def made(folder: Path, asked: argparse.Namespace) -> Path:
    """The study, made by a process of its own: a child starts with its parent's peak memory."""
    study = folder / "study.toml"
    if not study.is_file():
        code = "import sys, json; from tests.benchmarks.made_study import make_study; "
        code += "from pathlib import Path; make_study(Path(sys.argv[1]), **json.loads(sys.argv[2]))"
        kind = "csv" if asked.csv else "parquet"
        how = {"events": asked.events, "tickers": asked.tickers, "kind": kind, "gaps": asked.gaps}
        subprocess.run([sys.executable, "-c", code, str(folder), json.dumps(how)], check=True)
    return study


def events_only(study: Path) -> None:
    """Parse, validate, map to sessions and find overlaps in this process; the last line is JSON."""
    from datetime import UTC, datetime

    import signals.study  # noqa: F401  (imports are not timed)
    from flows import steps
    from flows.options import RunOptions
    from signals.sessions import trading_calendar

    trading_calendar("XNYS")
    options = RunOptions(study=study)
    marks = [(time.perf_counter(), time.process_time())]
    spec, catalogue = steps.read(options)
    marks.append((time.perf_counter(), time.process_time()))
    plan = steps.match(spec, catalogue, options, None, datetime(2026, 1, 1, tzinfo=UTC))
    marks.append((time.perf_counter(), time.process_time()))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    laps = {
        name: [marks[i + 1][0] - marks[i][0], marks[i + 1][1] - marks[i][1], peak]
        for i, name in enumerate(("parse events", "sessions, overlaps"))
    }
    near = len(plan.overlaps.contaminating.flat) + len(plan.overlaps.confounding.flat)
    print(json.dumps({"laps": laps, "pairs": len(plan.session_events), "overlaps": near}))


def measure(study: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """The runs asked for."""
    found: dict[str, Any] = {
        "events": asked.events, "csv": asked.csv, "gaps": asked.gaps, "cores": os.cpu_count()
    }  # fmt: skip
    if asked.events_only:
        return found | staged_by("--parsed", study)
    if not asked.stages_only:
        found["command"] = run(command(study), study.parent)
    if not asked.command_only:
        found |= staged_by("--staged", study)
    return found


def staged_by(option: str, study: Path) -> dict[str, Any]:
    """What this program says of itself, called with ``option``."""
    again = [sys.executable, "-m", "tests.benchmarks.full_run", option, str(study)]
    found: dict[str, Any] = json.loads(run(again, study.parent)["said"].splitlines()[-1])
    return found


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("events", nargs="?", type=int, default=100_000)
    parser.add_argument("--tickers", type=int, default=1_000)
    parser.add_argument("--csv", action="store_true", help="events from CSV, not parquet")
    parser.add_argument("--gaps", action="store_true", help="some assets lack single prices")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="make the study there")
    parser.add_argument("--stages-only", action="store_true")
    parser.add_argument("--command-only", action="store_true")
    parser.add_argument("--events-only", action="store_true", help="parse and map, no prices")
    for inner in ("--staged", "--parsed"):
        parser.add_argument(inner, type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.staged is not None or asked.parsed is not None:
        staged(asked.staged) if asked.staged else events_only(asked.parsed)
        return
    with tempfile.TemporaryDirectory(prefix="full-run-") as temporary:
        found = measure(made(asked.keep or Path(temporary), asked), asked)
    if "command" in found:
        print(found["command"].pop("said"))
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(found, indent=1))
    print(markdown(found))


if __name__ == "__main__":
    main()
