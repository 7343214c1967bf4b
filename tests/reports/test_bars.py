"""The report of an intraday study speaks of bars and instants."""

from __future__ import annotations

from pathlib import Path

from signals.reports.html import render
from signals.reports.prose.moves import summary
from tests.intraday.making import bars_between, made_up_study, market_book

ROW = "e,2024-04-16T16:05:00-04:00,minute,deal,A,A headline,s,,,"


def test_bars_are_called_bars(tmp_path: Path) -> None:
    bars = bars_between("2024-01-02", "2024-06-28")
    book = market_book({"A": 1.0, "B": 0.5}, bars, moves={("A", "2024-04-16T20:00"): 0.1})
    result = made_up_study(tmp_path, book, [ROW])
    text = summary(result).replace("\u00a0", " ")
    assert "e: A rose 10." in text
    assert "over the 2 bars from 16 April 2024, 20:00 UTC" in text
    assert "as extreme" not in text
    assert "sessions" not in text
    page = render(result)
    assert "bars from the first that ends after the news" in page
    assert "Cumulated from bar −10" in page
    names = [p.name for p in result.write(tmp_path / "out", html=False)]
    assert "car_path_e.svg" in names
