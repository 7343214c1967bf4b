"""Long windows: the skewness-adjusted t of buy-and-hold abnormal returns."""

from __future__ import annotations

import numpy as np

from signals.inference.cross_section import hall
from signals.inference.evidence import gather
from signals.inference.inference import Inference, Settings, refuse
from signals.panel import AbnormalPanel, Window


def bhar_skewness_t(panel: AbnormalPanel, window: Window, settings: Settings) -> Inference:
    """Hall's skewness-adjusted t of BHAR = Π(1+R) − Π(1+E[R]), bootstrap critical values.

    See :func:`signals.inference.cross_section.skewness_adjusted_t` for the formula. ``estimate``
    is the mean BHAR. Refused: log returns, N < 3. Assumes independent events.
    Lyon, Barber & Tsai (1999). Checked by tests/inference/test_cross_section.py.
    """
    name = "bhar_skewness_t"
    if panel.returns != "simple":
        return refuse(name, f"{panel.returns}_returns: a BHAR is a product of simple returns")
    panel = panel.take(np.isfinite(panel.bhar(window)))
    used = gather(name, panel, window, at_least=3)
    if isinstance(used, Inference):
        return used
    return hall(name, used, used.panel.bhar(window), window, settings)
