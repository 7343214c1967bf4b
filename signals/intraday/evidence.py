"""Where the prices themselves point, for events whose hour is not known: shown, never used."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from signals.estimate import Estimation
from signals.frames import Floats, table
from signals.intraday.align import BarPairs, BarSeries
from signals.panel import AbnormalPanel

DOUBTFUL = ("date_only", "hour_contains_close", "ambiguous_day_zero")
SESSIONS = 2


def evidence_table(pairs: BarPairs, estimation: Estimation) -> pd.DataFrame:
    """For each pair of unknown hour the bar with the largest standardised abnormal return.

    Searched are two sessions with the gaps before them: that of the day zero studied and the next
    (a report after the close). ``sar`` is AR over the root mean square of its time of day in the
    estimation sessions; ``p_value`` compares its size with the largest of every two neighbouring
    estimation sessions, (1 + #{≥})/(B + 1). ``agrees`` says whether it lies in the session studied.
    Checked by tests/intraday/test_evidence.py.
    """
    panel = estimation.panel
    if panel is None:
        return table("evidence", [])
    rows: list[dict[str, Any]] = []
    for n, i in enumerate(estimation.index):
        flags = str(pairs.frame.at[pairs.rows[i], "flags"]).split(";")  # noqa: PD008
        if any(word in flags for word in DOUBTFUL):
            series = pairs.series[pairs.series_index[i]]
            params = estimation.fits[n].params
            rows.append(_row(panel, n, series, int(pairs.zero[i]), params))
    return table("evidence", rows)


def _row(
    panel: AbnormalPanel, n: int, series: BarSeries, zero: int, params: Floats
) -> dict[str, Any]:
    bars = series.bars
    session = int(bars.session[zero])
    last = min(session + SESSIONS, len(bars.sessions)) - 1
    here = np.arange(bars.first[session], bars.first[last] + bars.count[last])
    x = series.x[here]
    expected = x[:, 0] if not len(params) else np.column_stack([np.ones(len(x)), x]) @ params
    grid = panel.residuals[n].reshape(-1, panel.slots)
    seen = np.isfinite(grid)
    squares = np.where(seen, grid, 0.0) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.sqrt(squares.sum(axis=0) / seen.sum(axis=0))
        z = (series.y[here] - expected) / scale[bars.slot[here]]
        usual = np.abs(np.where(seen, grid / scale, 0.0)).max(axis=1)
    found = {
        "event_id": panel.event_id[n], "ticker": panel.ticker[n],
        "day_zero": str(bars.starts[zero]), "searched_first": str(bars.starts[here[0]]),
        "searched_last": str(bars.ends[here[-1]]),
    }  # fmt: skip
    if not np.isfinite(z).any():
        return {**found, "reason": "missing_return: no bar of these sessions has a return"}
    best = int(np.nanargmax(np.abs(z)))
    bar = here[best]
    blocks = np.lib.stride_tricks.sliding_window_view(usual, SESSIONS).max(axis=1)
    where = "the overnight gap" if bars.gap[bar] else "a bar of the session"
    missing = int((~np.isfinite(z)).sum())
    return {
        **found, "bar": str(bars.starts[bar]), "bar_end": str(bars.ends[bar]),
        "session": str(bars.sessions[bars.session[bar]]),
        "ar": float(series.y[bar] - expected[best]), "sar": float(z[best]),
        "p_value": float((1 + (blocks >= abs(z[best])).sum()) / (len(blocks) + 1)),
        "agrees": bool(bars.session[bar] == session),
        "reason": where + (f"; {missing} bars without a return" if missing else ""),
    }  # fmt: skip
