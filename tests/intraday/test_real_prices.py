"""Recorded bars: after-close results, tokens by the hour, clock changes, half days, both cuts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.intraday.making import recorded_study

pytestmark = pytest.mark.shared
STOCKS = ("META", "NVDA", "MSFT", "GOOG", "SPY")
TOKENS = ("FET", "GRT", "NEAR", "ICP", "RENDER", "TAO", "WLD", "ARKM", "AKT", "VIRTUAL")
EARNINGS = [
    "q3-2025,2025-10-29T16:06:00-04:00,minute,earnings_call,META,x,s,,,",
    "q2-2025,2025-07-30T16:05:00-04:00,minute,earnings_call,META,x,s,,,",
]
ASSETS = [
    {"ticker": "META", "group": "subject"}, {"ticker": "NVDA", "group": "suppliers"},
    {"ticker": "MSFT", "group": "rivals"}, {"ticker": "GOOG", "group": "rivals"},
]  # fmt: skip


def stocks(shared: Path, interval: str) -> dict[str, Path]:
    return {t: shared / "market" / "intraday" / f"{t}_{interval}.csv.gz" for t in STOCKS}


@pytest.fixture(scope="module", params=["5m", "1h"])
def earnings(request, shared, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    return recorded_study(folder, stocks(shared, request.param), EARNINGS, ASSETS, request.param)


def test_after_close_results_land_on_the_night(earnings):
    zero = earnings.events.query("ticker == 'META'").set_index("event_id")
    assert zero.loc["q3-2025", "day_zero"] == "2025-10-29T20:00:00"
    assert zero.loc["q2-2025", "day_zero"] == "2025-07-30T20:00:00"
    assert set(zero["rule"]) == {"overnight_gap"}


def test_the_night_holds_most_of_the_public_fall(earnings):
    """Public closes 751.67 → 666.47 (−11.33 %): the gap 752.00 → 669.19 alone is −11.01 %."""
    bars = earnings.abnormal_returns.query("event_id == 'q3-2025' and ticker == 'META'").set_index(
        "tau"
    )
    assert bars.loc[0, "actual_return"] == pytest.approx(669.19 / 752.00 - 1, rel=1e-12)
    last = int(earnings.car.query("event_id == 'q3-2025' and flags == 'to_close'")["last"].iloc[0])
    day = np.prod(1 + bars.loc[0:last, "actual_return"]) - 1
    assert day == pytest.approx(-0.1133, abs=0.002)  # the last bar closes 1–2 bp off the auction
    assert bars.loc[0, "actual_return"] / day > 0.95
    row = earnings.table("reaction").set_index(["event_id", "ticker"]).loc[("q3-2025", "META")]
    assert (row["half_bars"], row["half_minutes"]) == (0, 17 * 60 + 24)
    assert row["gap_share"] > 0.9
    up = earnings.table("reaction").set_index(["event_id", "ticker"]).loc[("q2-2025", "META")]
    assert up["car_to_close"] > 0.1
    assert up["gap_share"] > 0.8


def test_the_fall_is_the_largest_of_all_nights(earnings):
    car = earnings.car.query("first == 0 and last == 0 and ticker == 'META'").set_index("event_id")
    assert car["rank_p_value"].tolist() == [pytest.approx(1 / 41)] * 2
    assert car.loc["q3-2025", "scar"] < -10
    assert car.loc["q2-2025", "scar"] > 10


def test_night_by_hand_from_the_files(earnings, shared):
    """The 40 nights before, regressed by hand: the placebos are nights, never bars."""
    interval = earnings.spec.prices.interval
    night = {}
    for t in ("META", "SPY"):
        rows = pd.read_csv(stocks(shared, interval)[t], parse_dates=["ts_utc"])
        rows = rows.assign(day=rows["ts_utc"].dt.date.astype(str))
        by_day = rows.groupby("day").agg(first=("open", "first"), last=("close", "last"))
        night[t] = by_day["first"] / by_day["last"].shift(1) - 1
    panel = earnings.panel
    i = int(np.flatnonzero((panel.event_id == "q3-2025") & (panel.ticker == "META"))[0])
    nights = panel.est_actual[i].reshape(40, -1)[:, 0]
    begins = panel.est_sessions[i].reshape(40, -1)[:, 1].astype("datetime64[D]").astype(str)
    np.testing.assert_allclose(nights, night["META"].loc[begins], rtol=1e-9)


def test_intraday_volatility_is_u_shaped_and_the_night_stands_out(earnings):
    panel = earnings.panel
    i = int(np.flatnonzero((panel.event_id == "q3-2025") & (panel.ticker == "META"))[0])
    scale = np.sqrt(np.nanmean(panel.est_variance[i].reshape(40, -1), axis=0))
    assert scale[0] > (1 if len(scale) < 10 else 2) * np.median(scale[1:])
    middle = len(scale) // 2
    assert scale[1] > 1.5 * scale[middle]


def test_tokens_hour_by_hour_in_utc(shared, tmp_path):
    """The report of 19 August 2025, studied at 20:08 UTC: nine of ten fell in an hour is nothing
    rare, because tokens move together."""
    hourly = shared / "market" / "crypto_hourly"
    files = {
        f"{t}-USD": hourly / f"{t}USDT_binance_perp_1h.csv.gz" for t in (*TOKENS, "BTC", "ETH")
    }
    assets = [
        {
            "ticker": f"{t}-USD",
            "group": "ai_tokens",
            "calendar": "24/7",
            "benchmark": ["BTC-USD", "ETH-USD"],
        }
        for t in TOKENS
    ]
    rows = [
        "exact,2025-08-19T16:08:00-04:00,minute,restructuring,META,x,s,,,",
        "day-only,2025-08-19,day,restructuring,META,x,s,,unknown,",
    ]
    result = recorded_study(tmp_path, files, rows, assets, "1h", study={"model": "multi_market"})
    zero = result.events.set_index(["event_id", "ticker"])["day_zero"]
    assert set(zero.loc["exact"]) == {"2025-08-19T20:00:00"}
    assert set(zero.loc["day-only"]) == {"2025-08-19T16:00:00"}  # New York's midday
    bars = result.abnormal_returns.query("event_id == 'exact' and ticker == 'FET-USD'")
    raw = pd.read_csv(files["FET-USD"], parse_dates=["ts_utc"], index_col="ts_utc")["close"]
    labels = pd.to_datetime(bars["session"]).dt.tz_localize("UTC")
    np.testing.assert_allclose(bars["actual_return"], raw.pct_change().loc[labels], rtol=1e-9)
    model = result.models.query("event_id == 'exact'")
    assert model["n_obs"].eq(40 * 24).all()
    assert model["beta"].between(0.2, 2.5).all()
    assert model["beta_ETH-USD"].between(0.1, 2.5).all()
    assert (model["r_squared"] > 0.25).all()
    breadth = result.table("breadth").set_index(["event_id", "first", "last"])
    row = breadth.loc[("exact", 0, 0)]
    own = raw_share(files, [f"{t}-USD" for t in TOKENS], "2025-08-19T20:00Z")
    assert (row["n_assets"], row["n_fell"]) == (10, own)
    assert row["n_placebos"] == 40
    evidence = result.table("evidence")
    assert set(evidence["event_id"]) == {"day-only"}
    assert len(evidence) == 10
    close = result.car[result.car["flags"].str.contains("to_close")]
    assert close.query("event_id == 'exact'")["last"].eq(3).all()  # 20, 21, 22, 23 hours UTC


def raw_share(files, tickers, hour: str) -> int:
    fell = 0
    for ticker in tickers:
        close = pd.read_csv(files[ticker], parse_dates=["ts_utc"], index_col="ts_utc")["close"]
        fell += int(close.pct_change().loc[pd.Timestamp(hour)] < 0)
    return fell


@pytest.mark.parametrize(
    ("announced", "gap", "bars"),
    [
        ("2024-07-02T16:05:00-04:00", ("2024-07-02T20:00:00", "2024-07-03T13:30:00"), 43),
        ("2024-11-29T13:05:00-05:00", ("2024-11-29T18:00:00", "2024-12-02T14:30:00"), 79),
        ("2024-11-28T12:00:00-05:00", ("2024-11-27T21:00:00", "2024-11-29T14:30:00"), 43),
        ("2025-03-07T16:05:00-05:00", ("2025-03-07T21:00:00", "2025-03-10T13:30:00"), 79),
        ("2025-10-31T16:05:00-04:00", ("2025-10-31T20:00:00", "2025-11-03T14:30:00"), 79),
        ("2025-11-02T09:41:00Z", ("2025-10-31T20:00:00", "2025-11-03T14:30:00"), 79),
    ],
    ids=["into a half day", "at an early close", "on a holiday", "spring", "autumn", "Sunday"],
)
def test_half_days_and_changes_of_clock_time(shared, tmp_path, announced, gap, bars):
    row = f"e,{announced},minute,deal,META,x,s,,,META"
    result = recorded_study(tmp_path, stocks(shared, "5m"), [row], ASSETS, "5m")
    event = result.events.iloc[0]
    assert (event["day_zero"], event["rule"], event["status"]) == (
        gap[0],
        "overnight_gap",
        "complete",
    )
    panel = result.panel
    zero = panel.columns((0, 0)).start
    assert str(panel.ends[0, zero]) == gap[1]
    reaction = result.table("reaction").iloc[0]
    assert (reaction["n_bars"], reaction["status"]) == (bars, "complete")
    # 13:30 and 14:30 UTC are one time of day: every estimation session fills the same columns.
    grid = np.isfinite(panel.est_actual[0].reshape(40, 79))
    half = grid.sum(axis=1) < 79
    assert (grid[half].sum(axis=1) == 43).all()
    assert half.sum() <= 2


def test_hours_cut_from_the_open_and_by_the_clock_are_not_mixed(shared, tmp_path):
    """The recorded hours change their cut on 4 August 2026: before by the clock, then from the
    open. An event ten sessions later finds too few bars of its own kind, and says so."""
    rows = ["early,2026-06-16T16:05:00-04:00,minute,deal,META,x,s,,,META"]
    early = recorded_study(tmp_path, stocks(shared, "1h"), rows, ASSETS, "1h")
    assert early.manifest["remarks"] == ["1 pairs on 1h bars cut by the clock"]
    rows = [*rows, "late,2026-08-18T16:05:00-04:00,minute,deal,META,x,s,,,META"]
    both = recorded_study(tmp_path, stocks(shared, "1h"), rows, ASSETS, "1h")
    row = both.excluded.iloc[0]
    assert row["event_id"] == "late"
    assert row["code"] in ("too_few_returns", "missing_day_zero")
    np.testing.assert_array_equal(both.car["car"], early.car["car"])
    short = {"estimation": {"length": 9, "min_returns": 8}}
    late = recorded_study(tmp_path, stocks(shared, "1h"), rows[1:], ASSETS, "1h", **short)
    assert late.manifest["remarks"] == ["1 pairs on 1h bars cut from the open"]
    assert late.events.iloc[0]["day_zero"] == "2026-08-18T20:00:00"
