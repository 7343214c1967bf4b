"""Estimation on a Dask cluster: the same bytes, also when a worker is killed on the way."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.direct import DirectRunner, run_direct
from flows.options import RunOptions
from tests.flows.conftest import Command, Study, reports

distributed = pytest.importorskip("distributed")

pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two worker processes on the loopback."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=":0",
        silence_logs="CRITICAL",
    ) as started:  # fmt: skip
        yield started


@pytest.fixture
def many(study: Study, cluster: Any) -> Study:
    """A study of enough pairs for several chunks, with some that cannot be estimated."""
    study.edit("[market]", f'[runner]\naddress = "{cluster.scheduler_address}"\n\n[market]')
    for n in range(60):
        month, day = 5 + n // 25, 1 + n % 25
        study.add_event(f"more-{n:02d},2024-{month:02d}-{day:02d},day,deal,Firm A,More,press,")
    study.add_event("early-1,2024-01-20,day,deal,Firm A,Too early,press,")
    study.add_event("early-2,2024-02-20,day,deal,Firm A,Too early,press,")
    return study


def run(study: Study, out: str, **options: Any) -> dict[str, bytes]:
    """The reports of one run."""
    done = run_direct(RunOptions(study=study.file, out=Path(out), page=False, **options))
    return reports(done.out)


@pytest.mark.slow
def test_the_same_bytes_as_on_threads(many: Study, cluster: Any) -> None:
    on_dask = run(many, "dask", runner="dask")
    here = run(many, "here")
    assert len(on_dask["excluded.csv"].splitlines()) > 2, "some pairs fail on the cluster"
    assert on_dask == here


@pytest.mark.slow
def test_a_worker_that_is_killed_on_the_way(
    many: Study, cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = run(many, "here")
    chunks: list[int] = []

    def kill_at_the_first_chunk(self: DirectRunner, done: int, total: int) -> None:
        if not chunks:
            os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
        chunks.append(total)

    monkeypatch.setattr(DirectRunner, "tell", kill_at_the_first_chunk)
    on_dask = run(many, "dask", runner="dask")
    assert len(chunks) == chunks[0] > 2, "every chunk is done once the killed ones are done again"
    assert on_dask == here


def test_a_cluster_that_is_not_there(
    many: Study, signals: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.dask_runner.PATIENCE", 1.0)
    text = many.file.read_text(encoding="utf-8")
    address = text.split('address = "')[1].split('"')[0]
    many.file.write_text(text.replace(address, "tcp://127.0.0.1:9"), encoding="utf-8")
    told = signals("run", "--direct", "--runner", "dask", many.file)
    assert told.code == 3
    assert "tcp://127.0.0.1:9 does not answer" in told.err
    assert "Traceback" not in told.err


def test_dask_without_an_address(study: Study, signals: Command) -> None:
    told = signals("run", "--direct", "--runner", "dask", study.file)
    assert told.code == 2
    assert "runner.address" in told.err
    other = signals("run", "--direct", "--runner", "spark", study.file)
    assert other.code == 2
    assert "threads, dask" in other.err


def test_workers_of_another_version_are_refused(
    many: Study, signals: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signals.reports.fingerprint.program_digest", lambda: "another")
    told = signals("run", "--direct", "--runner", "dask", many.file)
    assert told.code == 2
    assert "another version" in told.err
