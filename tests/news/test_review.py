"""Accept, edit, reject: what happens to the row, its date and its claims."""

from __future__ import annotations

from pathlib import Path

import pytest

from signals.errors import DataError
from signals.events.read import read_catalogue
from signals.events.review import Decided, accept, edit, read_review, reject, waiting
from signals.news.files import change_review, collect_files, open_review

TALK = "Meta shares fell 3%. Meta is in talks to invest in Scale AI."


@pytest.fixture
def review(tmp_path: Path, news: Path) -> Path:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "talk.txt").write_text(TALK, encoding="utf-8")
    (tmp_path / "in" / "dated.txt").write_text(
        "Published: 2025-05-29\n\nMeta and Anduril announced a partnership."
    )
    collect_files([tmp_path / "in"], tmp_path / "events.csv", news=news)
    return tmp_path / "events.review.csv"


def _four(review: Path):  # type: ignore[no-untyped-def]
    return _tables(open_review(review))


def _tables(state: Decided):  # type: ignore[no-untyped-def]
    return (state.events, state.review, state.claims, state.review_claims)


def test_accept_with_a_date(review: Path, news: Path) -> None:
    tables = _four(review)
    (row,) = waiting(tables[1])["event_id"]
    decided = change_review(review, lambda s: accept(*_tables(s), row, "2025-06-08"))
    catalogue = read_catalogue([review.parent / "events.csv"])
    assert decided.event_id == "meta-investment-talks-2025-06-08"
    assert decided.event_id in set(catalogue.frame["event_id"])
    assert list(catalogue.claims["event_id"]) == [decided.event_id]
    assert len(waiting(read_review(review))) == 0
    found = collect_files([review.parent / "in"], review.parent / "events.csv", news=news)
    assert (found.added, found.changed, len(waiting(found.review))) == ((), (), 0)


def test_accept_as_a_known_event(review: Path) -> None:
    tables = _four(review)
    (row,) = waiting(tables[1])["event_id"]
    known = tables[0]["event_id"].iloc[0]
    decided = accept(*tables, row, f"2025-05-29={known}")
    assert decided.event_id == known
    assert len(decided.events) == 1
    assert "talk.txt" in decided.events["source"].iloc[0]
    assert list(decided.claims["event_id"]) == [known]
    assert len(decided.review_claims) == 0


def test_reject_stays_rejected(review: Path, news: Path) -> None:
    tables = _four(review)
    (row,) = waiting(tables[1])["event_id"]
    change_review(review, lambda s: reject(*_tables(s), row))
    found = collect_files([review.parent / "in"], review.parent / "events.csv", news=news)
    assert len(waiting(found.review)) == 0
    assert list(found.review["decision"]) == ["rejected"]


def test_edit_then_accept(review: Path) -> None:
    events, rows, claims, review_claims = _four(review)
    (row,) = waiting(rows)["event_id"]
    rows = edit(rows, row, {"announced_at": "2025-06-08T09:41:00+00:00", "category": "deal"})
    decided = accept(events, rows, claims, review_claims, row)
    (made,) = decided.events.loc[decided.events["event_id"] == decided.event_id].to_dict("records")
    assert (made["precision"], made["category"]) == ("minute", "deal")


def test_what_cannot_be_done(review: Path) -> None:
    tables = _four(review)
    (row,) = waiting(tables[1])["event_id"]
    with pytest.raises(DataError, match="no date"):
        accept(*tables, row)
    with pytest.raises(DataError, match="no such event"):
        accept(*tables, row, "2025-05-29=nothing")
    with pytest.raises(DataError, match="did you mean 'category'"):
        edit(tables[1], row, {"categori": "deal"})
    with pytest.raises(DataError, match="no such row"):
        reject(*tables, "nothing")
    with pytest.raises(DataError, match="no review file"):
        open_review(review.parent / "events.csv")
