"""Yahoo as a price source: what is believed, what is excluded, and what the cache keeps."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from signals.errors import SpecError, TransientError
from signals.prices import CachedSource, PriceUnavailable, YahooSource, verify
from signals.prices.store import series_path
from tests.faults.yahoo_server import Listing, YahooServer, from_csv, generated
from tests.prices.making import Clock, asked, codes, sessions

YEAR = {"first": "2024-01-01", "last": "2024-12-31"}
STATED = {"name": "Meta Platforms", "currency": "USD", **YEAR}


@pytest.fixture
def clock() -> Clock:
    return Clock(dt.datetime(2025, 1, 1, 12, tzinfo=dt.UTC))


@pytest.fixture
def source(clock: Clock) -> YahooSource:
    return YahooSource(clock, timeout=5.0)


def test_sessions_of_a_stock(yahoo: YahooServer, source: YahooSource) -> None:
    history = source.load(asked(**STATED))
    assert history.sessions.tolist() == sessions("2024-01-02", "2024-12-31").tolist()
    assert history.issues == ()
    assert (history.currency, history.name) == ("USD", "Meta Platforms, Inc.")
    assert history.fetched_at == "2025-01-01T12:00:00+00:00"
    assert set(history.columns) >= {
        "open",
        "high",
        "low",
        "close",
        "adj_close",
        "volume",
        "dividend",
    }


def test_a_token_lives_on_utc_days(yahoo: YahooServer, source: YahooSource, clock: Clock) -> None:
    days = sessions("2024-01-01", "2024-03-05", "24/7").tolist()
    yahoo.listings["FET-USD"] = generated(
        "FET-USD", sessions=days, timezone="UTC", instrument="CRYPTOCURRENCY"
    )
    clock.to("2024-03-05T23:00")
    history = source.load(asked("FET-USD", "2024-01-01", "2024-12-31", calendar="24/7"))
    assert str(history.sessions[-1]) == "2024-03-04", "the day that is not over is left out"
    assert len(history.sessions) == 64
    assert "2024-01-06" in history.sessions.astype(str), "a Saturday"


def test_a_dividend_is_kept_on_its_session(yahoo: YahooServer, source: YahooSource) -> None:
    paid = replace(yahoo.listings["META"], dividends={dt.date(2024, 2, 21): 0.5})
    yahoo.listings["META"] = paid
    history = source.load(asked(**YEAR))
    at = history.column("dividend") > 0
    assert history.sessions[at].astype(str).tolist() == ["2024-02-21"]


def test_the_bar_of_a_session_still_open_is_dropped(
    yahoo: YahooServer, source: YahooSource, clock: Clock
) -> None:
    clock.to("2024-12-31T20:59")  # one minute before the close
    history = source.load(asked(**YEAR))
    assert str(history.sessions[-1]) == "2024-12-30"
    clock.to("2024-12-31T21:00")
    assert str(source.load(asked(**YEAR)).sessions[-1]) == "2024-12-31"
    yahoo.inject("META", "live_bar")
    clock.to("2025-01-02T18:00")
    later = source.load(asked(first="2024-01-01", last="2025-06-30"))
    assert str(later.sessions[-1]) == "2024-12-31"


# fault → what becomes of it: the codes of the issues, or the code of the failure, or "down"
OUTCOMES: dict[str, dict[str, int] | str] = {
    "null_rows": {"gap": 3},
    "out_of_order": {"unsorted": 251},
    "duplicated_rows": {"duplicate": 1},
    "conflicting_rows": {"duplicate": 1, "gap": 1},
    "negative_price": {"non_positive": 1, "gap": 0},
    "unadjusted_split": {"jump": 1},
    "frozen": {"stale": 126},
    "nameless": {"name_unchecked": 1},
    "one_session_late": {"incomplete": 1},
    "ten_megabytes": {},
    "live_bar": {},
    "not_found": "no_prices",
    "no_rows": "no_prices",
    "all_null": "no_prices",
    "times_100": "bad_prices",
    "wrong_timezone": "bad_prices",
    "wrong_currency": "currency_mismatch",
    "pence": "currency_mismatch",
    "renamed": "name_mismatch",
    "other_symbol": "name_mismatch",
    "starts_late": "down",
    "ends_early": "down",
    "http_503": "down",
    "truncated_json": "down",
}


@pytest.mark.parametrize("fault", sorted(OUTCOMES))
def test_each_fault_has_the_right_outcome(
    yahoo: YahooServer, source: YahooSource, clock: Clock, tmp_path: Path, fault: str
) -> None:
    cached = CachedSource(source, tmp_path, clock, refresh=True)
    path = series_path(cached.cache_dir, "yahoo", "META")
    yahoo.inject("META", fault)
    expected = OUTCOMES[fault]
    if expected == "down":
        with pytest.raises(TransientError):
            cached.load(asked(**STATED))
        assert not path.exists(), "nothing is stored of it"
        return
    if isinstance(expected, str):
        with pytest.raises(PriceUnavailable) as caught:
            cached.load(asked(**STATED))
        assert caught.value.code == expected
        assert caught.value.detail
        assert not path.exists()
        return
    history = cached.load(asked(**STATED))
    assert codes(history.issues) == {k: v for k, v in expected.items() if v}
    assert len(history.sessions) >= 251
    assert [s.status for s in verify(cached.cache_dir)] == ["ok"]


@pytest.mark.parametrize(
    "fault", ["http_503", "rate_limited", "truncated_json", "starts_late", "html"]
)
def test_a_failed_refresh_leaves_the_stored_series(
    yahoo: YahooServer, source: YahooSource, clock: Clock, tmp_path: Path, fault: str
) -> None:
    folder = tmp_path
    clock.to("2024-12-27T22:00")
    sound = CachedSource(source, folder, clock).load(asked(**STATED))
    before = series_path(folder, "yahoo", "META").read_bytes()
    clock.to("2025-01-01T12:00")
    yahoo.inject("META", fault)
    with pytest.raises(TransientError, match="stored until 2024-12-27"):
        CachedSource(source, folder, clock, refresh=True).load(asked(**STATED))
    assert series_path(folder, "yahoo", "META").read_bytes() == before
    yahoo.heal()
    healed = CachedSource(source, folder, clock).load(asked(**STATED))
    assert len(healed.sessions) == len(sound.sessions) + 2


def test_a_series_in_pence_from_one_day_to_the_next_is_restated(
    yahoo: YahooServer, source: YahooSource, clock: Clock, tmp_path: Path
) -> None:
    folder = tmp_path
    clock.to("2024-12-27T22:00")
    cached = CachedSource(source, folder, clock)
    cached.load(asked(**YEAR))
    honest = yahoo.listings["META"]
    columns = {
        k: v if k == "volume" else [x * 100 for x in v if x is not None]
        for k, v in honest.columns.items()
    }
    yahoo.listings["META"] = replace(honest, columns=columns)
    clock.to("2025-01-01T12:00")
    history = cached.load(asked(**YEAR))
    assert {r.cause for r in cached.revisions} == {"unit", "dividend"}
    assert set(codes(history.issues)) == {"restated"}, "no join of pounds and pence"


def test_only_the_tail_goes_over_the_wire(
    yahoo: YahooServer, source: YahooSource, clock: Clock, tmp_path: Path
) -> None:
    cached = CachedSource(source, tmp_path, clock)
    clock.to("2024-12-27T22:00")
    cached.load(asked(**YEAR))
    clock.to("2025-01-01T12:00")
    cached.load(asked(**YEAR))
    first, second = (int(r.params["period1"]) for r in yahoo.charts("META"))
    assert second - first > 350 * 86400
    cached.load(asked(**YEAR))
    assert len(yahoo.charts("META")) == 2


def hourly() -> Listing:
    days = sessions("2024-12-02", "2024-12-31").tolist()
    base = generated("META", sessions=days, name="Meta Platforms, Inc.")
    opening = dt.timedelta(hours=14, minutes=30)  # New York's, in winter
    bars = [
        dt.datetime.combine(d, dt.time(0), dt.UTC) + opening + dt.timedelta(hours=h)
        for d in days
        for h in range(7 if d != dt.date(2024, 12, 24) else 4)
    ]
    close: list[float | None] = [100 + i / 10 for i in range(len(bars))]
    return replace(
        base,
        bars=bars,
        bar_columns=dict.fromkeys(("open", "high", "low", "close", "volume"), close),
    )


def test_hourly_bars_are_utc_and_finished(
    yahoo: YahooServer, source: YahooSource, clock: Clock
) -> None:
    yahoo.listings["META"] = hourly()
    clock.to("2024-12-31T17:10")
    history = source.load(asked(interval="1h", first="2024-12-01", last="2024-12-31"))
    assert history.sessions.dtype == np.dtype("datetime64[s]")
    assert str(history.sessions[0]) == "2024-12-02T14:30:00"
    assert str(history.sessions[-1]) == "2024-12-31T15:30:00", "the bar of 16:30 is not over"
    assert codes(history.issues) == {}
    half = history.sessions.astype("datetime64[D]") == np.datetime64("2024-12-24")
    assert half.sum() == 4


def test_bars_that_yahoo_keeps_no_longer(
    yahoo: YahooServer, source: YahooSource, clock: Clock
) -> None:
    yahoo.listings["META"] = hourly()
    with pytest.raises(PriceUnavailable, match="59 days only"):
        source.load(asked(interval="5m", first="2023-01-01", last="2023-02-01"))
    clipped = source.load(asked(interval="1h", first="2020-01-01", last="2024-12-31"))
    assert "clipped" in codes(clipped.issues)
    with pytest.raises(SpecError, match="no bars of this length"):
        source.load(asked(interval="7m"))
    assert all(int(r.params["period1"]) > 1.6e9 for r in yahoo.charts("META"))


def test_a_flow_may_put_its_rate_limit_before_each_request(
    yahoo: YahooServer, tmp_path: Path, clock: Clock
) -> None:
    waited: list[str] = []
    source = YahooSource(clock, before_request=waited.append)
    cached = CachedSource(source, tmp_path, clock)
    cached.load(asked(**YEAR))
    cached.load(asked(**YEAR))
    assert waited == ["META"], "what is cached waits for nobody"


@pytest.mark.parametrize(
    "symbol", ["../../x", "A?b=c", "A/B", "", "a\0b", "A B", "x" * 300, "МЕТА"]
)
def test_what_is_no_symbol_is_not_asked_for(
    yahoo: YahooServer, source: YahooSource, symbol: str
) -> None:
    with pytest.raises(PriceUnavailable, match="cannot be a symbol") as caught:
        source.load(asked("META", symbol=symbol))
    assert caught.value.code == "no_prices"
    assert yahoo.requests == []


def test_a_full_disk_and_a_lost_folder_are_no_fault_of_yahoos(
    yahoo: YahooServer, source: YahooSource, clock: Clock, tmp_path: Path
) -> None:
    folder = tmp_path / "cache"
    cached = CachedSource(source, folder, clock)
    assert cached.load(asked(**YEAR)).issues == ()
    shutil.rmtree(folder)
    assert cached.load(asked(**YEAR)).issues == ()
    shutil.rmtree(folder)
    folder.write_text("a file where the folder should be: nothing can be written")
    assert codes(cached.load(asked(**YEAR)).issues) == {"cache_not_written": 1}


@pytest.mark.shared
def test_recorded_prices_through_the_wire(
    yahoo: YahooServer, source: YahooSource, clock: Clock, shared: Path
) -> None:
    from signals.prices import CsvSource

    folder = shared / "market" / "mission"
    yahoo.listings["META"] = from_csv(folder / "META.csv", "META", name="Meta Platforms, Inc.")
    yahoo.listings["FET-USD"] = from_csv(
        folder / "FET-USD.csv", "FET-USD", timezone="UTC", instrument="CRYPTOCURRENCY"
    )
    clock.to("2026-08-22T12:00")
    span = {"first": "2023-06-01", "last": "2026-08-22"}
    direct, wired = CsvSource(folder).load(asked(**span)), source.load(asked(**span))
    assert wired.sessions.tolist() == direct.sessions.tolist()
    np.testing.assert_array_equal(wired.column("close"), direct.column("close"))
    token = asked("FET-USD", calendar="24/7", **span)
    direct, wired = CsvSource(folder).load(token), source.load(token)
    assert wired.sessions.tolist() == direct.sessions.tolist()
    np.testing.assert_array_equal(wired.column("close"), direct.column("close"))
