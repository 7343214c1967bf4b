"""How a price reached the end of the day after the news, bar by bar."""

from __future__ import annotations

import numpy as np

from signals.intraday.reaction import SHARES, path_to_close
from signals.reports.figures.series import pair_index
from signals.reports.figures.style import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    StudyFigure,
    clipped,
    drawing,
    zero_lines,
)
from signals.reports.result import StudyResult


def reaction(result: StudyResult, event: str, ticker: str) -> StudyFigure:
    """Cumulated abnormal return from day zero's bar to the close of its session, in percent.

    The overnight gap is the first step; dots mark the bars in which half and nine tenths of the
    day's move were first reached, the dotted line the move at the close. Raises ``KeyError`` for a
    pair that was not studied, or a study of sessions.
    Checked by tests/intraday/test_figure.py.
    """
    panel = result.panel
    if panel is None or panel.slot is None or panel.gap_bar is None:
        raise KeyError(f"{event} / {ticker}: not an intraday study")
    i = pair_index(panel)[(event, ticker)]
    path = 100.0 * path_to_close(panel, i)
    rows = result.table("reaction")
    row = rows[(rows["event_id"] == event) & (rows["ticker"] == ticker)].iloc[0]
    bars = np.arange(len(path) + 1)
    with drawing() as (figure, axes):
        zero_lines(axes, event=False)
        axes.step(bars, np.r_[0.0, path], where="pre", color=BLUE, label=f"CAR {ticker}")
        if np.isfinite(path[-1]):
            axes.axhline(path[-1], color=GREY, linewidth=0.8, linestyle=":")
        for name, share in SHARES.items():
            reached = row[f"{name}_bars"]
            if np.isfinite(reached):
                place = int(reached)
                axes.plot(place + 1, path[place], "o", color=ORANGE, markersize=5)
                axes.annotate(
                    f"{share:.0%}", (place + 1, path[place]), color=INK,
                    textcoords="offset points", xytext=(6, -10),
                )  # fmt: skip
        first = int(panel.columns((0, 0)).start)
        if panel.gap_bar[i, first]:
            axes.axvspan(0, 1, color=GREY, alpha=0.15, lw=0, label="overnight gap")
        axes.set_title(clipped(f"{event} / {ticker}", 70))
        axes.set_xlabel(f"bars of {result.spec.prices.interval} after the news")
        axes.set_ylabel("CAR, %")
        axes.legend(loc="best")
    return figure
