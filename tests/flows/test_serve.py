"""``signals serve``: the real server, runs that the schedule made, and what they leave."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.flows.conftest import Command, Study, write_study
from tests.flows.ui_shots import chromium, take


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--cron", "61 * * * *"), ("--cron", "61 * * * *", "30 18 * * 1-5")),
        (("--cron", "soon"), ("--cron", "soon")),
        (("--cron", "0 9 * * *", "--timezone", "Europe/Pari"), ("--timezone", "Europe/Paris")),
        (("--timezone", "Europe/Paris"), ("--timezone", "--cron is missing")),
        (("--prices", "bloomberg"), ("--prices", "bloomberg")),
        (("--port", "0"), ("--port",)),
    ],
)
def test_a_bad_schedule_is_refused_before_anything_starts(
    options: tuple[str, ...], words: tuple[str, ...], study: Study, signals: Command
) -> None:
    told = signals("serve", study.file, *options)
    assert told.code == 2
    for word in words:
        assert word in told.err
    assert "Traceback" not in told.err


def test_a_bad_schedule_in_the_study_file_is_named(study: Study, signals: Command) -> None:
    study.edit("[events]", '[schedule]\ncron = "30 18 * * 8-9"\n\n[events]')
    told = signals("serve", study.file)
    assert told.code == 2
    assert "study.toml" in told.err
    assert "schedule.cron" in told.err


def test_a_port_that_is_taken_is_refused(study: Study, signals: Command) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        told = signals("serve", study.file, "--port", taken.getsockname()[1])
    assert told.code == 2
    assert "listens there already" in told.err


def test_two_studies_may_not_share_an_id(study: Study, signals: Command, tmp_path: Path) -> None:
    other = write_study(tmp_path / "other")
    told = signals("serve", study.file, other.file)
    assert told.code == 2
    assert "same id" in told.err


def test_the_timetable_follows_the_clocks_of_its_zone(study: Study) -> None:
    """18:30 in New York is 22:30 UTC in summer and 23:30 UTC in winter: after every close."""
    from prefect.server.schemas.schedules import CronSchedule

    from flows.schedule import timetable
    from signals.spec import read_study

    study.edit("[events]", '[schedule]\ncron = "30 18 * * 1-5"\n\n[events]')
    when = timetable(read_study(study.file))
    assert when is not None
    assert when.timezone == "America/New_York"
    server_side = CronSchedule(cron=when.cron, timezone=when.timezone)
    dates = asyncio.run(server_side.get_dates(n=4, start=datetime(2026, 10, 29, tzinfo=UTC)))
    assert [d.astimezone(UTC).hour for d in dates] == [22, 22, 23, 23], (
        "clocks change on 1 November"
    )
    assert [d.day for d in dates] == [29, 30, 2, 3], "and no run at the weekend"


def patiently(condition: Callable[[], object], seconds: float = 30) -> None:
    """Until ``condition()`` holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it does not come to hold"
        time.sleep(0.25)


@dataclass(frozen=True, slots=True)
class Api:
    """The server's API, as the UI asks it."""

    url: str

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.url + path, data=data, headers={"Content-Type": "application/json"})
        with urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def runs(self, *states: str) -> list[Any]:
        """Flow runs in any of ``states``, oldest first."""
        wanted = {
            "flow_runs": {"state": {"type": {"any_": list(states)}}},
            "sort": "START_TIME_ASC",
        }
        return list(self.ask("/flow_runs/filter", wanted))

    def wait(self, state: str, count: int, seconds: float) -> list[Any]:
        """Until ``count`` runs have ended in ``state``."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                found = self.runs(state)
            except OSError:  # the server is still starting
                found = []
            if len(found) >= count:
                return found
            time.sleep(0.5)
        raise AssertionError(f"no {count} runs {state} after {seconds} s")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Study, Api, Any]]:
    """A study that is served every fifteen seconds, with a server of its own."""
    folder = tmp_path_factory.mktemp("served")
    study = write_study(folder / "study")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    environment |= {"PREFECT_HOME": str(folder / "prefect"), "PREFECT_RUNNER_POLL_FREQUENCY": "1"}
    command = [sys.executable, "-c", "import sys; from flows.cli import main; sys.exit(main())",
               "serve", str(study.file), "--cron", "* * * * * */15", "--port", str(port)]  # fmt: skip
    with (folder / "log.txt").open("wb") as log:
        child = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield study, Api(f"http://127.0.0.1:{port}/api"), child
        finally:
            if child.poll() is None:
                child.send_signal(signal.SIGINT)
                child.wait(60)


@pytest.mark.flow
@pytest.mark.slow
@pytest.mark.browser
def test_a_person_sees_the_run_in_the_browser(
    served: tuple[Study, Api, Any], tmp_path: Path
) -> None:
    program = chromium()
    if program is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    _, api, _ = served
    done = api.wait("COMPLETED", 1, 180)[0]
    seen = take(api.url.removesuffix("/api"), done["id"], "tiny", tmp_path, program)
    assert done["name"] in seen.texts["run"]
    assert "Completed" in seen.texts["run"]
    for artifact in ("tiny-findings", "tiny-excluded", "tiny-car-path"):
        assert artifact in seen.texts["artifacts"].lower()
    assert "second" in seen.texts["findings"]
    assert "tiny" in seen.texts["deployments"]
    assert seen.hosts <= {"127.0.0.1", ""}, "the pages ask no other host"
    assert all((tmp_path / f"{name}.png").stat().st_size > 10_000 for name in seen.texts)


@pytest.mark.flow
@pytest.mark.slow
def test_runs_that_the_schedule_made(served: tuple[Study, Api, Any]) -> None:
    study, api, child = served
    reports = study.folder.parent / "reports" / "tiny"

    done = api.wait("COMPLETED", 1, 180)[0]
    assert done["auto_scheduled"], "nobody but the schedule has started it"
    assert done["name"].startswith("study ")
    assert {"study", "tiny", "csv"} <= set(done["tags"])
    for name in ("events", "car", "caar", "statistics", "excluded"):
        assert (reports / f"{name}.csv").is_file()
    manifest = json.loads((reports / "manifest.json").read_bytes())
    # The schedule goes on meanwhile: the reports are of this run or of a later one.
    assert manifest["run"]["flow_run_id"] in {r["id"] for r in api.runs("COMPLETED", "RUNNING")}
    only = {"flow_runs": {"id": {"any_": [done["id"]]}}}
    artifacts = {a["key"]: a for a in api.ask("/artifacts/filter", only)}
    assert {"progress-prices", "tiny-findings", "tiny-excluded", "tiny-summary"} <= set(artifacts)
    assert "second" in artifacts["tiny-findings"]["data"]
    # Task runs and events reach the database a moment after the run has ended.
    wanted = {"read", "match", "prices-AAA", "estimate", "write"}
    patiently(lambda: wanted <= {t["name"] for t in api.ask("/task_runs/filter", only)})
    event_filter = {"filter": {"event": {"name": ["signals.finding"]}}}
    patiently(lambda: api.ask("/events/filter", event_filter)["events"])
    found = api.ask("/events/filter", event_filter)["events"]
    assert {"second"} <= {e["payload"]["event"] for e in found}

    deployments = api.ask("/deployments/filter", {})
    assert len(deployments) == 3, "the study, the refresh of its prices, and its news"
    form = next(d for d in deployments if "out" in d["parameters"])
    properties = form["parameter_openapi_schema"]["properties"]
    assert properties["study"]["type"] == "string"
    assert properties["skip_bad_rows"]["type"] == "boolean"

    text = study.file.read_text(encoding="utf-8")
    study.edit("[estimation]", "[estimaton]")
    failed = api.wait("FAILED", 1, 90)[-1]
    assert "study.toml" in failed["state"]["message"]
    assert "did you mean 'estimation'" in failed["state"]["message"]
    count = len(api.runs("COMPLETED"))
    study.file.write_text(text, encoding="utf-8")
    api.wait("COMPLETED", count + 1, 90)

    child.send_signal(signal.SIGINT)
    assert child.wait(60) in (0, 130)
    with pytest.raises(OSError):  # noqa: PT011
        api.ask("/health")
