"""Each way in which Yahoo fails is told as its cause, by the real client over real TLS."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from signals.errors import TransientError
from signals.providers import NoSuchSeries, RateLimited
from signals.providers.yahoo import ChartAnswer, fetch_chart, reachable
from tests.faults.yahoo_server import FAULTS, YahooServer, generated

ROOT = Path(__file__).resolve().parents[2]


def fetch(symbol: str = "META", **options: object) -> ChartAnswer:
    options.setdefault("timeout", 5.0)
    return fetch_chart(symbol, "2024-01-02", "2024-06-28", **options)  # type: ignore[arg-type]


def test_an_honest_answer(yahoo: YahooServer) -> None:
    answer = fetch()
    listing = yahoo.listings["META"]
    inside = [i for i, d in enumerate(listing.days) if "2024-01-02" <= str(d) <= "2024-06-28"]
    assert answer.labels.astype(str).tolist() == [str(listing.days[i]) for i in inside]
    for name in ("open", "close", "adj_close", "volume"):
        stated = [listing.columns[name][i] for i in inside]
        np.testing.assert_allclose(answer.columns[name], stated, rtol=0, atol=0)
    assert (answer.columns["close"] != answer.columns["adj_close"]).all(), "nothing is adjusted"
    assert (answer.symbol, answer.currency, answer.timezone) == ("META", "USD", "America/New_York")
    assert answer.names[0] == "Meta Platforms, Inc."
    assert answer.last_trade is not None
    assert answer.last_trade.date().isoformat() == "2024-12-31"
    (asked,) = yahoo.charts("META")
    assert asked.params["crumb"] == "loopback.crumb"


GONE = {"not_found", "no_such_range", "no_rows"}
DOWN = {
    "bare_404": "HTML in place of a chart",
    "bad_crumb": "HTTP 401.*Invalid Crumb",
    "forbidden": "HTTP 403",
    "http_500": "HTTP 500",
    "http_502_html": "HTTP 502",
    "http_503": "HTTP 503",
    "refused": "no answer",
    "reset_mid_body": "no answer",
    "cut_mid_body": "no answer",
    "truncated_json": "truncated JSON",
    "html": "HTML in place of a chart",
    "empty_body": "truncated JSON",
    "empty_result": "empty result without a reason",
    "null_result": "empty result without a reason",
    "unknown_timezone": "cannot be used",
}


@pytest.mark.parametrize("fault", sorted(GONE))
def test_what_yahoo_has_not(yahoo: YahooServer, fault: str) -> None:
    yahoo.inject("META", fault)
    with pytest.raises(NoSuchSeries) as caught:
        fetch()
    assert (caught.value.symbol, caught.value.code) == ("META", "no_prices")
    assert caught.value.detail


@pytest.mark.parametrize("fault", sorted(DOWN))
def test_what_may_pass(yahoo: YahooServer, fault: str) -> None:
    yahoo.inject("META", fault)
    with pytest.raises(TransientError, match=DOWN[fault]) as caught:
        fetch()
    assert (caught.value.source, caught.value.ticker) == ("yahoo", "META")
    assert "Traceback" not in str(caught.value)
    yahoo.heal()  # and it has passed: no error is kept in the process
    assert len(fetch().labels) == 124


def test_unknown_tickers_have_yahoos_own_words(yahoo: YahooServer) -> None:
    with pytest.raises(NoSuchSeries, match="No data found, symbol may be delisted"):
        fetch("NOSUCH")


def test_a_pause_is_read_from_the_answer(yahoo: YahooServer) -> None:
    yahoo.inject("META", "rate_limited_with_pause")
    with pytest.raises(RateLimited, match="pause of 7 s") as caught:
        fetch()
    assert caught.value.retry_after == 7.0
    yahoo.heal()
    yahoo.inject("META", "rate_limited")
    with pytest.raises(RateLimited) as caught:
        fetch()
    assert caught.value.retry_after is None


@pytest.mark.parametrize("fault", ["hang", "slow_drip"])
def test_the_time_limit_bites(yahoo: YahooServer, fault: str) -> None:
    yahoo.inject("META", fault)
    started = time.perf_counter()
    with pytest.raises(TransientError, match="timed out"):
        fetch(timeout=0.5)
    assert time.perf_counter() - started < 20.0  # without a limit a hang lasts a minute


def test_ten_megabytes_are_read_to_the_end(yahoo: YahooServer) -> None:
    yahoo.inject("META", "ten_megabytes")
    assert len(fetch().labels) == 124


def test_nothing_is_retried_here(yahoo: YahooServer) -> None:
    fetch()
    yahoo.requests.clear()
    yahoo.inject("META", "truncated_json", times=1)
    with pytest.raises(TransientError):
        fetch()
    assert len(yahoo.charts("META")) == 1


def test_repeated_and_conflicting_rows_are_counted(yahoo: YahooServer) -> None:
    yahoo.inject("META", "conflicting_rows", times=1)
    answer = fetch()
    assert answer.repeated.tolist() == answer.conflicting.tolist()
    assert answer.repeated.size == 1
    at = int(np.searchsorted(answer.labels, answer.conflicting[0]))
    assert np.isnan(answer.columns["close"][at])
    assert np.isfinite(np.delete(answer.columns["close"], at)).all()
    yahoo.inject("META", "out_of_order", times=1)
    answer = fetch()
    assert answer.unordered == 123
    assert (answer.labels[1:] > answer.labels[:-1]).all()


def test_null_rows_have_no_volume_either(yahoo: YahooServer) -> None:
    yahoo.inject("META", "null_rows", times=1)
    answer = fetch()
    gone = np.isnan(answer.columns["close"])
    assert gone.sum() == 3
    assert np.isnan(answer.columns["volume"][gone]).all()
    assert np.isfinite(answer.columns["volume"][~gone]).all()


def test_threads_do_not_mix_up_their_answers(yahoo: YahooServer) -> None:
    yahoo.inject("DOWN", "http_503")
    found: list[str] = []

    def good() -> None:
        found.append(f"{len(fetch(timeout=30).labels)}")

    def bad(symbol: str) -> None:
        try:
            fetch(symbol, timeout=30)
        except (TransientError, NoSuchSeries) as error:
            found.append(f"{type(error).__name__} {symbol}")

    threads = [threading.Thread(target=good) for _ in range(4)]
    threads += [threading.Thread(target=bad, args=(s,)) for s in ("DOWN", "NOSUCH") * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(found) == ["124"] * 4 + ["NoSuchSeries NOSUCH"] * 3 + ["TransientError DOWN"] * 3


def test_a_process_of_its_own_reaches_the_server_by_environment(
    yahoo: YahooServer, tmp_path: Path
) -> None:
    code = """
from signals.providers.yahoo import fetch_chart
from pathlib import Path
print(len(fetch_chart("META", "2024-01-02", "2024-06-28").labels))
"""
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    environment = {**os.environ, **yahoo.environment, **home}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout.strip() == "124"
    assert {r.host for r in yahoo.requests} == {
        "fc.yahoo.com", "query1.finance.yahoo.com", "query2.finance.yahoo.com",
    }  # fmt: skip
    assert list(tmp_path.rglob("*.db*")) == [], "yfinance leaves nothing on the disk"


def test_the_doctor_is_told_why(yahoo: YahooServer) -> None:
    today = dt.date.today()
    days = [today - dt.timedelta(days=i) for i in range(20, 0, -1)]
    yahoo.listings["SPY"] = generated("SPY", sessions=days)
    assert reachable(timeout=5.0) == ""
    yahoo.inject("SPY", "http_503")
    assert reachable(timeout=5.0) == "yahoo / SPY: HTTP 503"


def test_nobody_at_the_address() -> None:
    with YahooServer([]) as server:
        gone = server.environment
    with pytest.MonkeyPatch.context() as patched:
        from signals.providers import yahoo as provider

        provider.forget_session()
        for key, value in gone.items():
            patched.setenv(key, value)
        with pytest.raises(TransientError, match="no answer"):
            fetch("NEVERSEEN")
    provider.forget_session()


def test_every_fault_has_its_test() -> None:
    here = GONE | set(DOWN) | {
        "rate_limited", "rate_limited_with_pause", "hang", "slow_drip", "ten_megabytes",
        "conflicting_rows", "out_of_order", "null_rows",
    }  # fmt: skip
    from tests.providers.test_yahoo_source import OUTCOMES

    assert here | set(OUTCOMES) == set(FAULTS)
