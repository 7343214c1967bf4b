"""Expected moves are recorded while an event is pending, and kept when it has happened."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from flows.steps import with_expected_moves
from signals import run_study
from signals.errors import DataError
from signals.expected_move import ChainOf
from tests.study.prices import market_book, study

ROWS = ["past,2023-03-15,day,deal,A,,,,pre_open,A", "next,2023-12-28,day,deal,A,,,,pre_open,A"]
NOW = datetime(2023, 12, 27, 22, tzinfo=UTC)


def no_chain(now: datetime, *, timeout: float = 20.0) -> ChainOf:
    return lambda symbol, day: None


def test_only_for_yahoo_and_the_present(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signals.expected_move.yahoo_chain_of", no_chain)
    result = run_study(*study(tmp_path, ROWS), market_book({"A": 1, "B": 1, "C": 1}), now=NOW)
    assert list(result.events["status"]) == ["pending", "complete"]
    for source, as_of in (("csv", None), ("yahoo", "2023-12-27")):
        same = with_expected_moves(result, source, tmp_path, as_of, NOW)
        assert "expected_moves" not in same.tables
    asked = with_expected_moves(result, "yahoo", tmp_path, None, NOW)
    table = asked.table("expected_moves").set_index("event_id")
    assert table.loc["next", "reason"].startswith("no_options")
    assert table.loc["past", "reason"].startswith("not_recorded")


def test_what_was_recorded_is_read_again_and_nonsense_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signals.expected_move.yahoo_chain_of", no_chain)
    result = run_study(*study(tmp_path, ROWS), market_book({"A": 1, "B": 1, "C": 1}), now=NOW)
    first = with_expected_moves(result, "yahoo", tmp_path, None, NOW).table("expected_moves")
    first = first.assign(implied_move=first["event_id"].map({"past": 0.04}), reason="")
    first.to_csv(tmp_path / "expected_moves.csv", index=False)
    kept = with_expected_moves(result, "yahoo", tmp_path, None, NOW).table("expected_moves")
    assert pd.Series(kept.set_index("event_id")["implied_move"])["past"] == 0.04
    (tmp_path / "expected_moves.csv").write_text('a,b\n"unclosed', encoding="utf-8")
    with pytest.raises(DataError, match=r"expected_moves\.csv"):
        with_expected_moves(result, "yahoo", tmp_path, None, NOW)
