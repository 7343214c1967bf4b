"""A study that knows how far it can be trusted: placebo studies, power, many tests at once."""

from signals.calibration.calibrate import calibrate
from signals.calibration.families import Adjusted, adjust, romano_wolf
from signals.calibration.history import placebo_returns
from signals.calibration.of_study import PlaceboOptions, Trust, trust
from signals.calibration.placebo import PlaceboDates, draw_dates
from signals.calibration.power import event_power, group_power, min_detectable, t_power
from signals.calibration.record import CalibratedEvents, CalibratedStatistic, Calibration, GroupKey
from signals.calibration.sensitivity import sensitivity_rows, variants
from signals.calibration.verdicts import Size, verdict, wilson

__all__ = [
    "Adjusted",
    "CalibratedEvents",
    "CalibratedStatistic",
    "Calibration",
    "GroupKey",
    "PlaceboDates",
    "PlaceboOptions",
    "Size",
    "Trust",
    "adjust",
    "calibrate",
    "draw_dates",
    "event_power",
    "group_power",
    "min_detectable",
    "placebo_returns",
    "romano_wolf",
    "sensitivity_rows",
    "t_power",
    "trust",
    "variants",
    "verdict",
    "wilson",
]
