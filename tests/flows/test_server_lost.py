"""A Prefect server that is killed while a run is under way."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.faults.campaign import prefect_api
from tests.flows.conftest import Command, Study, reports

# The estimation says that it has begun, and waits until the server is gone.
SLOW = """
import pathlib, sys, time
from flows import steps
from flows.cli import main
real = steps.estimate
def estimate(*given):
    print("estimating", flush=True)
    while not pathlib.Path(GONE).exists():
        time.sleep(0.05)
    return real(*given)
steps.estimate = estimate
sys.exit(main())
"""
PATIENCE = 75.0  # on a busy machine; Prefect's own retries take more than two minutes


def _start(study: Study, out: Path, gone: Path) -> subprocess.Popen[str]:
    code = SLOW.replace("GONE", repr(str(gone)))
    return subprocess.Popen(
        [sys.executable, "-c", code, "run", str(study.file), "--out", str(out), "--no-page"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ),
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.flow
def test_a_server_killed_on_the_way_is_told_soon_and_costs_nothing(
    study: Study, signals: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, gone = tmp_path / "out", tmp_path / "gone"
    assert signals("run", "--direct", study.file, "--out", out, "--no-page").code == 0
    before = reports(out)
    study.edit("length = 60", "length = 55")  # something to do again
    mine = {p.pid for p in psutil.Process().children()}
    with prefect_api(tmp_path / "prefect") as url:
        monkeypatch.setenv("PREFECT_API_URL", url)
        (server,) = [p for p in psutil.Process().children() if p.pid not in mine]
        run = _start(study, out, gone)
        assert run.stdout is not None
        assert run.stdout.readline() == "estimating\n"
        for process in [*server.children(recursive=True), server]:
            process.kill()
        gone.touch()
        begun = time.monotonic()
        _, told = run.communicate(timeout=300)
        seconds = time.monotonic() - begun
    assert run.returncode == 3, told
    assert "error: Prefect's server: was lost on the way" in told
    assert "--direct" in told
    assert "Traceback" not in told
    assert "Error logging to API" not in told
    assert seconds < PATIENCE
    left = reports(out)
    again = signals("run", "--direct", study.file, "--out", out, "--no-page")
    assert again.code == 0, "and nobody holds the folder"
    after = reports(out)
    assert after != before
    # A fast machine is done before the loss is noticed: the new reports then stand, all of them.
    assert left in (before, after), "old reports or new ones, never a mixture"
