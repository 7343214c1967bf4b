"""Yahoo's option chain, by the real client over real TLS."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import pytest

from signals.expected_move import expected_move, yahoo_chain_of
from tests.faults import yahoo_server

OPTIONS = {
    "expirationDates": [1796169600, 1796774400],  # 2 and 9 December 2026
    "quote": {"regularMarketPrice": 640.0},
    "options": [{
        "calls": [{"strike": 630.0, "bid": 20.0, "ask": 21.0, "lastPrice": 19.0},
                  {"strike": 640.0, "bid": 14.0, "ask": 15.0, "lastPrice": 12.0}],
        "puts": [{"strike": 640.0, "bid": 0.0, "ask": 15.0, "lastPrice": 13.5}],
    }],
}  # fmt: skip


def test_yahoos_chain_through_the_real_client(yahoo, monkeypatch):
    handler = yahoo_server._Handler
    plain = handler.do_GET

    def answer(self):
        if not self.path.startswith("/v7/finance/options/"):
            return plain(self)
        known = self.path.split("/")[-1].split("?")[0] == "META"
        if not known:
            return self.reply(200, json.dumps({"optionChain": {"result": [], "error": None}}))
        return self.reply(200, json.dumps({"optionChain": {"result": [OPTIONS], "error": None}}))

    monkeypatch.setattr(handler, "do_GET", answer)
    chain_of = yahoo_chain_of(datetime(2026, 12, 1, 15, tzinfo=UTC), timeout=5.0)
    chain = chain_of("META", np.datetime64("2026-12-03"))
    assert chain is not None
    assert (str(chain.expiry), chain.spot, chain.recorded_at) == (
        "2026-12-09",
        640.0,
        "2026-12-01T15:00:00Z",
    )
    found = expected_move(chain)
    assert (found.strike, found.call, found.put) == (640.0, 14.5, 13.5)
    assert found.implied == pytest.approx(28 / 640)
    assert chain_of("META", np.datetime64("2027-01-01")) is None
    assert chain_of("NOPE", np.datetime64("2026-12-03")) is None
