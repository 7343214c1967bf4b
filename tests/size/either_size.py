"""The size of the inference for a doubtful date, on real returns: a table for docs/calibration.md
(``python -m tests.size.panel_sizes`` writes it)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from signals.calibration.cells import cell_panels
from signals.calibration.either import BY_PLACEBO, either_p, max_p, placebo_maxima
from signals.calibration.placebo import can_host, draw_dates
from signals.returns import AssetSeries, EventReturns
from signals.sessions import trading_calendar

LENGTH = 250
DATES = 10  # random days of each stock
TOGETHER = 40  # stocks of one made-up study
SEED = 5


def either_sizes(series: Sequence[AssetSeries]) -> pd.DataFrame:
    """Percent of p-values at or below 1, 5 and 10 % on random days, by placebo dates and by the
    estimation window; the index holds how many."""
    placebo, estimation = (np.concatenate(p) for p in zip(*_studies(series), strict=True))
    levels = (0.01, 0.05, 0.10)
    return pd.DataFrame(
        {f"{a:.0%}": [100 * (p <= a).mean() for p in (placebo, estimation)] for a in levels},
        index=pd.Index(["placebo dates", "estimation sessions"], name=f"{len(placebo):,} days"),
    )


def _studies(series: Sequence[AssetSeries]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    random = np.random.default_rng(SEED)
    order = random.permutation(len(series))
    market = trading_calendar("XNYS").sessions
    for begin in range(0, len(order) - TOGETHER + 1, TOGETHER):
        returns = _random_days([series[i] for i in order[begin : begin + TOGETHER]], random)
        known = {
            one.ticker: one.sessions[returns.zero[returns.series_index == s]]
            for s, one in enumerate(returns.series)
        }
        dates = draw_dates(returns, market, known, draws=400, seed=begin, min_returns=LENGTH)
        for panel, _, index in cell_panels(
            returns, returns.series_index, returns.zero, "market",
            min_returns=LENGTH, missing="strict",
        ):  # fmt: skip
            maxima = placebo_maxima(
                returns, "market", dates, index, min_returns=LENGTH, missing="strict"
            )
            p, method = either_p(panel, maxima)
            known_p = method == BY_PLACEBO
            yield p[known_p], max_p(panel)[known_p]


def _random_days(series: Sequence[AssetSeries], random: np.random.Generator) -> EventReturns:
    none, blank = np.empty(0, dtype=np.int64), np.empty(0, dtype=object)
    base = EventReturns(blank, blank, blank, tuple(series), none, none, (0, 1), LENGTH, 0)
    days = [np.flatnonzero(can_host(s, base, LENGTH)) for s in series]
    chosen = [random.choice(d, DATES, replace=False) if len(d) > 100 else none for d in days]
    zero = np.concatenate(chosen)
    index = np.repeat(np.arange(len(series)), [len(c) for c in chosen])
    label = np.asarray([f"e{i}" for i in range(len(zero))], dtype=object)
    return EventReturns(label, label, label, tuple(series), index, zero, (0, 1), LENGTH, 0)
