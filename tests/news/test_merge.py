"""One story from several pages is one event; nothing is added twice, nothing is lost."""

from __future__ import annotations

import pandas as pd
import pytest

from signals.events.merge import amounts_overlap, is_same_event, merge_events

BASE = {
    "event_id": "meta-deal-2025-06-12", "announced_at": "2025-06-12T22:00:00Z", "precision": "minute",
    "category": "deal", "subject": "META", "headline": "h", "source": "a", "url": "", "tickers": "",
    "timing": "", "note": "", "amounts": "1.43e+10 USD",
}  # fmt: skip


def _frame(*changes: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame([{**BASE, **c} for c in changes])


def test_two_pages_one_event_first_time_wins() -> None:
    fresh = _frame({}, {"source": "b", "announced_at": "2025-06-12T20:00:00Z", "headline": "other"})
    merged = merge_events(None, fresh)
    (row,) = merged.frame.to_dict("records")
    assert (row["source"], row["announced_at"], row["headline"]) == (
        "a; b",
        "2025-06-12T20:00:00Z",
        "h",
    )
    assert merged.added == ("meta-deal-2025-06-12",)
    assert merged.changed == ()


def test_merging_again_changes_nothing() -> None:
    first = merge_events(None, _frame({}, {"source": "b"}))
    again = merge_events(first.frame, _frame({}, {"source": "b"}))
    assert (again.added, again.changed) == ((), ())
    pd.testing.assert_frame_equal(again.frame, first.frame)


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"subject": "meta"}, True), ({"subject": "NVDA"}, False), ({"category": "regulation"}, False),
        ({"announced_at": "2025-06-13T20:00:00Z"}, True), ({"announced_at": "2025-06-16T20:00:00Z"}, False),
        ({"announced_at": "2025-06-13", "precision": "day"}, True),
        ({"announced_at": "2025-06-15", "precision": "day"}, False),
        ({"amounts": "1.5e+10 USD"}, True), ({"amounts": "9e+10 USD"}, False), ({"amounts": ""}, True),
        ({"amounts": "1.43e+10 EUR"}, False),
    ],
)  # fmt: skip
def test_what_is_the_same_event(change: dict[str, str], same: bool) -> None:
    other = {**BASE, "event_id": "other", **change}
    assert is_same_event(BASE, other) is same


def test_a_name_that_is_taken_by_another_event_gets_a_number() -> None:
    merged = merge_events(_frame({}), _frame({"source": "b", "amounts": "9e+10 USD"}))
    assert list(merged.frame["event_id"]) == ["meta-deal-2025-06-12", "meta-deal-2025-06-12-2"]
    assert merged.added == ("meta-deal-2025-06-12-2",)


def test_a_story_that_fits_two_events_is_asked_about() -> None:
    known = _frame({"event_id": "x", "announced_at": "2025-06-11", "precision": "day"},
                   {"event_id": "y", "announced_at": "2025-06-12", "precision": "day"})  # fmt: skip
    merged = merge_events(
        known, _frame({"source": "b", "announced_at": "2025-06-12", "precision": "day"})
    )
    assert merged.added == ()
    assert merged.unsure[0]["reason"] == "duplicate"
    assert "=x" in merged.unsure[0]["candidates"]


def test_columns_of_the_users_own_stay() -> None:
    known = _frame({}).assign(size_bn="14.3")
    merged = merge_events(known, _frame({"event_id": "z", "subject": "NVDA"}))
    assert list(merged.frame["size_bn"]) == ["14.3", ""]


def test_amounts() -> None:
    assert amounts_overlap("1e9 USD; 5e9 USD", "5.1e9 USD")
    assert not amounts_overlap("1e9 USD", "2e9 USD")
