"""A process that has imported everything and forks a child for each command it is given.

A real ``SIGKILL`` needs a real process, and a process that first imports pandas and statsmodels
spends most of its life where nothing can break. Children of the forge begin where the command
begins, so that hundreds of kills fall into the work itself.

A kill comes at a moment (``seconds`` after the start), or at the n-th operation on a file of the
world (open for writing, rename, remove, make a folder), just before it happens::

    with Forge(environment, cwd) as forge:
        forge.run(Job(["run", "--direct", "study.toml"], kill_operation=7))
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0
EVENTS = frozenset(
    {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.truncate", "os.chmod"}
)


@dataclass
class Job:
    """One command. ``world``: the folder whose files count as operations."""

    argv: list[str]
    kill_seconds: float | None = None
    kill_operation: int | None = None
    world: str = ""
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ended:
    """How a command ended. ``signal`` is 9 where it was killed; ``hung``: it had to be, after
    ``PATIENCE`` seconds."""

    code: int
    signal: int
    seconds: float
    operations: int
    out: str
    err: str
    hung: bool


class Forge:
    """The forge, in a process of its own."""

    def __init__(self, environment: dict[str, str], cwd: Path, *, prefect: bool = False) -> None:
        given = {**os.environ, **environment}
        path = os.pathsep.join(p for p in (str(ROOT), given.get("PYTHONPATH", "")) if p)
        command = [sys.executable, "-m", "tests.faults.forge", *(["--prefect"] if prefect else [])]
        self.process = subprocess.Popen(
            command, cwd=cwd, env={**given, "PYTHONPATH": path}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()

    def run(self, job: Job) -> Ended:
        return self.together([job])[0]

    def together(self, jobs: Sequence[Job]) -> list[Ended]:
        """All jobs at the same time."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([asdict(j) for j in jobs]) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError("the forge is gone")
        return [Ended(**e) for e in json.loads(answer)]


# ── inside the forge ──────────────────────────────────────────────────────────────────────────


def _warm(prefect: bool) -> None:
    import numpy as np

    import flows.cli
    import flows.direct
    import flows.pipeline
    from signals.prices import open_source  # noqa: F401
    from signals.sessions import trading_calendar

    assert flows.cli.main
    assert trading_calendar("XNYS").position(np.array(["2024-01-02"], dtype="datetime64[D]"))[0] > 0
    import statsmodels.api  # noqa: F401
    import yfinance  # noqa: F401

    if prefect:
        from flows import settings

        settings.apply(quiet=True)
        import flows.study_flow


def _child(job: Job, folder: Path) -> None:
    os.setpgid(0, 0)
    os.environ.update(job.environment)
    for name, number in (("out", 1), ("err", 2)):
        handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(handle, number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
    done = [0]

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in EVENTS or not arguments:
            return
        named = arguments[0]
        if not isinstance(named, str | os.PathLike) or (event == "open" and _reads(arguments)):
            return
        if not os.path.abspath(os.fspath(named)).startswith(job.world):
            return
        done[0] += 1
        if done[0] == job.kill_operation:
            os.kill(os.getpid(), signal.SIGKILL)

    if job.world:
        sys.addaudithook(watch)
    from flows.cli import main

    code = 70
    try:
        code = main(job.argv)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        (folder / "operations").write_text(str(done[0]))
        os._exit(code)


def _reads(arguments: tuple[Any, ...]) -> bool:
    flags = arguments[2] if len(arguments) > 2 else 0
    return isinstance(flags, int) and not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)


def _serve(jobs: list[Job], folder: Path) -> list[dict[str, Any]]:
    running: dict[int, tuple[int, float]] = {}
    answers: dict[int, dict[str, Any]] = {}
    for number, job in enumerate(jobs):
        place = folder / str(number)
        place.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            (place / "operations").unlink()
        pid = os.fork()
        if pid == 0:
            _child(job, place)
        running[pid] = (number, time.monotonic())
    hung: set[int] = set()
    while running:
        for pid, (number, begun) in list(running.items()):
            age, job = time.monotonic() - begun, jobs[number]
            due = job.kill_seconds is not None and age >= job.kill_seconds
            if age > PATIENCE:
                hung.add(number)
            if due or number in hung:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended:
                continue
            del running[pid]
            place = folder / str(number)
            counted = place / "operations"
            answers[number] = {
                "code": os.waitstatus_to_exitcode(status),
                "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
                "seconds": round(age, 3),
                "operations": int(counted.read_text()) if counted.exists() else 0,
                "out": (place / "out").read_text(errors="replace")[-4000:],
                "err": (place / "err").read_text(errors="replace")[-4000:],
                "hung": number in hung,
            }
        time.sleep(0.002)
    return [answers[n] for n in range(len(jobs))]


def _main() -> None:
    import tempfile

    spoken = os.dup(1)  # what commands print may not be taken for our answers
    os.dup2(2, 1)
    _warm("--prefect" in sys.argv)
    with tempfile.TemporaryDirectory(prefix="signals-forge-") as folder:
        for line in sys.stdin:
            jobs = [Job(**j) for j in json.loads(line)]
            answer = json.dumps(_serve(jobs, Path(folder))) + "\n"
            os.write(spoken, answer.encode())


if __name__ == "__main__":
    _main()
