"""A Yahoo that fails in every known way, under the real client and a whole ``signals run``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signals.prices import verify, yahoo_source
from signals.prices.store import series_path
from tests.faults.world import World, make_world, manifest
from tests.faults.yahoo_server import FAULTS, YahooServer
from tests.flows.conftest import Command, reports

pytestmark = [
    pytest.mark.slow,
    # A connection that the fault server breaks on purpose is closed by the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

DOWN = frozenset({
    "bad_crumb", "forbidden", "rate_limited", "rate_limited_with_pause", "http_500",
    "http_502_html", "http_503", "refused", "reset_mid_body", "cut_mid_body", "truncated_json",
    "html", "empty_body", "empty_result", "null_result", "starts_late", "ends_early", "slow_drip",
    "hang", "unknown_timezone", "bare_404",
})  # fmt: skip
EXCLUDED = {
    "not_found": "no_prices", "no_such_range": "no_prices",
    "no_rows": "no_prices", "all_null": "no_prices", "times_100": "bad_prices",
    "wrong_timezone": "bad_prices",
    "wrong_currency": "currency_mismatch", "pence": "currency_mismatch",
    "renamed": "name_mismatch", "other_symbol": "name_mismatch",
}  # fmt: skip
# Used, and the user is told: the code of the price issue ("": the answer is sound).
USED = {
    "null_rows": "gap", "out_of_order": "unsorted", "duplicated_rows": "duplicate",
    "conflicting_rows": "duplicate", "negative_price": "non_positive", "frozen": "stale",
    "unadjusted_split": "jump", "nameless": "name_unchecked", "one_session_late": "",
    "live_bar": "", "ten_megabytes": "",
}  # fmt: skip
NAMED = 'ticker = "BBB"\nname = "BBB Incorporated"\ncurrency = "USD"'


@pytest.fixture(scope="module")
def running() -> Iterator[YahooServer]:
    with YahooServer([]) as server, server.reached():
        yield server


@pytest.fixture
def world(tmp_path: Path, running: YahooServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = make_world(tmp_path)
    made.study.edit('ticker = "BBB"', NAMED)
    running.listings = {x.symbol: x for x in made.listings()}
    running.heal()
    running.requests.clear()
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    honest = yahoo_source.fetch_chart

    def impatient(*args: Any, **options: Any) -> Any:
        return honest(*args, **{**options, "timeout": 1.0})

    monkeypatch.setattr(yahoo_source, "fetch_chart", impatient)
    yield made
    running.heal()


def excluded(out: Path) -> dict[str, set[str]]:
    rows = (out / "excluded.csv").read_text(encoding="utf-8").splitlines()[1:]
    found: dict[str, set[str]] = {}
    for row in rows:
        _, ticker, _, code, *_ = row.split(",")
        found.setdefault(ticker, set()).add(code)
    return found


def test_every_fault_has_its_outcome() -> None:
    assert {*DOWN, *EXCLUDED, *USED} == set(FAULTS)


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_one_series_is_hostile(
    fault: str, world: World, running: YahooServer, signals: Command
) -> None:
    running.inject("BBB", fault)
    ended = signals(*world.run("--direct", "--no-page"))
    assert "Traceback" not in ended.err + ended.out
    assert "a bug" not in ended.err
    assert {s.status for s in verify(world.cache)} == {"ok"}
    stored = series_path(world.cache, "yahoo", "BBB").exists()
    if fault in DOWN:
        assert ended.code == 3
        assert "no answer for 1 of 3 series (BBB)" in ended.err
        assert excluded(world.out) == {"BBB": {"source_down"}}
        assert not stored, "nothing is kept of an answer that was none"
        asked = [r for r in running.requests if r.path.endswith("/chart/BBB")]
        assert len(asked) >= 4, "asked again, three times"
    elif fault in EXCLUDED:
        assert ended.code == 0, ended.err
        assert excluded(world.out) == {"BBB": {EXCLUDED[fault]}}
        assert not stored
    else:
        assert ended.code == 0, ended.err
        stated = manifest(world.out)["price_issues"]
        codes = {i["code"] for i in stated if i["ticker"] == "BBB"}
        assert USED[fault] in codes | {""}
        assert bool(codes) == bool(USED[fault]) or fault in {"one_session_late", "live_bar"}
    counts = manifest(world.out)["counts"]
    assert counts["requested"] == counts["used"] + counts["pending"] + counts["excluded"] == 6
    assert counts["used"] >= 3, "the rest is studied"


@pytest.mark.parametrize("fault", sorted(DOWN - {"starts_late", "ends_early"}))
def test_a_fault_that_passes_leaves_no_trace(
    fault: str, world: World, running: YahooServer, signals: Command
) -> None:
    assert signals(*world.run("--direct", "--no-page")).code == 0
    expected, stated = reports(world.out), manifest(world.out)
    world.clear()
    running.inject("*", fault, times=2)
    ended = signals(*world.run("--direct", "--no-page"))
    assert ended.code == 0, ended.err
    assert reports(world.out) == expected
    assert manifest(world.out) == stated


@pytest.mark.parametrize(("fault", "code"), [("http_503", 3), ("times_100", 2), ("not_found", 2)])
def test_a_hostile_benchmark_makes_no_empty_study(
    fault: str, code: int, world: World, running: YahooServer, signals: Command
) -> None:
    running.inject("MKT", fault)
    ended = signals(*world.run("--direct", "--no-page"))
    assert ended.code == code, ended.err
    assert "MKT" in ended.err
    assert "Traceback" not in ended.err
    assert not (world.out / "car.csv").exists()


@pytest.mark.parametrize(
    "fault", ["http_503", "html", "truncated_json", "starts_late", "times_100"]
)
def test_what_was_stored_survives_a_hostile_refresh(
    fault: str, world: World, running: YahooServer, signals: Command
) -> None:
    assert signals(*world.run("--direct", "--no-page")).code == 0
    before = {p.name: p.read_bytes() for p in (world.cache / "prices/yahoo").glob("*.parquet")}
    running.inject("*", fault)
    ended = signals(*world.run("--direct", "--no-page", "--refresh"))
    assert "Traceback" not in ended.err
    after = {p.name: p.read_bytes() for p in (world.cache / "prices/yahoo").glob("*.parquet")}
    assert after == before
    assert json.loads((world.out / "manifest.json").read_text(encoding="utf-8"))
