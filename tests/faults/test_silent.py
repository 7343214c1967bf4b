"""Studies that could end green with wrong numbers. Each case has a guard; each guard is shown."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from signals import run_study
from signals.errors import DataError
from signals.frames import Days, Floats
from signals.prices import PriceBook, PriceHistory, PriceRequest, PriceUnavailable
from signals.prices.series import assemble
from tests.study.prices import HEADER, market_book, sessions, study, with_missing

NOW = datetime(2024, 6, 1, tzinfo=UTC)
ROWS = ["e1,2023-06-14,day,deal,A,,,,pre_open,"]
DAYS = sessions("2022-01-03", "2023-12-29")


def walk(seed: int = 1, n: int = len(DAYS)) -> Floats:
    return 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.012, n)))


def told(days: Days, close: Floats, **more: Floats) -> PriceHistory:
    request = PriceRequest("A", "A", "XNYS", "1990-01-01", "2035-01-01")
    return assemble(request, days, {"close": close, **more}, source="made up")


@pytest.mark.parametrize("by", [-1, 1])
def test_sessions_shifted_by_a_day_are_refused(by: int) -> None:
    with pytest.raises(PriceUnavailable, match="shifted by a day"):
        told(DAYS + np.timedelta64(by, "D"), walk())


def test_rows_shifted_by_one_session_against_the_market_are_told(tmp_path: Path) -> None:
    """Dates on sessions, but each close one row late: no calendar can tell, the market can."""
    from signals.prices.alignment import misaligned

    market = np.random.default_rng(2).normal(0, 0.01, len(DAYS))
    noise = np.random.default_rng(3).normal(0, 0.008, len(DAYS))
    sound = 100 * np.cumprod(1 + 1.1 * market + noise)
    late = np.r_[sound[0], sound[:-1]]
    benchmark = told(DAYS, 100 * np.cumprod(1 + market))
    assert misaligned(told(DAYS, sound), benchmark) is None
    found = misaligned(told(DAYS, late), benchmark)
    assert found is not None
    assert found.code == "misaligned"
    assert "a session later" in found.detail
    early = misaligned(told(DAYS, np.r_[sound[1:], sound[-1]]), benchmark)
    assert early is not None
    assert "a session earlier" in early.detail


def test_a_study_on_shifted_rows_says_so(tmp_path: Path) -> None:
    spec, events = study(tmp_path, ROWS)
    book = market_book({"A": 1.2, "B": 0.8, "C": 0.5})
    old = book.histories["A"]
    close = old.columns["close"]
    late = PriceHistory(
        "A", old.calendar, old.sessions, {"close": np.r_[close[0], close[:-1]]}, digest="late"
    )
    sound = run_study(spec, events, book, now=NOW)
    assert "misaligned" not in {i["code"] for i in sound.manifest["price_issues"]}
    shifted = PriceBook({**book.histories, "A": late}, source="made up")
    result = run_study(spec, events, shifted, now=NOW)
    issues = {(i["ticker"], i["code"]) for i in result.manifest["price_issues"]}
    assert issues == {("A", "misaligned")}


def test_adjusted_and_raw_closes_are_never_mixed(tmp_path: Path) -> None:
    """adj_close on half of the sessions: close for the asset and for its benchmark, and told."""
    spec, events = study(tmp_path, ROWS)
    book = market_book({"A": 1.2, "B": 0.8, "C": 0.5})
    adjusted = {}
    for name, old in book.histories.items():
        values = old.columns["close"] * np.linspace(0.9, 1.0, len(old.sessions))
        if name == "A":
            values[::7] = np.nan
        columns = {**old.columns, "adj_close": values}
        adjusted[name] = PriceHistory(name, old.calendar, old.sessions, columns, digest=name)
    result = run_study(spec, events, PriceBook(adjusted, source="made up"), now=NOW)
    fields = result.models.set_index("ticker")["price_field"].to_dict()
    assert fields == {"A": "close", "B": "adj_close", "C": "adj_close"}
    plain = run_study(spec, events, book, now=NOW)
    row = "ticker == 'A'"
    assert result.car.query(row)["car"].tolist() == plain.car.query(row)["car"].tolist()


def test_a_session_that_stands_twice_is_one(tmp_path: Path) -> None:
    close = walk()
    days, twice = np.insert(DAYS, 100, DAYS[100]), np.insert(close, 100, close[100])
    history = told(days, twice)
    assert [i.code for i in history.issues] == ["duplicate"]
    np.testing.assert_array_equal(history.sessions, DAYS)
    twice[100] *= 1.5
    conflict = told(days, twice)
    assert {i.code for i in conflict.issues} == {"duplicate", "gap"}
    assert np.isnan(conflict.columns["close"][100])


def test_a_benchmark_with_a_hole_leaves_a_hole(tmp_path: Path) -> None:
    """A benchmark that misses a session is not taken from the session before."""
    spec, events = study(tmp_path, ROWS)
    book = market_book({"A": 1.2, "B": 0.8, "C": 0.5})
    with pytest.raises(DataError, match="no return of SPY on day zero 2023-06-14"):
        run_study(spec, events, with_missing(book, "SPY", "2023-06-14"), now=NOW)


def test_survivors_only_is_told(tmp_path: Path) -> None:
    """An asset without prices stands in the report as an exclusion, and lowers no count silently."""
    spec, events = study(tmp_path, ROWS)
    book = market_book({"A": 1.2, "B": 0.8})
    from signals.prices import PriceFailure

    book = PriceBook(book.histories, {"C": PriceFailure("C", "no_prices", "delisted")}, "made up")
    result = run_study(spec, events, book, now=NOW)
    assert result.excluded[["ticker", "code"]].to_numpy().tolist() == [["C", "no_prices"]]
    assert result.manifest["counts"]["requested"] == 3
    used = result.tables["statistics"].query("group_by == 'all' and status == 'ok'")["n_events"]
    assert used.max() == 2


def test_a_claims_table_with_surplus_cells_is_refused(tmp_path: Path) -> None:
    """pandas takes the first cells for row labels then, and every column moves by one."""
    from signals.events import read_catalogue
    from tests.faults.fuzz import TARGETS

    (tmp_path / "events.csv").write_text(HEADER + "\n" + ROWS[0] + "\n", encoding="utf-8")
    header, *rows = TARGETS["claims"][1][0].decode().strip().split("\n")
    claims = "\n".join([header, *(f"x,{r}" for r in rows)])
    (tmp_path / "events.claims.csv").write_text(claims, encoding="utf-8")
    with pytest.raises(DataError, match="more cells than the header"):
        read_catalogue([tmp_path / "events.csv"])
