"""The straddle of the nearest expiry, and when there is nothing to record."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from signals.errors import TransientError
from signals.expected_move import OptionChain, expected_move, expected_moves_table


def chain(strikes, calls, puts, spot=100.0) -> OptionChain:
    expiry = np.datetime64("2026-12-04")
    arrays = [np.asarray(a, dtype=float) for a in (strikes, calls, puts)]
    return OptionChain("META", "2026-12-01T15:00:00Z", spot, expiry, *arrays)


def test_the_straddle_nearest_to_the_spot():
    found = expected_move(chain([95, 100, 105], [7, 4, 2], [2, 3.5, 6.5], spot=101.0))
    assert (found.strike, found.call, found.put) == (100, 4, 3.5)
    assert found.implied == pytest.approx(7.5 / 101)


def test_strikes_without_both_prices_are_passed_over():
    found = expected_move(chain([98, 100, 102], [5, np.nan, 3], [3, 4, 5]))
    assert found.strike == 98
    assert "no strike" in expected_move(chain([100], [np.nan], [4])).reason
    far = expected_move(chain([110], [1], [11]))
    assert np.isnan(far.implied)
    assert "more than 5 %" in far.reason


def test_only_what_is_still_to_come_is_asked():
    events = pd.DataFrame(
        {
            "event_id": ["next", "past", "none", "down"],
            "ticker": ["META", "META", "EL.PA", "NVDA"],
            "day_zero": ["2026-12-02", "2025-10-30", "2026-12-02", "2026-12-02T20:00:00"],
            "status": ["pending", "complete", "pending", "pending"],
        }
    )
    moves = pd.DataFrame({"event_id": ["past"], "ticker": ["META"], "actual_return": [-0.1133]})
    asked = []

    def chain_of(symbol, day):
        asked.append((symbol, str(day)))
        if symbol == "NVDA":
            raise TransientError("yahoo", "HTTP 500", ticker=symbol)
        return chain([100], [4], [3.5]) if symbol == "META" else None

    found = expected_moves_table(events, moves, chain_of, recorded_at="2026-12-01T15:00:00Z")
    rows = found.set_index("event_id")
    assert sorted(asked) == [
        ("EL.PA", "2026-12-02"),
        ("META", "2026-12-02"),
        ("NVDA", "2026-12-02"),
    ]
    assert rows.loc["next", "implied_move"] == pytest.approx(0.075)
    assert rows.loc["next", "expiry"] == "2026-12-04"
    assert np.isnan(rows.loc["next", "ratio"])
    assert rows.loc["past", "reason"].startswith("not_recorded")
    assert rows.loc["past", "actual_move"] == -0.1133
    assert np.isnan(rows.loc["past", "implied_move"])
    assert rows.loc["none", "reason"].startswith("no_options")
    assert rows.loc["down", "reason"] == "source_down: HTTP 500"
    later = events.assign(status="complete")
    after = pd.DataFrame({"event_id": ["next"], "ticker": ["META"], "actual_return": [-0.03]})
    again = expected_moves_table(
        later, after, chain_of, recorded_at="2026-12-03T15:00:00Z", earlier=found
    ).set_index("event_id")  # fmt: skip
    assert again.loc["next", "implied_move"] == pytest.approx(0.075)
    assert again.loc["next", "recorded_at"] == "2026-12-01T15:00:00Z"
    assert again.loc["next", "ratio"] == pytest.approx(0.4)
    assert len(asked) == 3
