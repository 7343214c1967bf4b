"""What differs between two runs: the rows that have not moved are never looked at one by one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from signals.reports.changes import COLUMNS, RunView, changes

MANIFEST = {"spec": {}, "engine": "batched", "digests": {"prices": {}}}


def view(rows: int = 30) -> RunView:
    ids = [f"e{i:03d}" for i in range(rows)]
    events = pd.DataFrame(
        {
            "event_id": ids, "ticker": "A", "status": "complete", "announced_at": "2023-01-03",
            "timing": "", "day_zero": "2023-01-03", "category": "deal", "group": "g",
            "benchmark": "SPY",
        }
    )  # fmt: skip
    car = pd.DataFrame(
        {
            "event_id": np.repeat(ids, 2), "ticker": "A", "first": np.tile([0, -1], rows),
            "last": 1, "car": np.linspace(-0.1, 0.1, 2 * rows), "std_error": 0.02,
            "headline_p_value": 0.5, "n_returns": 2, "status": "complete",
        }
    )  # fmt: skip
    return RunView({"events": events, "car": car}, MANIFEST, {"prices": {"A": "1", "SPY": "1"}})


def other(events: pd.DataFrame, car: pd.DataFrame) -> RunView:
    return RunView(
        {"events": events, "car": car}, MANIFEST, {"prices": {"A": "2", "SPY": "1"}}
    )  # fmt: skip


def test_everything_is_new_at_first() -> None:
    found = changes(None, view())
    assert tuple(found.columns) == COLUMNS
    assert len(found) == 30
    assert set(found["kind"]) == {"new"}
    assert set(found["cause"]) == {"first run"}
    assert found["event_id"].is_monotonic_increasing
    assert found["first"].isna().all()


def test_nothing_between_equal_runs() -> None:
    assert changes(view(), view()).empty


def test_what_moved_and_only_that() -> None:
    before = view()
    events, car = before.tables["events"].copy(), before.tables["car"].copy()
    car.loc[4, "car"] += 0.01  # e002
    car.loc[10, "car"] *= 1 + 1e-14  # e005: rounding
    car.loc[20, "headline_p_value"] = np.nan  # e010
    events.loc[6, "status"] = "excluded"
    events = events.drop(index=[7])
    car = car[car["event_id"] != "e007"]
    more = events.iloc[[0]].assign(event_id="new", status="pending")
    second = events.iloc[[0]].assign(ticker="B")
    found = changes(before, other(pd.concat([events, more, second]), car))
    rows = {(r.event_id, r.ticker, r.column): (r.kind, r.cause) for r in found.itertuples()}
    assert rows == {
        ("e000", "B", "status"): ("new", "new asset"),
        ("e002", "A", "car"): ("revised", "prices of A"),
        ("e006", "A", "status"): ("revised", "prices of A"),
        ("e007", "A", "status"): ("revised", "event gone"),
        ("e010", "A", "headline_p_value"): ("revised", "prices of A"),
        ("new", "A", "status"): ("new", "new event"),
    }


def test_a_window_that_has_closed_since_is_matured() -> None:
    before = view()
    car = before.tables["car"]
    partial = car.assign(
        status=np.where(car["event_id"] == "e003", "incomplete", "complete"),
        n_returns=np.where(car["event_id"] == "e003", 1, 2),
        car=np.where(car["event_id"] == "e003", np.nan, car["car"]),
    )
    found = changes(other(before.tables["events"], partial), before)
    assert set(found["event_id"]) == {"e003"}
    assert set(found["kind"]) == {"matured"}
    assert set(found["cause"]) == {"sessions closed"}
