"""Placebo studies: the same design on dates on which nothing is known to have happened."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from signals.calibration.cells import Cells, cell_index, compute_cells
from signals.calibration.correlate import PairCorrelations, pair_correlations
from signals.calibration.correlate_dates import DatedCorrelations, dated_correlations
from signals.calibration.drawn import DrawnGroup, drawn_group, spread_over
from signals.calibration.pairs import calibrated_events, scaled_cars
from signals.calibration.placebo import PlaceboDates, draw_dates
from signals.calibration.plain import plain_p_values
from signals.calibration.power import power_curve, rejected, smallest_effects
from signals.calibration.record import (
    CalibratedStatistic,
    Calibration,
    GroupKey,
)
from signals.calibration.single import single_sizes
from signals.calibration.threads import in_threads
from signals.calibration.vectorized import VECTORIZED
from signals.calibration.verdicts import attainable_level, size_of
from signals.frames import Days, Floats, Ints
from signals.inference import Settings
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
MOST_GROUPS = 120  # groups with a verdict of their own, in the report's order
MOST_ROW_CELLS = 60_000  # cells whose rows are kept
MOST_SINGLE_FITS = 300  # cells of models that are fitted one by one


@dataclass(frozen=True, slots=True, eq=False)
class _Placebo:
    """The placebo studies as arrays: dates, cells, (D, n) cell numbers, correlations; ``moved``
    the same cells with the effect injected, where there is one."""

    dates: PlaceboDates
    cells: Cells
    at: Ints
    correlations: PairCorrelations | DatedCorrelations | None
    moved: Cells | None = None


def calibrate(
    spec: StudySpec,
    returns: EventReturns,
    panel: AbnormalPanel,
    groups: Mapping[GroupKey, Ints],
    *,
    known: Mapping[str, Days],
    draws: int,
    effect: float | None = None,
    plain_draws: int = 0,
    most_placed: int = MOST_PLACED,
    everywhere: bool = False,
) -> Calibration:
    """Repeat the study on placebo dates and judge every statistic by what it then says.

    Parameters
    ----------
    returns : the panel's n pairs on long series (``history.placebo_returns``).
    panel : the study's own abnormal returns, (n,) in the same order.
    groups : (group_by, group) → positions of its pairs in the panel.
    known : day zeros of all known events by ticker; placebo windows avoid their windows.
    draws : placebo studies asked for; fewer where fewer distinct offsets exist, or where
        pairs × draws exceeds ``most_placed``. The first ``MOST_GROUPS`` groups are calibrated.
    effect : an effect (decimal) to inject into every CAR for the column ``power``.
    plain_draws : draws on which statistics without a vectorised form run as they are (group
        ``all`` only); 0: not at all.
    everywhere : seek the smallest effect of statistics that read rows over every window of the
        group ``all``; else over the primary window only, of every group.

    The generator is ``PCG64(spec.seed)``; nothing depends on workers or on the clock.
    Checked by tests/calibration/test_calibrate.py and, on laws that are known, by
    tests/calibration/test_sizes.py.
    """
    settings = Settings(alpha=spec.alpha, seed=spec.seed)
    groups = dict(list(groups.items())[:MOST_GROUPS])
    placebo = _placebo_studies(spec, returns, known, draws, effect, most_placed)
    singles = single_sizes(
        returns, placebo.cells, spec.model, spec.windows, settings, possible=placebo.dates.possible,
        min_returns=spec.estimation.min_returns, missing=spec.missing,
        variance=spec.quantity == "variance",
    )  # fmt: skip

    def of_group(key: GroupKey) -> dict[tuple[Window, str], CalibratedStatistic]:
        costly = spec.windows if everywhere and key == ("all", "all") else (spec.primary,)
        return _over_windows(spec, panel, placebo, groups[key], costly)

    statistics = dict(zip(groups, in_threads(of_group, groups), strict=True))
    everything = groups.get(("all", "all"))
    if plain_draws and everything is not None:
        statistics["all", "all"].update(
            _plain(spec, returns, panel, placebo, everything, settings, plain_draws)
        )
    events = calibrated_events(spec, returns, panel, placebo.cells, placebo.at, singles)
    observed, scaled = scaled_cars(panel, spec.primary, placebo.cells, placebo.at)
    return Calibration(
        placebo.dates, statistics, singles.pooled, events,
        scaled, observed, spec.alpha, spec.seed, effect,
        _curves(spec, placebo, panel, everything, statistics),
    )  # fmt: skip


def _curves(
    spec: StudySpec,
    placebo: _Placebo,
    panel: AbnormalPanel,
    index: Ints | None,
    statistics: Mapping[GroupKey, Mapping[tuple[Window, str], CalibratedStatistic]],
) -> dict[str, tuple[Floats, Floats]]:
    """Power curves of the group ``all`` over the primary window."""
    drawn = None if index is None else _drawn(placebo, panel, index, spec.primary, None)
    if drawn is None:
        return {}
    return {
        name: power_curve(name, drawn, result.min_detectable, spec.alpha)
        for (window, name), result in statistics["all", "all"].items()
        if window == spec.primary and np.isfinite(result.min_detectable)
    }


def _placebo_studies(
    spec: StudySpec,
    returns: EventReturns,
    known: Mapping[str, Days],
    draws: int,
    effect: float | None,
    most_placed: int,
) -> _Placebo:
    market = trading_calendar(spec.market.calendar).sessions
    wanted = min(draws, max(most_placed // max(len(returns), 1), 1))
    dates = draw_dates(
        returns, market, known, draws=wanted, seed=spec.seed,
        min_returns=spec.estimation.min_returns,
    )  # fmt: skip
    dates = replace(dates, asked=draws)
    zero = dates.zero
    if spec.model not in FORMS:
        zero = _within_fits(returns, zero)
        dates = replace(dates, zero=zero, offset=dates.offset[: len(zero)])
    # In order of time: neighbouring draws read neighbouring cells, which the processor likes.
    order = np.argsort(dates.offset)
    dates = replace(dates, zero=dates.zero[order], offset=dates.offset[order])
    zero = dates.zero
    series, position, at = cell_index(returns.series_index, zero)
    windows = tuple(dict.fromkeys((*spec.windows, spec.primary)))
    variance = spec.quantity == "variance"

    def compute(jump: float) -> Cells:
        return compute_cells(
            returns, series, position, spec.model, windows,
            min_returns=spec.estimation.min_returns, missing=spec.missing,
            rows=len(series) <= MOST_ROW_CELLS, effect=jump, variance=variance,
        )  # fmt: skip

    cells = compute(0.0)
    # Of returns: no statistic of squares that can be computed wants a correlation.
    correlations = None
    if not variance:
        correlations = pair_correlations(
            returns, spec.model, cells, at, windows
        ) or dated_correlations(returns, spec.model, cells, at)
    moved = None if effect is None else compute(effect)
    return _Placebo(dates, cells, at, correlations, moved)


def _within_fits(returns: EventReturns, zero: Ints) -> Ints:
    """As many of the first draws as ``MOST_SINGLE_FITS`` distinct fits allow."""
    low, high = 0, len(zero)
    while low < high:
        middle = (low + high + 1) // 2
        if len(cell_index(returns.series_index, zero[:middle])[0]) <= MOST_SINGLE_FITS:
            low = middle
        else:
            high = middle - 1
    return zero[:low]


def _drawn(
    placebo: _Placebo,
    panel: AbnormalPanel,
    index: Ints,
    window: Window,
    like: DrawnGroup | None,
) -> DrawnGroup | None:
    """The group's placebo studies, of the pairs that its real study uses over ``window``."""
    usable = index[np.isfinite(panel.car(window)[index])]
    kept = usable[disjoint_subset(panel.take(usable), window)[0]] if len(usable) else usable
    if len(kept) < 2 or not len(placebo.at):
        return None
    part = panel.take(kept)
    if placebo.correlations is None:
        r_bar = np.full(len(placebo.at), np.nan)
    else:
        column = placebo.cells.windows.index(window)
        held = np.isfinite(placebo.cells.car[placebo.at, column]) & (placebo.at >= 0)
        r_bar = placebo.correlations.mean(window, kept, held)
    return drawn_group(
        placebo.cells, placebo.at[:, kept], window, r_bar,
        independent=not windows_share_sessions(part, window),
        one_asset=least_squares(part) and same(part.calendar) and same(part.benchmark)
        and shares_one_date(part),
        like=like,
    )  # fmt: skip


def _over_windows(
    spec: StudySpec,
    panel: AbnormalPanel,
    placebo: _Placebo,
    index: Ints,
    costly: Collection[Window],
) -> dict[tuple[Window, str], CalibratedStatistic]:
    """One group's statistics over every window; ``costly``: where power is sought for all."""
    found: dict[tuple[Window, str], CalibratedStatistic] = {}
    drawn: DrawnGroup | None = None
    for window in spec.windows:
        drawn = _drawn(placebo, panel, index, window, drawn)
        if drawn is not None:
            found.update(_group(spec, drawn, placebo, window in costly))
    return found


def _group(
    spec: StudySpec, drawn: DrawnGroup, placebo: _Placebo, costly: bool
) -> dict[tuple[Window, str], CalibratedStatistic]:
    wanted = VECTORIZED if spec.statistics == "auto" else set(spec.statistics)
    found: dict[tuple[Window, str], CalibratedStatistic] = {}
    moved = None
    if placebo.moved is not None and drawn.window[0] <= 0 <= drawn.window[1]:
        moved = drawn_group(
            placebo.moved, drawn.at, drawn.window, drawn.r_bar,
            independent=drawn.independent, one_asset=drawn.one_asset,
        )  # fmt: skip
    chosen = [name for name in VECTORIZED if name in wanted]
    smallest = smallest_effects(chosen, drawn, spec.alpha, costly=costly)
    for name in chosen:
        statistic = VECTORIZED[name]
        p_values = statistic(drawn)
        seen = np.isfinite(p_values)
        if not seen.any():
            continue
        size = size_of(
            p_values, spec.alpha, attainable_level(name, drawn, spec.alpha),
            length=drawn.length, possible=placebo.dates.possible,
        )  # fmt: skip
        power = float("nan")
        if moved is not None:
            power = rejected(statistic(moved), spec.alpha)
        found[drawn.window, name] = CalibratedStatistic(
            size, np.sort(p_values[seen]), smallest.get(name, float("nan")), power
        )
    return found


def _plain(
    spec: StudySpec,
    returns: EventReturns,
    panel: AbnormalPanel,
    placebo: _Placebo,
    index: Ints,
    settings: Settings,
    draws: int,
) -> dict[tuple[Window, str], CalibratedStatistic]:
    members = {}
    for window in spec.windows:
        usable = index[np.isfinite(panel.car(window)[index])]
        kept = usable[disjoint_subset(panel.take(usable), window)[0]]
        if len(kept) > 1:
            members[window] = kept
    count = len(placebo.dates)
    p_values = plain_p_values(
        returns, panel.event_id, placebo.dates.zero, spread_over(count, min(draws, count)),
        members, spec, settings, placebo.correlations,
    )  # fmt: skip
    none = float("nan")
    found: dict[tuple[Window, str], CalibratedStatistic] = {}
    for window, by_name in p_values.items():
        for name, values in by_name.items():
            seen = np.isfinite(values)
            if not seen.any():
                continue
            size = size_of(
                values, spec.alpha, spec.alpha,
                length=window[1] - window[0] + 1, possible=placebo.dates.possible,
            )  # fmt: skip
            found[window, name] = CalibratedStatistic(
                size, np.sort(values[seen]), none, none, plain=True
            )
    return found
