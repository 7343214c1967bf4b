"""How fast a price reacted: time to half and to nine tenths of the day's move, share of the night.

The path is the cumulated abnormal return from day zero's bar to the close of its session. Ratios
of a path to its end mean little where the end is near zero, so each row carries the p-value of the
whole, by the same hours of the estimation sessions, and a flag where it is not significant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from signals.frames import Floats, table
from signals.inference import Settings
from signals.inference.single_event import placebo_p
from signals.panel import AbnormalPanel, Window

NAN: Final = float("nan")
SHARES: Final = {"half": 0.5, "ninety": 0.9}


def reaction_table(
    panel: AbnormalPanel,
    announced: Mapping[tuple[str, str], pd.Timestamp],
    windows: Sequence[Window],
    settings: Settings,
) -> pd.DataFrame:
    """One row for each pair of an intraday panel.

    ``car_to_close`` over [0, close] with ``p_value``; ``gap_share`` the part of it in the overnight
    gap (blank where day zero is no gap); ``half_bars`` / ``ninety_bars`` the bars until that share
    of the path's end was first reached (0: in day zero's own bar) and ``…_minutes`` the minutes by
    the clock from the announcement to the end of that bar; ``drift_…`` what came after day zero's
    bar, [1, close]; ``leakage_…`` the widest of the study's windows that end before day zero.
    ``announced`` maps (event, ticker) to the UTC instant used. NaN where a bar is missing, where
    the announcement has no hour (minutes) or no such window was stated.
    Checked by tests/intraday/test_reaction.py.
    """
    rows: list[dict[str, Any]] = []
    before = sorted(w for w in windows if w[1] < 0)
    leaks = _tested(panel, before[0], settings) if before else None
    for i in range(len(panel)):
        one = panel.take([i])
        row = _row(one, announced[str(one.event_id[0]), str(one.ticker[0])], settings)
        if leaks is not None:
            row |= {
                "leakage_first": before[0][0], "leakage_last": before[0][1],
                "leakage_car": float(leaks[0][i]), "leakage_p_value": float(leaks[1][i]),
            }  # fmt: skip
        rows.append(row)
    return table("reaction", rows)


def path_to_close(panel: AbnormalPanel, i: int) -> Floats:
    """Cumulated abnormal returns of pair ``i`` from day zero's bar to the close of its session."""
    assert panel.close is not None
    start = panel.columns((0, 0)).start
    return np.asarray(np.cumsum(panel.ar[i, start : start + int(panel.close[i]) + 1]))


def _row(one: AbnormalPanel, announced: pd.Timestamp, settings: Settings) -> dict[str, Any]:
    assert one.close is not None
    assert one.ends is not None
    assert one.gap_bar is not None
    close, zero = int(one.close[0]), one.columns((0, 0)).start
    path = path_to_close(one, 0)
    total = float(path[-1])
    car, p = (float(v[0]) for v in _tested(one, (0, close), settings))
    row: dict[str, Any] = {
        "event_id": one.event_id[0], "ticker": one.ticker[0],
        "day_zero": str(one.sessions[0, zero]), "closes": str(one.ends[0, zero + close]),
        "n_bars": close + 1, "car_to_close": car, "p_value": p,
        "std_error": float(np.sqrt(one.car_variance((0, close))[0])),
    }  # fmt: skip
    if not np.isfinite(total):
        return {**row, "status": "incomplete", "reason": "missing_return: a bar before the close"}
    if one.gap_bar[0, zero] and total:
        row["gap_share"] = float(path[0]) / total
    ends = one.ends[0, zero : zero + close + 1]
    for name, share in SHARES.items():
        reached = np.flatnonzero(path / total >= share) if total else np.empty(0, dtype=np.int64)
        if len(reached):
            row[f"{name}_bars"] = int(reached[0])
            waited = ends[reached[0]] - announced.to_datetime64()
            row[f"{name}_minutes"] = float(waited / np.timedelta64(1, "s")) / 60.0
    if close >= 1:
        drift = _tested(one, (1, close), settings)
        row["drift_car"], row["drift_p_value"] = float(drift[0][0]), float(drift[1][0])
    weak = not p < settings.alpha
    flags = "not_significant: times and shares describe noise" if weak else ""
    return {**row, "status": "complete", "reason": flags}


def _tested(panel: AbnormalPanel, window: Window, settings: Settings) -> tuple[Floats, Floats]:
    return panel.car(window), placebo_p(panel, window, settings).p_value
