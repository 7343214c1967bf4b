"""The placebo studies as arrays: dates, cells, correlations; in parts where their rows are many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from signals.calibration.cells import Cells, cell_index, compute_cells
from signals.calibration.correlate import pair_correlations
from signals.calibration.correlate_dates import Correlations, dated_correlations
from signals.calibration.drawn import DrawnGroup, drawn_group, spread_over
from signals.calibration.placebo import PlaceboDates, draw_dates
from signals.calibration.verdicts import FEWEST_DRAWS
from signals.frames import Days, Ints
from signals.inference.independence import (
    disjoint_subset,
    same,
    shares_one_date,
    windows_share_sessions,
)
from signals.inference.single_event import least_squares
from signals.models.batched import FORMS
from signals.panel import AbnormalPanel, Window
from signals.returns import EventReturns
from signals.sessions import trading_calendar
from signals.spec import StudySpec

MOST_PLACED = 400_000  # pairs × draws of a run: larger studies get fewer draws
MOST_ROW_CELLS = 60_000  # cells whose rows are all kept
PART_CELLS = 30_000  # cells whose rows are kept at a time where those are too many
MOST_SINGLE_FITS = 300  # cells of models that are fitted one by one


@dataclass(frozen=True, slots=True, eq=False)
class PlaceboStudies:
    """D placebo studies: ``dates`` in order of time, ``cells``, ``at`` (D, n) cell numbers,
    ``correlations``; ``moved`` the same cells with the effect injected, where there is one."""

    dates: PlaceboDates
    cells: Cells
    at: Ints
    correlations: Correlations | None
    moved: Cells | None = None

    def __len__(self) -> int:
        return len(self.at)


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """What all placebo studies share: the study, its pairs on long series, an effect to inject."""

    spec: StudySpec
    returns: EventReturns
    effect: float | None = None

    def studies(self, dates: PlaceboDates, known: Correlations | None = None) -> PlaceboStudies:
        """Cells of ``dates``, with rows where these are not too many, and their correlations where
        they are not ``known``."""
        spec, returns = self.spec, self.returns
        series, position, at = cell_index(returns.series_index, dates.zero)
        windows = tuple(dict.fromkeys((*spec.windows, spec.primary)))
        variance = spec.quantity == "variance"

        def compute(jump: float) -> Cells:
            return compute_cells(
                returns, series, position, spec.model, windows,
                min_returns=spec.estimation.min_returns, missing=spec.missing,
                rows=len(series) <= MOST_ROW_CELLS, effect=jump, variance=variance,
            )  # fmt: skip

        cells = compute(0.0)
        correlations = known
        # Of returns: no statistic of squares that can be computed wants a correlation.
        if known is None and not variance:
            correlations = pair_correlations(
                returns, spec.model, cells, at, windows
            ) or dated_correlations(returns, spec.model, cells, at)
        moved = None if self.effect is None else compute(self.effect)
        return PlaceboStudies(dates, cells, at, correlations, moved)

    def in_blocks(self, whole: PlaceboStudies) -> Iterator[PlaceboStudies]:
        """``whole``, or where its rows are too many to be held at once its draws in parts, each
        with its rows. Not done for fewer draws than any verdict needs."""
        if whole.cells.rows is not None or len(whole) < FEWEST_DRAWS:
            yield whole
            return
        for part in _parts(whole.at):
            yield self._some(whole, part)

    def thinned(self, whole: PlaceboStudies, draws: int) -> PlaceboStudies:
        """``draws`` of the draws, evenly spread, or as many as have their rows held at once."""
        part = spread_over(len(whole), min(draws, len(whole)))
        if whole.cells.rows is None and len(whole) >= FEWEST_DRAWS:
            while len(part) > 1 and _cells(whole.at[part]) > PART_CELLS:
                part = spread_over(len(whole), len(part) * 3 // 4)
            return self._some(whole, part)
        return replace(
            whole, dates=_dates(whole.dates, part), at=whole.at[part],
            correlations=_chosen(whole, part),
        )  # fmt: skip

    def _some(self, whole: PlaceboStudies, part: Ints) -> PlaceboStudies:
        """The draws ``part`` with cells and rows of their own."""
        return self.studies(_dates(whole.dates, part), _chosen(whole, part))


def _chosen(whole: PlaceboStudies, part: Ints) -> Correlations | None:
    return None if whole.correlations is None else whole.correlations.chosen(part)


def _parts(at: Ints) -> Iterator[Ints]:
    """Runs of draws with no more than ``PART_CELLS`` cells each (or of one draw)."""
    waiting = [np.arange(len(at))]
    while waiting:
        part = waiting.pop()
        if len(part) > 1 and _cells(at[part]) > PART_CELLS:
            middle = len(part) // 2
            waiting += [part[middle:], part[:middle]]
        else:
            yield part


def _cells(at: Ints) -> int:
    return len(np.unique(at[at >= 0]))


def _dates(dates: PlaceboDates, part: Ints) -> PlaceboDates:
    return replace(dates, zero=dates.zero[part], offset=dates.offset[part])


def placebo_studies(
    design: Design, known: Mapping[str, Days], draws: int, most_placed: int
) -> PlaceboStudies:
    """Draw the dates and compute their cells, with rows where all can be held at once."""
    spec, returns = design.spec, design.returns
    market = trading_calendar(spec.market.calendar).sessions
    wanted = min(draws, max(most_placed // max(len(returns), 1), 1))
    dates = draw_dates(
        returns, market, known, draws=wanted, seed=spec.seed,
        min_returns=spec.estimation.min_returns,
    )  # fmt: skip
    dates = replace(dates, asked=draws)
    if spec.model not in FORMS:
        dates = _dates(dates, np.arange(_within_fits(returns, dates.zero)))
    # In order of time: neighbouring draws read neighbouring cells, which the processor likes.
    return design.studies(_dates(dates, np.argsort(dates.offset)))


def _within_fits(returns: EventReturns, zero: Ints) -> int:
    """How many of the first draws ``MOST_SINGLE_FITS`` distinct fits allow."""
    low, high = 0, len(zero)
    while low < high:
        middle = (low + high + 1) // 2
        if len(cell_index(returns.series_index, zero[:middle])[0]) <= MOST_SINGLE_FITS:
            low = middle
        else:
            high = middle - 1
    return low


def members_of(panel: AbnormalPanel, index: Ints, window: Window) -> Ints:
    """Those of the pairs ``index`` that their study uses over ``window``: complete ones, whose
    windows of one asset share no session."""
    usable = index[np.isfinite(panel.car(window)[index])]
    return usable[disjoint_subset(panel.take(usable), window)[0]] if len(usable) else usable


def drawn_of(
    studies: PlaceboStudies,
    panel: AbnormalPanel,
    index: Ints,
    window: Window,
    like: DrawnGroup | None = None,
) -> DrawnGroup | None:
    """A group's placebo studies, of the pairs that its real study uses over ``window``; None
    with fewer than two."""
    kept = members_of(panel, index, window)
    if len(kept) < 2 or not len(studies):
        return None
    part = panel.take(kept)
    if studies.correlations is None:
        r_bar = np.full(len(studies), np.nan)
    else:
        column = studies.cells.windows.index(window)
        held = np.isfinite(studies.cells.car[studies.at, column]) & (studies.at >= 0)
        r_bar = studies.correlations.mean(window, kept, held)
    return drawn_group(
        studies.cells, studies.at[:, kept], window, r_bar,
        independent=not windows_share_sessions(part, window),
        one_asset=least_squares(part) and same(part.calendar) and same(part.benchmark)
        and shares_one_date(part),
        like=like,
    )  # fmt: skip
