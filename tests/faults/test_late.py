"""A source that is days behind and says so itself is asked again, not taken for final."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flows.direct import run_direct
from flows.options import RunOptions
from signals.sessions import trading_calendar
from tests.faults.soak import _until
from tests.faults.world import make_world
from tests.faults.yahoo_server import YahooServer
from tests.flows.conftest import reports


def test_a_series_that_lags_for_days_ends_as_in_a_fresh_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BBB stands still on 12 July; the event is of 16 July. For three evenings its newest sessions
    are missing, on the fourth Yahoo has them all."""
    world = make_world(tmp_path)
    whole = {x.symbol: x for x in world.listings()}
    calendar = trading_calendar("XNYS")
    evenings = [int(np.searchsorted(calendar.sessions, np.datetime64(f"2024-07-{d}")))
                for d in (17, 18, 19, 24)]  # fmt: skip
    for name, value in {**world.environment, "SIGNALS_RETRY_SECONDS": "0"}.items():
        monkeypatch.setenv(name, value)
    options = RunOptions(world.study.file, out=world.out, page=False)
    seen = []
    with YahooServer([]) as server, server.reached():
        for number, at in enumerate(evenings):
            behind = np.datetime64("2024-07-12") if number < 3 else calendar.sessions[at]
            server.listings = {
                k: _until(v, behind if k == "BBB" else calendar.sessions[at])
                for k, v in whole.items()
            }
            server.requests.clear()
            now = dt.datetime.fromisoformat(f"{calendar.closes[at]}+00:00") + dt.timedelta(hours=2)
            run_direct(options, now=now)
            events = pd.read_csv(world.out / "events.csv").set_index(["event_id", "ticker"])
            seen.append(events.loc[("third", "BBB"), "status"])
            assert any("BBB" in str(r) for r in server.requests), f"evening {number}: not asked"
        found = reports(world.out)
        monkeypatch.setenv("SIGNALS_CACHE", str(tmp_path / "fresh"))
        run_direct(replace(options, out=tmp_path / "fresh-out"), now=now)
    assert "complete" not in seen[:3], "nothing is said of sessions that are not there"
    assert seen[3] == "complete"
    fresh = reports(tmp_path / "fresh-out")
    assert [n for n in fresh if n != "changes.csv" and fresh[n] != found.get(n)] == []
