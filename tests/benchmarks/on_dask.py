"""``python -m tests.benchmarks.on_dask [N]``: the chunks of a study on two Dask processes.

Prints the time on one thread, on two threads and on two processes, whether all gave the same
bytes, and the bytes of a pickled task and of its result per event.
"""

from __future__ import annotations

import pickle
import sys
import time

from signals.inference.streaming import STREAMED, ScaleStudy, study_at_scale
from signals.inference.streaming_remote import on_cluster, portable
from signals.inference.streaming_residuals import residual_partial
from tests.benchmarks.roads import WINDOW, design


def main(n: int) -> None:
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

    def timed(label: str, **options: object) -> ScaleStudy:
        start = time.perf_counter()
        study = study_at_scale(returns, "market", [WINDOW], names=STREAMED, **options)  # type: ignore[arg-type]
        taken = time.perf_counter() - start
        print(f"{label}: {taken:.2f} s, {n / taken:,.0f} events/s")
        return study

    studies = [timed("one thread"), timed("two threads", workers=2)]
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with cluster, Client(cluster) as client:
        small = design(2_000)  # workers are up and have imported what they need
        study_at_scale(small, "market", [WINDOW], chunk=256, run=on_cluster(client))
        studies.append(timed("two Dask processes", run=on_cluster(client)))
    studies.append(timed("weighing the tasks", run=weighed))
    answers = {
        pickle.dumps([(s.name, s.statistic, s.p_value) for s in study.cells[0].statistics])
        for study in studies
    }
    print(f"the same bytes everywhere: {len(answers) == 1}")
    print(f"sent {sum(sent) / n:,.0f} bytes an event, got back {sum(back) / n:,.0f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
