"""Statistics of the plain cross-section of CARs."""

from __future__ import annotations

import math

from signals.inference.evidence import gather, spread
from signals.inference.inference import Inference, Settings, refuse
from signals.inference.tails import t_p
from signals.panel import AbnormalPanel, Window


def cross_sectional_t(panel: AbnormalPanel, window: Window, settings: Settings) -> Inference:
    """t = CAAR/(sd(CAR)/√N), sd with N−1; t_{N−1}.

    Assumes independent events; *not* robust to a shared date (METHODS, ruling 7: 48.8 % size
    at ρ = 0.3, N = 20). ``estimate`` is the CAAR, decimal. Refused when N < 3 or the CARs do
    not differ. Brown & Warner (1980, 1985). Checked by tests/inference/test_cross_section.py.
    """
    name = "cross_sectional_t"
    used = gather(name, panel, window, at_least=3)
    if isinstance(used, Inference):
        return used
    car = used.panel.car(window)
    count, sd = len(car), spread(car)
    if sd == 0:
        return refuse(name, "zero_variance: the CARs do not differ", n_events=count)
    t = float(car.mean()) / (sd / math.sqrt(count))
    return Inference(
        name, float(car.mean()), t, "t", df=count - 1, p_value=float(t_p(t, count - 1)),
        n_events=count, reason=used.reason, flags=used.flags,
    )  # fmt: skip
