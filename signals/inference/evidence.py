"""Which events of a panel a statistic may use, and the refusals that all of them share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from signals.frames import Bools, Floats
from signals.inference.inference import Inference, refuse
from signals.panel import AbnormalPanel, Window

SHORTEST_ESTIMATION = 30
SHORT_ESTIMATION = 60
# A spread this small beside the values themselves is rounding, not variation.
ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """The events that a statistic uses: ``panel`` of them, who was left out, and flags."""

    panel: AbnormalPanel
    reason: str
    flags: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.panel)


def gather(
    name: str,
    panel: AbnormalPanel,
    window: Window,
    *,
    at_least: int = 2,
    standardized: bool = False,
) -> Evidence | Inference:
    """The complete events of ``window``, or the refusal that METHODS demands.

    An event with an incomplete window (NaN CAR) is left out. ``standardized`` statistics also
    leave out, by name, events whose estimation residuals do not vary, and are refused for
    models without a closed prediction variance. Refused: N = 1, N < ``at_least``, M < 30.
    Checked by tests/inference/test_edges.py.
    """
    usable = np.isfinite(panel.car(window))
    reason = ""
    if standardized:
        if not panel.forecast:
            return refuse(
                name, f"no_forecast_variance: model {panel.model} has no prediction variance"
            )
        flat = usable & ~varies(panel)
        if flat.any():
            reason = f"left out (zero_variance): {names(panel, flat)}"
            usable &= ~flat
    count = int(usable.sum())
    if count < max(at_least, 2):
        return refuse(name, _too_few(count, at_least, reason), n_events=count)
    used = panel if count == len(panel) else panel.take(usable)
    short = used.n_obs < SHORTEST_ESTIMATION
    if short.any():
        found = f"M = {used.n_obs.min()} < {SHORTEST_ESTIMATION} ({names(used, short)})"
        return refuse(name, f"short_estimation: {found}", n_events=count)
    flags = ("short_estimation",) if (used.n_obs < SHORT_ESTIMATION).any() else ()
    return Evidence(used, reason, flags)


def varies(panel: AbnormalPanel) -> Bools:
    """(N,) True where the estimation residuals vary by more than rounding."""
    squares = np.where(np.isfinite(panel.residuals), panel.est_actual, 0.0) ** 2
    size = np.sqrt(squares.sum(axis=1) / np.maximum(panel.n_obs, 1))
    return np.asarray((panel.sigma > ROUNDING * size) & (panel.sigma > 0))


def row_deviation(panel: AbnormalPanel) -> Floats:
    """Standard deviation of each estimation row's disturbance: (N, T) where the model's variance
    moves (GARCH), else (N, 1), the σ of every row; 1 where there is none to divide by."""
    if panel.est_variance is None:
        return np.where(panel.sigma > 0, panel.sigma, 1.0)[:, None]
    moving = np.isfinite(panel.est_variance) & (panel.est_variance > 0)
    return np.sqrt(np.where(moving, panel.est_variance, 1.0))


def spread(values: Floats) -> float:
    """Sample standard deviation (N−1); exactly 0 when the values differ by rounding only."""
    sd = float(values.std(ddof=1))
    return sd if sd > ROUNDING * float(np.abs(values).max()) else 0.0


def names(panel: AbnormalPanel, chosen: Bools | Iterable[int], limit: int = 8) -> str:
    """``event / ticker`` of the chosen events, the first few in full."""
    index = np.asarray(chosen)
    index = np.flatnonzero(index) if index.dtype == bool else index
    text = ", ".join(f"{panel.event_id[i]} / {panel.ticker[i]}" for i in index[:limit])
    more = len(index) - limit
    return f"{text} and {more} more" if more > 0 else text


def _too_few(count: int, at_least: int, reason: str) -> str:
    found = (
        f"one_event: N = {count}; a cross-section needs more than one event"
        if count < 2
        else f"few_events: N = {count} < {at_least}"
    )
    return f"{found}; {reason}" if reason else found
