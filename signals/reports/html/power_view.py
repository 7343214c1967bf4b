"""The numbers of the page's power chart: the statistics of all pairs, and every event's own."""

from __future__ import annotations

from typing import Any

import numpy as np

from signals.frames import Floats
from signals.reports.figures.power_lines import AT_SMALLEST, MULTIPLES, power_lines, shape
from signals.reports.figures.series import numbers, window_rows
from signals.reports.html.assets import rounded
from signals.reports.prose.sentences import name_of_test
from signals.reports.prose.words import Words
from signals.reports.result import StudyResult

PLACES = 4


def power_data(result: StudyResult, say: Words) -> dict[str, Any]:
    """``lines`` of the statistics (percent), and for events the power at ``multiples`` of their
    smallest detectable effect: ``shapes`` by degrees of freedom, ``df`` (N,) of the pairs."""
    scale = 100.0 if result.spec.quantity == "return" else 1.0
    lines = [
        {
            "name": name_of_test(line.name, say),
            "effect": _vector(scale * line.effects),
            "power": _vector(100.0 * line.power),
            "verdict": line.verdict,
        }
        for line in power_lines(result)
    ]
    panel = result.panel
    seen = numbers(window_rows(result.car, result.spec.primary), "min_detectable")
    df = [] if panel is None or not np.isfinite(seen).any() else panel.df.tolist()
    shapes = {
        str(nu): _vector(100.0 * shape(float(nu), result.spec.alpha))
        for nu in sorted(set(df))
        if nu > 0
    }
    return {
        "lines": lines,
        "multiples": MULTIPLES.tolist(),
        "smallest": AT_SMALLEST,
        "df": df,
        "shapes": shapes,
    }


def _vector(values: Floats) -> list[float | None]:
    return [rounded(float(v), PLACES) for v in values]
