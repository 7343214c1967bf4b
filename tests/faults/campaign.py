"""The campaigns of docs/reliability.md: ``python -m tests.faults.campaign [PART…] [--scale S]``.

Each part prints one line of figures; the exit code is 1 where anything was wrong. ``--scale 0.1``
does a tenth of the full numbers.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.kills import Tally, kill_collect, kill_prices, kill_runs

SEED = 20260101


@contextmanager
def prefect_api(home: Path) -> Iterator[str]:
    """A Prefect server of our own with an empty database."""
    from flows.server import own_server
    from flows.settings import DEFAULTS, QUIET

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    before = dict(os.environ)
    os.environ.update({**DEFAULTS, **QUIET, "PREFECT_HOME": str(home)})
    try:
        with own_server(port) as url:
            yield url
    finally:
        os.environ.clear()
        os.environ.update(before)


def _run_direct(folder: Path, n: int) -> Tally:
    return kill_runs(folder, n, SEED, direct=True)


def _run_flow(folder: Path, n: int) -> Tally:
    with prefect_api(folder / "prefect") as url:
        return kill_runs(folder, n, SEED, direct=False, prefect=url)


def _prices(folder: Path, n: int) -> Tally:
    return kill_prices(folder, n, SEED)


def _collect(folder: Path, n: int) -> Tally:
    return kill_collect(folder, n, SEED)


def _together(folder: Path, n: int) -> Tally:
    from tests.faults.together import concurrent_runs

    return concurrent_runs(folder, rounds=n, at_once=8)


def _fuzz(folder: Path, n: int) -> Tally:
    from tests.faults.fuzz import fuzz_all

    return fuzz_all(folder, n, SEED)


def _soak(folder: Path, n: int) -> Tally:
    from tests.faults.soak import soak

    return soak(folder, cycles=n, seed=SEED)


# part: (what one is, full number, how)
PARTS: dict[str, tuple[str, int, Callable[[Path, int], Tally]]] = {
    "run": ("SIGKILLs of `run --direct`", 200, _run_direct),
    "flow": ("SIGKILLs of `run` through the flow", 200, _run_flow),
    "prices": ("SIGKILLs of `prices --refresh`, one or two at once", 200, _prices),
    "collect": ("SIGKILLs of `collect`, one or two at once", 200, _collect),
    "together": ("rounds of 8 runs at once", 10, _together),
    "fuzz": ("generated inputs", 100_000, _fuzz),
    "soak": ("scheduled cycles", 300, _soak),
}


def _commit() -> str:
    told = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return told.stdout.strip() or "unknown"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.campaign")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--scale", type=float, default=1.0)
    chosen = parser.parse_args(arguments)
    unknown = set(chosen.parts) - set(PARTS)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; one of {', '.join(PARTS)}")
    print(f"commit {_commit()}, {dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC", flush=True)
    wrong = 0
    for part in chosen.parts or PARTS:
        what, full, call = PARTS[part]
        count = max(round(full * chosen.scale), 1)
        begun = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="signals-faults-") as folder:
            tally = call(Path(folder), count)
        seconds = time.monotonic() - begun
        print(f"{part}: {count} {what}: {tally} ({seconds:.0f} s)", flush=True)
        for line in tally.wrong[:50]:
            print(f"  WRONG {line}", flush=True)
        wrong += len(tally.wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
