"""How far a study can be trusted: every statistic judged by what it says on placebo dates."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from signals.calibration.drawn import DrawnGroup, drawn_group, spread_over
from signals.calibration.pairs import calibrated_events, scaled_cars
from signals.calibration.plain import plain_p_values
from signals.calibration.power import POWER_DRAWS, power_curve, rejected, smallest_effects
from signals.calibration.record import (
    CalibratedStatistic,
    Calibration,
    GroupKey,
)
from signals.calibration.single import single_sizes
from signals.calibration.studies import (
    MOST_PLACED,
    Design,
    PlaceboStudies,
    drawn_of,
    placebo_studies,
)
from signals.calibration.threads import in_threads
from signals.calibration.vectorized import VECTORIZED
from signals.calibration.verdicts import attainable_level, size_of
from signals.frames import Days, Floats, Ints
from signals.inference import Settings
from signals.inference.independence import disjoint_subset
from signals.panel import AbnormalPanel, Window
from signals.returns import EventReturns
from signals.spec import StudySpec

MOST_GROUPS = 120  # groups with a verdict of their own, in the report's order
NONE = float("nan")

Row = tuple[Window, str]


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
    design = Design(spec, returns, effect)
    whole = placebo_studies(design, known, draws, most_placed)
    singles = single_sizes(
        returns, whole.cells, spec.model, spec.windows, settings, possible=whole.dates.possible,
        min_returns=spec.estimation.min_returns, missing=spec.missing,
        variance=spec.quantity == "variance",
    )  # fmt: skip
    asked: dict[GroupKey, Mapping[Row, _Asked]] = {key: {} for key in groups}
    for block in design.in_blocks(whole):
        asked = _together(asked, _asked(spec, panel, block, groups))
    few = design.thinned(whole, POWER_DRAWS)
    smallest = _smallest(spec, panel, few, groups, everywhere=everywhere)
    statistics = {
        key: {
            row: _judged(spec, row, found, smallest[key].get(row, NONE), whole.dates.possible)
            for row, found in asked[key].items()
        }
        for key in groups
    }
    everything = groups.get(("all", "all"))
    if plain_draws and everything is not None:
        statistics["all", "all"].update(
            _plain(spec, returns, panel, whole, everything, settings, plain_draws)
        )
    events = calibrated_events(spec, returns, panel, whole.cells, whole.at, singles)
    observed, scaled = scaled_cars(panel, spec.primary, whole.cells, whole.at)
    return Calibration(
        whole.dates, statistics, singles.pooled, events,
        scaled, observed, spec.alpha, spec.seed, effect,
        _curves(spec, few, panel, everything, statistics),
    )  # fmt: skip


@dataclass(slots=True, eq=False)
class _Asked:
    """What a statistic said in the draws asked so far: p-values, those with the effect injected,
    and per part its attainable level and number of draws."""

    p_values: list[Floats] = field(default_factory=list)
    moved: list[Floats] = field(default_factory=list)
    levels: list[float] = field(default_factory=list)


def _asked(
    spec: StudySpec,
    panel: AbnormalPanel,
    studies: PlaceboStudies,
    groups: Mapping[GroupKey, Ints],
) -> dict[GroupKey, dict[Row, _Asked]]:
    """Every statistic's p-values in ``studies``, of every group and window."""

    def of_group(index: Ints) -> dict[Row, _Asked]:
        found: dict[Row, _Asked] = {}
        drawn: DrawnGroup | None = None
        for window in spec.windows:
            drawn = drawn_of(studies, panel, index, window, drawn)
            if drawn is not None:
                found.update(_of_window(spec, drawn, studies))
        return found

    return dict(zip(groups, in_threads(of_group, groups.values()), strict=True))


def _of_window(spec: StudySpec, drawn: DrawnGroup, studies: PlaceboStudies) -> dict[Row, _Asked]:
    moved = None
    if studies.moved is not None and drawn.window[0] <= 0 <= drawn.window[1]:
        moved = drawn_group(
            studies.moved, drawn.at, drawn.window, drawn.r_bar,
            independent=drawn.independent, one_asset=drawn.one_asset,
        )  # fmt: skip
    found: dict[Row, _Asked] = {}
    for name in _names(spec):
        p_values = VECTORIZED[name](drawn)
        if np.isfinite(p_values).any():
            found[drawn.window, name] = _Asked(
                [p_values],
                [] if moved is None else [VECTORIZED[name](moved)],
                [attainable_level(name, drawn, spec.alpha)],
            )
    return found


def _names(spec: StudySpec) -> list[str]:
    """The statistics asked for that have a vectorised form."""
    return [n for n in VECTORIZED if spec.statistics == "auto" or n in spec.statistics]


def _together(
    before: Mapping[GroupKey, Mapping[Row, _Asked]], found: Mapping[GroupKey, Mapping[Row, _Asked]]
) -> dict[GroupKey, Mapping[Row, _Asked]]:
    """Two parts of the draws as one."""
    none = _Asked()
    both: dict[GroupKey, Mapping[Row, _Asked]] = {}
    for key, later in found.items():
        earlier = before[key]
        both[key] = {
            row: _Asked(
                earlier.get(row, none).p_values + later.get(row, none).p_values,
                earlier.get(row, none).moved + later.get(row, none).moved,
                earlier.get(row, none).levels + later.get(row, none).levels,
            )
            for row in dict.fromkeys((*earlier, *later))
        }
    return both


def _judged(
    spec: StudySpec, row: Row, asked: _Asked, smallest: float, possible: int
) -> CalibratedStatistic:
    window = row[0]
    p_values = np.concatenate(asked.p_values)
    weight = [np.isfinite(p).sum() for p in asked.p_values]
    level = float(np.average(asked.levels, weights=weight))
    length = window[1] - window[0] + 1
    size = size_of(p_values, spec.alpha, level, length=length, possible=possible)
    power = rejected(np.concatenate(asked.moved), spec.alpha) if asked.moved else NONE
    return CalibratedStatistic(size, np.sort(p_values[np.isfinite(p_values)]), smallest, power)


def _smallest(
    spec: StudySpec,
    panel: AbnormalPanel,
    few: PlaceboStudies,
    groups: Mapping[GroupKey, Ints],
    *,
    everywhere: bool,
) -> dict[GroupKey, dict[Row, float]]:
    """The smallest effect of every statistic, from ``few`` draws. Those that read rows: over the
    primary window, and ``everywhere`` over all windows of the group ``all``."""

    def of_group(key: GroupKey) -> dict[Row, float]:
        costly: Collection[Window] = (spec.primary,)
        if everywhere and key == ("all", "all"):
            costly = spec.windows
        found: dict[Row, float] = {}
        drawn: DrawnGroup | None = None
        for window in spec.windows:
            drawn = drawn_of(few, panel, groups[key], window, drawn)
            if drawn is not None:
                effects = smallest_effects(_names(spec), drawn, spec.alpha, costly=window in costly)
                found |= {(window, name): effect for name, effect in effects.items()}
        return found

    return dict(zip(groups, in_threads(of_group, groups), strict=True))


def _curves(
    spec: StudySpec,
    few: PlaceboStudies,
    panel: AbnormalPanel,
    index: Ints | None,
    statistics: Mapping[GroupKey, Mapping[Row, CalibratedStatistic]],
) -> dict[str, tuple[Floats, Floats]]:
    """Power curves of the group ``all`` over the primary window."""
    drawn = None if index is None else drawn_of(few, panel, index, spec.primary)
    if drawn is None:
        return {}
    return {
        name: power_curve(name, drawn, result.min_detectable, spec.alpha)
        for (window, name), result in statistics["all", "all"].items()
        if window == spec.primary and np.isfinite(result.min_detectable)
    }


def _plain(
    spec: StudySpec,
    returns: EventReturns,
    panel: AbnormalPanel,
    placebo: PlaceboStudies,
    index: Ints,
    settings: Settings,
    draws: int,
) -> dict[Row, CalibratedStatistic]:
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
    found: dict[Row, CalibratedStatistic] = {}
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
                size, np.sort(values[seen]), NONE, NONE, plain=True
            )
    return found
