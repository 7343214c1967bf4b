"""Fixtures shared by all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded real prices beside the checkout; skips visibly without it."""
    if not (SHARED / "market").is_dir():
        pytest.skip("recorded market data (../shared) is not on this machine")
    return SHARED


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT
