"""Who else moved: for each event every role's abnormal return, tested jointly (``spillovers.csv``).

A role is an asset group of the study (rivals, suppliers, tokens …), and ``subject`` the company
that the news is about. All numbers are beyond the benchmark: they are abnormal returns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from signals.frames import table
from signals.inference import Inference, Settings, correlation
from signals.inference.auto import recommended
from signals.inference.cross_section import hotelling_f
from signals.inference.portfolio import portfolio_rank_p
from signals.inference.single_event import conformal_p, least_squares, placebo_p, rank_p
from signals.inference.standardized import adjusted_bmp_t
from signals.inference.time_of_day import same_hours_portfolio_p
from signals.panel import AbnormalPanel, Window


def spillovers_table(
    panel: AbnormalPanel,
    windows: Sequence[Window],
    subjects: Mapping[str, str],
    settings: Settings,
) -> pd.DataFrame:
    """One row for each event, role and window; empty where the study names no groups.

    ``car`` is the role's mean CAR. ``portfolio_p_value``: rank p of the equal-weighted role as one
    asset (intraday: among the same hours of other sessions); ``adjusted_bmp_p_value``: robust to
    raised variance and to cross-correlation; ``hotelling_p_value``: all CARs of the role are zero.
    A role of one asset has the single-event test instead. ``p_value`` is the first of these that
    applies and is recommended for such a group, named by ``test``; ``holm_p`` corrects it over the
    event's roles in this window, and ``moved`` is ``up``, ``down`` or ``no`` at the study's alpha
    (``undecided`` where no rank p could reach it, blank where nothing applies).
    Boehmer, Musumeci & Poulsen (1991); Kolari & Pynnönen (2010); Gibbons (1980).
    Checked by tests/intraday/test_spillovers.py.
    """
    if not any(str(g) for g in panel.group):
        return table("spillovers", [])
    rows: list[dict[str, Any]] = []
    for event in dict.fromkeys(panel.event_id.tolist()):
        index = np.flatnonzero(panel.event_id == event)
        found = list(_roles(panel, index, subjects.get(str(event), "")))
        for window in windows:
            part = [
                {
                    "event_id": event, "role": role, "first": window[0], "last": window[1],
                    **_row(panel.take(members), window, settings),
                }
                for role, members in found
            ]  # fmt: skip
            rows += _judged(part, settings.alpha)
    return table("spillovers", rows)


def _roles(
    panel: AbnormalPanel, index: np.ndarray, subject: str
) -> Iterator[tuple[str, np.ndarray]]:
    is_subject = panel.ticker[index] == subject
    if is_subject.any():
        yield "subject", index[is_subject]
    rest = index[~is_subject]
    for group in sorted({str(g) for g in panel.group[rest]}):
        # The subject's own group may hold others: they are its peers.
        role = {"": "other", "subject": "peers"}.get(group, group)
        yield role, rest[panel.group[rest] == group]


def _row(members: AbnormalPanel, window: Window, settings: Settings) -> dict[str, Any]:
    cars = members.car(window)
    seen = members.take(np.isfinite(cars))
    row: dict[str, Any] = {
        "n_assets": len(seen), "tickers": ";".join(sorted(seen.ticker.tolist())),
        "test": "", "reason": "",
    }  # fmt: skip
    if not len(seen):
        return {**row, "reason": "missing_return: no member has every return"}
    row["car"] = float(seen.car(window).mean())
    row["share_positive"] = float((seen.car(window) > 0).mean())
    if len(seen) == 1:
        single = rank_p if window[0] == window[1] else conformal_p
        if single is conformal_p and not least_squares(seen):
            single = placebo_p
        alone = single(seen, window, settings)
        return {
            **row, "test": alone.name, "p_value": float(alone.p_value[0]),
            "_placebos": float(alone.df[0]), "reason": alone.reasons[0],
        }  # fmt: skip
    settings = replace(settings, correlation=correlation(seen, window))
    advised = recommended(seen, window, settings)
    portfolio = portfolio_rank_p if seen.slot is None else same_hours_portfolio_p
    reasons, applies = [], []
    for name, function in (
        ("portfolio", portfolio), ("adjusted_bmp", adjusted_bmp_t), ("hotelling", hotelling_f),
    ):  # fmt: skip
        found: Inference = function(seen, window, settings)
        row[f"{name}_p_value"] = found.p_value
        if found.status == "ok":
            applies.append(found)
        else:
            reasons.append(f"{name}: {found.reason}")
    if applies:
        # What is recommended goes first: not the portfolio where the event raised the variance.
        speaks = min(applies, key=lambda found: found.name not in advised)
        row["test"], row["p_value"] = speaks.name, speaks.p_value
        if speaks.distribution == "permutation":
            row["_placebos"] = speaks.df
    return {**row, "reason": "; ".join(reasons)}


def _judged(rows: list[dict[str, Any]], alpha: float) -> list[dict[str, Any]]:
    """Holm's step-down over the roles of one event and window, and the verdict. A p-value that is
    the smallest that its placebos can give, and still too large after Holm, decides nothing."""
    tested = [r for r in rows if np.isfinite(r.get("p_value", np.nan))]
    running = 0.0
    for k, row in enumerate(sorted(tested, key=lambda r: (r["p_value"], r["role"]))):
        running = max(running, min(1.0, (len(tested) - k) * row["p_value"]))
        row["holm_p"] = running
        up = "up" if row["car"] > 0 else "down"
        row["moved"] = up if running < alpha else "no"
        if running >= alpha and row["p_value"] * row.get("_placebos", np.inf) < 1.0 + 1e-9:
            row["moved"] = "undecided"
            coarse = f"coarse_p: {len(tested)} roles, and p can be no smaller"
            row["reason"] = "; ".join(x for x in (row["reason"], coarse) if x)
    return [{k: v for k, v in row.items() if k != "_placebos"} for row in rows]
