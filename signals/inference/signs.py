"""Sign statistics: how many CARs are positive."""

from __future__ import annotations

import math

import numpy as np

from signals.inference.evidence import Evidence, gather
from signals.inference.inference import Inference, Settings, refuse
from signals.inference.tails import binomial_p, normal_p
from signals.panel import AbnormalPanel, Window

FEW_SIGNS = 6


def sign_z(panel: AbnormalPanel, window: Window, settings: Settings) -> Inference:
    """Sign test z = (w − N/2)/√(N/4), w the number of positive CARs; N(0,1).

    Zeros are not positive. Assumes independent events with median zero. ``estimate`` is the
    share of positive CARs. The exact p stands beside it as ``sign_binomial``.
    Brown & Warner (1980). Checked by tests/inference/test_signs.py.
    """
    used = gather("sign_z", panel, window)
    if isinstance(used, Inference):
        return used
    count, w = len(used), _positive(used, window)
    z = (w - count / 2) / math.sqrt(count / 4)
    return Inference(
        "sign_z", w / count, z, "normal", p_value=float(normal_p(z)), n_events=count,
        reason=used.reason, flags=_flags(used),
    )  # fmt: skip


def sign_binomial(panel: AbnormalPanel, window: Window, settings: Settings) -> Inference:
    """The same count with its exact two-sided binomial p; ``statistic`` is w.

    Assumes independent events with median zero. Smallest possible p: 2^(1−N).
    Checked by tests/inference/test_signs.py (against scipy's binomtest).
    """
    used = gather("sign_binomial", panel, window)
    if isinstance(used, Inference):
        return used
    count, w = len(used), _positive(used, window)
    return Inference(
        "sign_binomial", w / count, w, "binomial", p_value=binomial_p(w, count),
        n_events=count, reason=used.reason, flags=_flags(used),
    )  # fmt: skip


def generalized_sign_z(panel: AbnormalPanel, window: Window, settings: Settings) -> Inference:
    """Cowan's z = (w − Np̂)/√(Np̂(1−p̂)); N(0,1).

    p̂ is the mean over events of the share of positive estimation residuals, so a skewed
    return law is allowed for. Assumes independent events. ``estimate`` is w/N − p̂.
    Cowan (1992). Checked by tests/inference/test_signs.py, tests/size.
    """
    name = "generalized_sign_z"
    used = gather(name, panel, window)
    if isinstance(used, Inference):
        return used
    count, w = len(used), _positive(used, window)
    seen = np.isfinite(used.panel.residuals)
    positive = (np.where(seen, used.panel.residuals, 0.0) > 0).sum(axis=1)
    expected = float((positive / np.maximum(seen.sum(axis=1), 1)).mean())
    if not 0 < expected < 1:
        return refuse(name, "zero_variance: all residuals have one sign", n_events=count)
    z = (w - count * expected) / math.sqrt(count * expected * (1 - expected))
    return Inference(
        name, w / count - expected, z, "normal", p_value=float(normal_p(z)), n_events=count,
        reason=used.reason, flags=_flags(used),
    )  # fmt: skip


def _positive(used: Evidence, window: Window) -> int:
    return int((used.panel.car(window) > 0).sum())


def _flags(used: Evidence) -> tuple[str, ...]:
    return (*used.flags, "few_events") if len(used) < FEW_SIGNS else used.flags
