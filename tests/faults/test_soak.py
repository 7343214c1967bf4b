"""Cycle after cycle: memory flat, no file left open, every outcome right."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.campaign import SEED
from tests.faults.soak import soak

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def test_scheduled_cycles(tmp_path: Path) -> None:
    full = os.environ.get("SIGNALS_FAULTS") == "full"
    cycles = 300 if full else 30
    tally = soak(tmp_path, cycles=cycles, seed=SEED)
    assert not tally.wrong, "\n".join(tally.wrong)
    assert tally.kills + tally.finished_first == cycles
    assert tally.kills >= cycles // 30
