"""From the tables of a result to the records and lists that the sentences are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from signals.panel import Window
from signals.reports.figures.series import (
    headline_p,
    numbers,
    pair_index,
    subject_of,
    texts,
    window_rows,
)
from signals.reports.prose.numbers import bare_probability, percent, window_text
from signals.reports.prose.sentences import Move, finding_sentence, group_sentence
from signals.reports.prose.words import ENGLISH_WORDS, Words
from signals.reports.result import StudyResult

Key = tuple[str, str]

# Which recommended statistic speaks for a group in a sentence, the strictest assumptions last.
SPEAKS_FIRST: Final = (
    "portfolio_t", "adjusted_bmp_t", "bmp_t", "portfolio_rank_p", "sign_flip", "grank_t",
    "corrado_rank_z", "generalized_sign_z", "calendar_time_t",
)  # fmt: skip


# Tests whose p-value is a rank among the estimation sessions.
RANKING: Final = ("rank_p", "conformal_p", "placebo_p")


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """A move with its event and its sentence."""

    event_id: str
    ticker: str
    move: Move
    sentence: str
    detected: bool


def findings(
    result: StudyResult, window: Window | None = None, say: Words = ENGLISH_WORDS
) -> dict[Key, Finding]:
    """Every studied pair over one window (default: the primary one), strongest evidence first."""
    chosen = result.spec.primary if window is None else window
    rows = window_rows(result.car, chosen)
    alpha = result.spec.alpha
    out: dict[Key, Finding] = {}
    moves = _moves(result, rows, chosen)
    for place in _by_strength(rows):
        key, move = moves[place]
        out[key] = Finding(
            key[0], key[1], move, finding_sentence(move, alpha, say), move.detected(alpha)
        )
    return out


def lead(result: StudyResult, say: Words = ENGLISH_WORDS) -> list[str]:
    """What was asked for and used, and how many tests came out, against what chance alone gives."""
    counts = result.manifest.get("counts", {})
    events = result.events
    asked = say(
        "study.asked",
        events=say.count(int(events["event_id"].nunique()), "event"),
        assets=say.count(int(events["ticker"].nunique()), "asset"),
        requested=say.count(int(counts.get("requested", len(events))), "pair"),
        used=f"{int(counts.get('used', 0)):,}",
        pending=f"{int(counts.get('pending', 0)):,}",
        excluded=f"{int(counts.get('excluded', 0)):,}",
    )
    rows = window_rows(result.car, result.spec.primary)
    p = headline_p(rows) if len(rows) else np.empty(0)
    p = p[np.isfinite(p)]
    if not len(p):
        return [asked, say("study.nothing")]
    alpha = result.spec.alpha
    values = {
        "window": window_text(*result.spec.primary),
        "alpha": percent(alpha, digits=0),
        "tested": say.count(len(p), "pair"),
    }
    chance = f"{alpha * len(p):.0f}" if alpha * len(p) >= 1 else "none or one"
    out = [asked, _counted("study.significant", int((p <= alpha).sum()), values, say, chance)]
    q = numbers(rows, "q_value")
    q = q[np.isfinite(q)]
    if len(q):
        values["tested"] = say.count(len(q), "pair")
        out.append(_counted("study.after_correction", int((q <= alpha).sum()), values, say))
        out += _coarse(result, rows, len(q), values, say)
    return out


def _counted(key: str, found: int, values: Mapping[str, str], say: Words, chance: str = "") -> str:
    return say(key, found=f"{found:,}", have=say.verb(found, "have"), chance=chance, **values)


def _coarse(
    result: StudyResult, rows: pd.DataFrame, family: int, values: Mapping[str, str], say: Words
) -> list[str]:
    """That a test which ranks a finding among M sessions cannot give p below about 1/M, where
    that alone keeps every q-value above alpha."""
    panel = result.panel
    ranked = np.isin(texts(rows, "headline_test"), RANKING).all()
    if panel is None or not ranked or result.spec.intraday:
        return []
    sessions = int(panel.n_obs.max())
    smallest = 1.0 / (sessions + result.spec.primary[1] - result.spec.primary[0] + 1)
    if smallest * family <= result.spec.alpha:
        return []
    return [
        say(
            "study.coarse",
            sessions=say.count(sessions, "session"),
            p=bare_probability(smallest),
            tested=values["tested"],
            alpha=values["alpha"],
        )
    ]


def group_sentences(
    result: StudyResult, kinds: Iterable[str], say: Words = ENGLISH_WORDS
) -> dict[Key, str]:
    """(kind, label) → the sentence on each group's mean over the primary window."""
    window = result.spec.primary
    caar = window_rows(result.caar, window)
    statistics = window_rows(result.statistics, window)
    wanted = list(kinds)
    out: dict[Key, str] = {}
    for row in caar[caar["group_by"].isin(wanted)].to_dict("records"):
        by, label = str(row["group_by"]), str(row["group"])
        if not np.isfinite(row["caar"]):
            continue
        tested = speaking(
            statistics[(statistics["group_by"] == by) & (statistics["group"] == label)]
        )
        out[by, label] = group_sentence(
            by,
            label,
            window,
            caar=float(row["caar"]),
            ci_low=float(row["ci_low"]),
            ci_high=float(row["ci_high"]),
            n_events=int(row["n_events"]),
            positive=float(row["share_positive"]),
            test=str(tested["statistic_name"]) if tested is not None else "",
            p_value=_value(tested, "p_value"),
            min_detectable=_value(tested, "min_detectable"),
            calibrated_p_value=_value(tested, "calibrated_p_value"),
            verdict=texts(tested.to_frame().T, "calibration_verdict")[0]
            if tested is not None
            else "",
            alpha=result.spec.alpha,
            quantity=result.spec.quantity,
            say=say,
        )
    return dict(sorted(out.items(), key=lambda item: (wanted.index(item[0][0]), item[0][1])))


def speaking(rows: pd.DataFrame) -> pd.Series | None:
    """The recommended statistic that a sentence names; None where none applies."""
    chosen = rows[(rows["status"] == "ok") & rows["recommended"].fillna(False).astype(bool)]
    chosen = chosen[np.isfinite(numbers(chosen, "p_value"))]
    if chosen.empty:
        return None
    names = chosen["statistic_name"].tolist()
    rank = [SPEAKS_FIRST.index(n) if n in SPEAKS_FIRST else len(SPEAKS_FIRST) for n in names]
    return chosen.iloc[int(np.argmin(rank))]


def summary(result: StudyResult, most: int = 12, say: Words = ENGLISH_WORDS) -> str:
    """The findings as plain text: for a notebook, a log or a mail."""
    found = findings(result, say=say)
    subject = subject_of(result)
    own = [f for key, f in found.items() if subject.get(key[0]) == key[1]]
    lines = [result.spec.title or result.spec.id, "", *lead(result, say), ""]
    lines += [f"{f.event_id}: {f.sentence}" for f in own[:most]]
    if len(own) > most:
        lines.append(say("summary.more", count=len(own) - most))
    groups = list(group_sentences(result, ("all", "group"), say).values())
    return "\n".join([*lines, "", *groups] if groups else lines)


def _moves(result: StudyResult, rows: pd.DataFrame, window: Window) -> list[tuple[Key, Move]]:
    panel = result.panel
    place = pair_index(panel) if panel is not None else {}
    actual, days = _actual(result, window)
    p = headline_p(rows)
    headline = np.isfinite(numbers(rows, "headline_p_value"))
    q = numbers(rows, "q_value")
    family = int(np.isfinite(q).sum())
    columns = {
        name: numbers(rows, name)
        for name in ("car", "ci_low", "ci_high", "calibrated_p_value", "min_detectable")
    }
    names = texts(rows, "headline_test")
    hours = ".bars" if result.spec.intraday else ""
    verdicts, reasons = texts(rows, "calibration_verdict"), texts(rows, "reason")
    out: list[tuple[Key, Move]] = []
    for k, key in enumerate(zip(rows["event_id"], rows["ticker"], strict=True)):
        i = place.get((str(key[0]), str(key[1])), -1)
        benchmark = str(panel.benchmark[i]) if panel is not None and i >= 0 else ""
        move = Move(
            asset=str(key[1]),
            first=window[0],
            last=window[1],
            days=days[i] if i >= 0 else (),
            car=float(columns["car"][k]),
            actual=float(actual[i]) if i >= 0 else float("nan"),
            ci_low=float(columns["ci_low"][k]),
            ci_high=float(columns["ci_high"][k]),
            p_value=float(p[k]),
            test=(str(names[k]) + hours) if headline[k] else "car_t",
            n_obs=int(panel.n_obs[i]) if panel is not None and i >= 0 else 0,
            q_value=float(q[k]),
            family=family,
            calibrated_p_value=float(columns["calibrated_p_value"][k]),
            verdict=str(verdicts[k]),
            min_detectable=float(columns["min_detectable"][k]),
            model=result.spec.model,
            benchmark="" if benchmark == result.spec.market.benchmark else benchmark,
            quantity=result.spec.quantity,
            reason=str(reasons[k]),
        )
        out.append(((str(key[0]), str(key[1])), move))
    return out


def _actual(result: StudyResult, window: Window) -> tuple[np.ndarray, list[tuple[str, ...]]]:
    """(N,) the assets' own return over the window, and its sessions in ISO form."""
    panel = result.panel
    if panel is None:
        return np.empty(0), []
    columns = panel.columns(window)
    actual = panel.actual[:, columns]
    simple = panel.returns == "simple" and result.spec.quantity == "return"
    total = np.prod(1.0 + actual, axis=1) - 1.0 if simple else actual.sum(axis=1)
    sessions = panel.sessions[:, columns]
    text = np.where(np.isnat(sessions), "", np.datetime_as_string(sessions))
    return np.asarray(total), [tuple(row) for row in text.tolist()]


def _by_strength(rows: pd.DataFrame) -> np.ndarray:
    p = headline_p(rows)
    size = -np.abs(np.nan_to_num(numbers(rows, "car")))
    keys = (rows["ticker"].astype(str), rows["event_id"].astype(str), size)
    return np.lexsort((*keys, np.where(np.isfinite(p), p, 2.0)))


def _value(row: pd.Series | None, name: str) -> float:
    return float("nan") if row is None else float(pd.to_numeric(row[name], errors="coerce"))
