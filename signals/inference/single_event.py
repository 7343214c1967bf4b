"""One asset, one event: prediction-error t and sample-quantile rank p, for all N events at once."""

from __future__ import annotations

import numpy as np

from signals.frames import Bools, Floats, Ints
from signals.inference.evidence import SHORT_ESTIMATION, SHORTEST_ESTIMATION, row_deviation, varies
from signals.inference.inference import EventInference, Settings
from signals.inference.tails import t_p
from signals.inference.time_of_day import same_hours
from signals.panel import AbnormalPanel, Window

FEWEST_PLACEBOS = 20
# Sums that differ by less than this many σ are ties: the order of additions is not evidence.
TIE = 1e-11


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
    the law of the residuals. ``statistic`` is AR₀ in units of σ, ``df`` is M. Where the model's
    variance moves (GARCH), both sides are in units of their own session's deviation √h_t.
    In an intraday panel the M sessions are compared at the same time of day
    (:mod:`signals.inference.time_of_day`).
    NaN: windows longer than one session, incomplete windows, M < 30, no variation.
    After Gelbach, Helland & Klick (2013). Checked by tests/inference/test_single_event.py.
    """
    if panel.slot is not None and window[0] == window[1]:
        return _same_hours("rank_p", panel, window, settings)
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


def conformal_p(panel: AbnormalPanel, window: Window, settings: Settings) -> EventInference:
    """Conformal p over a window of L sessions: the null is imposed, the model refitted.

    With the M estimation rows and the L window rows put one after the other, the model is fitted
    to all of them (no effect, so no row is special); p is the share of the M + L cyclic shifts,
    identity included, whose |sum of residuals over the window's place| is ≥ the observed one.
    Valid whatever the residuals' law if they are stationary and weakly dependent. Least-squares
    models only: their residuals stand in for the returns, since adding a multiple of a regressor
    changes no least-squares residual. ``statistic`` is the observed sum in units of σ, ``df`` the
    number of shifts. NaN: incomplete windows, M < 30, models that are not least squares.
    Chernozhukov, Wüthrich & Zhu (2021). Checked by tests/inference/test_single_event.py.
    """
    ok, reasons = _applicable(panel, window)
    if not least_squares(panel):
        reasons = _add(reasons, ok, f"model: {panel.model} cannot be refitted by least squares")
        ok = np.zeros_like(ok)
    statistic, df, p = (np.full(len(panel), np.nan) for _ in range(3))
    if ok.any():
        chosen = panel if ok.all() else panel.take(ok)
        sums, shifts, length = _cyclic_sums(chosen, window)
        count = np.arange(sums.shape[1])[None, :] < shifts[:, None]
        observed = np.take_along_axis(sums, (shifts - length)[:, None], axis=1)
        at_least = np.abs(sums) >= np.abs(observed) - TIE * chosen.sigma[:, None]
        statistic[ok] = observed[:, 0] / chosen.sigma
        df[ok] = shifts
        p[ok] = (at_least & count).sum(axis=1) / shifts
    return EventInference("conformal_p", statistic, df, p, reasons, _flags(panel))


def placebo_p(panel: AbnormalPanel, window: Window, settings: Settings) -> EventInference:
    """Placebo p = (1 + #{|rolling L-sum of deleted residuals| ≥ |CAR|})/(B + 1).

    The B rolling sums run over the estimation rows; one that holds a missing return is left
    out. Rolling sums overlap, so this is an approximation that improves with M/L. For L = 1 it
    is ``rank_p``. ``statistic`` is the CAR in units of σ√L, ``df`` is B. A GARCH model's sums are
    in units of the deviation that it gives their own sessions, as in ``rank_p``. In an intraday
    panel the sums are those of the same hours on every estimation session.
    NaN: M/L < 20, incomplete windows (also under ``missing = "available"``), M < 30.
    Checked by tests/inference/test_single_event.py.
    """
    if panel.slot is not None:
        return _same_hours("placebo_p", panel, window, settings)
    ok, reasons = _applicable(panel, window)
    length = window[1] - window[0] + 1
    short = ok & (panel.n_obs < FEWEST_PLACEBOS * length)
    partial = ok & ~panel.complete(window)
    reasons = _add(reasons, short, f"short_estimation: M/L < {FEWEST_PLACEBOS}")
    reasons = _add(reasons, partial, "missing_return: a placebo sum needs every session")
    ok = ok & ~short & ~partial
    deleted = deleted_residuals(panel)
    seen = np.isfinite(deleted)
    h = np.broadcast_to(row_deviation(panel) ** 2, deleted.shape)
    whole = _rolling(seen.astype(np.float64), length) > length - 0.5
    size = np.sqrt(np.maximum(_rolling(np.where(seen, h, 0.0), length), np.finfo(float).tiny))
    sums = _rolling(np.where(seen, deleted, 0.0), length) / size
    statistic = np.where(ok, panel.car(window), 0.0) / window_deviation(panel, window)
    beyond = whole & (np.abs(sums) >= (np.abs(statistic) - TIE)[:, None])
    blocks = whole.sum(axis=1)
    few = ok & (blocks < FEWEST_PLACEBOS - 1)
    reasons = _add(reasons, few, f"missing_return: {FEWEST_PLACEBOS - 1} whole placebo sums needed")
    ok = ok & ~few
    p = np.where(ok, (1 + beyond.sum(axis=1)) / (blocks + 1), np.nan)
    statistic, df = np.where(ok, statistic, np.nan), np.where(ok, blocks, np.nan)
    return EventInference("placebo_p", statistic, df, p, reasons, _flags(panel))


def window_deviation(panel: AbnormalPanel, window: Window) -> Floats:
    """(N,) what the window's CAR is measured in, as ``row_deviation`` for estimation rows:
    σ√L, or the root of the summed forecasts where the model's variance moves; 1 where none."""
    seen = panel.observed(window)
    variance = np.repeat(row_deviation(panel)[:, :1] ** 2, seen.shape[1], axis=1)
    if panel.est_variance is not None:
        variance = panel.variance[:, panel.columns(window)]
    total = np.where(seen & np.isfinite(variance), variance, 0.0).sum(axis=1)
    return np.sqrt(np.where(total > 0, total, 1.0))


def least_squares(panel: AbnormalPanel) -> bool:
    """True for models whose residuals come from one least-squares fit (or from none at all)."""
    return panel.forecast and panel.model != "garch" and panel.slot is None


def _cyclic_sums(panel: AbnormalPanel, window: Window) -> tuple[Floats, Ints, Ints]:
    """Sums of L consecutive null-imposed residuals at each cyclic shift.

    Rows in use are packed to the left, [estimation, window]; returns sums (N, T+L) of which the
    first n_i = M_i + L_i hold, n (N,), and L (N,).
    """
    inside = panel.columns(window)
    z = np.concatenate([panel.residuals, panel.ar[:, inside]], axis=1)
    x = np.concatenate([panel.est_design, panel.design[:, inside]], axis=1)
    mask = np.isfinite(z)
    if not mask.all():
        order = np.argsort(~mask, axis=1, kind="stable")
        mask = np.take_along_axis(mask, order, axis=1)
        z = np.where(mask, np.take_along_axis(z, order, axis=1), 0.0)
        x = np.where(mask[:, :, None], np.take_along_axis(x, order[:, :, None], axis=1), 0.0)
    n = mask.sum(axis=1)
    length = panel.observed(window).sum(axis=1)
    for basis in _orthonormal(x):
        z = z - basis * np.einsum("nt,nt->n", basis, z)[:, None]
    total = np.zeros((len(z), z.shape[1] + 1))
    if mask.all():
        np.cumsum(z, axis=1, out=total[:, 1:])
        return _all_shifts(total, int(length[0])), n, length
    z = np.where(mask, z, 0.0)
    np.cumsum(z, axis=1, out=total[:, 1:])
    place = np.broadcast_to(np.arange(z.shape[1]), z.shape)
    end = np.minimum(place, n[:, None]) + length[:, None]
    wrapped = end > n[:, None]
    upto = np.take_along_axis(total, np.where(wrapped, end - n[:, None], end), axis=1)
    whole = np.take_along_axis(total, n[:, None], axis=1)
    return upto - total[:, :-1] + np.where(wrapped, whole, 0.0), n, length


def _all_shifts(total: Floats, length: int) -> Floats:
    """(N, n) sums at each shift from running sums (N, n+1) of rows without a gap."""
    rows = total.shape[1] - 1
    sums = np.empty((len(total), rows))
    straight = rows - length + 1
    np.subtract(total[:, length:], total[:, :straight], out=sums[:, :straight])
    wrapped = total[:, 1:length] - total[:, straight:rows]
    sums[:, straight:] = wrapped + total[:, rows:]
    return sums


def _orthonormal(x: Floats) -> list[Floats]:
    """Orthonormal basis (each (N, T)) of the columns of (N, T, k), by Gram–Schmidt done twice."""
    found: list[Floats] = []
    for j in range(x.shape[2]):
        v = np.ascontiguousarray(x[:, :, j])
        for basis in found * 2:
            v = v - basis * np.einsum("nt,nt->n", basis, v)[:, None]
        size = np.sqrt(np.einsum("nt,nt->n", v, v))
        found.append(v / np.where(size > 0, size, 1.0)[:, None])
    return found


def _rolling(values: Floats, length: int) -> Floats:
    """(N, T−L+1) sums of ``length`` neighbouring columns; no column when L > T."""
    total = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
    return np.asarray(total[:, length:] - total[:, : max(total.shape[1] - length, 0)])


def _rank(
    name: str, panel: AbnormalPanel, window: Window, settings: Settings, side: int
) -> EventInference:
    ok, reasons = _applicable(panel, window)
    if window[0] != window[1]:
        reasons = _add(reasons, ok, "long_window: the rank test is for one session")
        ok = np.zeros_like(ok)
    unit = window_deviation(panel, window)
    ar = (np.where(ok, panel.car(window), 0.0) / unit)[:, None]
    deleted = deleted_residuals(panel) / row_deviation(panel)
    seen = np.isfinite(deleted)
    values = np.where(seen, deleted, 0.0)
    both = np.abs(values) >= np.abs(ar)
    beyond = both if side == 0 else side * values >= side * ar
    m = seen.sum(axis=1)
    p = np.where(ok, (1 + (beyond & seen).sum(axis=1)) / (m + 1), np.nan)
    statistic = np.where(ok, ar[:, 0], np.nan)
    coarse = m + 1 < 1 / settings.alpha
    flags = tuple((*f, "coarse_p") if c else f for f, c in zip(_flags(panel), coarse, strict=True))
    return EventInference(name, statistic, np.where(ok, m, np.nan), p, reasons, flags)


def _same_hours(
    name: str, panel: AbnormalPanel, window: Window, settings: Settings
) -> EventInference:
    """p = (1 + #{|sum over the same hours| ≥ |CAR|})/(B + 1) over the B estimation sessions."""
    ok, reasons = _applicable(panel, window)
    partial = ok & ~panel.complete(window)
    reasons = _add(reasons, partial, "missing_return: a placebo sum needs every bar")
    ok = ok & ~partial
    sums, whole = same_hours(panel, deleted_residuals(panel), window)
    blocks = whole.sum(axis=1)
    few = ok & (blocks < FEWEST_PLACEBOS - 1)
    needed = f"{FEWEST_PLACEBOS - 1} sessions with the same hours needed"
    reasons = _add(reasons, few, f"short_estimation: {needed}")
    ok = ok & ~few
    unit = window_deviation(panel, window)
    statistic = np.where(ok, panel.car(window), 0.0) / unit
    beyond = whole & (np.abs(sums) / unit[:, None] >= (np.abs(statistic) - TIE)[:, None])
    p = np.where(ok, (1 + beyond.sum(axis=1)) / (blocks + 1), np.nan)
    coarse = blocks + 1 < 1 / settings.alpha
    flags = tuple(("coarse_p",) if c else () for c in coarse)
    statistic, df = np.where(ok, statistic, np.nan), np.where(ok, blocks, np.nan)
    return EventInference(name, statistic, df, p, reasons, flags)


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
