"""Which series a study needs, which source serves it, and the book of what was found."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from signals.errors import DataError, SpecError, TransientError
from signals.prices import (
    PRICE_SOURCES,
    CachedSource,
    CsvSource,
    PriceHistory,
    PriceRequest,
    PriceUnavailable,
    SampleSource,
    gather,
    open_source,
    requests_for,
    source_name,
)
from signals.spec import StudySpec, parse_study

from .making import made, sessions, walk


def study(file: Path = Path("study.toml"), **tables: Any) -> StudySpec:
    raw = {"study": {"id": "s"}, "events": {"files": ["e.csv"]}, **tables}
    return parse_study(raw, file=file)


MISSION = study(
    market={"benchmark": "SPY", "calendar": "XNYS"},
    assets=[
        {"ticker": "META", "name": "Meta Platforms", "currency": "USD"},
        {"ticker": "BRK.B", "symbol": {"yahoo": "BRK-B"}},
        {
            "ticker": "FET-USD",
            "calendar": "24/7",
            "benchmark": "BTC-USD",
            "symbol": {"yahoo": "FET-USD2"},
        },
        {"ticker": "EL.PA", "calendar": "XPAR", "benchmark": "^FCHI"},
        {"ticker": "BTC-USD", "calendar": "24/7"},
    ],
)


def by_ticker(requests: tuple[PriceRequest, ...]) -> Mapping[str, PriceRequest]:
    return {r.ticker: r for r in requests}


def test_each_series_on_its_own_calendar_under_the_sources_name() -> None:
    every = [a.ticker for a in MISSION.assets]
    found = by_ticker(requests_for(MISSION, every, "2024-01-01", "2025-01-01"))
    assert {t: r.calendar for t, r in found.items()} == {
        "META": "XNYS", "BRK.B": "XNYS", "SPY": "XNYS", "FET-USD": "24/7", "BTC-USD": "24/7",
        "EL.PA": "XPAR", "^FCHI": "XPAR",
    }  # fmt: skip
    assert found["FET-USD"].symbol == "FET-USD2"
    assert found["BRK.B"].symbol == "BRK-B"
    assert (found["META"].name, found["META"].currency) == ("Meta Platforms", "USD")
    assert found["SPY"].symbol == "SPY"
    local = by_ticker(requests_for(MISSION, every, "2024-01-01", "2025-01-01", source="csv"))
    assert local["FET-USD"].symbol == "FET-USD"


def test_only_the_benchmarks_that_are_needed() -> None:
    found = requests_for(MISSION, ["FET-USD"], "2024-01-01", "2025-01-01")
    assert [r.ticker for r in found] == ["BTC-USD", "FET-USD"]


def test_the_large_study_has_no_assets_listed() -> None:
    spec = study(market={"benchmark": "SPY", "calendar": "XNYS"})
    found = requests_for(spec, ["B", "A", "B"], "2024-01-01", "2025-01-01")
    assert [r.ticker for r in found] == ["A", "B", "SPY"]
    assert {r.calendar for r in found} == {"XNYS"}


class Mixed:
    """A source that has some series, lacks some, and is down for some."""

    name = "mixed"

    def __init__(self, **answers: Exception | None) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def load(self, request: PriceRequest) -> PriceHistory:
        self.asked.append(request.ticker)
        answer = self.answers.get(request.ticker)
        if answer is not None:
            raise answer
        days = sessions("2024-01-02", "2024-01-31")
        return made(days, {"close": walk(len(days))}, ticker=request.ticker)


def wanted(*tickers: str) -> list[PriceRequest]:
    return [PriceRequest(t, t, "XNYS", "2024-01-01", "2024-02-01") for t in tickers]


def test_what_is_missing_is_a_failure_with_its_cause() -> None:
    source = Mixed(B=PriceUnavailable("B", "name_mismatch", "another coin"))
    done: list[str] = []
    book = gather(source, wanted("A", "B", "C"), on_loaded=done.append)
    assert sorted(book.histories) == ["A", "C"]
    assert (book.failures["B"].code, book.failures["B"].detail) == ("name_mismatch", "another coin")
    assert done == ["A", "B", "C"]
    assert book.source == "mixed"


def test_a_source_that_is_down_is_told_after_the_others_were_loaded() -> None:
    source = Mixed(
        A=TransientError("yahoo", "HTTP 503", ticker="A"),
        C=TransientError("yahoo", "x", ticker="C"),
    )
    with pytest.raises(TransientError, match=r"2 of 4 series .*\(A, C\); HTTP 503"):
        gather(source, wanted("A", "B", "C", "D"))
    assert source.asked == ["A", "B", "C", "D"]


def test_a_bad_file_stops_at_once() -> None:
    source = Mixed(A=DataError("no price", file="A.csv", line=3))
    with pytest.raises(DataError):
        gather(source, wanted("A", "B"))
    assert source.asked == ["A"]


def test_the_registry_opens_every_source(tmp_path: Path) -> None:
    assert set(PRICE_SOURCES) == {"yahoo", "csv", "parquet", "sample"}
    (tmp_path / "prices").mkdir()
    spec = study(tmp_path / "study.toml", prices={"source": "csv", "path": "prices"})
    source = open_source(spec, cache_dir=tmp_path)
    assert isinstance(source, CsvSource)
    assert source.folder == tmp_path / "prices"
    assert isinstance(open_source(spec, override="sample", cache_dir=tmp_path), SampleSource)
    yahoo = open_source(spec, override="yahoo", cache_dir=tmp_path, refresh=True, max_age=3.0)
    assert isinstance(yahoo, CachedSource)
    assert (yahoo.name, yahoo.refresh, yahoo.max_age) == ("yahoo", True, 3.0)


def test_an_override_is_relative_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path)
    spec = study(tmp_path / "elsewhere" / "study.toml")
    source = open_source(spec, override="csv:here", cache_dir=tmp_path)
    assert isinstance(source, CsvSource)
    assert source.folder.resolve() == (tmp_path / "here").resolve()


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("yaho", "did you mean 'yahoo'"),
        ("", "unknown price source"),
        ("csv", "names no path"),
        ("csv:", "names no path"),
        ("sample:x", "takes no path"),
        ("csv:nowhere", "no such folder"),
        ("parquet:nowhere", "no such parquet file"),
    ],
)
def test_an_override_that_cannot_be(tmp_path: Path, override: str, says: str) -> None:
    with pytest.raises(SpecError, match=says) as caught:
        open_source(study(), override=override, cache_dir=tmp_path)
    assert caught.value.exit_code == 2


def test_a_study_file_without_its_path(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"prices\.path"):
        open_source(study(prices={"source": "csv"}), cache_dir=tmp_path)
    assert source_name(study()) == "yahoo"
