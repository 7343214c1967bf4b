"""The tables of groups of pairs: CAAR, AAR and the statistics battery."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from signals.frames import Ints, table
from signals.inference import Inference, Settings, battery
from signals.inference.caar_error import CaarError, caar_error
from signals.inference.independence import asynchronous_closes, disjoint_subset
from signals.panel import AbnormalPanel, Window


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """One group of a report: ``by`` and ``label`` name it, ``index`` are its pairs."""

    by: str
    label: str
    index: Ints


def groups(panel: AbnormalPanel, subjects: dict[str, str]) -> Iterator[Group]:
    """All groups of at least two pairs: ``all``, each category, asset group, event and ticker.

    ``subjects`` maps an event to its subject's ticker, which is left out of the event's own
    (spillover) group.
    """
    everything = np.arange(len(panel))
    if len(panel) > 1:
        yield Group("all", "all", everything)
    by_label = {
        "category": panel.category,
        "group": panel.group,
        "event": panel.event_id,
        "ticker": panel.ticker,
    }
    for by, labels in by_label.items():
        for label in sorted({str(v) for v in labels if str(v)}):
            index = np.flatnonzero(labels == label)
            if by == "event":
                index = index[panel.ticker[index] != subjects.get(label, "")]
            if len(index) > 1:
                yield Group(by, label, index)


def statistics_table(
    panel: AbnormalPanel,
    found: Sequence[Group],
    windows: Sequence[Window],
    names: Sequence[str] | str,
    settings: Settings,
) -> pd.DataFrame:
    """The battery of every group and window, refused statistics with their reason."""
    rows = []
    for group in found:
        part = panel.take(group.index)
        note = asynchronous_closes(part)
        for window in windows:
            for result, recommended in battery(part, window, settings, names):
                rows.append(statistic_row(group.by, group.label, window, result, recommended, note))
    return table("statistics", rows)


def statistic_row(
    by: str, label: str, window: Window, result: Inference, recommended: bool, note: str = ""
) -> dict[str, Any]:
    """One row of ``statistics.csv``."""
    return {
        "group_by": by,
        "group": label,
        "first": window[0],
        "last": window[1],
        "statistic_name": result.name,
        "estimate": result.estimate,
        "statistic": result.statistic,
        "distribution": result.distribution,
        "df": result.df,
        "p_value": result.p_value,
        "r_bar": result.r_bar,
        "n_events": result.n_events,
        "status": result.status,
        "reason": ";".join(x for x in (result.reason, *result.flags, note) if x),
        "recommended": recommended,
    }


def caar_table(
    panel: AbnormalPanel, found: Sequence[Group], windows: Sequence[Window], alpha: float
) -> pd.DataFrame:
    """CAAR = mean CAR of each group and window, with a standard error that fits its dates."""
    rows = []
    for group in found:
        part = panel.take(group.index)
        for window in windows:
            used = part.take(disjoint_subset(part, window)[0])
            cars = used.car(window)
            cars = cars[np.isfinite(cars)]
            error = caar_error(used, window)
            mean = float(cars.mean()) if len(cars) else np.nan
            low, high = _interval(mean, error, alpha)
            rows.append(
                {
                    "group_by": group.by,
                    "group": group.label,
                    "first": window[0],
                    "last": window[1],
                    "n_events": len(cars),
                    "caar": mean,
                    "median": float(np.median(cars)) if len(cars) else np.nan,
                    "share_positive": float((cars > 0).mean()) if len(cars) else np.nan,
                    "std_error": error.value,
                    "std_error_method": error.method,
                    "ci_low": low,
                    "ci_high": high,
                }
            )
    return table("caar", rows)


def aar_table(panel: AbnormalPanel, found: Sequence[Group]) -> pd.DataFrame:
    """AAR of each group and session over the events observed on it, and their running sum."""
    rows = []
    for group in found:
        part = panel.take(group.index)
        running = 0.0
        for tau in panel.tau:
            window = (int(tau), int(tau))
            used = part.take(disjoint_subset(part, window)[0])
            ar = used.ar[:, used.columns(window)][:, 0]
            ar = ar[np.isfinite(ar)]
            error = caar_error(used, window)
            mean = float(ar.mean()) if len(ar) else np.nan
            running += mean
            rows.append(
                {
                    "group_by": group.by,
                    "group": group.label,
                    "tau": int(tau),
                    "n_events": len(ar),
                    "aar": mean,
                    "caar": running,
                    "std_error": error.value,
                    "std_error_method": error.method,
                }
            )
    return table("aar", rows)


def _interval(mean: float, error: CaarError, alpha: float) -> tuple[float, float]:
    if not np.isfinite(error.value):
        return np.nan, np.nan
    half = float(special.stdtrit(error.df, 1.0 - alpha / 2.0)) * error.value
    return mean - half, mean + half
