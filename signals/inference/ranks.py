"""Rank statistics across events: Corrado, GRANK, Wilcoxon."""

from __future__ import annotations

import math

import numpy as np

from signals.frames import Bools, Floats
from signals.inference.correlation import correlation_of
from signals.inference.evidence import Evidence, gather, row_deviation, spread
from signals.inference.independence import windows_share_sessions
from signals.inference.inference import Inference, Settings, refuse
from signals.inference.signs import FEW_SIGNS
from signals.inference.tails import normal_p, t_p
from signals.panel import AbnormalPanel, Window

EXACT_WILCOXON = 25
FEW_GRANK = 10


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


def grank_t(panel: AbnormalPanel, window: Window, settings: Settings) -> Inference:
    """Generalised rank t over a whole window; t_{T−2}.

    Per event its M_i estimation values AR/s (GARCH: AR_t/√h_t) and one event value SCAR* =
    SCAR/sd(SCAR), times √(1−r̄) whenever r̄ > 0, are ranked together: U = rank/(M_i+2) − ½.
    Ū_t is the mean over the n_t events with a value; Z = Ū₀/S, S the root mean square of
    Ū_t√(n_t/N) over all T rows (event row included; METHODS, ruling 6: T = M + 1);
    t = Z√((T−2)/(T−1−Z²)).
    ``estimate`` is Ū₀. Robust to event-induced variance and to a shared date.
    Refused: N < 5, undefined r̄. Flagged below 10 events.
    Kolari & Pynnönen (2011). Checked by tests/inference/test_ranks.py, tests/size.
    """
    name = "grank_t"
    used = gather(name, panel, window, at_least=5, standardized=True)
    if isinstance(used, Inference):
        return used
    count = len(used)
    found = correlation_of(used.panel, window, settings)
    if not math.isfinite(found.r_bar) or found.r_bar >= 1:
        reason = found.reason or "1 − r̄ is not positive"
        return refuse(name, f"r_bar: {reason}", n_events=count, r_bar=found.r_bar)
    ranked = _grank(used, window, math.sqrt(1 - max(found.r_bar, 0.0)))
    if ranked is None:
        return refuse(name, "zero_variance: the SCARs do not differ", n_events=count)
    u, seen = ranked
    n = seen.sum(axis=0)
    rows = n > 0
    mean = u.sum(axis=0)[rows] / n[rows]
    total = int(rows.sum())
    s = math.sqrt(float((mean**2 * n[rows] / count).mean()))
    estimate = float(mean[-1])
    z = estimate / s if s > 0 else math.inf
    if total - 1 - z**2 <= 0:
        return refuse(name, "zero_variance: the mean ranks do not vary", n_events=count)
    t = z * math.sqrt((total - 2) / (total - 1 - z**2))
    return Inference(
        name, estimate, t, "t", df=total - 2, p_value=float(t_p(t, total - 2)),
        n_events=count, r_bar=found.r_bar, reason=used.reason, flags=_few(used),
    )  # fmt: skip


def grank_z(panel: AbnormalPanel, window: Window, settings: Settings) -> Inference:
    """Generalised rank z = ΣU_i0/√Σ(T_i−1)/(12(T_i+1)); N(0,1), independent events only.

    With equal T this is √(12N(T+1)/(T−1))·Ū₀. ``estimate`` is Ū₀.
    Refused: N < 5, windows that share a session. Flagged below 10 events.
    Kolari & Pynnönen (2011). Checked by tests/inference/test_ranks.py, tests/size.
    """
    name = "grank_z"
    used = gather(name, panel, window, at_least=5, standardized=True)
    if isinstance(used, Inference):
        return used
    count = len(used)
    if windows_share_sessions(used.panel, window):
        return refuse(name, "overlapping_windows: events are not independent", n_events=count)
    ranked = _grank(used, window, 1.0)
    if ranked is None:
        return refuse(name, "zero_variance: the SCARs do not differ", n_events=count)
    u, seen = ranked
    total = seen.sum(axis=1)
    z = float(u[:, -1].sum() / np.sqrt(((total - 1) / (12.0 * (total + 1))).sum()))
    return Inference(
        name, float(u[:, -1].mean()), z, "normal", p_value=float(normal_p(z)),
        n_events=count, reason=used.reason, flags=_few(used),
    )  # fmt: skip


def _grank(used: Evidence, window: Window, factor: float) -> tuple[Floats, Bools] | None:
    """(N, T+1) U of each estimation value and, last, of the event; 0 and False where missing."""
    scar = used.panel.scar(window)
    sd = spread(scar)
    if sd == 0:
        return None
    event = scar / sd * factor
    values = np.concatenate(
        [used.panel.residuals / row_deviation(used.panel), event[:, None]], axis=1
    )
    ranks = average_ranks(values)
    seen = np.isfinite(ranks)
    return np.where(seen, ranks / (seen.sum(axis=1)[:, None] + 1) - 0.5, 0.0), seen


def wilcoxon(panel: AbnormalPanel, window: Window, settings: Settings) -> Inference:
    """Wilcoxon's signed-rank W⁺ = Σ rank(|CAR_i|) over positive CARs.

    Zeros are dropped, ties get average ranks. Exact two-sided p (of the ranks as they are, ties
    included) to N = 25, beyond from z = (W⁺ − n(n+1)/4)/√(Σrank²/4). Assumes independent events
    with a symmetric law. ``estimate`` is the median CAR, ``statistic`` W⁺.
    Flagged below 6 events (smallest p 2^(1−N)).
    Wilcoxon (1945). Checked by tests/inference/test_ranks.py (enumeration; scipy).
    """
    name = "wilcoxon"
    used = gather(name, panel, window)
    if isinstance(used, Inference):
        return used
    car = used.panel.car(window)
    moved = car[car != 0]
    count = len(moved)
    if count < 2:
        return refuse(name, "zero_variance: fewer than two CARs are not zero", n_events=count)
    ranks = average_ranks(np.abs(moved)[None, :])[0]
    w = float(ranks[moved > 0].sum())
    if count <= EXACT_WILCOXON:
        p, law = _exact_signed_rank(ranks, w), "randomization"
    else:
        z = (w - count * (count + 1) / 4) / math.sqrt(float((ranks**2).sum()) / 4)
        p, law = float(normal_p(z)), "normal"
    flags = (*used.flags, "few_events") if count < FEW_SIGNS else used.flags
    return Inference(
        name, float(np.median(car)), w, law, p_value=p, n_events=len(used),
        reason=used.reason, flags=flags,
    )  # fmt: skip


def _exact_signed_rank(ranks: Floats, w: float) -> float:
    """Two-sided p of W⁺ over all 2^n signs; average ranks are halves, so twice them count."""
    twice = np.rint(2 * ranks).astype(np.int64)
    ways = np.zeros(int(twice.sum()) + 1)
    ways[0] = 1.0
    for rank in twice:
        ways[rank:] = ways[rank:] + ways[: len(ways) - rank]
    at = round(2 * w)
    tail = min(ways[: at + 1].sum(), ways[at:].sum())
    return min(1.0, 2.0 * float(tail) / 2.0 ** len(ranks))


def _few(used: Evidence) -> tuple[str, ...]:
    return (*used.flags, "few_events") if len(used) < FEW_GRANK else used.flags
