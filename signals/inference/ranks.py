"""Rank statistics across events: Corrado, GRANK, Wilcoxon."""

from __future__ import annotations

import math

import numpy as np

from signals.frames import Floats
from signals.inference.evidence import gather
from signals.inference.inference import Inference, Settings, refuse
from signals.inference.tails import normal_p
from signals.panel import AbnormalPanel, Window


def average_ranks(values: Floats) -> Floats:
    """Ranks 1…n along the last axis, ties averaged, NaN stays NaN. Shape (N, T) → (N, T)."""
    order = np.argsort(values, axis=1, kind="stable")
    ordered = np.take_along_axis(values, order, axis=1)
    place = np.broadcast_to(np.arange(values.shape[1]), values.shape)
    new = np.ones(values.shape, dtype=bool)
    new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    last = np.ones(values.shape, dtype=bool)
    last[:, :-1] = new[:, 1:]
    start = np.maximum.accumulate(np.where(new, place, 0), axis=1)
    end = np.where(last, place, values.shape[1])[:, ::-1]
    end = np.minimum.accumulate(end, axis=1)[:, ::-1]
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, (start + end) / 2.0 + 1.0, axis=1)
    ranks[np.isnan(values)] = np.nan
    return ranks


def corrado_rank_z(panel: AbnormalPanel, window: Window, settings: Settings) -> Inference:
    """Corrado's rank z over a window, with the finite-population factor; N(0,1).

    AR are ranked per event over its estimation window and the whole event window (T_i values),
    U = rank/(T_i+1) − ½; z_t = n_t^{−½}Σ_i U_it / S with S the root mean square of
    n_t^{−½}ΣU over all T rows; z = Σ_window z_t / √L / √(1 − (L−1)/(T−1)). ``estimate`` is the
    mean U of the window. Robust to a shared date (S is measured from the same cross-section),
    not to event-induced variance. Average ranks for ties.
    Corrado (1989), Corrado & Zivney (1992). Checked by tests/inference/test_ranks.py,
    tests/size.
    """
    name = "corrado_rank_z"
    used = gather(name, panel, window)
    if isinstance(used, Inference):
        return used
    inside = used.panel.columns(window)
    values = np.concatenate([used.panel.residuals, used.panel.ar], axis=1)
    ranks = average_ranks(values)
    seen = np.isfinite(ranks)
    u = np.where(seen, ranks / (seen.sum(axis=1)[:, None] + 1) - 0.5, 0.0)
    n = seen.sum(axis=0)
    rows = n > 0
    mean = u.sum(axis=0) / np.sqrt(np.maximum(n, 1))
    total = int(rows.sum())
    s = math.sqrt(float((mean[rows] ** 2).mean()))
    if s <= 1e-12:
        return refuse(name, "zero_variance: the ranks do not vary", n_events=len(used))
    start = used.panel.residuals.shape[1]
    chosen = np.flatnonzero(rows[start:][inside]) + start + (inside.start or 0)
    length = len(chosen)
    factor = 1 - (length - 1) / (total - 1)
    z = float(mean[chosen].sum()) / s / math.sqrt(length * factor)
    count_inside = float(n[chosen].sum())
    return Inference(
        name, float(u[:, chosen].sum() / count_inside), z, "normal",
        p_value=float(normal_p(z)), n_events=len(used), reason=used.reason, flags=used.flags,
    )  # fmt: skip
