"""Made-up bars, and studies on them or on recorded ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from signals.events import read_catalogue
from signals.prices import PriceBook, PriceHistory, gather, open_source
from signals.reports.result import StudyResult
from signals.sessions import trading_calendar
from signals.sessions.bars import Alignment, BarCalendar, bar_calendar
from signals.spec import StudySpec, parse_study
from signals.study import plan_study, run_study

HEADER = "event_id,announced_at,precision,category,subject,headline,source,url,timing,tickers"
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def bars_between(
    first: str, last: str, interval: str = "1h", calendar: str = "XNYS",
    alignment: Alignment = "open",
) -> BarCalendar:  # fmt: skip
    sessions = trading_calendar(calendar).sessions
    low = int(np.searchsorted(sessions, np.datetime64(first)))
    high = int(np.searchsorted(sessions, np.datetime64(last), side="right")) - 1
    return bar_calendar(calendar, interval, alignment, low, high)


def history(
    ticker: str, bars: BarCalendar, returns: np.ndarray, drop: Sequence[str] = ()
) -> PriceHistory:
    """Prices whose returns over the bars *and gaps* of ``bars`` are ``returns``; the bars whose
    label is in ``drop`` are left out."""
    after = 100.0 * np.cumprod(1.0 + returns)
    before = np.r_[100.0, after[:-1]]
    rows = np.flatnonzero(~bars.gap & ~np.isin(bars.starts, np.array(drop, dtype="datetime64[s]")))
    columns = {"open": before[rows], "close": after[rows]}
    return PriceHistory(
        ticker, bars.name, bars.starts[rows], columns, digest=ticker, source="made up"
    )


def market_book(
    tickers: Mapping[str, float], bars: BarCalendar, *, seed: int = 1, night: float = 5.0,
    benchmark: str = "SPY", moves: Mapping[tuple[str, str], float] | None = None,
) -> PriceBook:  # fmt: skip
    """Assets with the stated betas: R = β·R_m + noise of 0.1 % a bar, ``night`` times that over
    gaps. ``moves`` adds returns to (ticker, bar label)."""
    rng = np.random.default_rng(seed)
    scale = np.where(bars.gap, night, 1.0) * 0.001
    market = rng.normal(0, 1, len(bars)) * scale
    found = {benchmark: history(benchmark, bars, market)}
    for ticker, beta in tickers.items():
        returns = beta * market + rng.normal(0, 1, len(bars)) * scale
        for (who, label), size in (moves or {}).items():
            if who == ticker:
                returns[bars.starts == np.datetime64(label, "s")] += size
        found[ticker] = history(ticker, bars, returns)
    return PriceBook(found, source="made up")


def made_up_spec(
    folder: Path, assets: Sequence[dict[str, Any]] = ({"ticker": "A", "group": "g"},), **tables: Any
) -> StudySpec:
    """A 1h study of ``assets`` on SPY, unless ``tables`` say otherwise."""
    raw: dict[str, Any] = {
        "study": {"id": "s"},
        "prices": {"source": "csv", "path": "p", "interval": "1h"},
        "market": {"benchmark": "SPY", "calendar": "XNYS"},
        "events": {"files": ["events.csv"]},
        "assets": list(assets),
    }
    for name, table in tables.items():
        raw[name] = {**raw.get(name, {}), **table} if isinstance(table, dict) else table
    return parse_study(raw, file=folder / "study.toml")


def made_up_study(
    folder: Path, book: PriceBook, rows: Sequence[str], *, now: datetime = NOW, as_of: str | None = None,
    **tables: Any,
) -> StudyResult:  # fmt: skip
    """A study of every asset of the book but the benchmark, unless ``tables`` say otherwise."""
    (folder / "events.csv").write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    assets = [{"ticker": t, "group": "g"} for t in book.histories if t != "SPY"]
    spec = made_up_spec(folder, **{"assets": assets, **tables})
    return run_study(spec, read_catalogue([folder / "events.csv"]), book, now=now, as_of=as_of)


def recorded_study(
    folder: Path, files: Mapping[str, Path], rows: Sequence[str], assets: Sequence[dict[str, Any]],
    interval: str, **tables: Any,
) -> StudyResult:  # fmt: skip
    """A study on recorded bars: ``files`` are linked under the names that the source expects."""
    (folder / "p").mkdir(exist_ok=True)
    for ticker, file in files.items():
        link = folder / "p" / f"{ticker}.csv.gz"
        if not link.exists():
            link.symlink_to(file.resolve())
    (folder / "events.csv").write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    chosen = {"interval": interval, **tables.pop("prices", {})}
    spec = made_up_spec(folder, assets, prices=chosen, **tables)
    catalogue = read_catalogue([folder / "events.csv"])
    plan = plan_study(spec, catalogue, now=NOW, source="csv")
    book = gather(open_source(spec, cache_dir=folder / "cache"), plan.requests)
    return run_study(spec, catalogue, book, now=NOW)
