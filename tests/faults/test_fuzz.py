"""Whatever a file holds, it is understood, refused with place and reason, or skipped with one."""

from __future__ import annotations

import importlib.util
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.faults import fuzz
from tests.faults.campaign import SEED

FULL = os.environ.get("SIGNALS_FAULTS") == "full"
QUIET = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(autouse=True)
def alarmed() -> Iterator[None]:
    before = signal.signal(signal.SIGPROF, fuzz._alarm)
    fuzz.parse_stamp("a date of no known language in 2024")
    yield
    signal.signal(signal.SIGPROF, before)


def no_finding(name: str, data: bytes, folder: Path) -> None:
    ended, finding = fuzz.attempt(name, data, folder)
    assert finding is None, f"{finding.what}: {data!r}" if finding else ""
    assert ended in {"read", "refused", "skipped"}


@pytest.mark.parametrize("name", sorted(fuzz.TARGETS))
def test_valid_seeds_are_understood(name: str, tmp_path: Path) -> None:
    call, seeds = fuzz.TARGETS[name]
    assert "refused" not in {call(data, tmp_path) for data in seeds}
    assert "read" in {call(data, tmp_path) for data in seeds}


@pytest.mark.parametrize("name", sorted(fuzz.TARGETS))
@QUIET
@given(
    data=st.binary(max_size=600) | st.text(max_size=300).map(lambda t: t.encode("utf-8", "replace"))
)
def test_noise(name: str, data: bytes, tmp_path: Path) -> None:
    no_finding(name, data, tmp_path)


@pytest.mark.parametrize("name", sorted(fuzz.TARGETS))
@QUIET
@given(draw=st.randoms(use_true_random=False))
def test_valid_documents_with_faults(name: str, draw: random.Random, tmp_path: Path) -> None:
    no_finding(name, fuzz.mutated(draw, fuzz.TARGETS[name][1]), tmp_path)


CELL = st.sampled_from([*fuzz.NASTY, b"first", b"AAA", b"2024-06-03", b"day", b"minute", b"deal"])


@pytest.mark.parametrize("name", ["events", "claims", "prices"])
@QUIET
@given(rows=st.lists(st.lists(CELL, min_size=1, max_size=13), max_size=6))
def test_tables_of_nasty_cells(name: str, rows: list[list[bytes]], tmp_path: Path) -> None:
    header = fuzz.TARGETS[name][1][0].split(b"\n", 1)[0]
    no_finding(name, b"\n".join([header, *(b",".join(r) for r in rows)]), tmp_path)


@pytest.mark.slow
def test_ten_thousand_inputs(tmp_path: Path) -> None:
    tally = fuzz.fuzz_all(tmp_path, 100_000 if FULL else 10_000, SEED)
    assert not tally.wrong, "\n".join(tally.wrong[:20])
    assert tally.kills > 1000
    assert tally.finished_first > 500


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(fuzz.TARGETS))
def test_guided_by_coverage(name: str, tmp_path: Path) -> None:
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed: pip install atheris")
    runs = 20_000 if FULL else 400
    ended = subprocess.run(
        [sys.executable, "-m", "tests.faults.atheris_run", name, str(runs)],
        capture_output=True, text=True, timeout=7200, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert "FINDING" not in ended.stdout, ended.stdout[-2000:]
    assert ended.returncode == 0, ended.stderr[-2000:]
