"""The cache: only what is missing is fetched, restated history is noticed, nothing is lost."""

from __future__ import annotations

import json
import multiprocessing
import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from signals.errors import TransientError
from signals.prices import CachedSource, PriceUnavailable, cache, verify
from signals.prices.store import series_path
from signals.providers import RateLimited

from .making import Clock, OwnSource, asked, codes, sessions, walk

DAYS = sessions("2020-01-02", "2024-12-31")
YEAR = {"first": "2023-01-01", "last": "2024-12-31"}


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2024, 6, 3, 22, tzinfo=UTC))  # a Monday, after New York's close


@pytest.fixture
def own(clock: Clock) -> OwnSource:
    close = walk(len(DAYS))
    columns = {"close": close, "adj_close": close * 0.97, "volume": np.round(close * 1e4)}
    return OwnSource(DAYS, columns, clock)


@pytest.fixture
def cached(own: OwnSource, clock: Clock, tmp_path: Path) -> CachedSource:
    return CachedSource(own, tmp_path, clock)


def last(source: OwnSource) -> tuple[str, str]:
    return source.requests[-1].first, source.requests[-1].last


def stored_bytes(folder: Path) -> bytes:
    return series_path(folder, "own", "META").read_bytes()


def test_fetched_once_then_read(cached: CachedSource, own: OwnSource) -> None:
    one = cached.load(asked(**YEAR))
    two = cached.load(asked(**YEAR))
    assert len(own.requests) == 1
    assert one.digest == two.digest
    assert str(one.sessions[-1]) == "2024-06-03"
    assert (one.source, one.currency, one.fetched_at) == ("own", "USD", "2024-06-03T22:00:00+00:00")
    part = cached.load(asked(first="2023-05-01", last="2023-05-31"))
    assert len(own.requests) == 1
    assert [str(d) for d in part.sessions[[0, -1]]] == ["2023-05-01", "2023-05-31"]


def test_a_new_session_fetches_the_tail_only(
    cached: CachedSource, own: OwnSource, clock: Clock
) -> None:
    cached.load(asked(**YEAR))
    clock.to("2024-06-04T19:00")  # Tuesday, still trading: nothing new has closed
    cached.load(asked(**YEAR))
    assert len(own.requests) == 1
    clock.to("2024-06-05T21:00")
    longer = cached.load(asked(**YEAR))
    assert last(own) == ("2024-05-28", "2024-12-31"), "the last five stored sessions again"
    assert str(longer.sessions[-1]) == "2024-06-05"
    assert codes(longer.issues) == {}
    assert cached.revisions == ()
    fresh = OwnSource(DAYS, own.columns, clock).load(asked(**YEAR))
    assert longer.digest == fresh.digest, "pieced together or fetched whole: the same series"


def test_an_earlier_start_fetches_whole(cached: CachedSource, own: OwnSource) -> None:
    cached.load(asked(**YEAR))
    longer = cached.load(asked(first="2021-01-01", last="2023-12-31"))
    assert last(own) == ("2021-01-01", "2024-06-03")
    assert str(longer.sessions[0]) == "2021-01-04"
    cached.load(asked(**YEAR))
    assert len(own.requests) == 2


def test_sessions_the_source_has_not_are_not_asked_for_again(
    cached: CachedSource, own: OwnSource
) -> None:
    cached.load(asked(first="2010-01-01", last="2024-12-31"))
    cached.load(asked(first="2010-01-01", last="2024-12-31"))
    assert len(own.requests) == 1


def restated(own: OwnSource, **columns: np.ndarray) -> None:
    own.columns = {**own.columns, **columns}


def test_a_dividend_refetches_the_series_whole(
    cached: CachedSource, own: OwnSource, clock: Clock, tmp_path: Path
) -> None:
    cached.load(asked(**YEAR))
    clock.to("2024-06-04T22:00")
    restated(own, adj_close=own.columns["adj_close"] * 0.999)
    history = cached.load(asked(**YEAR))
    assert [r.first for r in own.requests] == ["2023-01-01", "2024-05-28", "2023-01-01"]
    (revision,) = cached.revisions
    assert (revision.field, revision.cause, revision.session) == (
        "adj_close",
        "dividend",
        "2023-01-03",
    )
    assert revision.new == pytest.approx(revision.old * 0.999)
    assert revision.count == 356
    assert codes(history.issues) == {"restated": 356}
    fresh = own.load(asked(**YEAR))
    assert history.digest == fresh.digest
    (line,) = (tmp_path / "prices" / "own" / "revisions.jsonl").read_text().splitlines()
    assert json.loads(line)["cause"] == "dividend"


@pytest.mark.parametrize(
    ("factor", "cause"), [(0.25, "split"), (3.0, "split"), (100.0, "unit"), (0.01, "unit")]
)
def test_a_split_is_told_from_a_change_of_unit(
    cached: CachedSource, own: OwnSource, clock: Clock, factor: float, cause: str
) -> None:
    cached.load(asked(**YEAR))
    clock.to("2024-06-04T22:00")
    restated(own, close=own.columns["close"] * factor, adj_close=own.columns["adj_close"] * factor)
    history = cached.load(asked(**YEAR))
    assert {(r.field, r.cause) for r in cached.revisions} == {
        ("close", cause),
        ("adj_close", "dividend"),
    }
    assert "jump" not in codes(history.issues), "no join of old and new prices"


def test_a_correction_of_one_close(cached: CachedSource, own: OwnSource, clock: Clock) -> None:
    cached.load(asked(**YEAR))
    clock.to("2024-06-04T22:00")
    at = int(np.searchsorted(DAYS, np.datetime64("2024-05-31")))
    close = own.columns["close"].copy()
    close[at] *= 1.02
    restated(own, close=close)
    cached.load(asked(**YEAR))
    (revision,) = cached.revisions
    assert (revision.session, revision.field, revision.cause, revision.count) == (
        "2024-05-31",
        "close",
        "correction",
        1,
    )


def test_a_revised_volume_is_no_restatement(
    cached: CachedSource, own: OwnSource, clock: Clock
) -> None:
    cached.load(asked(**YEAR))
    clock.to("2024-06-04T22:00")
    restated(own, volume=own.columns["volume"] + 5)
    history = cached.load(asked(**YEAR))
    assert len(own.requests) == 2
    assert {r.field for r in cached.revisions} == {"volume"}
    assert codes(history.issues) == {}


def test_old_digits_that_jitter_are_no_restatement(
    cached: CachedSource, own: OwnSource, clock: Clock
) -> None:
    cached.load(asked(**YEAR))
    clock.to("2024-06-04T22:00")
    restated(own, adj_close=own.columns["adj_close"] * (1 + 1e-7))
    cached.load(asked(**YEAR))
    assert len(own.requests) == 2
    assert cached.revisions == ()


def test_refresh_finds_a_change_deep_in_the_past(
    cached: CachedSource, own: OwnSource, clock: Clock, tmp_path: Path
) -> None:
    cached.load(asked(**YEAR))
    at = int(np.searchsorted(DAYS, np.datetime64("2023-03-01")))
    close = own.columns["close"].copy()
    close[at] *= 1.1
    restated(own, close=close)
    assert codes(cached.load(asked(**YEAR)).issues) == {}
    again = CachedSource(own, tmp_path, clock, refresh=True)
    assert codes(again.load(asked(**YEAR)).issues) == {"restated": 1}
    assert again.revisions[0].session == "2023-03-01"


DOWN = TransientError("own", "HTTP 503", ticker="META")


def test_down_without_anything_stored(cached: CachedSource, own: OwnSource) -> None:
    own.error = DOWN
    with pytest.raises(TransientError, match="HTTP 503"):
        cached.load(asked(**YEAR))
    assert verify(cached.cache_dir) == []


def test_down_with_a_series_that_ends_early(
    cached: CachedSource, own: OwnSource, clock: Clock, tmp_path: Path
) -> None:
    cached.load(asked(**YEAR))
    before = stored_bytes(tmp_path)
    clock.to("2024-06-06T22:00")
    own.error = DOWN
    with pytest.raises(
        TransientError, match=r"until 2024-06-03 \(3 sessions behind\), 3\.0 days"
    ) as e:
        cached.load(asked(**YEAR))
    assert "--max-age" in str(e.value)
    assert e.value.ticker == "META"
    with pytest.raises(TransientError):
        CachedSource(own, tmp_path, clock, max_age=2.0).load(asked(**YEAR))
    history = CachedSource(own, tmp_path, clock, max_age=4.0).load(asked(**YEAR))
    assert codes(history.issues) == {"stale_cache": 3}
    assert str(history.sessions[-1]) == "2024-06-03"
    with pytest.raises(TransientError, match="begins too late"):
        CachedSource(own, tmp_path, clock, max_age=4.0).load(
            asked(first="2020-01-01", last="2024-12-31")
        )
    assert stored_bytes(tmp_path) == before


def test_down_with_all_that_is_asked_for(
    cached: CachedSource, own: OwnSource, clock: Clock, tmp_path: Path
) -> None:
    cached.load(asked(**YEAR))
    own.error = DOWN
    assert cached.load(asked(**YEAR)).issues == (), "not even asked"
    history = CachedSource(own, tmp_path, clock, refresh=True).load(asked(**YEAR))
    assert codes(history.issues) == {"stale_cache": 0}
    assert "HTTP 503" in history.issues[0].detail


def test_a_pause_that_is_asked_for_is_handed_on(
    cached: CachedSource, own: OwnSource, clock: Clock
) -> None:
    cached.load(asked(**YEAR))
    clock.to("2024-06-06T22:00")
    own.error = RateLimited("own", "too many requests", retry_after=7.0)
    with pytest.raises(RateLimited) as caught:
        cached.load(asked(**YEAR))
    assert caught.value.retry_after == 7.0


def test_delisted_keeps_what_there_was(
    cached: CachedSource, own: OwnSource, clock: Clock, tmp_path: Path
) -> None:
    cached.load(asked(**YEAR))
    before = stored_bytes(tmp_path)
    clock.to("2024-06-10T22:00")
    own.error = PriceUnavailable("META", "no_prices", "No data found, symbol may be delisted")
    history = cached.load(asked(**YEAR))
    assert codes(history.issues) == {"delisted": 1}
    assert "until 2024-06-03" in history.issues[0].detail
    own.error = PriceUnavailable("META", "name_mismatch", "another company now")
    with pytest.raises(PriceUnavailable, match="another company"):
        cached.load(asked(**YEAR))
    assert stored_bytes(tmp_path) == before


def test_an_answer_that_lost_history_is_not_believed(
    cached: CachedSource, own: OwnSource, clock: Clock, tmp_path: Path
) -> None:
    cached.load(asked(**YEAR))
    before = stored_bytes(tmp_path)
    own.labels = own.labels[900:]
    own.columns = {k: v[900:] for k, v in own.columns.items()}
    history = CachedSource(own, tmp_path, clock, refresh=True).load(asked(**YEAR))
    assert codes(history.issues) == {"stale_cache": 0}
    assert "stored sessions are not in it" in history.issues[0].detail
    assert stored_bytes(tmp_path) == before


def test_a_damaged_file_is_reported_and_fetched_again(
    cached: CachedSource, own: OwnSource, tmp_path: Path
) -> None:
    sound = cached.load(asked(**YEAR))
    path = series_path(tmp_path, "own", "META")
    path.write_bytes(path.read_bytes()[:-40])
    assert [s.status for s in verify(tmp_path)] == ["corrupt"]
    history = cached.load(asked(**YEAR))
    assert codes(history.issues) == {"cache_corrupt": 1}
    assert history.digest == sound.digest
    assert [s.status for s in verify(tmp_path)] == ["ok"]
    path.write_bytes(b"")
    own.error = DOWN
    with pytest.raises(TransientError):
        cached.load(asked(**YEAR))


def test_a_series_of_another_calendar_or_name_is_not_used(
    cached: CachedSource, own: OwnSource
) -> None:
    cached.load(asked(**YEAR))
    tokens = cached.load(asked(calendar="24/7", **YEAR))
    assert len(own.requests) == 2
    assert tokens.calendar == "24/7"
    with pytest.raises(PriceUnavailable, match="Fetch") as caught:
        cached.load(asked(calendar="24/7", name="Fetch AI", **YEAR))
    assert caught.value.code == "name_mismatch"


def test_a_cache_that_cannot_be_written_costs_no_study(
    cached: CachedSource, own: OwnSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache, "write_series", full)
    history = cached.load(asked(**YEAR))
    assert codes(history.issues) == {"cache_not_written": 1}
    assert len(history.sessions) == 356
    assert verify(cached.cache_dir) == []


def test_the_folder_may_go_at_any_time(
    cached: CachedSource, own: OwnSource, tmp_path: Path
) -> None:
    import shutil

    cached.load(asked(**YEAR))
    shutil.rmtree(tmp_path / "prices")
    assert codes(cached.load(asked(**YEAR)).issues) == {}
    assert len(own.requests) == 2


def bars(first: str, last_day: str) -> np.ndarray:
    days = sessions(first, last_day)
    starts = np.array([52200 + 300 * i for i in range(4)], dtype="timedelta64[s]")
    return (days.astype("datetime64[s]")[:, None] + starts).ravel()  # 14:30 UTC …, winter time


def test_bars_are_kept_after_the_source_forgot_them(tmp_path: Path, clock: Clock) -> None:
    clock.to("2024-02-20T23:00")
    labels = bars("2024-01-16", "2024-02-20")
    own = OwnSource(labels, {"close": walk(len(labels))}, clock)
    cached = CachedSource(own, tmp_path, clock)
    span = {"first": "2024-01-01", "last": "2024-12-31", "interval": "5m"}
    before = cached.load(asked(**span))
    clock.to("2024-03-04T23:00")
    later = bars("2024-02-08", "2024-03-04")
    merged = np.union1d(labels, later)
    close = np.concatenate([own.columns["close"], walk(len(merged) - len(labels), 9)])
    keep = merged >= later[0]
    own.labels, own.columns = merged[keep], {"close": close[keep]}
    after = cached.load(asked(**span))
    assert last(own)[0] == "2024-02-13", "from the fifth last stored session"
    assert after.sessions.tolist() == merged.tolist()
    assert after.column("close").tolist() == close.tolist()
    assert len(after.sessions) > len(before.sessions)
    assert str(series_path(tmp_path, "own", "META", "5m").name) == "META@5m.parquet"


def test_restated_bars_say_so_for_good(tmp_path: Path, clock: Clock) -> None:
    clock.to("2024-02-20T23:00")
    labels = bars("2024-01-16", "2024-02-28")
    own = OwnSource(labels, {"close": walk(len(labels))}, clock)
    cached = CachedSource(own, tmp_path, clock)
    span = {"first": "2024-01-01", "last": "2024-12-31", "interval": "5m"}
    cached.load(asked(**span))
    clock.to("2024-02-21T23:00")
    own.columns = {"close": own.columns["close"] * 0.1}
    assert codes(cached.load(asked(**span)).issues)["restated"] == 20
    again = codes(cached.load(asked(**span)).issues)
    assert again["restated"] == 20
    assert again["jump"] == 1
    assert {r.cause for r in cached.revisions} == {"split"}


def _many_loads(folder: Path, seed: int) -> None:
    clock = Clock(datetime(2024, 6, 3, 22, tzinfo=UTC))
    close = walk(len(DAYS))
    own = OwnSource(DAYS, {"close": close, "adj_close": close * 0.97}, clock)
    cached = CachedSource(own, folder, clock, refresh=bool(seed % 2))
    for day in ("2024-06-03", "2024-06-05", "2024-06-07", "2024-06-11"):
        clock.to(f"{day}T22:00")
        history = cached.load(asked(**YEAR))
        at = np.searchsorted(DAYS, history.sessions)
        assert np.array_equal(history.column("close"), close[at])
    os._exit(0)


def test_several_processes_share_one_cache(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    children = [fork.Process(target=_many_loads, args=(tmp_path, i)) for i in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert [c.exitcode for c in children] == [0, 0, 0, 0]
    (status,) = verify(tmp_path)
    assert (status.status, status.last) == ("ok", "2024-06-11")


def test_five_hundred_cached_series_are_checked_in_seconds(tmp_path: Path, clock: Clock) -> None:
    import time

    close = walk(len(DAYS))
    own = OwnSource(DAYS, {"close": close, "adj_close": close, "volume": close}, clock)
    cached = CachedSource(own, tmp_path, clock)
    wanted = [asked(f"T{i}", **YEAR) for i in range(50)]
    for request in wanted:
        cached.load(request)
    started = time.process_time()
    for request in wanted:
        cached.load(request)
    assert len(own.requests) == 50
    assert time.process_time() - started < 3.0, "500 series take ten times that at most"
