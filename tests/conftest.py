"""Fixtures shared by all tests, and the rule that nothing may be skipped where all is there."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


def pytest_configure() -> None:
    """Whoever starts the tests in the background (nohup, a script's &) has interrupts ignored, by
    every process below as well; tests that interrupt a command need them back."""
    ours = threading.current_thread() is threading.main_thread()
    if ours and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded real prices beside the checkout; skips visibly without it."""
    if not (SHARED / "market").is_dir():
        pytest.skip("recorded market data (../shared) is not on this machine")
    return SHARED


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Flow tests share one Prefect server, so they stay on one worker: two servers starting at
    once on two cores run into each other's time limits."""
    for item in items:
        if item.get_closest_marker("flow"):
            item.add_marker(pytest.mark.xdist_group("prefect"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With SIGNALS_NO_SKIPS=1 (set by .ci/run) a skipped test is a failed one: a machine that
    has everything must not pass by leaving something out."""
    report = yield
    if (
        report.skipped
        and os.environ.get("SIGNALS_NO_SKIPS") == "1"
        and not hasattr(report, "wasxfail")
    ):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped although SIGNALS_NO_SKIPS=1: {reason}"
    return report
