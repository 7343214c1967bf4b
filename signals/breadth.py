"""How many of a group fell, and how unusual that is at these hours (``breadth.csv``).

"28 of the top 30 fell in an hour" is a count of raw returns, not of abnormal ones. Members move
together, so the count is compared with the same count on placebo windows of the same prices: the
same times of day on the estimation sessions (intraday), or all runs of as many estimation sessions
(daily), where the members moved together as they always do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from signals.frames import Floats, table
from signals.inference.independence import same, shares_one_date
from signals.inference.time_of_day import hour_cells
from signals.panel import AbnormalPanel, Window
from signals.prices import PriceBook
from signals.spec.study import SharesSpec

FEWEST_PLACEBOS: Final = 19


def breadth_table(
    panel: AbnormalPanel,
    windows: Sequence[Window],
    subjects: Mapping[str, str],
    prices: PriceBook,
    shares: Mapping[str, SharesSpec],
) -> pd.DataFrame:
    """One row for each event, asset group and window with at least two members.

    ``n_fell`` and ``share_fell`` of the members whose total return over the window is negative;
    ``placebo_mean``, ``placebo_q95`` of that share over the ``n_placebos`` placebo windows,
    ``p_value_fell`` = (1 + #{placebo share ≥ share})/(B + 1), ``p_value_rose`` likewise for rises.
    ``equal_weighted`` and ``value_weighted`` are the group's index returns over the window with
    the two-sided rank p of their size; value weights are shares outstanding (``[shares]``) × the
    last price before the window, blank where a member has none. The event's subject is left out.
    Checked by tests/intraday/test_breadth.py.
    """
    rows: list[dict[str, Any]] = []
    for event in dict.fromkeys(panel.event_id.tolist()):
        here = (panel.event_id == event) & (panel.ticker != subjects.get(str(event), ""))
        for group in sorted({str(g) for g in panel.group[here] if str(g)}):
            members = panel.take(np.flatnonzero(here & (panel.group == group)))
            if len(members) < 2:
                continue
            for window in windows:
                key = {
                    "event_id": event, "group": group, "first": window[0], "last": window[1]
                }  # fmt: skip
                rows.append({**key, **_row(members, window, prices, shares)})
    return table("breadth", rows)


def _row(
    members: AbnormalPanel, window: Window, prices: PriceBook, shares: Mapping[str, SharesSpec]
) -> dict[str, Any]:
    if not (same(members.calendar) and shares_one_date(members)):
        return _refused(len(members), "mixed_dates: the members do not share one day zero")
    log = members.returns == "log"
    seen = np.isfinite(members.actual[:, members.columns(window)]).all(axis=1)
    used = members.take(np.flatnonzero(seen))
    if len(used) < 2:
        return _refused(len(used), "missing_return: fewer than two members have every return")
    total = _total(used.actual[:, used.columns(window)], log)
    placebos = _placebos(used, window, log)
    if placebos.shape[1] < FEWEST_PLACEBOS:
        reason = f"short_estimation: {placebos.shape[1]} placebo windows < {FEWEST_PLACEBOS}"
        return _refused(len(used), reason)
    share, usual = float((total < 0).mean()), (placebos < 0).mean(axis=0)
    risen, usual_rise = float((total > 0).mean()), (placebos > 0).mean(axis=0)
    row: dict[str, Any] = {
        "n_assets": len(used), "n_fell": int((total < 0).sum()), "share_fell": share,
        "placebo_mean": float(usual.mean()), "placebo_q95": float(np.quantile(usual, 0.95)),
        "n_placebos": len(usual), "p_value_fell": _upper(usual, share),
        "p_value_rose": _upper(usual_rise, risen), "status": "ok", "reason": "",
    }  # fmt: skip
    equal = np.full(len(used), 1.0 / len(used))
    row["equal_weighted"], row["equal_weighted_p_value"] = _index(equal, total, placebos)
    weights, missing = value_weights(used, window, prices, shares)
    if missing:
        row["reason"] = f"no value weights: {missing}"
    else:
        row["value_weighted"], row["value_weighted_p_value"] = _index(weights, total, placebos)
    return row


def value_weights(
    members: AbnormalPanel, window: Window, prices: PriceBook, shares: Mapping[str, SharesSpec]
) -> tuple[Floats, str]:
    """(n,) shares outstanding × the last close before the window, as parts of 1; or why not."""
    start = members.sessions[0, members.columns(window)][0]
    values: list[float] = []
    for ticker in members.ticker:
        stated, history = shares.get(str(ticker)), prices.histories.get(str(ticker))
        if stated is None or history is None:
            return np.empty(0), f"[shares] has no {ticker}"
        before = history.column("close")[history.sessions < start]
        before = before[np.isfinite(before)]
        if not len(before):
            return np.empty(0), f"{ticker} has no price before the window"
        values.append(stated.count * float(before[-1]))
    weights = np.asarray(values)
    return weights / weights.sum(), ""


def _placebos(panel: AbnormalPanel, window: Window, log: bool) -> Floats:
    """(n, B) total returns of the members over the placebo windows that all of them have."""
    if panel.slot is not None:
        cells, whole = hour_cells(panel, panel.est_actual, window)
        return _total(cells, log)[:, whole.all(axis=0)]
    if not (panel.est_sessions == panel.est_sessions[0]).all():
        return np.empty((len(panel), 0))
    length = window[1] - window[0] + 1
    if panel.est_actual.shape[1] < length:
        return np.empty((len(panel), 0))
    runs = np.lib.stride_tricks.sliding_window_view(panel.est_actual, length, axis=1)
    total = _total(runs, log)
    return total[:, np.isfinite(total).all(axis=0)]


def _total(returns: Floats, log: bool) -> Floats:
    if log:
        return np.asarray(returns.sum(axis=-1))
    return np.asarray(np.prod(1.0 + returns, axis=-1) - 1.0)


def _index(weights: Floats, total: Floats, placebos: Floats) -> tuple[float, float]:
    value, usual = float(weights @ total), np.abs(weights @ placebos)
    return value, _upper(usual, abs(value))


def _upper(usual: Floats, value: float) -> float:
    """(1 + #{placebo ≥ value})/(B + 1); values that differ by rounding are equal."""
    return float((1 + (usual >= value - 1e-12).sum()) / (len(usual) + 1))


def _refused(count: int, reason: str) -> dict[str, Any]:
    return {"n_assets": count, "status": "not_applicable", "reason": reason}
