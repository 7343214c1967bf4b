"""The six figures of a study (matplotlib; the page draws the same numbers with Plotly).

Labels are tickers and event ids, never headlines: not every script has glyphs in every font.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from signals.frames import Floats
from signals.reports.figures import series
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
from signals.reports.prose.numbers import window_text
from signals.reports.prose.sentences import level
from signals.reports.prose.words import ENGLISH_WORDS as SAY
from signals.reports.result import StudyResult

MOST_ROWS: Final = 40
MARGIN: Final = 60


def car_path(result: StudyResult, event: str, ticker: str, paths: series.Paths) -> StudyFigure:
    """CAR of one pair over the event window with its forecast band, abnormal returns as bars."""
    i = place_of(result, event, ticker)
    panel = result.panel
    if panel is None:
        raise KeyError(f"{event} / {ticker}")
    scale, tau = scale_of(result), panel.tau
    car, half = scale * paths.car[i], scale * paths.half[i]
    with drawing() as (figure, axes):
        zero_lines(axes)
        _whole_sessions(axes)
        axes.bar(tau, scale * panel.ar[i], color=ORANGE, alpha=0.5, width=0.7,
                 label=SAY("chart.abnormal"))  # fmt: skip
        if np.isfinite(half).any():
            label = SAY("chart.band", level=level(result.spec.alpha))
            axes.fill_between(
                tau, car - half, car + half, color=BLUE, alpha=0.16, lw=0, label=label
            )
        axes.plot(tau, car, color=BLUE, marker="o", markersize=3, label=f"CAR {ticker}")
        axes.set_title(clipped(f"{event} / {ticker}", 70))
        _label(
            axes,
            SAY("chart.bars" if result.spec.intraday else "chart.tau"),
            unit_label(result, "car"),
        )
        _legend(axes)
    return figure


def forest(result: StudyResult, rows: pd.DataFrame, by: str) -> StudyFigure:
    """CARs over the primary window with their intervals; filled where p ≤ alpha."""
    if len(rows) > MOST_ROWS:
        p = series.headline_p(rows)
        strongest = np.argsort(np.where(np.isnan(p), 2.0, p), kind="stable")[:MOST_ROWS]
        rows = rows.iloc[np.sort(strongest)]
    scale = scale_of(result)
    car = scale * series.numbers(rows, "car")
    low, high = (scale * series.numbers(rows, c) for c in ("ci_low", "ci_high"))
    sure = series.significant(rows, result.spec.alpha)
    place = np.arange(len(rows))[::-1]
    names = [clipped(str(v)) for v in rows[by]]
    longest = max((len(n) for n in names), default=0)
    height = max(2.4, 0.24 * len(rows) + 1.0)
    with drawing(height=height, left=0.3 + 0.078 * longest) as (figure, axes):
        axes.axvline(0.0, color=GREY, linewidth=0.8)
        for chosen, colour, fill in ((sure, BLUE, BLUE), (~sure, GREY, "white")):
            axes.hlines(place[chosen], low[chosen], high[chosen], color=colour, linewidth=1.4)
            axes.scatter(car[chosen], place[chosen], s=26, facecolor=fill, edgecolor=colour,
                         zorder=3)  # fmt: skip
        axes.set_yticks(place, names)
        axes.grid(axis="y", visible=False)
        other = rows["ticker" if by == "event_id" else "event_id"]
        axes.set_title(clipped(str(other.iloc[0]), 70))
        window = window_text(*result.spec.primary)
        _label(axes, f"{unit_label(result, 'car')} {window}", "")
    return figure


def caar(result: StudyResult, rows: pd.DataFrame, title: str) -> StudyFigure:
    """The mean path of one group; the band adds the sessions' errors as if independent."""
    scale = scale_of(result)
    tau = series.numbers(rows, "tau")
    mean = scale * series.numbers(rows, "caar")
    error = series.numbers(rows, "std_error")
    half = scale * series.NORMAL_95 * np.sqrt(np.cumsum(error**2))
    with drawing() as (figure, axes):
        zero_lines(axes)
        _whole_sessions(axes)
        if np.isfinite(half).any():
            axes.fill_between(tau, mean - half, mean + half, color=BLUE, alpha=0.16, lw=0,
                              label="±1.96 s.e.")  # fmt: skip
        axes.plot(tau, mean, color=BLUE, marker="o", markersize=3, label=SAY("chart.units_caar"))
        axes.set_title(clipped(title, 70))
        _label(
            axes,
            SAY("chart.bars" if result.spec.intraday else "chart.tau"),
            unit_label(result, "caar"),
        )
        _legend(axes)
    return figure


def timeline(result: StudyResult, ticker: str) -> StudyFigure:
    """The price of one asset with its dated events, numbered in order of time."""
    history = result.prices.histories.get(ticker)
    events = result.events[result.events["ticker"] == ticker]
    zero = sorted(z[:10] for z in series.texts(events, "day_zero") if z)
    if history is None or not zero:
        raise KeyError(f"no dated event with prices for {ticker}")
    days = history.sessions.astype("datetime64[D]")
    dated = np.asarray(zero, dtype="datetime64[D]")
    low = max(int(np.searchsorted(days, dated[0])) - MARGIN, 0)
    high = int(np.searchsorted(days, dated[-1], side="right")) + MARGIN
    price = history.column("close" if history.has("close") else "adj_close")
    at = np.clip(np.searchsorted(days, dated, side="right") - 1, 0, len(days) - 1)
    with drawing() as (figure, axes):
        axes.plot(days[low:high], price[low:high], color=BLUE, linewidth=1.2)
        axes.scatter(dated, price[at], color=ORANGE, marker="D", s=22, zorder=3)
        for number, (day, place) in enumerate(zip(dated, at, strict=True), start=1):
            axes.annotate(str(number), (day, price[place]), xytext=(0, 6 if number % 2 else -13),
                          textcoords="offset points", ha="center", fontsize=8,
                          color=INK)  # fmt: skip
        axes.set_title(ticker)
        _label(axes, "", SAY("chart.price", currency=history.currency).rstrip(", "))
    return figure


def placebo(result: StudyResult, event: str, ticker: str) -> StudyFigure:
    """What as many ordinary sessions add up to, with the event's CAR marked."""
    i = place_of(result, event, ticker)
    panel = result.panel
    if panel is None:
        raise KeyError(f"{event} / {ticker}")
    scale, window = scale_of(result), result.spec.primary
    value = float(panel.car(window)[i])
    counts, edges = series.histogram(series.ordinary_sums(panel, i, window), value)
    usual, days = ("ordinary", "days") if panel.slot is None else ("ordinary_bars", "count_bars")
    with drawing() as (figure, axes):
        axes.bar(scale * edges[:-1], counts, width=scale * np.diff(edges), align="edge", color=BLUE,
                 alpha=0.75, edgecolor="white", linewidth=0.4,
                 label=SAY(f"chart.{usual}"))  # fmt: skip
        if np.isfinite(value):
            axes.axvline(scale * value, color=ORANGE, linewidth=2.2, label=SAY("chart.this_event"))
        axes.set_title(clipped(f"{event} / {ticker}", 70))
        _label(axes, f"{unit_label(result, 'car')} {window_text(*window)}", SAY(f"chart.{days}"))
        _legend(axes)
    return figure


def specification_curve(result: StudyResult, event: str, ticker: str) -> StudyFigure:
    """The CAR under every specification, sorted by size, the study's own one marked."""
    frame = series.window_rows(result.table("sensitivity"), result.spec.primary)
    rows = frame[(frame["event_id"] == event) & (frame["ticker"] == ticker)]
    if rows.empty:
        raise KeyError(f"no sensitivity rows for {event} / {ticker}")
    scale = scale_of(result)
    car: Floats = scale * series.numbers(rows, "car")
    order = np.argsort(np.where(np.isnan(car), np.inf, car), kind="stable")
    half = scale * series.NORMAL_95 * series.numbers(rows, "std_error")
    main = series.is_main(rows, result)[order]
    place = np.arange(1, len(rows) + 1)
    with drawing() as (figure, axes):
        zero_lines(axes, event=False)
        shown = np.nan_to_num(half[order])
        axes.vlines(place, car[order] - shown, car[order] + shown, color=GREY, linewidth=0.8)
        axes.scatter(place, car[order], s=12, color=BLUE, zorder=3)
        axes.scatter(place[main], car[order][main], s=44, marker="D", color=ORANGE, zorder=4,
                     label=SAY("chart.main"))  # fmt: skip
        axes.set_title(clipped(f"{event} / {ticker}", 70))
        window = window_text(*result.spec.primary)
        _label(axes, SAY("chart.specification"), f"{unit_label(result, 'car')} {window}")
        if main.any():
            _legend(axes)
    return figure


def place_of(result: StudyResult, event: str, ticker: str) -> int:
    """Where a pair stands in the panel; KeyError that names it when it was not studied."""
    known = {} if result.panel is None else series.pair_index(result.panel)
    if (event, ticker) not in known:
        raise KeyError(f"{event} / {ticker} was not studied")
    return known[event, ticker]


def scale_of(result: StudyResult) -> float:
    """The factor between table and axis: 100 where the axis is in percent."""
    return 100.0 if result.spec.quantity == "return" else 1.0


def unit_label(result: StudyResult, name: str) -> str:
    """The unit as it stands on an axis."""
    unit = "" if result.spec.quantity == "return" else "units_"
    return SAY(f"chart.{unit}{name}")


def _legend(axes: Any) -> None:
    # Above the chart, on the title's line: nothing is hidden and no place need be searched for.
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 0.995), ncols=3, borderaxespad=0.2)


def _whole_sessions(axes: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _label(axes: Any, x: str, y: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
