"""The numbers that the page's script draws from: pairs, groups, price lines (percent, rounded)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from signals.frames import Floats
from signals.reports.figures.series import (
    NORMAL_95,
    car_paths,
    headline_p,
    histogram,
    is_main,
    main_ticker,
    numbers,
    ordinary_sums,
    pair_index,
    texts,
    window_rows,
)
from signals.reports.result import StudyResult

MOST_TIMELINES: Final = 20
MARGIN: Final = 60  # sessions shown before the first and after the last event
PLACES: Final = 4


def pairs(result: StudyResult) -> dict[str, Any]:
    """Every studied pair as columns: its path, its sessions, its ordinary days, its finding."""
    panel = result.panel
    if panel is None or not len(panel):
        return {"event": [], "ticker": [], "tau": [], "sessions": []}
    scale = _scale(result)
    paths = car_paths(panel, result.spec.alpha)
    sessions, place = _session_lists(panel.sessions)
    out: dict[str, Any] = {
        "event": panel.event_id.tolist(),
        "ticker": panel.ticker.tolist(),
        "group": panel.group.tolist(),
        "tau": panel.tau.tolist(),
        "sessions": sessions,
        "at": place,
        "car": _matrix(scale * paths.car),
        "half": _matrix(scale * paths.half),
        "actual": _matrix(scale * panel.actual),
        "expected": _matrix(scale * panel.expected),
        "ar": _matrix(scale * panel.ar),
        "se": _matrix(scale * np.sqrt(panel.ar_variance())),
        **_findings(result),
    }
    window = result.spec.primary
    counts, reach = [], []
    for i, car in enumerate(panel.car(window)):
        bars, edges = histogram(ordinary_sums(panel, i, window), float(car))
        counts.append([int(b) for b in bars])
        reach.append(round(scale * float(edges[-1]), PLACES))
    return {**out, "ordinary": counts, "reach": reach}


def _findings(result: StudyResult) -> dict[str, Any]:
    """CAR over the primary window and its inference, in the panel's order."""
    panel = result.panel
    if panel is None:
        return {}
    rows = window_rows(result.car, result.spec.primary)
    place = pair_index(panel)
    order = np.full(len(panel), -1)
    for k, key in enumerate(zip(rows["event_id"], rows["ticker"], strict=True)):
        order[place[key]] = k
    rows = rows.iloc[order] if (order >= 0).all() else rows.reindex(order)
    scale = _scale(result)
    columns: dict[str, Any] = {
        name: _vector(scale * numbers(rows, column))
        for name, column in (
            ("c", "car"), ("lo", "ci_low"), ("hi", "ci_high"), ("detectable", "min_detectable"),
        )
    }  # fmt: skip
    columns["p"] = [_number(v, 6) for v in headline_p(rows)]
    for name in ("calibrated_p_value", "q_value"):
        columns[name] = [_number(v, 6) for v in numbers(rows, name)]
    for name in ("headline_test", "calibration_verdict", "reason", "flags"):
        columns[name] = texts(rows, name).tolist()
    columns["actual_sum"] = _vector(scale * window_actual(result))
    return columns


def window_actual(result: StudyResult) -> Floats:
    """(N,) the assets' own return over the primary window: compounded for simple returns, summed
    for log returns and other quantities."""
    panel = result.panel
    if panel is None:
        return np.empty(0)
    actual = panel.actual[:, panel.columns(result.spec.primary)]
    if panel.returns == "simple" and result.spec.quantity == "return":
        return np.asarray(np.prod(1.0 + actual, axis=1) - 1.0)
    return np.asarray(actual.sum(axis=1))


def groups(result: StudyResult) -> list[dict[str, Any]]:
    """The mean path of every group, with a band that adds the sessions' errors as independent."""
    scale = _scale(result)
    out = []
    for (by, label), part in result.aar.groupby(["group_by", "group"], sort=True):
        error = numbers(part, "std_error")
        half = NORMAL_95 * np.sqrt(np.cumsum(error**2))
        out.append(
            {
                "by": by,
                "label": label,
                "tau": part["tau"].tolist(),
                "n": part["n_events"].tolist(),
                "aar": _vector(scale * numbers(part, "aar")),
                "caar": _vector(scale * numbers(part, "caar")),
                "half": _vector(scale * half),
            }
        )
    return out


def timelines(result: StudyResult) -> list[dict[str, Any]]:
    """Price lines of the assets that events are about (else of the main asset), with the events."""
    events = result.events
    own = events.loc[events["ticker"] == events["subject"], "ticker"]
    ranked = [main_ticker(result), *own.value_counts().index.tolist()]
    out = []
    for ticker in list(dict.fromkeys(ranked))[:MOST_TIMELINES]:
        line = timeline(result, str(ticker))
        if line:
            out.append(line)
    return out


def timeline(result: StudyResult, ticker: str) -> dict[str, Any] | None:
    """One price line around the events of one asset; None where there are no prices."""
    history = result.prices.histories.get(ticker)
    events = result.events[result.events["ticker"] == ticker]
    zero = texts(events, "day_zero")
    if history is None or not len(history.sessions) or not any(zero):
        return None
    days = history.sessions.astype("datetime64[D]")
    dated = np.asarray([z[:10] for z in zero if z], dtype="datetime64[D]")
    low = max(int(np.searchsorted(days, dated.min())) - MARGIN, 0)
    high = int(np.searchsorted(days, dated.max(), side="right")) + MARGIN
    field = "close" if history.has("close") else "adj_close"
    price = history.column(field)[low:high]
    shown = np.datetime_as_string(history.sessions[low:high]).tolist()
    marks = [
        {
            "event": e,
            "day": z[:10],
            "headline": h,
            "price": _price_at(days, history.column(field), z),
        }
        for e, z, h in zip(events["event_id"], zero, texts(events, "headline"), strict=True)
        if z
    ]
    return {
        "ticker": ticker,
        "currency": history.currency,
        "day": shown,
        "price": [_number(v, 6) for v in price],
        "marks": sorted(marks, key=lambda m: (m["day"], m["event"])),
    }


def specifications(result: StudyResult) -> list[dict[str, Any]]:
    """Every specification of every pair over the primary window, sorted by size; the study's own
    one is marked."""
    frame = result.table("sensitivity")
    if frame.empty:
        return []
    rows = window_rows(frame, result.spec.primary)
    if rows.empty:  # the primary window has not closed for any pair yet
        return []
    car = numbers(rows, "car")
    keys = [texts(rows, name) for name in ("event_id", "ticker")]
    order = np.lexsort(
        (np.where(np.isnan(car), np.inf, car), keys[1].astype(str), keys[0].astype(str))
    )
    rows = rows.iloc[order]
    scale = _scale(result)
    columns = {
        "car": _vector(scale * numbers(rows, "car")),
        "half": _vector(scale * NORMAL_95 * numbers(rows, "std_error")),
        "label": specification_labels(rows),
        "main": is_main(rows, result).tolist(),
    }
    pairs_in_order = list(zip(keys[0][order].tolist(), keys[1][order].tolist(), strict=True))
    edges = [k for k, pair in enumerate(pairs_in_order) if not k or pair != pairs_in_order[k - 1]]
    return [
        {
            "event": pairs_in_order[a][0],
            "ticker": pairs_in_order[a][1],
            **{name: values[a:b] for name, values in columns.items()},
        }
        for a, b in zip(edges, [*edges[1:], len(rows)], strict=True)
    ]


def specification_labels(part: pd.DataFrame) -> list[str]:
    """``market, 250 sessions, main day, close``: one specification in words."""
    names = ("model", "estimation_length", "day_zero_choice", "field")
    columns = [texts(part, name) for name in names]
    return [", ".join(str(v) for v in row if v) for row in zip(*columns, strict=True)]


def _session_lists(sessions: np.ndarray) -> tuple[list[list[str]], list[int]]:
    """Each different row of session labels once, and which one every pair has."""
    text = np.datetime_as_string(sessions)
    text = np.where(np.isnat(sessions), "", text)
    known: dict[tuple[str, ...], int] = {}
    place = [known.setdefault(tuple(row), len(known)) for row in text.tolist()]
    return [list(row) for row in known], place


def _price_at(days: np.ndarray, price: Floats, day: str) -> float | None:
    at = int(np.searchsorted(days, np.datetime64(day[:10]), side="right")) - 1
    return _number(float(price[at]), 6) if at >= 0 else None


def _scale(result: StudyResult) -> float:
    return 100.0 if result.spec.quantity == "return" else 1.0


def _matrix(values: Floats) -> list[list[float | None]]:
    return [_vector(row) for row in values]


def _vector(values: Floats) -> list[float | None]:
    return [None if math.isnan(v) else round(v, PLACES) for v in np.asarray(values).tolist()]


def _number(value: float, digits: int) -> float | None:
    return None if not np.isfinite(value) else float(f"{value:.{digits}g}")


def page_data(result: StudyResult) -> Mapping[str, Any]:
    """Everything that the charts of the page draw from."""
    return {
        "pairs": pairs(result),
        "groups": groups(result),
        "timelines": timelines(result),
        "specifications": specifications(result),
    }
