"""``python -m tests.benchmarks.on_dask [N] [--write]``: the chunks of a study on two Dask processes.

Prints (Markdown) wall and CPU time on one thread, on two threads and on two processes, whether all
gave the same bytes, and the bytes of a pickled task and of its result per event. ``--write`` puts
it into docs/performance.md.
"""

from __future__ import annotations

import pickle
import sys
import time
from collections.abc import Callable
from typing import Any

from signals.inference.streaming import STREAMED, ScaleStudy, study_at_scale
from signals.inference.streaming_remote import on_cluster, portable
from signals.inference.streaming_residuals import residual_partial
from tests.benchmarks.page import put
from tests.benchmarks.roads import WINDOW, design


def main(n: int, write: bool) -> None:
    from distributed import Client, LocalCluster

    returns = design(n)
    sent: list[int] = []
    back: list[int] = []

    def weighed(function, tasks):  # type: ignore[no-untyped-def]
        for task in tasks:
            small = portable(task)
            found = function(small)
            if function is residual_partial:
                sent.append(len(pickle.dumps(small)))
                back.append(len(pickle.dumps(found)))
            yield found

    said: list[str] = []

    def say(line: str) -> None:
        print(line, flush=True)
        said.append(line)

    def no_workers() -> float:
        return 0.0

    def timed(
        label: str, elsewhere: Callable[[], float] = no_workers, **options: Any
    ) -> ScaleStudy:
        best = (float("inf"), 0.0, 0.0)
        for _ in range(3):
            start, cpu, away = time.perf_counter(), time.process_time(), elsewhere()
            study = study_at_scale(returns, "market", [WINDOW], names=STREAMED, **options)
            wall = time.perf_counter() - start
            best = min(best, (wall, time.process_time() - cpu, elsewhere() - away))
        wall, here, away = best
        say(f"| {label} | {wall:.2f} | {here:.2f} | {away:.2f} | {n / wall:,.0f} |")
        return study

    say(f"{n:,} events, all statistics:\n")
    say("| road | wall s | CPU s here | CPU s of workers | events/s |\n|---|---|---|---|---|")
    studies = [timed("one thread"), timed("two threads", workers=2)]
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with cluster, Client(cluster) as client:

        def of_workers() -> float:
            return float(sum(client.run(time.process_time).values()))

        small = design(2_000)  # workers are up and have imported what they need
        study_at_scale(small, "market", [WINDOW], chunk=256, run=on_cluster(client))
        studies.append(timed("two Dask processes", of_workers, run=on_cluster(client)))
    studies.append(study_at_scale(returns, "market", [WINDOW], names=STREAMED, run=weighed))
    answers = {
        pickle.dumps([(s.name, s.statistic, s.p_value) for s in study.cells[0].statistics])
        for study in studies
    }
    say(f"\nThe same bytes everywhere: {len(answers) == 1}.")
    say(f"Sent {sum(sent) / n:,.0f} bytes an event and pass, got back {sum(back) / n:,.0f}.")
    if write:
        put("dask", "\n".join(said))


if __name__ == "__main__":
    numbers = [int(a) for a in sys.argv[1:] if a.isdigit()]
    main(numbers[0] if numbers else 100_000, "--write" in sys.argv)
