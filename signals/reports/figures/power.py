"""How large an effect the study could have seen, drawn."""

from __future__ import annotations

from typing import Any

from signals.calibration.power import POWER
from signals.reports.figures.draw import scale_of, unit_label
from signals.reports.figures.power_lines import AT_SMALLEST, event_line, power_lines
from signals.reports.figures.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    StudyFigure,
    clipped,
    drawing,
)
from signals.reports.prose.numbers import percent, window_text
from signals.reports.prose.sentences import effect, name_of_test
from signals.reports.prose.words import ENGLISH_WORDS as SAY
from signals.reports.result import StudyResult

# Told apart without colours too: by the dashes of the line and the shape of its mark.
LOOKS = (
    (BLUE, "-", "o"), (ORANGE, "--", "s"), (GREEN, "-.", "D"), (PURPLE, (0, (1, 1.2)), "^"),
    (INK, (0, (6, 1.5)), "v"),
)  # fmt: skip


def power(result: StudyResult) -> StudyFigure:
    """Power of the statistics of all pairs by the effect put into the placebo studies.

    Up to five: recommended ones first, none whose verdict is ``liberal``. Marks are the smallest
    effects found in 80 %. Raises ``KeyError`` without placebo studies.
    Checked by tests/reports/test_power_figure.py.
    """
    lines = [line for line in power_lines(result) if line.shown]
    if not lines:
        raise KeyError("no power curve: placebo studies are off, or no test reaches 80 % power")
    scale = scale_of(result)
    with drawing(height=3.9) as (figure, axes):
        for line, (colour, dashes, mark) in zip(lines, LOOKS, strict=False):
            said = effect(line.smallest, result.spec.quantity)
            axes.plot(
                scale * line.effects, 100 * line.power, color=colour, linestyle=dashes,
                marker=mark, markevery=[AT_SMALLEST], markersize=6, linewidth=1.6,
                label=f"{name_of_test(line.name, SAY)}: {said}",
            )  # fmt: skip
        _frame(axes, result, max(float(line.effects[-1]) for line in lines) * scale)
        axes.set_title(SAY("chart.power_short", window=window_text(*result.spec.primary)))
        axes.set_xlabel(SAY("chart.power_effect", unit=unit_label(result, "caar")))
        axes.legend(
            loc="lower right", bbox_to_anchor=(1.0, 0.09), title_fontsize=8.0,
            title=SAY("chart.power_legend"),
        )  # fmt: skip
    return figure


def event_power(result: StudyResult, event: str, ticker: str) -> StudyFigure:
    """Power of one pair's t test by the size of the effect, from its forecast error.

    The vertical line is the |CAR| that was observed. Raises ``KeyError`` for a pair that was not
    studied or a model without forecast error. Checked by tests/reports/test_power_figure.py.
    """
    effects, power, car = event_line(result, event, ticker)
    scale = scale_of(result)
    with drawing() as (figure, axes):
        said = effect(float(effects[AT_SMALLEST]), result.spec.quantity)
        axes.plot(
            scale * effects, 100 * power, color=BLUE, marker="o", markevery=[AT_SMALLEST],
            label=f"{name_of_test('car_t', SAY)}: {said}",
        )  # fmt: skip
        axes.axvline(scale * car, color=ORANGE, linewidth=2.0, label=SAY("chart.this_event"))
        _frame(axes, result, scale * max(float(effects[-1]), 1.05 * car))
        axes.set_title(clipped(f"{event} / {ticker}", 40))
        window = window_text(*result.spec.primary)
        axes.set_xlabel(f"|{unit_label(result, 'car').split(',')[0]}| {window}" + _unit(result))
        axes.legend(
            loc="lower right", bbox_to_anchor=(1.0, 0.995), ncols=2, borderaxespad=0.2
        )  # fmt: skip
    return figure


def _unit(result: StudyResult) -> str:
    return ", %" if result.spec.quantity == "return" else ""


def _frame(axes: Any, result: StudyResult, widest: float) -> None:
    """Axes from nothing to certainty, with the lines of 80 % power and of the level α."""
    for level, label, place in ((POWER, percent(POWER, digits=0), 0), (result.spec.alpha, "α", 1)):
        axes.axhline(100 * level, color=GREY, linewidth=0.9, linestyle=":")
        axes.annotate(
            label, (place, 100 * level), xycoords=("axes fraction", "data"), va="bottom",
            ha=("left", "right")[place], color=INK, fontsize=8, xytext=(3 - 6 * place, 1),
            textcoords="offset points",
        )  # fmt: skip
    axes.set_xlim(0.0, widest)
    axes.set_ylim(0.0, 102.0)
    axes.set_ylabel(SAY("chart.power"))
