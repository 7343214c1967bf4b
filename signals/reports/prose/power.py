"""What the study could have seen, in sentences."""

from __future__ import annotations

import numpy as np

from signals.reports.figures.power_lines import PowerLine, power_lines
from signals.reports.figures.series import numbers, window_rows
from signals.reports.prose.moves import SPEAKS_FIRST
from signals.reports.prose.numbers import listed, percent, window_text
from signals.reports.prose.sentences import effect, name_of_test
from signals.reports.prose.words import ENGLISH_WORDS, Words
from signals.reports.result import StudyResult


def power_sentences(result: StudyResult, say: Words = ENGLISH_WORDS) -> list[str]:
    """The smallest mean effect of all pairs that each recommended test finds with 80 % power, the
    tests whose power is none because they cry wolf, and the range over single events.

    Empty where there is neither a placebo study nor a forecast error.
    Checked by tests/reports/test_power_figure.py.
    """
    window = window_text(*result.spec.primary)
    lines = power_lines(result)
    out: list[str] = []
    if lines:
        speaking = _speaking(lines)
        if speaking:
            tests = [
                say(
                    "power.by",
                    size=effect(line.smallest, result.spec.quantity),
                    test=name_of_test(line.name, say),
                )
                for line in speaking
            ]
            alpha = percent(result.spec.alpha, digits=0)
            quantity = say(f"power.{result.spec.quantity}")
            out.append(
                say(
                    "power.seen", alpha=alpha, quantity=quantity, window=window, tests=listed(tests)
                )
            )
        else:
            out.append(say("power.never", window=window))
        liberal = [name_of_test(line.name, say) for line in lines if line.verdict == "liberal"]
        if liberal:
            out.append(say("power.liberal", tests=listed(liberal, most=12)))
    rows = window_rows(result.car, result.spec.primary)
    smallest = numbers(rows, "min_detectable")
    smallest = smallest[np.isfinite(smallest)]
    if len(smallest):
        low, median, high = (
            effect(float(v), result.spec.quantity) for v in np.quantile(smallest, [0.0, 0.5, 1.0])
        )
        pairs = say.count(len(smallest), "pair")
        out.append(
            say("power.event", median=median, window=window, pairs=pairs, low=low, high=high)
        )
    return out


def _speaking(lines: list[PowerLine]) -> list[PowerLine]:
    """The recommended statistics in the order in which they speak for a group; where none is
    recommended, the first that is shown."""
    advised = [line for line in lines if line.recommended and line.verdict != "liberal"]
    rank = {name: k for k, name in enumerate(SPEAKS_FIRST)}
    advised.sort(key=lambda line: rank.get(line.name, len(rank)))
    return advised or [line for line in lines if line.shown][:1]
