"""One asset, one event: prediction-error t and sample-quantile rank p, for all N events at once."""

from __future__ import annotations

import numpy as np

from signals.frames import Bools, Floats
from signals.inference.evidence import SHORT_ESTIMATION, SHORTEST_ESTIMATION, varies
from signals.inference.inference import EventInference, Settings
from signals.inference.tails import t_p
from signals.panel import AbnormalPanel, Window


def headline_single(length: int) -> str:
    """The headline single-event test for a window of ``length`` sessions."""
    return "rank_p" if length == 1 else "conformal_p"


def car_t(panel: AbnormalPanel, window: Window, settings: Settings) -> EventInference:
    """Prediction-error t = CAR/√Var(CAR); t_ν, ν = M − k.

    Var is the panel's forecast variance of the whole window (METHODS, ruling 1). Exact under
    normal, homoskedastic disturbances. Equals the t of an event dummy in one joint OLS for a
    one-session window. NaN: incomplete window, model without a prediction variance, residuals
    that do not vary, M < 30. Checked by tests/inference/test_single_event.py, tests/size.
    """
    ok, reasons = _applicable(panel, window)
    if not panel.forecast:
        reasons = _add(reasons, ok, "no_forecast_variance")
        ok = np.zeros_like(ok)
    statistic = np.where(ok, panel.scar(window), np.nan)
    df = np.where(ok, panel.df.astype(np.float64), np.nan)
    return EventInference("car_t", statistic, df, t_p(statistic, df), reasons, _flags(panel))


def rank_p(panel: AbnormalPanel, window: Window, settings: Settings) -> EventInference:
    """Sample-quantile p = (1 + #{|e_t/(1−h_t)| ≥ |AR₀|})/(M + 1); one-session windows only.

    Compares the event's abnormal return with the M deleted residuals: what each estimation
    session would have shown had it been predicted from the others. Valid for large M whatever
    the law of the residuals. ``statistic`` is AR₀ in units of σ, ``df`` is M.
    NaN: windows longer than one session, incomplete windows, M < 30, no variation.
    After Gelbach, Helland & Klick (2013). Checked by tests/inference/test_single_event.py.
    """
    return _rank("rank_p", panel, window, settings, 0)


def rank_p_positive(panel: AbnormalPanel, window: Window, settings: Settings) -> EventInference:
    """One-sided ``rank_p`` against a rise: counts deleted residuals ≥ AR₀."""
    return _rank("rank_p_positive", panel, window, settings, 1)


def rank_p_negative(panel: AbnormalPanel, window: Window, settings: Settings) -> EventInference:
    """One-sided ``rank_p`` against a fall: counts deleted residuals ≤ AR₀."""
    return _rank("rank_p_negative", panel, window, settings, -1)


def deleted_residuals(panel: AbnormalPanel) -> Floats:
    """(N, T) e_t/(1 − h_t): each estimation session predicted from the others; NaN unused."""
    free = 1.0 - panel.leverage
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(free > 1e-12, panel.residuals / free, np.nan)


def _rank(
    name: str, panel: AbnormalPanel, window: Window, settings: Settings, side: int
) -> EventInference:
    ok, reasons = _applicable(panel, window)
    if window[0] != window[1]:
        reasons = _add(reasons, ok, "long_window: the rank test is for one session")
        ok = np.zeros_like(ok)
    ar = np.where(ok, panel.car(window), 0.0)[:, None]
    deleted = deleted_residuals(panel)
    seen = np.isfinite(deleted)
    values = np.where(seen, deleted, 0.0)
    both = np.abs(values) >= np.abs(ar)
    beyond = both if side == 0 else side * values >= side * ar
    m = seen.sum(axis=1)
    p = np.where(ok, (1 + (beyond & seen).sum(axis=1)) / (m + 1), np.nan)
    sigma = np.where(panel.sigma > 0, panel.sigma, 1.0)
    statistic = np.where(ok, ar[:, 0] / sigma, np.nan)
    coarse = m + 1 < 1 / settings.alpha
    flags = tuple((*f, "coarse_p") if c else f for f, c in zip(_flags(panel), coarse, strict=True))
    return EventInference(name, statistic, np.where(ok, m, np.nan), p, reasons, flags)


def _applicable(panel: AbnormalPanel, window: Window) -> tuple[Bools, tuple[str, ...]]:
    """Which events have a complete window, M ≥ 30 and residuals that vary; else why not."""
    complete = np.isfinite(panel.car(window))
    long_enough = panel.n_obs >= SHORTEST_ESTIMATION
    moving = varies(panel)
    ok = complete & long_enough & moving
    reasons = [""] * len(panel)
    for i in np.flatnonzero(~ok):
        if not complete[i]:
            reasons[i] = "missing_return: a session of the window has no abnormal return"
        elif not long_enough[i]:
            reasons[i] = f"short_estimation: M = {panel.n_obs[i]} < {SHORTEST_ESTIMATION}"
        else:
            reasons[i] = "zero_variance: the estimation residuals do not vary"
    return ok, tuple(reasons)


def _flags(panel: AbnormalPanel) -> tuple[tuple[str, ...], ...]:
    short = panel.n_obs < SHORT_ESTIMATION
    return tuple(("short_estimation",) if s else () for s in short)


def _add(reasons: tuple[str, ...], ok: Bools, reason: str) -> tuple[str, ...]:
    return tuple(reason if fine else r for r, fine in zip(reasons, ok, strict=True))
