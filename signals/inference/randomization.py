"""Randomisation and bootstrap tests across events."""

from __future__ import annotations

import numpy as np

from signals.frames import Floats
from signals.inference.cross_section import mean_over_events
from signals.inference.draws import generator
from signals.inference.evidence import gather
from signals.inference.independence import date_clusters
from signals.inference.inference import Inference, Settings, refuse
from signals.inference.signs import FEW_SIGNS
from signals.inference.single_event import deleted_residuals
from signals.panel import AbnormalPanel, Window

ENUMERATED = 16


def sign_flip(panel: AbnormalPanel, window: Window, settings: Settings) -> Inference:
    """Share of sign vectors whose |Σ s_g·CAR_g| is ≥ the observed |ΣCAR|; by date cluster.

    Events whose windows share a session, directly or through others, are one cluster g and get
    one Rademacher sign: their dependence stays as it is. All 2^G vectors to G = 16 (exact p),
    beyond ``settings.draws`` random ones, the observed included. Assumes independent clusters
    with symmetric laws. ``estimate`` is the CAAR, ``statistic`` too, ``df`` is G.
    Refused: one cluster. Flagged below 6 clusters (smallest p 2^(1−G)).
    Fisher (1935). Checked by tests/inference/test_randomization.py (product of signs).
    """
    name = "sign_flip"
    used = gather(name, panel, window)
    if isinstance(used, Inference):
        return used
    car = used.panel.car(window)
    cluster = date_clusters(used.panel, window)
    sums = np.sort(np.bincount(cluster, car)).astype(np.float64)
    groups = len(sums)
    if groups < 2:
        return refuse(
            name, "overlapping_windows: all events are one date cluster", n_events=len(car)
        )
    size = float(np.abs(sums).sum())
    if size == 0:
        return refuse(name, "zero_variance: every CAR is zero", n_events=len(car))
    edge = abs(float(sums.sum())) - 1e-12 * size
    if groups <= ENUMERATED:
        flipped = sums[:1]
        for value in sums[1:]:  # the first sign is fixed: −s gives the same |sum| as s
            flipped = np.concatenate([flipped + value, flipped - value])
        p = float((np.abs(flipped) >= edge).mean())
    else:
        beyond = _random_flips(sums, edge, name, window, settings)
        p = (1 + beyond) / (settings.draws + 1)
    flags = (*used.flags, "few_events") if groups < FEW_SIGNS else used.flags
    mean = float(car.mean())
    return Inference(
        name, mean, mean, "randomization", df=groups, p_value=p, n_events=len(car),
        reason=used.reason, flags=flags,
    )  # fmt: skip


def _random_flips(sums: Floats, edge: float, name: str, window: Window, settings: Settings) -> int:
    """How many of ``draws`` random sign vectors reach ``edge``."""
    random = generator(name, window, settings)
    width = -(-len(sums) // 8)
    beyond = 0
    chunk = max(1, 4_000_000 // len(sums))
    for begin in range(0, settings.draws, chunk):
        rows = min(chunk, settings.draws - begin)
        bits = np.unpackbits(random.integers(0, 256, (rows, width), dtype=np.uint8), axis=1)
        positive = bits[:, : len(sums)].astype(np.float64) @ sums
        beyond += int((np.abs(2 * positive - sums.sum()) >= edge).sum())
    return beyond


def stationary_bootstrap(panel: AbnormalPanel, window: Window, settings: Settings) -> Inference:
    """CAAR against L-sums of the stationary bootstrap of the estimation AAR.

    AAR in event time over the estimation rows (deleted residuals e/(1−h), scaled by √(n_t/N)
    where returns are missing, centred) is resampled in blocks of geometric length with mean
    T^{1/3}; p = (1 + #{|Σ* over L| ≥ |CAAR|})/(draws + 1). Keeps serial dependence and the
    cross-correlation of a shared date; assumes no event-induced variance. ``estimate`` and
    ``statistic`` are the CAAR. Politis & Romano (1994).
    Checked by tests/inference/test_randomization.py, tests/size.
    """
    name = "stationary_bootstrap"
    used = gather(name, panel, window)
    if isinstance(used, Inference):
        return used
    deleted = deleted_residuals(used.panel)
    present = np.isfinite(deleted).sum(axis=0)
    rows = present > 0
    aar = mean_over_events(deleted)[rows] * np.sqrt(present[rows] / len(used))
    aar = aar - aar.mean()
    caar = float(used.panel.car(window).mean())
    if not np.abs(aar).max() > 0:
        return refuse(name, "zero_variance: the AAR do not vary", n_events=len(used))
    length = window[1] - window[0] + 1
    random = generator(name, window, settings)
    t = len(aar)
    place = random.integers(0, t, settings.draws)
    total = aar[place]
    for _ in range(length - 1):
        fresh = random.random(settings.draws) < t ** (-1 / 3)
        place = np.where(fresh, random.integers(0, t, settings.draws), (place + 1) % t)
        total = total + aar[place]
    beyond = int((np.abs(total) >= abs(caar) * (1 - 1e-12)).sum())
    return Inference(
        name, caar, caar, "bootstrap", p_value=(1 + beyond) / (settings.draws + 1),
        n_events=len(used), reason=used.reason, flags=used.flags,
    )  # fmt: skip
