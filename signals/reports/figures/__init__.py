"""Figures for papers and slides: ``result.plot.car_path("meta-q3-2025")`` and six more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from signals.reports.figures import series
from signals.reports.figures.power_lines import power_lines
from signals.reports.html.anchors import anchor
from signals.reports.result import StudyResult

if TYPE_CHECKING:
    from signals.reports.figures.style import StudyFigure

__all__ = ["Plots", "default_figures"]

# matplotlib needs about a twentieth of a second for each: a large study gets its strongest events.
MOST_PATHS: Final = 30


class Plots:
    """The figures of one result. Each method returns a figure that a notebook shows by itself.

    matplotlib is imported at the first call. An event or asset that was not studied raises
    ``KeyError`` with its name. Checked by tests/reports/test_figures.py.
    """

    def __init__(self, result: StudyResult) -> None:
        self._result = result
        self._paths: series.Paths | None = None

    def car_path(self, event: str, ticker: str | None = None) -> StudyFigure:
        """Cumulative abnormal return of one event (of its subject unless ``ticker`` says
        otherwise) with the forecast band."""
        from signals.reports.figures import draw

        panel = self._result.panel
        if panel is None:
            raise KeyError(f"{event} was not studied")
        if self._paths is None:
            self._paths = series.car_paths(panel, self._result.spec.alpha)
        return draw.car_path(self._result, event, ticker or self._ticker(event), self._paths)

    def forest(self, *, ticker: str | None = None, event: str | None = None) -> StudyFigure:
        """CARs over the primary window: the events of one asset (default: the study's main one)
        or the assets of one event. Where
        there are more than 40 rows, the strongest 40."""
        from signals.reports.figures import draw

        rows = series.window_rows(self._result.car, self._result.spec.primary)
        if event is not None:
            chosen = rows[rows["event_id"] == event].sort_values("car", ascending=False)
            by = "ticker"
        else:
            wanted = ticker or series.main_ticker(self._result)
            zero = series.day_zeros(self._result)
            mine = rows[rows["ticker"] == wanted]
            order = [zero.get((str(e), wanted), "") for e in mine["event_id"]]
            chosen = mine.assign(_zero=order).sort_values(["_zero", "event_id"], kind="stable")
            by = "event_id"
        if chosen.empty:
            raise KeyError(f"{event or ticker or 'the main asset'} was not studied")
        return draw.forest(self._result, chosen, by)

    def caar(self, group: str | None = None, *, by: str | None = None) -> StudyFigure:
        """Mean path of one group: ``caar("META", by="ticker")``; by default of all pairs."""
        from signals.reports.figures import draw

        aar = self._result.aar
        kind = by or ("all" if group is None else None)
        rows = aar if kind is None else aar[aar["group_by"] == kind]
        rows = rows if group is None else rows[rows["group"] == group]
        if rows.empty:
            raise KeyError(f"no group {group or kind}")
        first = rows.iloc[0]
        rows = rows[(rows["group_by"] == first["group_by"]) & (rows["group"] == first["group"])]
        return draw.caar(self._result, rows, str(first["group"]))

    def timeline(self, ticker: str | None = None) -> StudyFigure:
        """Price and dated events of one asset (default: the study's main one)."""
        from signals.reports.figures import draw

        return draw.timeline(self._result, ticker or series.main_ticker(self._result))

    def placebo(self, event: str, ticker: str | None = None) -> StudyFigure:
        """Sums over ordinary sessions of the estimation window, with the event marked."""
        from signals.reports.figures import draw

        return draw.placebo(self._result, event, ticker or self._ticker(event))

    def specification_curve(self, event: str, ticker: str | None = None) -> StudyFigure:
        """The CAR under every specification of ``sensitivity``."""
        from signals.reports.figures import draw

        return draw.specification_curve(self._result, event, ticker or self._ticker(event))

    def power(self, event: str | None = None, ticker: str | None = None) -> StudyFigure:
        """How large an effect the tests of all pairs find how often, on placebo dates; with
        ``event`` the power of that event's own t test (of its subject unless ``ticker`` says
        otherwise)."""
        from signals.reports.figures import power

        if event is None:
            return power.power(self._result)
        return power.event_power(self._result, event, ticker or self._ticker(event))

    def reaction(self, event: str, ticker: str | None = None) -> StudyFigure:
        """How one price reached the close of day zero's session, bar by bar (intraday studies),
        with the bars in which half and nine tenths of the move were reached."""
        from signals.reports.figures.reaction import reaction

        return reaction(self._result, event, ticker or self._ticker(event))

    def _ticker(self, event: str) -> str:
        known = series.subject_of(self._result)
        if event not in known:
            raise KeyError(f"{event} is no event of this study")
        return known[event]


def default_figures(result: StudyResult) -> Iterator[tuple[str, StudyFigure]]:
    """The figures that a run writes, by file name: timeline, forest, mean path, power, and the path
    of every event (of the strongest 30 where there are more) on its subject."""
    plot = Plots(result)
    main = series.main_ticker(result)
    if result.panel is None:
        return
    if result.prices.histories.get(main) is not None:
        yield "timeline", plot.timeline(main)
    rows = series.window_rows(result.car, result.spec.primary)
    if (rows["ticker"] == main).any():
        yield "forest", plot.forest(ticker=main)
    if len(result.aar):
        yield "caar", plot.caar()
    if any(line.shown for line in power_lines(result)):
        yield "power", plot.power()
    for event, ticker in _shown(result):
        name = anchor(event).removeprefix("event-")
        yield f"car_path_{name}", plot.car_path(event, ticker)
        if result.panel.gap_bar is not None:
            yield f"reaction_{name}", plot.reaction(event, ticker)


def _shown(result: StudyResult) -> list[tuple[str, str]]:
    """(event, subject) of the studied events, the strongest 30 in order of id."""
    known = set() if result.panel is None else set(series.pair_index(result.panel))
    pairs = [pair for pair in series.subject_of(result).items() if pair in known]
    if len(pairs) > MOST_PATHS:
        rows = series.window_rows(result.car, result.spec.primary)
        keys = zip(rows["event_id"], rows["ticker"], strict=True)
        p = dict(zip(keys, series.headline_p(rows).tolist(), strict=True))
        strength = {k: v if v == v else 2.0 for k, v in p.items()}  # noqa: PLR0124  NaN: last
        pairs = sorted(pairs, key=lambda k: (strength.get(k, 2.0), k))[:MOST_PATHS]
    return sorted(pairs)
