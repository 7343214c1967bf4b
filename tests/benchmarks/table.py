"""``python -m tests.benchmarks.table [N …]``: one table with ratios measured in the same run.

Each road runs in a process of its own (for its peak memory), the roads of a size in turn, three
rounds, best of three. Writes ``.benchmarks/table.json`` and prints Markdown. ``--million`` adds
10⁶ events × 5,000 assets × 5,000 sessions.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from tests.benchmarks.roads import LARGEST, ROADS, design

OUT = Path(".benchmarks/table.json")
ROW_BYTES = 2 * 271 * 8  # y and x of one event's rows, read once


def one(road: str, n: int) -> dict[str, float]:
    """Time and peak memory of one road (in this process)."""
    import resource

    shape = (5_000, 5_000) if n >= 1_000_000 else (500, 2_500)
    returns = design(n, *shape)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if n <= 100_000:
        ROADS[road](design(min(n, 1_000)))  # imports and first calls
    wall, cpu = time.perf_counter(), time.process_time()
    answer = ROADS[road](returns)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "seconds": wall, "cpu": cpu, "peak_mb": peak / 1024, "data_mb": before / 1024,
        "caar": answer.caar,
    }  # fmt: skip


def bandwidth() -> float:
    """Bytes a second of a large copy (read + write), best of five."""
    source = np.ones(1 << 25)
    target = np.empty_like(source)
    best = np.inf
    for _ in range(5):
        start = time.perf_counter()
        np.copyto(target, source)
        best = min(best, time.perf_counter() - start)
    return 2 * source.nbytes / best


def measure(sizes: list[int], rounds: int = 3) -> list[dict[str, float | str]]:
    rows: list[dict[str, float | str]] = []
    for n in sizes:
        roads = [road for road in ROADS if n <= LARGEST.get(road, n)]
        found: dict[str, list[dict[str, float]]] = {road: [] for road in roads}
        for _ in range(rounds if n < 1_000_000 else 1):
            for road in roads:
                command = [sys.executable, "-m", "tests.benchmarks.table", "--one", road, str(n)]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode == 0:
                    found[road].append(json.loads(done.stdout.splitlines()[-1]))
                else:
                    print(done.stderr.splitlines()[-1], file=sys.stderr)
        rows += [
            {"n": n, "road": road, **min(runs, key=lambda run: run["seconds"])}
            for road, runs in found.items()
            if runs
        ]
    return rows


def markdown(rows: list[dict[str, float | str]], copied: float) -> str:
    """Ratios of wall time, and of CPU time, which says more on a machine that is shared."""
    lines = [
        "| events | road | seconds | CPU s | events/s | CPU µs/event | peak MB (data) | "
        "× eventstudy, wall (CPU) | × plain numpy, wall (CPU) | of copy bandwidth (CPU) |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    cost = {
        (int(row["n"]), str(row["road"]), clock): float(row[clock]) / float(row["n"])
        for row in rows
        for clock in ("seconds", "cpu")
    }
    for row in rows:
        n, road = int(row["n"]), str(row["road"])
        ratios = []
        for peer in ("eventstudy 0.1a12", "plain numpy"):
            # The peer at this size, or the largest at which it was run.
            at = max((m for m, r, _ in cost if r == peer and m <= n), default=None)
            both = [
                "–" if at is None else f"{cost[at, peer, c] / cost[n, road, c]:.1f}"
                for c in ("seconds", "cpu")
            ]
            ratios.append(f"{both[0]} ({both[1]})")
        lines.append(
            f"| {n:,} | {road} | {row['seconds']:.3f} | {row['cpu']:.3f} | "
            f"{1 / cost[n, road, 'seconds']:,.0f} | {1e6 * cost[n, road, 'cpu']:.2f} | "
            f"{row['peak_mb']:,.0f} ({row['data_mb']:,.0f}) | {ratios[0]} | {ratios[1]} | "
            f"{100 * ROW_BYTES / cost[n, road, 'cpu'] / copied:.1f} % |"
        )
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    if arguments == ["--copy"]:
        print(bandwidth())
        return
    if arguments[:1] == ["--one"]:
        print(json.dumps(one(arguments[1], int(arguments[2]))))
        return
    sizes = [int(a) for a in arguments if a.isdigit()] or [1_000, 10_000, 100_000]
    if "--million" in arguments:
        sizes.append(1_000_000)
    # In a process of its own: a child starts with its parent's peak memory.
    command = [sys.executable, "-m", "tests.benchmarks.table", "--copy"]
    copied = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    rows = measure(sizes)
    OUT.parent.mkdir(exist_ok=True)
    machine = {"cores": os.cpu_count(), "copy_gb_per_second": copied / 1e9}
    OUT.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1))
    print(f"{os.cpu_count()} cores, copy {copied / 1e9:.1f} GB/s (read + write)\n")
    print(markdown(rows, copied))


if __name__ == "__main__":
    main(sys.argv[1:])
