"""Two runs at once, a full disk, an interrupted run, a Prefect server that is not there."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.flows.conftest import Command, Study, reports

MAIN = "import sys; from flows.cli import main; sys.exit(main(sys.argv[1:]))"


def start(*arguments: object, before: str = "") -> subprocess.Popen[str]:
    """One command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", before + MAIN, *map(str, arguments), "--no-page"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def is_of_one_piece(folder: Path) -> bool:
    """Whether every table is the one that the manifest was written with."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    return all(
        hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
        for name, digest in manifest["files"].items()
    )


def test_two_runs_at_once_never_mix_their_files(study: Study, tmp_path: Path) -> None:
    other = study.folder / "other.toml"
    text = study.file.read_text(encoding="utf-8")
    other.write_text(text.replace("length = 60", "length = 50"), encoding="utf-8")
    children = [
        start("run", "--direct", file, "--out", tmp_path / "out")
        for file in (study.file, other, study.file)
    ]
    for child in children:
        _, told = child.communicate(timeout=120)
        assert child.returncode == 0, told
    assert is_of_one_piece(tmp_path / "out")
    assert not list((tmp_path / "out").glob("*.tmp"))


def test_a_full_disk_is_told_and_old_reports_stay(study: Study, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = start("run", "--direct", study.file, "--out", out)
    first.communicate(timeout=60)
    assert first.returncode == 0
    before = reports(out)
    study.edit("length = 60", "length = 55")
    # No file may grow beyond 3 kB: what a full disk or a quota does to a write.
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000));"
    second = start("run", "--direct", study.file, "--out", out, before=full)
    _, told = second.communicate(timeout=60)
    assert second.returncode == 2
    assert "cannot be written" in told
    assert "Traceback" not in told
    after = reports(out)
    assert set(after) == set(before), "no half-written file is left behind"
    assert after["car.csv"] == before["car.csv"]


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_leaves_whole_files_and_no_lock(
    study: Study, tmp_path: Path, ending: signal.Signals
) -> None:
    out = tmp_path / "out"
    slow = "import time; from flows import steps; old = steps.estimate\n"
    slow += "def estimate(*a): print('estimating', flush=True); time.sleep(30); return old(*a)\n"
    slow += "steps.estimate = estimate\n"
    child = start("run", "--direct", study.file, "--out", out, before=slow)
    assert child.stdout is not None
    assert child.stdout.readline() == "estimating\n"
    child.send_signal(ending)
    _, told = child.communicate(timeout=30)
    assert child.returncode == (130 if ending is signal.SIGINT else -9)
    assert "Traceback" not in told
    begin = time.monotonic()
    again = start("run", "--direct", study.file, "--out", out)
    again.communicate(timeout=60)
    assert again.returncode == 0
    assert time.monotonic() - begin < 30, "nobody holds the folder any more"
    assert is_of_one_piece(out)


def test_a_prefect_server_that_is_not_there(
    study: Study, signals: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    for command in (("run",), ("serve",)):
        told = signals(*command, study.file)
        assert told.code == 3
        assert "http://127.0.0.1:9/api does not answer" in told.err
        assert "Traceback" not in told.err
    assert signals("run", "--direct", study.file).code == 0


def test_prefects_own_words_become_ours() -> None:
    import httpx

    from flows.connection import told_in_words
    from signals.errors import SpecError, TransientError

    request = httpx.Request("GET", "http://127.0.0.1:9/api")

    def refused(code: int) -> httpx.HTTPStatusError:
        return httpx.HTTPStatusError(
            "no", request=request, response=httpx.Response(code, request=request)
        )

    with pytest.raises(SpecError, match="PREFECT_API_AUTH_STRING"), told_in_words():
        raise refused(401)
    with pytest.raises(TransientError, match="answered 503"), told_in_words():
        raise refused(503)
    with pytest.raises(TransientError, match="was lost on the way"), told_in_words():
        raise httpx.ConnectError("refused", request=request)
    with pytest.raises(RuntimeError, match="a bug of ours"), told_in_words():
        raise RuntimeError("a bug of ours")


def test_a_folder_that_may_not_be_written(study: Study, signals: Command, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    if os.access(locked, os.W_OK):
        locked = Path("/proc/1/reports")  # root may write anywhere but there
    told = signals("run", "--direct", study.file, "--out", locked / "out")
    assert told.code == 2
    assert "--out" in told.err or "cannot be written" in told.err
