"""Commands in this process, as the tests of the flows run them, and a small world to run them in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.world import World, make_world
from tests.faults.yahoo_server import YahooServer
from tests.flows.conftest import signals

__all__ = ["signals", "world"]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A study whose prices come from a Yahoo of our own, and an environment of its own."""
    made = make_world(tmp_path)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    with YahooServer(made.listings()) as server, server.reached():
        yield made
