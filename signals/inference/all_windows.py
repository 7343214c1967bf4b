"""The single-event p-values of many events over all windows: what windows share is made once.

``rank_p``, ``conformal_p`` and ``placebo_p`` of :mod:`signals.inference.single_event` each read all
estimation rows again for every window. Here an event's deleted residuals and running sums are
computed once, a few events at a time (their rows stay in the processor's cache), and every window
is a difference of running sums. Events that this form does not fit (incomplete rows, other models,
regressors far from zero beside their spread) go through the functions themselves.
Checked by ``tests/inference/test_all_windows.py``: the same p-values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np

from signals.frames import Bools, Floats
from signals.inference.evidence import (
    SHORT_ESTIMATION,
    SHORTEST_ESTIMATION,
    row_deviation,
    varies,
)
from signals.inference.inference import Settings
from signals.inference.single_event import (
    FEWEST_PLACEBOS,
    TIE,
    conformal_p,
    deleted_residuals,
    least_squares,
    placebo_p,
    rank_p,
    window_deviation,
)
from signals.panel import AbnormalPanel, Window

TESTS: Final = {"rank_p": rank_p, "conformal_p": conformal_p, "placebo_p": placebo_p}
EVENTS_AT_ONCE: Final = 256
FURTHEST: Final = 1e4
"""Σx̄² beside Σ(x − x̄)² up to which running sums of x are exact enough."""


@dataclass(frozen=True, slots=True, eq=False)
class SingleTests:
    """p-values (W, N) by test; ``short`` (N,) fewer than 60 estimation rows; ``coarse`` (N,) so few
    that ``rank_p`` cannot reach alpha."""

    p_values: Mapping[str, Floats]
    short: Bools
    coarse: Bools


def single_tests(
    panel: AbnormalPanel, windows: Sequence[Window], settings: Settings
) -> SingleTests:
    """``rank_p``, ``conformal_p`` and ``placebo_p`` of every event over every window."""
    count = len(panel)
    p_values = {name: np.full((len(windows), count), np.nan) for name in TESTS}
    slow = np.ones(count, dtype=bool)
    coarse = np.full(count, panel.residuals.shape[1] + 1 < 1 / settings.alpha)
    for begin in range(0, count if _has_shape(panel) else 0, EVENTS_AT_ONCE):
        part = slice(begin, min(begin + EVENTS_AT_ONCE, count))
        view = _view(panel, part)
        rows = _Rows.of(view)
        slow[part] = ~rows.fit
        usable = rows.fit & (view.n_obs >= SHORTEST_ESTIMATION) & varies(view)
        for w, window in enumerate(windows):
            whole = view.observed(window).all(axis=1)
            # Where some sessions are enough, the functions know what is done with the others.
            slow[part] |= ~whole & np.isfinite(view.car(window))
            for name, p in _window_p(view, rows, window, usable & whole).items():
                p_values[name][w, part] = p
    left = np.flatnonzero(slow)
    for begin in range(0, len(left), EVENTS_AT_ONCE):
        index = left[begin : begin + EVENTS_AT_ONCE]
        some = panel.take(index)
        for w, window in enumerate(windows):
            for name, function in TESTS.items():
                p_values[name][w, index] = function(some, window, settings).p_value
        seen = np.isfinite(deleted_residuals(some)).sum(axis=1)
        coarse[index] = seen + 1 < 1 / settings.alpha
    return SingleTests(p_values, panel.n_obs < SHORT_ESTIMATION, coarse)


def _has_shape(panel: AbnormalPanel) -> bool:
    """Daily least squares on a constant, or on a constant and one regressor."""
    daily = panel.slot is None and panel.span is None and panel.space is None
    fixed = panel.est_variance is None and least_squares(panel)
    return daily and fixed and panel.design.shape[2] in (1, 2)


def _view(panel: AbnormalPanel, part: slice) -> AbnormalPanel:
    """Some neighbouring events of the panel, without a copy."""
    arrays: dict[str, Any] = {
        f.name: getattr(panel, f.name)[part]
        for f in fields(panel)
        if f.name != "tau" and isinstance(getattr(panel, f.name), np.ndarray)
    }
    return replace(panel, **arrays)


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """n events. ``fit`` (n,) those that this form is for; ``deleted`` (n, T) deleted residuals and
    ``placebo`` (n, T+1) their running sums; ``z``, ``x`` (n, T+1) running sums of residuals and of
    the regressor about its ``centre`` (n,), whose squares sum to ``squares`` and whose products
    with the residuals to ``cross`` (n,). ``x`` is None for a constant alone."""

    fit: Bools
    deleted: Floats
    placebo: Floats
    z: Floats
    x: Floats | None
    centre: Floats
    squares: Floats
    cross: Floats

    @classmethod
    def of(cls, panel: AbnormalPanel) -> _Rows:
        residuals, design = panel.residuals, panel.est_design
        free = 1.0 - panel.leverage
        whole = np.isfinite(residuals).all(axis=1) & (free > 1e-12).all(axis=1)
        whole &= (design[:, :, 0] == 1.0).all(axis=1)
        deleted = np.zeros(residuals.shape)
        np.divide(residuals, free, out=deleted, where=whole[:, None])
        nothing = np.zeros(len(residuals))
        inner = np.where(whole[:, None], residuals, 0.0)
        if design.shape[2] == 1:
            return cls(whole, deleted, _running(deleted), _running(inner), None, *[nothing] * 3)
        x = np.where(whole[:, None], design[:, :, 1], 0.0)
        centre = x.mean(axis=1)
        x -= centre[:, None]
        squares = np.einsum("nt,nt->n", x, x)
        level = x.shape[1] * centre**2
        fit = whole & (squares > 0) & (level <= FURTHEST * squares)
        cross = np.einsum("nt,nt->n", x, inner)
        return cls(
            fit, deleted, _running(deleted), _running(inner), _running(x), centre, squares, cross
        )


def _window_p(panel: AbnormalPanel, rows: _Rows, window: Window, ok: Bools) -> dict[str, Floats]:
    """(n,) p-values of the events ``ok``, whose rows and window are all there; else NaN."""
    car = np.where(ok, panel.car(window), 0.0)
    unit = window_deviation(panel, window)
    length, count = window[1] - window[0] + 1, panel.residuals.shape[1]
    found = {"conformal_p": np.where(ok, _conformal(panel, rows, window, ok), np.nan)}
    if length == 1:
        values = np.abs(rows.deleted / row_deviation(panel))
        beyond = (values >= np.abs(car / unit)[:, None]).sum(axis=1)
        found["rank_p"] = np.where(ok, (1 + beyond) / (count + 1), np.nan)
    blocks = count - length + 1
    if blocks >= FEWEST_PLACEBOS - 1 and count >= FEWEST_PLACEBOS * length:
        sums = np.abs(rows.placebo[:, length:] - rows.placebo[:, :-length])
        size = np.sqrt(np.maximum(length * row_deviation(panel)[:, 0] ** 2, np.finfo(float).tiny))
        least = (np.abs(car / unit) - TIE) * size
        beyond = (sums >= least[:, None]).sum(axis=1)
        found["placebo_p"] = np.where(ok, (1 + beyond) / (blocks + 1), np.nan)
    return found


def _conformal(panel: AbnormalPanel, rows: _Rows, window: Window, ok: Bools) -> Floats:
    """Shares of cyclic shifts. The null-imposed residuals of estimation and window rows are
    z − b₀ − b₁x; their running sums are those of z, 1 and x, combined."""
    inside = panel.columns(window)
    ar = np.where(ok[:, None], panel.ar[:, inside], 0.0)
    length, count = ar.shape[1], ar.shape[1] + rows.z.shape[1] - 1
    total = _further(rows.z, ar)
    level = total[:, -1] / count
    if rows.x is not None:
        x = np.where(ok[:, None], panel.design[:, inside, 1] - rows.centre[:, None], 0.0)
        sums = _further(rows.x, x)
        mean = sums[:, -1] / count
        spread = rows.squares + np.einsum("nl,nl->n", x, x) - count * mean**2
        products = rows.cross + np.einsum("nl,nl->n", x, ar) - count * mean * level
        slope = np.where(spread > 0, products / np.where(spread > 0, spread, 1.0), 0.0)
        level = level - slope * mean
        sums *= slope[:, None]
        total -= sums
    total -= level[:, None] * np.arange(count + 1)
    straight = count - length + 1
    observed = total[:, count] - total[:, count - length]
    least = (np.abs(observed) - TIE * panel.sigma)[:, None]
    sums = np.abs(total[:, length:] - total[:, :straight])
    beyond = (sums >= least).sum(axis=1)
    wrapped = total[:, 1:length] - total[:, straight:count] + total[:, count:]
    return np.asarray((beyond + (np.abs(wrapped) >= least).sum(axis=1)) / count)


def _running(values: Floats) -> Floats:
    """(n, T+1) running sums that begin with 0."""
    out = np.zeros((len(values), values.shape[1] + 1))
    np.cumsum(values, axis=1, out=out[:, 1:])
    return out


def _further(running: Floats, values: Floats) -> Floats:
    """(n, T+1+L) running sums carried on over ``values`` (n, L); a new array."""
    out = np.empty((len(running), running.shape[1] + values.shape[1]))
    out[:, : running.shape[1]] = running
    np.cumsum(values, axis=1, out=out[:, running.shape[1] :])
    out[:, running.shape[1] :] += running[:, -1:]
    return out
