"""Killed at any moment, and eight at once: nothing is lost, nothing is half-written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.campaign import SEED, prefect_api
from tests.faults.kills import kill_collect, kill_prices, kill_runs
from tests.faults.together import concurrent_runs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

FULL = os.environ.get("SIGNALS_FAULTS") == "full"


def test_run_killed_without_prefect(tmp_path: Path) -> None:
    tally = kill_runs(tmp_path, 200 if FULL else 30, SEED, direct=True)
    assert not tally.wrong, "\n".join(tally.wrong)
    assert tally.kills >= (150 if FULL else 20)


@pytest.mark.flow
def test_run_killed_in_the_flow(tmp_path: Path) -> None:
    with prefect_api(tmp_path / "prefect") as url:
        tally = kill_runs(tmp_path, 200 if FULL else 20, SEED, direct=False, prefect=url)
    assert not tally.wrong, "\n".join(tally.wrong)
    assert tally.kills >= (150 if FULL else 12)


def test_refresh_killed(tmp_path: Path) -> None:
    tally = kill_prices(tmp_path, 200 if FULL else 15, SEED)
    assert not tally.wrong, "\n".join(tally.wrong)
    assert tally.kills >= (150 if FULL else 10)


def test_collect_killed(tmp_path: Path) -> None:
    tally = kill_collect(tmp_path, 200 if FULL else 15, SEED)
    assert not tally.wrong, "\n".join(tally.wrong)
    assert tally.kills >= (130 if FULL else 8)


def test_eight_runs_at_once(tmp_path: Path) -> None:
    rounds = 10 if FULL else 1
    tally = concurrent_runs(tmp_path, rounds=rounds, at_once=8)
    assert not tally.wrong, "\n".join(tally.wrong)
    assert tally.finished_first == 8 * rounds
