"""The actual size and power of every statistic on real returns, as tables for docs/calibration.md.

    python -m tests.size.panel_sizes                          print the tables
    python -m tests.size.panel_sizes --into docs/calibration.md   write them between its markers

Needs the recorded prices beside the checkout (../shared/market). 50 events a draw, market model on
250 sessions. Not a test: it takes some minutes; what it prints is published.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from signals.calibration import wilson
from signals.calibration.brown_warner import Experiment, brown_warner
from signals.calibration.placebo import can_host
from signals.returns import AssetSeries, EventReturns
from signals.returns.series import price_returns
from tests.size.either_size import either_sizes

ROOT = Path(__file__).resolve().parents[2]
MARKET = ROOT.parent / "shared" / "market"
PADDED = ("SW",)  # padded before its listing
EFFECTS = (0.005, 0.01, 0.02)
BEGIN, END = "<!-- sizes: begin -->", "<!-- sizes: end -->"


def panel(name: str) -> tuple[AssetSeries, ...]:
    """``2023``: 497 stocks on the S&P 500, 2023–2026; ``2015``: 471 stocks, 2015–2020."""
    if name == "2023":
        prices = pd.read_csv(MARKET / "panel/sp500_adjclose_2023-01-03_2026-01-30.csv.gz")
        index = pd.read_csv(MARKET / "indices/SPX.csv")[["date", "close"]]
    else:
        prices = pd.read_csv(MARKET / "panel/sp500_pob_2015-01-05_2020-09-22.csv.gz")
        index = pd.read_csv(MARKET / "panel/sp500_pob_index.csv")
    index.columns = pd.Index(["date", "index"])
    joined = prices.merge(index, on="date", how="left").drop(columns=list(PADDED), errors="ignore")
    days = joined["date"].to_numpy("datetime64[D]")
    market = price_returns(joined["index"].to_numpy(float), "simple")[:, None]
    closed = np.zeros(len(days), dtype=bool)
    return tuple(
        AssetSeries(
            ticker, "index", "XNYS", "adj_close", days,
            price_returns(joined[ticker].to_numpy(float), "simple"), market, ("market",), closed,
        )
        for ticker in joined.columns
        if ticker not in ("date", "index")
    )  # fmt: skip


def sizes(series: tuple[AssetSeries, ...], draws: int) -> pd.DataFrame:
    """Rejection rates in percent: random and clustered dates, at 5 % and 1 %."""
    columns = {}
    for title, clustered in (("random", False), ("clustered", True)):
        begun = time.perf_counter()
        found = brown_warner(series, Experiment(draws, 50, clustered))
        print(f"{title}: {time.perf_counter() - begun:.1f} s", file=sys.stderr)
        for alpha in (0.05, 0.01):
            columns[f"{title} {alpha:.0%}"] = rates(found, alpha)
    return pd.DataFrame(columns)


def power(series: tuple[AssetSeries, ...], draws: int, clustered: bool) -> pd.DataFrame:
    """Rejection rates in percent at 5 % with an effect on day zero."""
    return pd.DataFrame(
        {
            f"+{effect:.1%}": rates(
                brown_warner(series, Experiment(draws, 50, clustered, effect=effect)), 0.05
            )
            for effect in EFFECTS
        }
    )


def rates(found: dict[str, np.ndarray], alpha: float) -> pd.Series:
    return pd.Series(
        {
            name: 100 * float((p[np.isfinite(p)] <= alpha * (1 + 1e-12)).mean())
            for name, p in found.items()
            if np.isfinite(p).any()
        }
    )


def dates(series: tuple[AssetSeries, ...]) -> int:
    """Dates on which a clustered draw can fall."""
    none = np.empty(0, dtype=np.int64)
    blank = np.empty(0, dtype=object)
    returns = EventReturns(blank, blank, blank, series, none, none, (0, 0), 250, 0)
    return int((np.stack([can_host(s, returns, 250) for s in series]).sum(axis=0) >= 50).sum())


def earnings(series: tuple[AssetSeries, ...]) -> str:
    """Day-zero mean squared standardised return on real earnings dates (filing date only, so the
    larger of the filing session and the next one would flatter: both are shown)."""
    known = pd.read_csv(MARKET / "earnings/sp500_earnings_dates_2003_2025-11.csv")
    squares: dict[int, list[float]] = {0: [], 1: []}
    for one in series:
        mine = known.loc[known["ticker"] == one.ticker, "date"].to_numpy("datetime64[D]")
        place = np.searchsorted(one.sessions, mine)
        y, x = one.y, one.x[:, 0]
        for zero in place[(place > 270) & (place < len(y) - 2)]:
            rows = slice(zero - 260, zero - 10)
            if not np.isfinite(y[rows]).all() or not np.isfinite(x[rows]).all():
                continue
            design = np.column_stack([np.ones(250), x[rows]])
            b, *_ = np.linalg.lstsq(design, y[rows], rcond=None)
            s2 = ((y[rows] - design @ b) ** 2).sum() / 248
            for step, kept in squares.items():
                ar = y[zero + step] - b[0] - b[1] * x[zero + step]
                kept.append(float(ar**2 / s2))
    zero_, next_ = (np.asarray([v for v in squares[k] if np.isfinite(v)]) for k in (0, 1))
    return (
        f"{len(zero_):,} earnings dates: mean squared standardised abnormal return "
        f"{zero_.mean():.1f} on the filing date, {next_.mean():.1f} on the session after it "
        f"(1 without an event); share ranked in the outer 5 %: "
        f"{100 * (np.sqrt(zero_) > 1.96).mean():.0f} % and "
        f"{100 * (np.sqrt(next_) > 1.96).mean():.0f} %."
    )


def markdown(frame: pd.DataFrame, what: str = "statistic") -> str:
    if frame.index.name:
        what = f"{what} ({frame.index.name})"
    lines = [
        f"| {what} | " + " | ".join(frame.columns) + " |",
        "|---" * (len(frame.columns) + 1) + "|",
    ]
    for name, row in frame.iterrows():
        cells = ["–" if np.isnan(v) else f"{v:.1f}" for v in row]
        lines.append(f"| `{name}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def report(draws: int, power_draws: int) -> str:
    parts: list[str] = []
    for name, title in (("2023", "2023-01 to 2026-01"), ("2015", "2015-01 to 2020-09")):
        series = panel(name)
        count = dates(series)
        low, high = wilson(0.05, count)
        parts += [
            f"### {len(series)} stocks, {title}: size in percent",
            f"{draws:,} draws of 50 events, window [0, 0]. Clustered draws fall on {count} different "
            f"dates, which is what their rates rest on: 99 % of the tests that hold lie between "
            f"{100 * low:.1f} % and {100 * high:.1f} % at the 5 % level.",
            markdown(sizes(series, draws)),
        ]
        if name == "2023":
            for kind, clustered in (("random", False), ("clustered", True)):
                parts += [
                    f"### Power in percent at 5 %, {kind} dates, effect on day zero ({title})",
                    markdown(power(series, power_draws, clustered)),
                ]
            parts += ["### Real events", earnings(series)]
        parts += [
            f"### A doubtful date on days without news ({title}): share of p-values in percent",
            markdown(either_sizes(series), "compared with"),
        ]
    return "\n\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--power-draws", type=int, default=2_000)
    parser.add_argument("--into", type=Path)
    chosen = parser.parse_args()
    text = report(chosen.draws, chosen.power_draws)
    if chosen.into is None:
        print(text)
        return
    page = chosen.into.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    chosen.into.write_text(
        f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.split(END)[1]}", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
