"""What a calibration hands on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from signals.calibration.placebo import PlaceboDates
from signals.calibration.verdicts import Size
from signals.frames import Floats, Labels
from signals.panel import Window

GroupKey = tuple[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class CalibratedStatistic:
    """One group statistic over one window in all placebo studies.

    ``p_values`` (d,) of the draws in which it applied, ascending; ``min_detectable`` smallest
    injected effect found in 80 % of them (decimal, NaN: not searched or never reached);
    ``power`` share of the draws that reject once the effect of ``calibrate(effect=…)`` is
    injected; ``plain``: no vectorised form, the registry's own function on fewer draws.
    """

    size: Size
    p_values: Floats
    min_detectable: float
    power: float
    plain: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class CalibratedEvents:
    """n event-asset pairs × w windows.

    ``p_value`` (n, w) share of placebo dates with |CAR|/error at least as large, the observed
    counted; ``draws`` (n,) dates behind it; ``min_detectable`` (n, w) decimal; ``verdict``
    (n, w) of the headline test on the asset's placebo dates, "" where there is none.
    """

    p_value: Floats
    draws: Floats
    min_detectable: Floats
    verdict: Labels


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Placebo studies of one study.

    ``dates`` where they were put; ``statistics`` (group_by, group) → (window, name) → result;
    ``single`` (name, window) → size of a single-event test, pooled over assets by date;
    ``events`` the pairs; ``scaled`` (D, n) CAR/error of the primary window, joint in time;
    ``observed`` (n,) the same of the real dates; ``alpha``, ``seed``, ``effect``; ``curves``
    name → (effects (E,), power (E,)) of the group ``all`` over the primary window, by effects
    injected on placebo dates.
    """

    dates: PlaceboDates
    statistics: Mapping[GroupKey, Mapping[tuple[Window, str], CalibratedStatistic]]
    single: Mapping[tuple[str, Window], Size]
    events: CalibratedEvents
    scaled: Floats
    observed: Floats
    alpha: float
    seed: int
    effect: float | None = None
    curves: Mapping[str, tuple[Floats, Floats]] = field(default_factory=dict)
