"""``python -m tests.benchmarks.table [N …] [--million] [--write]``: the tables of docs/performance.md.

Each road runs in a process of its own (for its peak memory), the roads of a size in turn, three
rounds, best of them. Prints Markdown: every road with its ratios, time per event at the largest
size against that at 10⁴, and the kernels against the memory's bandwidth. Writes
``.benchmarks/table.json``. ``--million`` adds 10⁶ events × 5,000 assets × 5,000 sessions;
``--write`` puts the tables into docs/performance.md.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.kernels import bandwidth, kernel_table, kernels
from tests.benchmarks.page import put
from tests.benchmarks.roads import LARGEST, ROADS, design

OUT = Path(".benchmarks/table.json")
MILLION = 1_000_000
PEERS = ("eventstudy 0.1a12", "plain numpy")
OURS = ("ours, CAR statistics", "ours, all statistics")
Row = dict[str, float | str]


def shape_of(n: int) -> tuple[int, int]:
    """Assets and sessions of a study of ``n`` events."""
    return (5_000, 5_000) if n >= MILLION else (500, 2_500)


def one(road: str, n: int) -> Row:
    """Time and peak memory of one road (in this process): best of up to five runs in a second."""
    import resource

    returns = design(n, *shape_of(n))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ROADS[road](design(min(n, 1_000)))  # imports and first calls
    best, begin, runs = (np.inf, np.inf), time.perf_counter(), 0
    while runs == 0 or (runs < 5 and time.perf_counter() - begin < 1.0):
        wall, cpu = time.perf_counter(), time.process_time()
        answer = ROADS[road](returns)
        best = min(best, (time.perf_counter() - wall, time.process_time() - cpu))
        runs += 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "seconds": best[0], "cpu": best[1], "peak_mb": peak / 1024, "data_mb": before / 1024,
        "caar": answer.caar,
    }  # fmt: skip


def child(*arguments: str) -> Any:
    """What this module prints last when it is called with ``arguments``; None when that fails.

    In a process of its own, because a child starts with its parent's peak memory."""
    command = [sys.executable, "-m", "tests.benchmarks.table", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{' '.join(arguments)}: {done.stderr.splitlines()[-1]}", file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def measure(sizes: list[int], rounds: int = 3) -> list[Row]:
    """Every road at every size."""
    rows: list[Row] = []
    for n in sizes:
        roads = [road for road in ROADS if n <= LARGEST.get(road, n)]
        found: dict[str, list[Row]] = {road: [] for road in roads}
        for _ in range(rounds if n < MILLION else 2):
            for road in roads:
                run = child("--one", road, str(n))
                found[road] += [run] if run else []
        for road, runs in found.items():
            if runs:
                rows.append({"n": n, "road": road, **min(runs, key=lambda run: run["seconds"])})
        caars = [float(row["caar"]) for row in rows if row["n"] == n]
        assert np.ptp(caars) < 1e-12, f"roads disagree on the CAAR of {n} events: {caars}"
    return rows


def costs(rows: list[Row]) -> dict[tuple[int, str, str], float]:
    """Seconds per event by size, road and clock."""
    return {
        (int(row["n"]), str(row["road"]), clock): float(row[clock]) / float(row["n"])
        for row in rows
        for clock in ("seconds", "cpu")
    }


def road_table(rows: list[Row]) -> str:
    """Markdown of all roads: ratios of wall time, and of CPU time, which says more on a machine
    that is shared."""
    lines = [
        "| events | road | wall s | CPU s | events/s | wall µs/event | CPU µs/event | "
        "peak MB (returns) | × eventstudy, wall (CPU) | × plain numpy, wall (CPU) |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    cost = costs(rows)
    for row in rows:
        n, road = int(row["n"]), str(row["road"])
        ratios = []
        for peer in PEERS:
            # The peer at this size, or the largest at which it was run.
            at = max((m for m, r, _ in cost if r == peer and m <= n), default=None)
            both = [
                "–" if at is None else f"{cost[at, peer, c] / cost[n, road, c]:.1f}"
                for c in ("seconds", "cpu")
            ]
            ratios.append(f"{both[0]} ({both[1]})")
        wall, cpu = cost[n, road, "seconds"], cost[n, road, "cpu"]
        lines.append(
            f"| {n:,} | {road} | {row['seconds']:.3f} | {row['cpu']:.3f} | {1 / wall:,.0f} | "
            f"{1e6 * wall:.2f} | {1e6 * cpu:.2f} | {row['peak_mb']:,.0f} ({row['data_mb']:,.0f}) | "
            f"{ratios[0]} | {ratios[1]} |"
        )
    return "\n".join(lines)


def scaling_table(rows: list[Row]) -> str:
    """Markdown: time per event at each size over that at 10⁴."""
    cost = costs(rows)
    sizes = sorted({n for n, _, _ in cost if n > 10_000 and (10_000, OURS[0], "cpu") in cost})
    lines = ["| time per event at | road | against 10,000: wall | CPU |", "|---|---|---|---|"]
    lines += [
        f"| {n:,} | {road} | "
        + " | ".join(
            f"{cost[n, road, clock] / cost[10_000, road, clock]:.2f}"
            for clock in ("seconds", "cpu")
        )
        + " |"
        for n in sizes
        for road in (f"{r}{t}" for r in OURS for t in (", 1 thread", ""))
        if (n, road, "cpu") in cost
    ]
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    if arguments == ["--copy"]:
        print(json.dumps(bandwidth()))
        return
    if arguments[:1] == ["--kernels"]:
        print(json.dumps(kernels(int(arguments[1]), shape_of(int(arguments[1])))))
        return
    if arguments[:1] == ["--one"]:
        print(json.dumps(one(arguments[1], int(arguments[2]))))
        return
    sizes = [int(a) for a in arguments if a.isdigit()] or [1_000, 10_000, 100_000]
    if "--million" in arguments:
        sizes.append(MILLION)
    begin, load = time.perf_counter(), os.getloadavg()[0]
    copied = float(child("--copy"))
    rows = measure(sizes)
    passes = [row for n in sizes if n >= 10_000 for row in child("--kernels", str(n)) or []]
    machine = {
        "cores": os.cpu_count(), "copy_gb_per_second": copied / 1e9, "load_before": load,
        "numpy": np.__version__,
    }  # fmt: skip
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"machine": machine, "rows": rows, "kernels": passes}, indent=1))
    tables = {
        "machine": f"{os.cpu_count()} cores, copy {copied / 1e9:.1f} GB/s (read + write), load "
        f"{load:.1f} before, numpy {np.__version__}.",
        "roads": road_table(rows),
        "scaling": scaling_table(rows),
        "kernels": kernel_table(passes, copied),
    }
    for name, text in tables.items():
        print(f"{text}\n")
        if "--write" in arguments:
            put(name, text)
    print(f"{time.perf_counter() - begin:.0f} s in all")


if __name__ == "__main__":
    main(sys.argv[1:])
