"""Statistics of standardised CARs: Patell, BMP, and both adjusted for cross-correlation."""

from __future__ import annotations

import math

import numpy as np

from signals.frames import Floats
from signals.inference.correlation import correlation_of
from signals.inference.evidence import Evidence, gather, spread
from signals.inference.inference import Inference, Settings, refuse
from signals.inference.tails import normal_p, t_p
from signals.panel import AbnormalPanel, Window


def patell_z(panel: AbnormalPanel, window: Window, settings: Settings) -> Inference:
    """Patell's z = ΣSCAR_i / √(Σν_i/(ν_i−2)); N(0,1).

    SCAR = CAR/sd(CAR) over the whole window (METHODS, ruling 2), ν_i the model's own degrees
    of freedom. Assumes independent events, normal disturbances, no event-induced variance.
    ``estimate`` is the mean SCAR. Refused when N = 1, M < 30, or ν ≤ 2.
    Patell (1976). Checked by tests/inference/test_standardized.py, tests/size.
    """
    used = gather("patell_z", panel, window, standardized=True)
    if isinstance(used, Inference):
        return used
    scar = used.panel.scar(window)
    z = _patell(used, scar)
    return Inference(
        "patell_z", float(scar.mean()), z, "normal", p_value=float(normal_p(z)),
        n_events=len(used), reason=used.reason, flags=used.flags,
    )  # fmt: skip


def adjusted_patell_z(panel: AbnormalPanel, window: Window, settings: Settings) -> Inference:
    """Patell's z divided by √(1 + (N−1)r̄); N(0,1).

    The numerator of Kolari & Pynnönen's BMP factor, (1 − r̄), does not belong here (METHODS,
    ruling 4). Refused as ``patell_z``, and when r̄ is undefined or 1 + (N−1)r̄ ≤ 0.
    Kolari & Pynnönen (2010). Checked by tests/inference/test_standardized.py, tests/size.
    """
    name = "adjusted_patell_z"
    used = gather(name, panel, window, standardized=True)
    if isinstance(used, Inference):
        return used
    found = _inflation(name, used, window, settings)
    if isinstance(found, Inference):
        return found
    r_bar, inflation = found
    scar = used.panel.scar(window)
    z = _patell(used, scar) / math.sqrt(inflation)
    return Inference(
        name, float(scar.mean()), z, "normal", p_value=float(normal_p(z)),
        n_events=len(used), r_bar=r_bar, reason=used.reason, flags=used.flags,
    )  # fmt: skip


def bmp_t(panel: AbnormalPanel, window: Window, settings: Settings) -> Inference:
    """BMP's t = √N·mean(SCAR)/sd(SCAR); t_{N−1} (METHODS, ruling 5).

    Robust to event-induced variance, not to cross-correlation. ``estimate`` is the mean SCAR.
    Refused when N < 3, M < 30 or the SCARs do not differ.
    Boehmer, Musumeci & Poulsen (1991). Checked by tests/inference/test_standardized.py.
    """
    used = gather("bmp_t", panel, window, at_least=3, standardized=True)
    if isinstance(used, Inference):
        return used
    return _bmp("bmp_t", used, window, 1.0, math.nan)


def adjusted_bmp_t(panel: AbnormalPanel, window: Window, settings: Settings) -> Inference:
    """BMP's t times √((1−r̄)/(1+(N−1)r̄)); t_{N−1}.

    Robust to event-induced variance and to equal cross-correlation. Refused as ``bmp_t``, and
    when r̄ is undefined or either term is not positive.
    Kolari & Pynnönen (2010). Checked by tests/inference/test_standardized.py, tests/size.
    """
    name = "adjusted_bmp_t"
    used = gather(name, panel, window, at_least=3, standardized=True)
    if isinstance(used, Inference):
        return used
    found = _inflation(name, used, window, settings)
    if isinstance(found, Inference):
        return found
    r_bar, inflation = found
    if r_bar >= 1:
        return refuse(name, "r_bar: 1 − r̄ is not positive", n_events=len(used), r_bar=r_bar)
    return _bmp(name, used, window, math.sqrt((1 - r_bar) / inflation), r_bar)


def _patell(used: Evidence, scar: Floats) -> float:
    df = used.panel.df.astype(np.float64)
    return float(scar.sum() / math.sqrt((df / (df - 2)).sum()))


def _bmp(name: str, used: Evidence, window: Window, factor: float, r_bar: float) -> Inference:
    scar = used.panel.scar(window)
    count, sd = len(scar), spread(scar)
    if sd == 0:
        return refuse(name, "zero_variance: the SCARs do not differ", n_events=count, r_bar=r_bar)
    t = math.sqrt(count) * float(scar.mean()) / sd * factor
    return Inference(
        name, float(scar.mean()), t, "t", df=count - 1, p_value=float(t_p(t, count - 1)),
        n_events=count, r_bar=r_bar, reason=used.reason, flags=used.flags,
    )  # fmt: skip


def _inflation(
    name: str, used: Evidence, window: Window, settings: Settings
) -> tuple[float, float] | Inference:
    """r̄ and 1 + (N−1)r̄, or the refusal."""
    found = correlation_of(used.panel, window, settings)
    count = len(used)
    if not math.isfinite(found.r_bar):
        return refuse(name, f"r_bar: {found.reason}", n_events=count)
    inflation = 1 + (count - 1) * found.r_bar
    if inflation <= 0:
        return refuse(name, "r_bar: 1 + (N−1)r̄ is not positive", n_events=count, r_bar=found.r_bar)
    return found.r_bar, inflation
