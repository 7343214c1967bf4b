"""Studies on made-up bars: what is measured, what is refused and why, what is still open."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from signals.errors import DataError, SpecError
from signals.events import read_catalogue
from signals.prices import PriceBook
from signals.reports.fingerprint import fingerprint
from signals.sessions import match_events
from tests.intraday.making import (
    bars_between,
    history,
    made_up_spec,
    made_up_study,
    market_book,
)

BARS = bars_between("2024-01-02", "2024-06-28")
AFTER_CLOSE = "e,2024-04-16T16:05:00-04:00,minute,deal,A,x,s,,,"


def test_a_planted_night_is_found_in_the_night(tmp_path):
    book = market_book({"A": 1.0}, BARS, moves={("A", "2024-04-16T20:00"): -0.11})
    result = made_up_study(tmp_path, book, [AFTER_CLOSE])
    event = result.events.iloc[0]
    assert (event["day_zero"], event["rule"]) == ("2024-04-16T20:00:00", "overnight_gap")
    car = result.car.set_index(["first", "last"])
    assert car.loc[(0, 0), "car"] == pytest.approx(-0.11, abs=0.03)
    assert car.loc[(0, 0), "rank_p_value"] == pytest.approx(1 / 41)
    assert car.loc[(0, 0), "headline_test"] == "rank_p"
    assert car.loc[(0, 7), "flags"] == "to_close"
    assert car.loc[(0, 7), "headline_test"] == "placebo_p"
    model = result.models.iloc[0]
    assert (model["engine"], model["n_obs"], model["df_resid"]) == ("weighted", 40 * 8, 39)
    assert model["beta"] == pytest.approx(1.0, abs=0.15)


def test_numbers_by_hand(tmp_path):
    """AR, σ of the hour and the forecast variance again from the prices, step by step."""
    book = market_book({"A": 1.3}, BARS)
    result = made_up_study(
        tmp_path, book, [AFTER_CLOSE], study={"event_window": [-2, 9], "car_windows": [[0, 2]]}
    )
    price = {}
    for t in ("A", "SPY"):
        h = book.histories[t]
        at = dict(zip(h.sessions.tolist(), h.columns["open"], strict=True))
        ends = dict(zip(h.sessions.tolist(), h.columns["close"], strict=True))
        price[t] = (at, ends)

    def returns(t, k):
        opens, closes = price[t]
        start, before = BARS.starts[k], BARS.starts[k - 1]
        if BARS.gap[k]:
            return opens[BARS.starts[k + 1].item()] / closes[before.item()] - 1
        base = opens[start.item()] if BARS.gap[k - 1] else closes[before.item()]
        return closes[start.item()] / base - 1

    zero = int(np.flatnonzero(BARS.starts == np.datetime64("2024-04-16T20:00"))[0])
    first = int(BARS.session[zero - 2]) - 40
    est = np.flatnonzero((BARS.session >= first) & (BARS.session < first + 40))
    y = np.array([returns("A", k) for k in est])
    x = np.column_stack([np.ones(len(est)), [returns("SPY", k) for k in est]])
    kind = np.where(BARS.long_gap[est], 8, BARS.slot[est])
    e = y
    for _ in range(3):
        v = np.array([np.mean(e[kind == c] ** 2) for c in range(9)])
        root = np.sqrt(v[kind] / v[kind].mean())
        b = np.linalg.lstsq(x / root[:, None], y / root, rcond=None)[0]
        e = y - x @ b
    s2 = ((e / root) ** 2).sum() / (len(y) - 2)
    inverse = np.linalg.inv((x / root[:, None]).T @ (x / root[:, None]))
    window = np.arange(zero, zero + 3)
    x1 = np.column_stack([np.ones(3), [returns("SPY", k) for k in window]])
    ar = np.array([returns("A", k) for k in window]) - x1 @ b
    u = x1.sum(axis=0)
    event_kind = np.where(BARS.long_gap[window], 8, BARS.slot[window])
    variance = s2 * ((v[event_kind] / v[kind].mean()).sum() + u @ inverse @ u)
    row = result.car.iloc[0]
    assert row["car"] == pytest.approx(ar.sum(), rel=1e-9)
    assert row["std_error"] == pytest.approx(np.sqrt(variance), rel=1e-8)
    bars = result.abnormal_returns.set_index("tau")["ar"]
    np.testing.assert_allclose(bars.loc[[0, 1, 2]], ar, rtol=1e-8)


def test_half_days_leave_their_late_hours_empty_and_are_never_stretched(tmp_path):
    bars = bars_between("2024-09-03", "2025-02-28")
    book = market_book({"A": 1.0}, bars)
    rows = ["e,2024-12-23T16:05:00-05:00,minute,deal,A,x,s,,,"]  # the night into a half day
    result = made_up_study(tmp_path, book, rows)
    assert result.car["last"].max() == 5
    close = result.car.query("flags == 'to_close'").iloc[0]
    assert close["last"] == 4  # the night and 3½ hours: 0 … 4
    panel = result.panel
    grid = panel.est_sessions[0].reshape(40, 8)
    half = np.flatnonzero((grid == np.datetime64("2024-11-29T14:30")).any(axis=1))
    assert np.isnat(grid[half[0]]).tolist() == [False] * 4 + [True] * 4  # the short hour too
    # An event bar cut to half an hour has half of the usual hour's variance.
    last = panel.columns((4, 4)).start
    usual = np.nanmean(panel.est_variance[0].reshape(40, 8)[:, 4])
    assert panel.variance[0, last] == pytest.approx(usual / 2)


def test_too_few_matched_bars_are_an_exclusion_with_counts(tmp_path):
    book = market_book({"A": 1.0, "B": 1.0}, BARS)
    old = book.histories["B"]
    late = old.sessions >= np.datetime64("2024-03-20")
    cut = type(old)("B", "XNYS", old.sessions[late], {n: v[late] for n, v in old.columns.items()})
    result = made_up_study(tmp_path, PriceBook({**book.histories, "B": cut}), [AFTER_CLOSE])
    row = result.excluded.iloc[0]
    assert (row["ticker"], row["code"]) == ("B", "too_few_returns")
    assert (
        "17 of 40 estimation sessions have matching 1h bars of B and SPY (135 bars)"
        in row["detail"]
    )
    assert "requires 30" in row["detail"]
    assert result.manifest["counts"] == {
        "requested": 2, "used": 1, "pending": 0, "excluded": 1, "complete": 1, "partial": 0,
        "events": 1, "bad_rows_skipped": 0,
    }  # fmt: skip


def test_asset_and_benchmark_cut_differently_are_never_mixed(tmp_path):
    clock = bars_between("2024-01-02", "2024-06-28", alignment="clock")
    mixed = {
        **market_book({"A": 1.0}, BARS).histories,
        "SPY": market_book({}, clock).histories["SPY"],
    }
    with pytest.raises(DataError, match=r"too_few_returns.*0 of 40 estimation sessions"):
        made_up_study(tmp_path, PriceBook(mixed), [AFTER_CLOSE])
    same = made_up_study(tmp_path, market_book({"A": 1.0}, clock), [AFTER_CLOSE])
    assert same.manifest["remarks"] == ["1 pairs on 1h bars cut by the clock"]
    assert same.panel.sessions[0, same.panel.columns((2, 2)).start] == np.datetime64(
        "2024-04-17T14:00"
    )


def test_missing_day_zero_and_missing_bars(tmp_path):
    book = market_book({"A": 1.0, "B": 1.0}, BARS)
    made = np.random.default_rng(9).normal(0, 0.002, len(BARS))
    holes = {
        "A": history("A", BARS, made, drop=["2024-04-17T13:30"]),  # no opening price: no gap
        "B": history("B", BARS, made, drop=["2024-04-17T16:30"]),
    }
    result = made_up_study(tmp_path, PriceBook({**book.histories, **holes}), [AFTER_CLOSE])
    row = result.excluded.iloc[0]
    assert (row["ticker"], row["code"]) == ("A", "missing_day_zero")
    assert "the overnight gap from 2024-04-16T20:00:00Z to 2024-04-17T13:30:00Z" in row["detail"]
    car = result.car.set_index("last")
    assert car.loc[1, "status"] == "complete"
    assert car.loc[7, "status"] == "incomplete"
    assert car.loc[7, "reason"].startswith("missing_return: 2024-04-17T16:30:00 and 1 more")


def test_no_opening_prices(tmp_path):
    book = market_book({"A": 1.0}, BARS)
    old = book.histories["A"]
    blind = type(old)("A", "XNYS", old.sessions, {"close": old.columns["close"]})
    with pytest.raises(DataError, match="no opening prices"):
        made_up_study(tmp_path, PriceBook({**book.histories, "A": blind}), [AFTER_CLOSE])


@pytest.mark.parametrize(
    ("now", "status", "reason"),
    [
        ("2024-04-17T13:29", "pending", "day_zero_open"),
        ("2024-04-17T15:35", "partial", "window_open"),
        ("2024-04-18T21:00", "complete", ""),
    ],
)
def test_studies_mature_bar_by_bar(tmp_path, now, status, reason):
    book = market_book({"A": 1.0}, BARS)
    clock = datetime.fromisoformat(now).replace(tzinfo=UTC)
    result = made_up_study(tmp_path, book, [AFTER_CLOSE], now=clock)
    row = result.events.iloc[0]
    assert (row["status"], row["reason_code"]) == (status, reason)
    if status == "partial":
        car = result.car.set_index("last")
        assert car.loc[1, "status"] == "complete"
        assert car.loc[5, "reason"] == "window_open: 2024-04-17T15:30:00 has not closed yet"
        assert result.abnormal_returns["ar"].notna().sum() == 13  # ten before, the night, two hours


def test_as_of_hides_later_bars(tmp_path):
    book = market_book({"A": 1.0}, BARS)
    whole = made_up_study(tmp_path, book, [AFTER_CLOSE])
    result = made_up_study(tmp_path, book, [AFTER_CLOSE], as_of="2024-04-17")
    assert result.events.iloc[0]["status"] == "complete"
    np.testing.assert_array_equal(result.car["car"], whole.car["car"])
    assert max(h.sessions[-1] for h in result.prices.histories.values()) < np.datetime64(
        "2024-04-18"
    )
    assert (
        made_up_study(tmp_path, book, [AFTER_CLOSE], as_of="2024-04-16").events.iloc[0]["status"]
        == "pending"
    )


def test_close_windows_of_different_length_are_pooled_by_their_length(tmp_path):
    book = market_book({"A": 1.0, "B": 1.0}, BARS)
    rows = [AFTER_CLOSE, "m,2024-05-21T11:45:00-04:00,minute,deal,X,x,s,,,"]
    result = made_up_study(tmp_path, book, rows)
    close = result.car[result.car["flags"].str.contains("to_close")]
    assert dict(zip(close["event_id"], close["last"], strict=True)) == {"e": 7, "m": 4}
    assert close.set_index("event_id").loc["m", "n_returns"].tolist() == [5, 5]
    here = result.caar.query("group_by == 'all'").set_index("last")["n_events"]
    assert (here[0], here[7], here[4]) == (4, 2, 2)
    assert not result.car.duplicated(["event_id", "ticker", "first", "last"]).any()


def test_a_family_over_the_close(tmp_path):
    book = market_book({"A": 1.0, "B": 1.0}, BARS, moves={("A", "2024-04-16T20:00"): 0.2})
    study = {"primary_window": [0, "close"]}
    result = made_up_study(tmp_path, book, [AFTER_CLOSE], study=study)
    inside = result.car[result.car["holm_p"].notna()]
    assert inside["last"].tolist() == [7, 7]
    assert inside["min_detectable"].gt(0).all()
    family = result.manifest["family"]
    assert (family["window"], family["written"]) == ([0, 7], [0, "close"])
    assert result.spec.primary == (0, 7)
    assert result.manifest["spec"]["car_windows"][3] == [0, "close"]
    assert result.manifest["spec"]["estimation"] == {"length": 40, "gap": 0, "min_returns": 30}


def test_other_events_of_the_asset(tmp_path):
    book = market_book({"A": 1.0}, BARS)
    rows = [AFTER_CLOSE, "before,2024-03-12T16:05:00-04:00,minute,deal,A,x,s,,,"]
    flagged = made_up_study(tmp_path, book, rows)
    assert "contaminated_estimation" in flagged.car.query("event_id == 'e'")["flags"].iloc[0]
    left = made_up_study(tmp_path, book, rows, study={"overlap": "dummy"})
    panel = left.panel.take(np.flatnonzero(left.panel.event_id == "e"))
    bars = panel.est_sessions[0][np.isfinite(panel.residuals[0])]
    session = (bars >= np.datetime64("2024-03-12T20:00")) & (
        bars < np.datetime64("2024-03-13T20:00")
    )
    assert not session.any()
    assert left.models.query("event_id == 'e'")["n_obs"].iloc[0] == 39 * 8


@pytest.mark.parametrize(
    ("tables", "key"),
    [
        ({"study": {"model": "garch"}}, "study.model"),
        ({"study": {"quantity": "volume"}}, "study.quantity"),
    ],
)
def test_what_bars_cannot_do_is_refused(tmp_path, tables, key):
    with pytest.raises(SpecError) as found:
        made_up_study(tmp_path, market_book({"A": 1.0}, BARS), [AFTER_CLOSE], **tables)
    assert found.value.key == key


def test_close_is_for_bars_only(tmp_path):
    with pytest.raises(SpecError, match="intraday"):
        made_up_study(
            tmp_path, market_book({"A": 1.0}, BARS), [AFTER_CLOSE], prices={"interval": "1d"},
            study={"event_window": [-5, 5], "car_windows": [[0, "close"]]},
        )  # fmt: skip


@pytest.mark.parametrize("model", ["constant_mean", "market_adjusted"])
def test_other_models(tmp_path, model):
    book = market_book({"A": 1.0}, BARS, moves={("A", "2024-04-16T20:00"): -0.11})
    result = made_up_study(tmp_path, book, [AFTER_CLOSE], study={"model": model})
    row = result.car.query("first == 0 and last == 0").iloc[0]
    assert row["car"] == pytest.approx(-0.11, abs=0.04)
    assert row["rank_p_value"] == pytest.approx(1 / 41)


def test_the_order_of_rows_and_a_second_run_change_nothing(tmp_path):
    book = market_book({"A": 1.0, "B": 1.1}, BARS)
    rows = [AFTER_CLOSE, "m,2024-05-21T11:45:00-04:00,minute,deal,X,x,s,,,"]
    one, two = made_up_study(tmp_path, book, rows), made_up_study(tmp_path, book, rows[::-1])
    for name in one.tables:
        assert one.tables[name].to_csv() == two.tables[name].to_csv(), name


def test_a_kept_run_is_told_apart_bar_by_bar(tmp_path):
    """While the day goes on every new bar makes another run; once all is closed none does."""
    book = market_book({"A": 1.0}, BARS)
    made_up_study(tmp_path, book, [AFTER_CLOSE])
    catalogue = read_catalogue([tmp_path / "events.csv"])
    spec = made_up_spec(tmp_path)

    def mark(now: str) -> str:
        matched = match_events(spec, catalogue)
        return fingerprint(spec, catalogue, matched, book, now=np.datetime64(now, "us")).digest

    assert mark("2024-04-17T14:31") == mark("2024-04-17T14:59") != mark("2024-04-17T15:31")
    assert mark("2024-04-25T15:31") == mark("2024-05-20T20:00")


def test_an_event_beyond_the_calendar_takes_no_other_with_it(tmp_path):
    book = market_book({"A": 1.0}, BARS)
    rows = [AFTER_CLOSE, "old,1985-01-02T12:00:00-05:00,minute,deal,A,x,s,,,"]
    result = made_up_study(tmp_path, book, rows)
    assert result.excluded[["event_id", "code"]].to_numpy().tolist() == [
        ["old", "outside_calendar"]
    ]
    assert result.events.set_index("event_id")["status"].to_dict() == {
        "e": "complete",
        "old": "excluded",
    }


def test_stocks_and_tokens_in_one_study(tmp_path):
    """Bars of two calendars beside one another: each by its own hours, never pooled as one date."""
    tokens = bars_between("2024-01-02", "2024-06-28", calendar="24/7")
    book = {
        **market_book({"A": 1.0}, BARS).histories,
        **market_book({"T": 1.0}, tokens, benchmark="BTC").histories,
    }
    assets = [
        {"ticker": "A", "group": "g"},
        {"ticker": "T", "group": "g", "calendar": "24/7", "benchmark": "BTC"},
    ]
    row = AFTER_CLOSE.replace(",A,", ",X,")
    result = made_up_study(tmp_path, PriceBook(book), [row], assets=assets)
    zero = result.events.set_index("ticker")["day_zero"]
    assert zero.to_dict() == {"A": "2024-04-16T20:00:00", "T": "2024-04-16T20:00:00"}
    assert result.events["rule"].tolist() == ["overnight_gap", "bar"]
    close = result.car[result.car["flags"].str.contains("to_close")].set_index("ticker")["last"]
    assert close.to_dict() == {"A": 7, "T": 3}
    assert result.models.set_index("ticker")["n_obs"].to_dict() == {"A": 320, "T": 960}
    pooled = result.statistics.query("group_by == 'all'")
    assert pooled["reason"].str.contains("asynchronous_closes: 24/7, XNYS").all()
    hours = pooled[pooled["statistic_name"] == "same_hours_portfolio_p"]
    assert (hours["status"] == "not_applicable").all()
    breadth = result.table("breadth").query("first == 0 and last == 0").iloc[0]
    assert breadth["reason"].startswith("mixed_dates")
