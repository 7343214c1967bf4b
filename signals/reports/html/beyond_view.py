"""The sections on speed, breadth and spillovers: sentences, tables, and what their charts draw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from signals.reports.figures.series import numbers, pair_index, subject_of, texts
from signals.reports.html.assets import rounded
from signals.reports.prose.beyond import (
    breadth_sentences,
    primary,
    reaction_sentences,
    spillover_sentences,
)
from signals.reports.prose.numbers import window_text
from signals.reports.prose.words import Words
from signals.reports.result import StudyResult

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "reaction": (
        "event_id", "ticker", "car_to_close", "p_value", "gap_share", "half_minutes",
        "ninety_minutes", "drift_car", "drift_p_value", "leakage_car", "leakage_p_value", "reason",
    ),
    "breadth": (
        "event_id", "group", "window", "n_assets", "n_fell", "share_fell", "placebo_mean",
        "placebo_q95", "p_value_fell", "p_value_rose", "equal_weighted", "equal_weighted_p_value",
        "value_weighted", "value_weighted_p_value", "n_placebos", "reason",
    ),
    "spillovers": (
        "event_id", "role", "window", "n_assets", "car", "share_positive", "test", "p_value",
        "holm_p", "moved", "portfolio_p_value", "adjusted_bmp_p_value", "hotelling_p_value",
        "tickers", "reason",
    ),
}  # fmt: skip
NEEDED: Final[Mapping[str, frozenset[str]]] = {
    "reaction": frozenset({"event_id", "ticker", "car_to_close", "half_bars"}),
    "breadth": frozenset({"event_id", "group", "first", "last", "n_fell", "p_value_fell"}),
    "spillovers": frozenset({"event_id", "role", "first", "last", "car", "moved"}),
}
PLACES: Final = 4
MOST_PATHS: Final = 400  # pairs whose bars a page carries; the table holds every pair


def sections(result: StudyResult, say: Words, data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The sections that this study has, in order: id, title, sentences, whether there is a chart
    (of ``data``, from :func:`beyond_data`)."""
    found = {
        "reaction": reaction_sentences,
        "breadth": breadth_sentences,
        "spillovers": spillover_sentences,
    }
    return [
        {
            "id": name,
            "title": say(f"section.{name}"),
            "sentences": sentences(result, say),
            "chart": bool(data[name]["event"]),
            "note": say(f"chart.{name}_note"),
        }
        for name, sentences in found.items()
        if name in placed(result)
    ]


def placed(result: StudyResult) -> frozenset[str]:
    """The tables that have a section here."""
    return frozenset(
        name
        for name, needed in NEEDED.items()
        if len(result.table(name)) and needed <= set(result.table(name).columns)
    )


def tables(result: StudyResult, say: Words) -> dict[str, tuple[str, pd.DataFrame, tuple[str, ...]]]:
    """Name: (caption, rows with the primary window first, columns)."""
    first, last = result.spec.primary
    out = {}
    for name in sorted(placed(result)):
        frame = result.table(name)
        if "first" in frame.columns:
            away = (frame["first"] != first) | (frame["last"] != last)
            frame = frame.iloc[np.argsort(away.to_numpy(), kind="stable")]
        out[name] = (say(f"table.{name}"), frame, COLUMNS[name])
    return out


def beyond_data(result: StudyResult, say: Words) -> dict[str, Any]:
    """Columns for the three charts (percent), and the words in them."""
    window = window_text(*result.spec.primary)
    alpha = f"{result.spec.alpha:g}"
    words = {
        "bars": say("chart.reaction_bars"), "gap": say("chart.reaction_gap"),
        "share": say("chart.reaction_share"), "fell": say("chart.breadth_axis"),
        "range": say("chart.breadth_usual"), "rare": say("chart.rare", alpha=alpha),
        "usual": say("chart.usual"), "role": say("control.role"),
        "reaction": say("chart.reaction", ticker="{ticker}", event="{event}"),
        "breadth": say("chart.breadth", group="{group}", window=window),
        "spillovers": say("chart.spillovers", name="{name}", window=window),
        **{key: say(f"chart.{key}") for key in ("up", "down", "no", "undecided")},
        **{
            key: say(f"column.{name}")
            for key, name in (
                ("n", "n_assets"), ("n_fell", "n_fell"), ("mean", "placebo_mean"),
                ("q95", "placebo_q95"), ("p_fell", "p_value_fell"), ("p_rose", "p_value_rose"),
                ("moved", "moved"), ("test", "test"), ("holm", "holm_p"), ("tickers", "tickers"),
            )
        },
    }  # fmt: skip
    return {
        "words": words,
        "reaction": _reaction(result),
        "breadth": _breadth(result),
        "spillovers": _spillovers(result),
    }


def _reaction(result: StudyResult) -> dict[str, Any]:
    panel = result.panel
    if (
        "reaction" not in placed(result) or panel is None
        or panel.close is None or panel.gap_bar is None
    ):  # fmt: skip
        return {"event": []}
    from signals.intraday.reaction import path_to_close

    frame = result.table("reaction")
    place, subject = pair_index(panel), subject_of(result)
    p_value = np.nan_to_num(numbers(frame, "p_value"), nan=2.0)
    keys = [(str(e), str(t)) for e, t in zip(frame["event_id"], frame["ticker"], strict=True)]
    strength = [p + 3 * (subject.get(e) != t) for p, (e, t) in zip(p_value, keys, strict=True)]
    chosen = sorted(np.argsort(strength, kind="stable")[:MOST_PATHS].tolist())
    zero = panel.columns((0, 0)).start
    return {
        "event": [keys[k][0] for k in chosen],
        "ticker": [keys[k][1] for k in chosen],
        "path": [_vector(100.0 * path_to_close(panel, place[keys[k]])) for k in chosen],
        "half": _vector(numbers(frame, "half_bars")[chosen]),
        "ninety": _vector(numbers(frame, "ninety_bars")[chosen]),
        "gap": [bool(panel.gap_bar[place[keys[k]], zero]) for k in chosen],
    }


def _breadth(result: StudyResult) -> dict[str, Any]:
    rows = primary(result, "breadth")
    rows = rows[np.isfinite(numbers(rows, "share_fell"))] if len(rows) else rows
    return _columns(
        rows,
        {"event": "event_id", "group": "group"},
        {"share": "share_fell", "mean": "placebo_mean", "q95": "placebo_q95"},
        {"n": "n_assets", "fell": "n_fell", "p_fell": "p_value_fell", "p_rose": "p_value_rose"},
    )


def _spillovers(result: StudyResult) -> dict[str, Any]:
    rows = primary(result, "spillovers")
    rows = rows[np.isfinite(numbers(rows, "car"))] if len(rows) else rows
    return _columns(
        rows,
        {"event": "event_id", "role": "role", "moved": "moved", "test": "test",
         "tickers": "tickers"},
        {"car": "car"},
        {"n": "n_assets", "p": "p_value", "holm": "holm_p"},
    )  # fmt: skip


def _columns(
    rows: pd.DataFrame, text: Mapping[str, str], percent: Mapping[str, str],
    plain: Mapping[str, str],
) -> dict[str, Any]:  # fmt: skip
    if rows.empty:
        return {"event": []}
    return {
        **{key: texts(rows, name).tolist() for key, name in text.items()},
        **{key: _vector(100.0 * numbers(rows, name)) for key, name in percent.items()},
        **{key: [rounded(float(v), 6) for v in numbers(rows, name)] for key, name in plain.items()},
    }


def _vector(values: np.ndarray) -> list[float | None]:
    return [rounded(float(v), PLACES) for v in values]
