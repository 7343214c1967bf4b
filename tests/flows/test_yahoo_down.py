"""A source that fails, through the real client: exit 3, and what was done is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.yahoo_server import YahooServer, from_csv
from tests.flows.conftest import Command, Study, reports

# A connection that the fault server breaks on purpose is closed by the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

TICKERS = ("AAA", "BBB", "MKT")


@pytest.fixture
def yahoo(study: Study, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[YahooServer]:
    """The study's own prices, served as Yahoo would; retries are quick."""
    study.edit('source = "csv"\npath = "prices"', 'source = "yahoo"')
    monkeypatch.setenv("SIGNALS_RETRY_SECONDS", "0.01")
    monkeypatch.setenv("SIGNALS_CACHE", str(tmp_path / "cache"))
    listings = [from_csv(study.price_file(t), t, name=f"{t} Incorporated") for t in TICKERS]
    with YahooServer(listings) as server, server.reached():
        yield server


def test_prices_are_fetched_once(yahoo: YahooServer, study: Study, signals: Command) -> None:
    run = signals("run", "--direct", study.file, "--out", "a")
    assert run.code == 0, run.err
    assert all(len(yahoo.charts(t)) == 1 for t in TICKERS)
    assert signals("run", "--direct", study.file, "--out", "b").code == 0
    assert all(len(yahoo.charts(t)) == 1 for t in TICKERS), "the second run reads the cache"
    assert reports(Path("a")) == reports(Path("b"))
    verified = signals("prices", study.file, "--verify")
    assert verified.code == 0
    assert "3 series" in verified.err


def test_one_ticker_down_is_exit_3_and_the_rest_is_studied(
    yahoo: YahooServer, study: Study, signals: Command
) -> None:
    yahoo.inject("BBB", "http_503")
    run = signals("run", "--direct", study.file, "--out", "out")
    assert run.code == 3
    assert "no answer for 1 of 3 series (BBB)" in run.err
    assert "Traceback" not in run.err
    assert "AAA" in run.out, "what could be studied is shown"
    excluded = Path("out/excluded.csv").read_text(encoding="utf-8")
    assert excluded.count("source_down") == 3
    yahoo.heal()
    assert signals("run", "--direct", study.file, "--out", "out").code == 0
    assert len(yahoo.charts("AAA")) == 1, "what was fetched is kept"


@pytest.mark.parametrize("fault", ["http_500", "rate_limited", "refused"])
def test_everything_down_after_a_good_run_uses_what_is_stored(
    fault: str, yahoo: YahooServer, study: Study, signals: Command
) -> None:
    assert signals("run", "--direct", study.file, "--out", "out").code == 0
    before = reports(Path("out"))
    yahoo.inject("*", fault)
    run = signals("run", "--direct", "--refresh", study.file, "--out", "out")
    assert run.code == 0, "what is stored covers the study"
    assert "Traceback" not in run.err
    assert "AAA: stale_cache" in run.out, "the user is told"
    assert "nothing has changed" in run.out
    assert reports(Path("out")) == before


def test_everything_down_without_a_cache(
    yahoo: YahooServer, study: Study, signals: Command
) -> None:
    yahoo.inject("*", "http_503")
    run = signals("run", "--direct", study.file, "--out", "out")
    assert run.code == 3
    assert "no answer for 3 of 3 series (AAA, BBB, MKT)" in run.err
    assert not Path("out/car.csv").exists()
    assert signals("prices", study.file).code == 3


def test_a_ticker_that_yahoo_does_not_have_is_excluded(
    yahoo: YahooServer, study: Study, signals: Command
) -> None:
    yahoo.inject("BBB", "not_found")
    run = signals("run", "--direct", study.file, "--out", "out")
    assert run.code == 0, run.err
    assert Path("out/excluded.csv").read_text(encoding="utf-8").count("no_prices") == 3
