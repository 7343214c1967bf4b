"""Speed, breadth and spillovers in sentences. Checked by tests/reports/test_beyond.py."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from signals.reports.figures.series import numbers, subject_of, texts, window_rows
from signals.reports.prose.numbers import bare_probability, percent, probability, window_text
from signals.reports.prose.words import ENGLISH_WORDS, Words
from signals.reports.result import StudyResult

MOST: int = 8


def reaction_sentences(result: StudyResult, say: Words = ENGLISH_WORDS) -> list[str]:
    """How fast each event's subject moved: by the close, overnight, until half and nine tenths;
    drift and leakage where they are significant. Pairs whose move by the close is not, are
    counted, not timed. Empty for a study of sessions."""
    frame = result.table("reaction")
    if frame.empty:
        return []
    known = subject_of(result)
    alpha = result.spec.alpha
    complete = frame[texts(frame, "status") == "complete"]
    sure = numbers(complete, "p_value") <= alpha * (1 + 1e-12)
    own = [
        known.get(str(e)) == t
        for e, t in zip(complete["event_id"], complete["ticker"], strict=True)
    ]
    told = complete[sure & np.asarray(own, dtype=bool)]
    out = [_reacted(row, alpha, say) for row in told.head(MOST).to_dict("records")]
    weak = int((~sure).sum())
    if weak:
        out.append(say("reaction.weak", pairs=say.count(weak, "pair")))
    return out


def _reacted(row: dict[Any, Any], alpha: float, say: Words) -> str:
    car, share = float(row["car_to_close"]), float(row["gap_share"])
    night = ""
    if math.isfinite(share):
        key = "reaction.overshot" if share > 1 else "reaction.night"
        night = say(key, gap=percent(share * car, sign=True))
    text = [
        say(
            "reaction.gap", ticker=row["ticker"], event=row["event_id"], night=night,
            car=percent(car, sign=True), half=_reached("half", row["half_bars"], say),
            ninety=_reached("ninety", row["ninety_bars"], say),
        )
    ]  # fmt: skip
    if float(row["drift_p_value"]) <= alpha:
        drift = percent(float(row["drift_car"]), sign=True)
        text.append(say("reaction.drift", drift=drift, p=probability(float(row["drift_p_value"]))))
    if float(row["leakage_p_value"]) <= alpha:
        window = window_text(int(row["leakage_first"]), int(row["leakage_last"]))
        leak = percent(float(row["leakage_car"]), sign=True)
        p = probability(float(row["leakage_p_value"]))
        text.append(say("reaction.leak", leak=leak, window=window, p=p))
    return " ".join(text)


def _reached(share: str, bars: float, say: Words) -> str:
    if bars == 0:
        return say(f"reaction.{share}_at_once")
    return say(f"reaction.{share}_after", bars=say.count(int(bars) + 1, "bar"))


def breadth_sentences(result: StudyResult, say: Words = ENGLISH_WORDS) -> list[str]:
    """How many rows of the primary window are rare, how many chance alone would give, and the
    rarest of them."""
    rows = primary(result, "breadth")
    fell, rose = numbers(rows, "p_value_fell"), numbers(rows, "p_value_rose")
    tested = np.isfinite(fell) & np.isfinite(rose)
    if not tested.any():
        return []
    alpha = result.spec.alpha
    smaller = np.where(tested, np.fmin(fell, rose), np.inf)
    rare = np.flatnonzero(smaller <= alpha * (1 + 1e-12))
    expected = 2 * alpha * int(tested.sum())
    out = [
        say(
            "breadth.seen", window=window_text(*result.spec.primary), count=len(rare),
            rows=say.count(int(tested.sum()), "row"), alpha=f"{alpha:g}",
            expected=f"{expected:.1f}",
        )
    ]  # fmt: skip
    records = rows.to_dict("records")
    for k in rare[np.argsort(smaller[rare], kind="stable")][:MOST]:
        row, down = records[k], fell[k] <= rose[k]
        n, down_count, usual = int(row["n_assets"]), int(row["n_fell"]), float(row["placebo_mean"])
        out.append(
            say(
                "breadth.row" if down else "breadth.rose", event=row["event_id"], n=n,
                fell=down_count, rose=n - down_count, group=row["group"],
                usual=percent(usual if down else 1 - usual, digits=0),
                p=probability(float(smaller[k])),
            )
        )  # fmt: skip
    return out


def spillover_sentences(result: StudyResult, say: Words = ENGLISH_WORDS) -> list[str]:
    """Which roles moved beyond the market over the primary window, the surest first."""
    rows = primary(result, "spillovers")
    if rows.empty:
        return []
    window, moved = window_text(*result.spec.primary), texts(rows, "moved")
    sure = rows[np.isin(moved, ("up", "down"))]
    if sure.empty:
        out = [say("spill.none", window=window)]
    else:
        some = say("spill.some", window=window, count=say.count(len(sure), "role"))
        out = [f"{some} {_roles(sure, say)}."]
    undecided = rows[moved == "undecided"]
    if len(undecided):
        count = say.count(len(undecided), "role")
        out.append(say("spill.undecided", count=count, rows=_roles(undecided, say)))
    return out


def _roles(rows: pd.DataFrame, say: Words) -> str:
    order = np.argsort(numbers(rows, "holm_p"), kind="stable")
    listed = [
        say(
            "spill.row", event=row["event_id"], role=row["role"],
            car=percent(float(row["car"]), sign=True), p=bare_probability(float(row["holm_p"])),
        )
        for row in rows.iloc[order[:MOST]].to_dict("records")
    ]  # fmt: skip
    return "; ".join(listed) + (f" … +{len(rows) - MOST}" if len(rows) > MOST else "")


def primary(result: StudyResult, name: str) -> pd.DataFrame:
    """The rows of a table over the primary window; an empty frame where it is not there, or has
    not the columns that this section reads."""
    frame = result.table(name)
    needed = {"breadth": "p_value_fell", "spillovers": "moved"}[name]
    if frame.empty or not {"first", "last", "event_id", needed} <= set(frame.columns):
        return frame.iloc[:0]
    return window_rows(frame, result.spec.primary)
