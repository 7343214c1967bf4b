"""The numbers behind every chart, for the figures and the page alike (no drawing here)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from signals.frames import Bools, Floats, Labels
from signals.inference.single_event import deleted_residuals
from signals.inference.time_of_day import same_hours
from signals.panel import AbnormalPanel, Window
from signals.reports.result import StudyResult

NORMAL_95 = 1.959963984540054


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """CAR paths of all N pairs over the W sessions of the event window.

    ``car`` (N, W) cumulates from the window's first session; ``half`` (N, W) is the half-width
    t(1−α/2, ν)·√Var of the forecast interval, NaN for models without a forecast variance.
    """

    car: Floats
    half: Floats


def car_paths(panel: AbnormalPanel, alpha: float) -> Paths:
    """Cumulated abnormal returns with their forecast band, from the panel's own covariance.

    A missing session leaves a gap from there on, unless the study's ``missing`` policy sums the
    sessions there are. Checked by tests/reports/test_series.py.
    """
    count, width = panel.ar.shape
    car = np.full((count, width), np.nan)
    variance = np.full((count, width), np.nan)
    first = int(panel.tau[0])
    for k, last in enumerate(panel.tau):
        window = (first, int(last))
        car[:, k] = panel.car(window)
        variance[:, k] = panel.car_variance(window)
    df = np.maximum(panel.df.astype(float), 1.0)
    half = special.stdtrit(df, 1.0 - alpha / 2.0)[:, None] * np.sqrt(variance)
    return Paths(car, half)


def ordinary_sums(panel: AbnormalPanel, index: int, window: Window) -> Floats:
    """Sums over as many consecutive estimation rows as the window has, of deleted residuals
    e/(1−h): what such a stretch adds up to when nothing is studied. Rows that were not used
    break a stretch. Of bars: the sums over the window's times of day on each estimation session,
    which is what the p-value compares with."""
    if panel.slot is not None:
        one = panel.take([index])
        sums, whole = same_hours(one, deleted_residuals(one), window)
        return np.asarray(sums[whole])
    length = window[1] - window[0] + 1
    with np.errstate(divide="ignore", invalid="ignore"):
        deleted = panel.residuals[index] / (1.0 - panel.leverage[index])
    if len(deleted) < length:
        return np.empty(0)
    sums = np.lib.stride_tricks.sliding_window_view(deleted, length).sum(axis=1)
    return np.asarray(sums[np.isfinite(sums)])


def histogram(values: Floats, event: float, bins: int = 40) -> tuple[Floats, Floats]:
    """Counts and edges that hold the ordinary values and the event's own."""
    reach = max(float(np.abs(values).max(initial=0.0)), abs(event) if np.isfinite(event) else 0.0)
    edges = np.linspace(-reach, reach, bins + 1) * 1.02 if reach else np.linspace(-1, 1, bins + 1)
    counts, _ = np.histogram(values, edges)
    return counts.astype(np.float64), edges


def window_rows(frame: pd.DataFrame, window: Window) -> pd.DataFrame:
    """The rows of one window of ``car``, ``caar`` or ``statistics``."""
    rows = frame[(frame["first"] == window[0]) & (frame["last"] == window[1])]
    return rows.reset_index(drop=True)


def subject_of(result: StudyResult) -> dict[str, str]:
    """The asset to show first for each event: its subject where that is an asset of the study,
    else the studied asset with the smallest p-value, else any."""
    events = result.events
    chosen: dict[str, str] = {}
    own = events[events["ticker"] == events["subject"]]
    studied = own[own["status"].isin(["complete", "partial"])]
    chosen.update(zip(studied["event_id"], studied["ticker"], strict=True))
    rows = window_rows(result.car, result.spec.primary)
    if len(rows):
        p = headline_p(rows)
        names, tickers = texts(rows, "event_id"), texts(rows, "ticker")
        for place in np.lexsort((tickers.astype(str), np.where(np.isnan(p), 2.0, p))).tolist():
            chosen.setdefault(names[place], tickers[place])
    for event, ticker in zip(events["event_id"], events["ticker"], strict=True):
        chosen.setdefault(str(event), str(ticker))
    return chosen


def main_ticker(result: StudyResult) -> str:
    """The asset that most events are about (ties by name); the first of the study otherwise."""
    events = result.events
    own = events[(events["ticker"] == events["subject"]) & (events["status"] != "excluded")]
    rows = own if len(own) else events[events["status"] != "excluded"]
    if rows.empty:
        rows = events
    counts = rows["ticker"].value_counts()
    return min(counts[counts == counts.max()].index, default="") if len(counts) else ""


def headline_p(rows: pd.DataFrame) -> Floats:
    """The headline test's p-value, the t test's where that one does not apply."""
    headline = numbers(rows, "headline_p_value")
    return np.where(np.isfinite(headline), headline, numbers(rows, "p_value"))


def numbers(frame: pd.DataFrame, column: str) -> Floats:
    """A column as float64, NaN where it is blank or absent."""
    if column not in frame.columns:
        return np.full(len(frame), np.nan)
    return np.asarray(pd.to_numeric(frame[column], errors="coerce"), dtype=np.float64)


def texts(frame: pd.DataFrame, column: str) -> Labels:
    """A column as text, "" where it is blank or absent."""
    if column not in frame.columns:
        return np.full(len(frame), "", dtype=object)
    values: Sequence[object] = frame[column].tolist()
    return np.asarray(["" if _blank(v) else str(v) for v in values] or [], dtype=object)


def pair_index(panel: AbnormalPanel) -> dict[tuple[str, str], int]:
    """Where each event–asset pair stands in the panel."""
    keys = zip(panel.event_id.tolist(), panel.ticker.tolist(), strict=True)
    return {(str(e), str(t)): i for i, (e, t) in enumerate(keys)}


def day_zeros(result: StudyResult) -> dict[tuple[str, str], str]:
    """Day zero of every pair in ISO form, "" where there is none."""
    events = result.events
    keys = zip(events["event_id"], events["ticker"], strict=True)
    zero = texts(events, "day_zero")
    return {(str(e), str(t)): str(z)[:10] for (e, t), z in zip(keys, zero, strict=True)}


def significant(rows: pd.DataFrame, alpha: float) -> Bools:
    """True where the headline p-value is at most alpha."""
    p = headline_p(rows)
    return np.isfinite(p) & (np.where(np.isfinite(p), p, 2.0) <= alpha)


def is_main(part: pd.DataFrame, result: StudyResult) -> Bools:
    """True for the specification that the study itself uses."""
    spec = result.spec
    return np.asarray(
        (texts(part, "model") == spec.model)
        & (numbers(part, "estimation_length") == spec.estimation.length)
        & np.isin(texts(part, "day_zero_choice"), ["", "stated"])
    )


def _blank(value: object) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value)) or value is pd.NaT
