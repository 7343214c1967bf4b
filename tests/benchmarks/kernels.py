"""The passes of a study at scale one by one, on one thread, against the speed of a copy."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from signals.inference.inference import Correlation
from signals.inference.streaming import STREAMED
from signals.inference.streaming_events import first_pass, in_order, prepare
from signals.inference.streaming_plan import chunk_tasks, place_tasks, plan_cells
from signals.inference.streaming_residuals import place_partial, residual_partial
from tests.benchmarks.roads import LENGTH, WINDOW, design

CHUNK = 16_384
ROW = 8 * 2  # y and x
WIDTH = WINDOW[1] - WINDOW[0] + 1


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


def kernels(n: int, shape: tuple[int, int]) -> list[dict[str, float | str]]:
    """Seconds and compulsory bytes of each pass over ``n`` events, best of three."""
    returns = design(n, *shape)
    clocks: dict[str, tuple[float, float]] = {}

    def timed(name: str, work: Callable[[], Any], rounds: int = 3) -> Any:
        best = (np.inf, np.inf)
        for _ in range(rounds):
            wall, cpu = time.perf_counter(), time.process_time()
            found = work()
            best = min(best, (time.perf_counter() - wall, time.process_time() - cpu))
        clocks[name] = best
        return found

    layout = timed("lay the series out", lambda: prepare(returns, "market"))
    cars = timed(
        "pass 1: fits and CARs", lambda: first_pass(returns, layout, [WINDOW], 1, "strict", 1)
    )
    everyone = {"all": np.ones(n, dtype=bool)}

    def planned() -> Any:
        events = in_order(returns, layout, cars)
        return events, plan_cells(events, everyone, (WINDOW,), STREAMED)

    events, plan = timed("put in order, choose events", planned)
    tasks = list(chunk_tasks(events, plan, CHUNK))
    places = list(place_tasks(events, plan, [Correlation(0.0, "", 0, n)], tasks, CHUNK))
    timed("pass 2: ranks, signs, r̄", lambda: [residual_partial(task) for task in tasks])
    timed("pass 3: GRANK's places", lambda: [place_partial(task) for task in places])
    series, sessions = shape
    once = 8 * sessions * (series + 1)  # every series and the market
    results = 8 * 11 * n
    touched = {
        "lay the series out": 2 * once,
        "pass 1: fits and CARs": min(once, ROW * (LENGTH + WIDTH) * n) + results,
        "put in order, choose events": 2 * results,
        "pass 2: ranks, signs, r̄": ROW * (LENGTH + WIDTH) * n,
        "pass 3: GRANK's places": ROW * LENGTH * n,
    }
    return [
        {"kernel": name, "n": n, "bytes": touched[name], "seconds": wall, "cpu": cpu}
        for name, (wall, cpu) in clocks.items()
    ]


def kernel_table(rows: list[dict[str, float | str]], copied: float) -> str:
    """Markdown: compulsory bytes an event, time, and the share of ``copied`` bytes a second."""
    lines = [
        "| events | kernel, one thread | compulsory bytes an event | CPU µs/event | "
        "wall µs/event | share of copy bandwidth (CPU) |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        n, size, cpu = float(row["n"]), float(row["bytes"]), float(row["cpu"])
        lines.append(
            f"| {int(n):,} | {row['kernel']} | {size / n:,.0f} | {1e6 * cpu / n:.2f} | "
            f"{1e6 * float(row['seconds']) / n:.2f} | {100 * size / cpu / copied:.1f} % |"
        )
    return "\n".join(lines)
