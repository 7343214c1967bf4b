"""The loopback Yahoo under the real yfinance client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.yahoo_server import YahooServer, generated
from tests.prices.making import sessions


@pytest.fixture(scope="module")
def running() -> Iterator[YahooServer]:
    days = sessions("2023-01-02", "2024-12-31").tolist()
    listing = generated("META", sessions=days, name="Meta Platforms, Inc.")
    with YahooServer([listing]) as server, server.reached():
        yield server


@pytest.fixture
def yahoo(running: YahooServer) -> Iterator[YahooServer]:
    """The server without faults and with an empty log; its listings as they were, afterwards."""
    listings = dict(running.listings)
    running.heal()
    running.requests.clear()
    yield running
    running.heal()
    running.listings = listings
