"""Single-event tests on placebo dates: does each asset's headline test keep its size?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from signals.calibration.cells import Cells, cell_panels
from signals.calibration.verdicts import Size, rank_level, size_of
from signals.frames import Floats, Ints
from signals.inference import STATISTICS, EventInference, Settings, headline_single
from signals.models import MODELS
from signals.panel import Window
from signals.returns import EventReturns

DATES_PER_ASSET = 700
MOST_DATES = 20_000  # over all assets


@dataclass(frozen=True, slots=True, eq=False)
class SingleSizes:
    """``by_series`` (series, window) → size of the headline test on that asset's dates;
    ``pooled`` (test, window) → all assets together, intervals by number of dates."""

    by_series: Mapping[tuple[int, Window], Size]
    pooled: Mapping[tuple[str, Window], Size]


def single_sizes(
    returns: EventReturns,
    cells: Cells,
    model: str,
    windows: Sequence[Window],
    settings: Settings,
    *,
    min_returns: int,
    missing: str,
    possible: int,
    variance: bool = False,
) -> SingleSizes:
    """Run ``car_t`` and the headline test on up to ``DATES_PER_ASSET`` cells of each asset, evenly
    spaced in time. Checked by tests/calibration/test_single.py (the registry's own functions)."""
    index = _spaced(cells)
    names = {w: ("car_t", _headline(model, w, variance)) for w in windows}
    p = {(n, w): np.full(len(index), np.nan) for w in windows for n in names[w]}
    df = {key: np.full(len(index), np.nan) for key in p}
    for panel, _, part in cell_panels(
        returns, cells.series[index], cells.zero[index], model,
        min_returns=min_returns, missing=missing, variance=variance,
    ):  # fmt: skip
        for (name, window), values in p.items():
            found = STATISTICS[name].function(panel, window, settings)
            assert isinstance(found, EventInference)
            values[part] = found.p_value
            df[name, window][part] = found.df
    by_series: dict[tuple[int, Window], Size] = {}
    pooled: dict[tuple[str, Window], Size] = {}
    for (name, window), values in p.items():
        length = window[1] - window[0] + 1
        level = _level(name, df[name, window], settings.alpha)
        sizes: dict[int, Size] = {}
        for s in np.unique(cells.series[index]):
            mine = cells.series[index] == s
            sizes[int(s)] = size_of(
                values[mine], settings.alpha, level, length=length, possible=possible
            )
            if name == names[window][1]:
                by_series[int(s), window] = sizes[int(s)]
        pooled[name, window] = _pooled(values, sizes, level, settings.alpha, length, possible)
    return SingleSizes(by_series, pooled)


def _headline(model: str, window: Window, variance: bool) -> str:
    """As in car.csv: the conformal test is for models of least squares, on returns."""
    name = headline_single(window[1] - window[0] + 1)
    squares = MODELS[model].prediction == "forecast" and model != "garch" and not variance
    return name if name == "rank_p" or squares else "placebo_p"


def _spaced(cells: Cells) -> Ints:
    chosen = []
    most = min(DATES_PER_ASSET, max(MOST_DATES // max(len(np.unique(cells.series)), 1), 1))
    for s in np.unique(cells.series):
        mine = np.flatnonzero(cells.series == s)
        mine = mine[np.argsort(cells.zero[mine], kind="stable")]
        keep = np.linspace(0, len(mine) - 1, min(len(mine), most))
        chosen.append(mine[np.unique(np.rint(keep).astype(np.int64))])
    return np.concatenate(chosen) if chosen else np.empty(0, dtype=np.int64)


def _level(name: str, df: Floats, alpha: float) -> float:
    """Attainable level: p of rank tests is a multiple of 1/(M+1), of conformal ones 1/shifts."""
    seen = df[np.isfinite(df)]
    if name == "car_t" or not seen.size:
        return alpha
    values = seen + 1 if name != "conformal_p" else seen
    return float(np.mean([rank_level(float(v), alpha) for v in values]))


def _pooled(
    p: Floats, sizes: Mapping[int, Size], level: float, alpha: float, length: int, possible: int
) -> Size:
    """All assets' rejections over the dates of the asset with the most of them: assets share
    dates, so their rejections are not independent evidence."""
    most = max((s.draws for s in sizes.values()), default=0)
    seen = p[np.isfinite(p)]
    if not most:
        return size_of(seen, alpha, level, length=length, possible=possible)
    ordered = np.sort(seen)
    places = np.rint((np.arange(most) + 0.5) / most * len(ordered) - 0.5).astype(np.int64)
    return size_of(ordered[places], alpha, level, length=length, possible=possible)
