"""The numbers of the power chart: what the study could have seen, as a group and event by event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from signals.calibration.power import CURVE_POINTS, detectable_ncp, t_power
from signals.frames import Floats
from signals.reports.figures.series import numbers, pair_index, texts, window_rows
from signals.reports.result import StudyResult

MOST_LINES: Final = 5
MULTIPLES: Final[Floats] = np.linspace(0.0, 2.0, CURVE_POINTS)  # of the smallest effect seen
AT_SMALLEST: Final = CURVE_POINTS // 2


@dataclass(frozen=True, slots=True, eq=False)
class PowerLine:
    """One statistic of the group ``all`` over the primary window: ``power`` (E,) is the share of
    placebo studies that reject once ``effects`` (E,) are put into them, ``smallest`` the effect
    found in 80 % of them, ``verdict`` on its size; ``shown`` among the first that a reader sees:
    recommended ones before others, never one that is liberal."""

    name: str
    effects: Floats
    power: Floats
    smallest: float
    verdict: str
    recommended: bool
    shown: bool


def power_lines(result: StudyResult) -> list[PowerLine]:
    """Every statistic with a power curve, those to be shown first; none without placebo studies."""
    found = result.placebo_studies
    if found is None or not found.curves:
        return []
    rows = window_rows(result.statistics, result.spec.primary)
    rows = rows[rows["group_by"] == "all"]
    advised = rows["recommended"].fillna(False).astype(bool).to_numpy()
    names = texts(rows, "statistic_name")
    verdicts = dict(zip(names, texts(rows, "calibration_verdict"), strict=True))
    recommended = set(names[advised])
    usable = [n for n in found.curves if n in verdicts]
    ordered = sorted(usable, key=lambda n: (verdicts[n] == "liberal", n not in recommended))
    lines = []
    for k, name in enumerate(ordered):
        effects, power = found.curves[name]
        liberal = verdicts[name] == "liberal"
        lines.append(
            PowerLine(
                name, effects, power, float(effects[AT_SMALLEST]), verdicts[name],
                name in recommended, k < MOST_LINES and not liberal,
            )
        )  # fmt: skip
    return lines


def power_table(result: StudyResult) -> pd.DataFrame:
    """The lines as a table: ``power.csv`` of ``signals calibrate``."""
    parts = [
        pd.DataFrame(
            {
                "statistic_name": line.name, "effect": line.effects, "power": line.power,
                "min_detectable": line.smallest, "verdict": line.verdict,
                "recommended": line.recommended,
            }
        )
        for line in power_lines(result)
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def shape(df: float, alpha: float) -> Floats:
    """(E,) power of the two-sided t_ν test at ``MULTIPLES`` of its smallest detectable effect: the
    same for every event with that ν."""
    return t_power(MULTIPLES * detectable_ncp(df, alpha), df, alpha)


def event_line(result: StudyResult, event: str, ticker: str) -> tuple[Floats, Floats, float]:
    """Effects (E,), the power of the pair's t test at each, and its observed |CAR| (decimal).

    ``KeyError`` for a pair that was not studied or has no forecast error."""
    rows = window_rows(result.car, result.spec.primary)
    mine = rows[(rows["event_id"] == event) & (rows["ticker"] == ticker)]
    smallest = numbers(mine, "min_detectable")
    panel = result.panel
    if panel is None or not len(mine) or not np.isfinite(smallest[0]):
        raise KeyError(f"{event} / {ticker} has no power curve: not studied, or no forecast error")
    df = float(panel.df[pair_index(panel)[event, ticker]])
    car = abs(float(numbers(mine, "car")[0]))
    return MULTIPLES * smallest[0], shape(df, result.spec.alpha), car
