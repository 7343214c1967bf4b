"""A made-up large study on disk: a wide parquet panel, an events file, a study file. Seeded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from signals.events import CATEGORIES
from signals.sessions import trading_calendar

FIRST, LAST = "2004-01-02", "2023-12-29"
LENGTH, WINDOW = 250, (-10, 10)

STUDY = """[study]
id = "full-run"
title = "A made-up large study"
model = "market"
event_window = [-10, 10]
car_windows = [[0, 0], [0, 1], [-1, 1], [0, 5], [-10, 10]]
engine = "{engine}"

[estimation]
length = 250
min_returns = 120

[prices]
source = "parquet"
path = "prices.parquet"

[market]
benchmark = "MKT"
calendar = "XNYS"

[calibration]
draws = 0

[events]
files = ["{events}"]
"""


def make_study(
    folder: Path, events: int, *, tickers: int = 1_000, kind: str = "parquet",
    engine: str = "batched", seed: int = 8, gaps: bool = False,
) -> Path:  # fmt: skip
    """Write prices, events (both as parquet and as CSV) and the study file that names the events
    of ``kind``; the path of the study file. The same arguments make the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    days = sessions()
    names = [f"T{i:04d}" for i in range(tickers)]
    panel(days, names, rng, gaps=gaps).to_parquet(folder / "prices.parquet", index=False)
    frame = made_events(days, names, events, rng)
    frame.to_parquet(folder / "events.parquet", index=False)
    frame.to_csv(folder / "events.csv", index=False)
    file = folder / "study.toml"
    file.write_text(STUDY.format(engine=engine, events=f"events.{kind}"), encoding="utf-8")
    return file


def sessions() -> np.ndarray:
    """The sessions of New York over twenty years."""
    days = trading_calendar("XNYS").sessions
    return days[(days >= np.datetime64(FIRST)) & (days <= np.datetime64(LAST))]


def panel(
    days: np.ndarray, names: list[str], rng: np.random.Generator, *, gaps: bool = False
) -> pd.DataFrame:
    """Closes of assets on one market. Every twentieth asset is listed late; with ``gaps`` every
    fiftieth lacks a price on thirty single days."""
    market = rng.normal(3e-4, 0.01, len(days))
    columns = {"date": days, "MKT": 100.0 * np.cumprod(1.0 + market)}
    for i, name in enumerate(names):
        returns = rng.standard_normal(len(days)) * rng.uniform(0.01, 0.03)
        returns += rng.uniform(0.5, 1.5) * market
        close = np.round(50.0 * np.cumprod(1.0 + np.clip(returns, -0.5, 0.5)) + 1.0, 4)
        if i % 20 == 7:
            close[: len(days) // 3] = np.nan
        if gaps and i % 50 == 11:
            close[rng.integers(0, len(days), 30)] = np.nan
        columns[name] = close
    return pd.DataFrame(columns)


def made_events(
    days: np.ndarray, names: list[str], count: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Events of one asset each: three in five with an instant (before, in and after the session,
    weekends too), the others with a date."""
    zero = rng.integers(LENGTH - WINDOW[0] + 5, len(days) - WINDOW[1] - 5, count)
    minute = days[zero].astype("datetime64[m]") + rng.integers(0, 3 * 24 * 60, count)
    instant = np.char.add(np.datetime_as_string(minute), ":00+00:00")
    by_day = rng.random(count) < 0.4
    timing = rng.choice(np.array(["", "pre_open", "intraday", "post_close", "unknown"]), count)
    ticker = rng.choice(np.array(names), count)
    number = np.char.zfill(np.arange(count).astype("U7"), 7)
    return pd.DataFrame(
        {
            "event_id": np.char.add("e", number),
            "announced_at": np.where(by_day, days[zero].astype("U10"), instant),
            "precision": np.where(
                by_day, "day", np.where(rng.random(count) < 0.1, "hour", "minute")
            ),
            "category": rng.choice(np.array(CATEGORIES), count),
            "subject": ticker,
            "headline": np.char.add(np.char.add(ticker, " says something, no. "), number),
            "source": "made up",
            "url": "",
            "tickers": ticker,
            "timing": np.where(by_day, timing, ""),
            "note": "",
        }
    )
