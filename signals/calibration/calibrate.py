"""How far a study can be trusted: every statistic judged by what it says on placebo dates."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

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
    members_of,
    placebo_studies,
)
from signals.calibration.threads import in_threads
from signals.calibration.vectorized import VECTORIZED
from signals.calibration.verdicts import attainable_level, size_of
from signals.frames import Days, Floats, Ints
from signals.inference import Settings
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
    blocks = [_asked(spec, panel, block, groups) for block in design.in_blocks(whole)]
    few = design.thinned(whole, POWER_DRAWS)
    smallest = _smallest(spec, panel, few, groups, everywhere=everywhere)
    statistics = {
        key: {
            row: _judged(
                spec, row[0], [block[key][row] for block in blocks if row in block[key]],
                whole.dates.possible, smallest=smallest[key].get(row, NONE),
            )
            for row in dict.fromkeys(row for block in blocks for row in block[key])
        }
        for key in groups
    }  # fmt: skip
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


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """What a statistic said in some of the draws: p-values, those with the effect injected (None:
    none), and its attainable level there."""

    p_values: Floats
    moved: Floats | None
    level: float


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
                p_values,
                None if moved is None else VECTORIZED[name](moved),
                attainable_level(name, drawn, spec.alpha),
            )
    return found


def _names(spec: StudySpec) -> list[str]:
    """The statistics asked for that have a vectorised form."""
    return [n for n in VECTORIZED if spec.statistics == "auto" or n in spec.statistics]


def _judged(
    spec: StudySpec,
    window: Window,
    parts: Sequence[_Asked],
    possible: int,
    *,
    smallest: float = NONE,
    plain: bool = False,
) -> CalibratedStatistic:
    """The verdict on what a statistic said in all ``parts`` of the draws."""
    p_values = np.concatenate([part.p_values for part in parts])
    levels = [part.level for part in parts]
    level = levels[0]
    if len(set(levels)) > 1:
        level = float(np.average(levels, weights=[np.isfinite(p.p_values).sum() for p in parts]))
    length = window[1] - window[0] + 1
    size = size_of(p_values, spec.alpha, level, length=length, possible=possible)
    moved = [part.moved for part in parts if part.moved is not None]
    power = rejected(np.concatenate(moved), spec.alpha) if moved else NONE
    seen = np.sort(p_values[np.isfinite(p_values)])
    return CalibratedStatistic(size, seen, smallest, power, plain)


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
    members = {w: members_of(panel, index, w) for w in spec.windows}
    count = len(placebo.dates)
    p_values = plain_p_values(
        returns, panel.event_id, placebo.dates.zero, spread_over(count, min(draws, count)),
        {w: kept for w, kept in members.items() if len(kept) > 1}, spec, settings,
        placebo.correlations,
    )  # fmt: skip
    return {
        (window, name): _judged(
            spec, window, [_Asked(values, None, spec.alpha)], placebo.dates.possible, plain=True
        )
        for window, by_name in p_values.items()
        for name, values in by_name.items()
        if np.isfinite(values).any()
    }
