"""Placebo in space: was the synthetic control's gap larger than its donors' own?"""

from __future__ import annotations

import numpy as np

from signals.inference.inference import EventInference, Settings
from signals.models.synthetic import space_p_value
from signals.panel import AbnormalPanel, Window


def synthetic_control_p(panel: AbnormalPanel, window: Window, settings: Settings) -> EventInference:
    """Share of units (treated included) with a post/pre RMSPE ratio at least the treated one's.

    Each donor is treated in turn as if the event had been its own; the smallest p is 1/(donors+1).
    ``statistic`` is the CAR in units of σ, ``df`` the number of units. Assumes that donors are
    exchangeable with the treated asset and untouched by the event. NaN: other models, incomplete
    windows. Abadie, Diamond & Hainmueller (2010). Checked by tests/models/test_synthetic.py and
    tests/study/test_models_in_the_study.py.
    """
    count = len(panel)
    p, statistic, units = (np.full(count, np.nan) for _ in range(3))
    reasons = ["not a synthetic control"] * count
    if panel.space is not None:
        complete = panel.complete(window)
        car = panel.car(window)
        columns = panel.columns(window)
        for i in range(count):
            if not complete[i]:
                reasons[i] = "missing_return: a session of the window has no abnormal return"
                continue
            placebo = panel.space[i]
            p[i] = space_p_value(placebo, columns)
            statistic[i] = car[i] / panel.sigma[i]
            units[i] = len(placebo.units)
            reasons[i] = "" if np.isfinite(p[i]) else "a donor has no gap to compare with"
    return EventInference("synthetic_control_p", statistic, units, p, tuple(reasons))
