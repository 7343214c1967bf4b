"""Where bars come from: several lengths in one folder, and what Yahoo no longer has."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from signals.prices import CsvSource, PriceRequest, PriceUnavailable, YahooSource

NOW = datetime(2026, 11, 21, 15, tzinfo=UTC)
ASK = PriceRequest("META", "META", "XNYS", "2026-11-02", "2026-11-06", interval="5m")


def rows(close: float, *starts: str) -> str:
    return "\n".join(["ts_utc,open,close", *(f"2026-11-03T{s}:00Z,1,{close}" for s in starts)])


def test_a_folder_may_hold_bars_of_several_lengths(tmp_path):
    (tmp_path / "META_5m.csv").write_text(rows(5.0, "14:30", "14:35"), encoding="utf-8")
    (tmp_path / "META_1h.csv").write_text(rows(60.0, "14:30", "15:30"), encoding="utf-8")
    (tmp_path / "META.csv").write_text(rows(1.0, "14:30"), encoding="utf-8")
    source = CsvSource(tmp_path)
    assert source.load(ASK).columns["close"].tolist() == [5.0, 5.0]
    assert source.load(replace(ASK, interval="1h")).columns["close"].tolist() == [60.0, 60.0]
    assert source.load(replace(ASK, interval="15m")).columns["close"].tolist() == [1.0]


@pytest.mark.parametrize(
    ("interval", "first", "last", "finest"),
    [
        ("5m", "2026-01-05", "2026-03-05", "1h"),
        ("5m", "2023-01-05", "2023-03-05", "1d"),
        ("1h", "2023-01-05", "2023-03-05", "1d"),
        ("1m", "2026-10-05", "2026-10-20", "2m"),
    ],
)
def test_bars_that_yahoo_no_longer_has_name_the_finest_that_it_has(interval, first, last, finest):
    """Refused before anything is asked: no network here."""
    request = replace(ASK, first=first, last=last, interval=interval)
    with pytest.raises(PriceUnavailable) as found:
        YahooSource(now=lambda: NOW).load(request)
    assert found.value.code == "no_prices"
    assert found.value.detail.startswith(f"Yahoo keeps {interval} bars for ")
    assert found.value.detail.endswith(f"the finest that it still has from {first} on: {finest}")
