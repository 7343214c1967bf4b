"""The abnormal-return panel: the one record that every statistic is a function of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from signals import abnormal
from signals.frames import Bools, Days, Floats, Ints, Labels

Window = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class AbnormalPanel:
    """N event-asset pairs × W event sessions, with T estimation rows kept beside them.

    =============== ============ =================================================================
    field           shape        meaning
    =============== ============ =================================================================
    event_id ticker (N,)         the pair's key
    group category  (N,)         labels for grouping
    calendar        (N,)         the asset's calendar
    benchmark       (N,)         the pair's benchmark
    tau             (W,)         event time of the columns, in sessions of the asset's calendar
    sessions        (N, W)       session of each column, ``datetime64[D]``, NaT beyond the data
    actual expected (N, W)       returns, decimal; NaN where missing
    ar              (N, W)       actual − expected; NaN where missing
    variance        (N, W)       innovation variance of each session (σ², or GARCH forecasts)
    design          (N, W, k)    event rows X₁ (constant included)
    inverse         (N, k, k)    (X₀'X₀)⁻¹
    sigma           (N,)         residual standard deviation √(e'e/ν)
    df              (N,)         ν = M − k
    n_obs           (N,)         M, complete estimation rows
    residuals       (N, T)       estimation residuals, NaN on rows not used
    leverage        (N, T)       h_t of the estimation rows, NaN on rows not used
    est_sessions    (N, T)       session of each estimation row
    est_actual      (N, T)       estimation returns y (net of the risk-free rate where the model is)
    est_design      (N, T, k)    estimation rows X₀ (constant included), NaN on rows not used
    est_variance    (N, T)       innovation variance of each estimation row; None where it is σ²
    ends slot day   (N, W)       intraday only: each bar's end, time of day, and session counted
                                 from that of the first column
    gap_bar         (N, W)       intraday only: True for gaps in which the exchange is closed
    close           (N,)         intraday only: tau of the last bar of day zero's session
    =============== ============ =================================================================

    ``forecast`` is False for models without a closed prediction variance: ``car_variance`` is
    then NaN and only rank and placebo inference applies. ``returns`` is ``simple`` or ``log``.
    ``missing`` is the study's policy for event-window returns that are missing; ``span`` (N, W)
    the sessions that each return runs over, where they are from trade to trade; ``space`` (N,)
    the gaps of synthetic controls and their donors.
    """

    event_id: Labels
    ticker: Labels
    group: Labels
    category: Labels
    calendar: Labels
    benchmark: Labels
    tau: Ints
    sessions: Days
    actual: Floats
    expected: Floats
    ar: Floats
    variance: Floats
    design: Floats
    inverse: Floats
    sigma: Floats
    df: Ints
    n_obs: Ints
    residuals: Floats
    leverage: Floats
    est_sessions: Days
    est_actual: Floats
    est_design: Floats
    forecast: bool = True
    returns: str = "simple"
    missing: str = "strict"
    span: Floats | None = None
    space: Labels | None = None
    model: str = "market"
    est_variance: Floats | None = None
    ends: Days | None = None
    slot: Ints | None = None
    day: Ints | None = None
    gap_bar: Bools | None = None
    close: Ints | None = None
    slots: int = 0

    def __len__(self) -> int:
        return len(self.event_id)

    def take(self, index: Ints | Bools | Sequence[int]) -> AbnormalPanel:
        """The panel of some of the events, in the order given."""
        index = np.asarray(index)
        if index.dtype == bool:
            index = np.flatnonzero(index)
        index = index.astype(np.int64)
        if len(index) == len(self) and bool((index == np.arange(len(self))).all()):
            return self
        changed: dict[str, Any] = {
            f.name: getattr(self, f.name)[index]
            for f in fields(self)
            if f.name != "tau" and isinstance(getattr(self, f.name), np.ndarray)
        }
        return replace(self, **changed)

    def own_columns(self) -> AbnormalPanel:
        """The panel without regressors that none of its events has (columns of zeros, which stand
        for the further benchmarks of other events of the study)."""
        alive = np.asarray((self.est_design != 0).any(axis=(0, 1)))
        if alive.all():
            return self
        kept = np.flatnonzero(alive)
        return replace(
            self,
            design=self.design[..., kept],
            est_design=self.est_design[..., kept],
            inverse=self.inverse[:, kept][:, :, kept],
        )

    def columns(self, window: Window) -> slice:
        """The columns of ``window`` (inclusive) as a slice of the W axis."""
        first, last = window
        start = int(first - self.tau[0])
        stop = int(last - self.tau[0]) + 1
        if start < 0 or stop > len(self.tau) or stop <= start:
            raise ValueError(f"window [{first}, {last}] is outside [{self.tau[0]}, {self.tau[-1]}]")
        return slice(start, stop)

    def observed(self, window: Window) -> Bools:
        """(N, L) True where the abnormal return of the session exists."""
        return np.isfinite(self.ar[:, self.columns(window)])

    def complete(self, window: Window) -> Bools:
        """(N,) True where every session of the window is observed; from trade to trade, where
        the returns inside the window tile it (none reaches across either end)."""
        seen = self.observed(window)
        if self.span is None:
            return np.asarray(seen.all(axis=1))
        covered = np.where(seen, self.span[:, self.columns(window)], 0.0).sum(axis=1)
        return np.asarray(seen[:, -1] & (covered == seen.shape[1]))

    def car(self, window: Window) -> Floats:
        """(N,) CAR; NaN where a session is missing, unless ``missing`` allows fewer sessions
        (``available``: the sum of the sessions there are, NaN when there is none;
        ``trade_to_trade``: NaN unless the returns tile the window)."""
        ar = self.ar[:, self.columns(window)]
        if self.missing == "strict":
            return abnormal.car(ar)
        seen = np.isfinite(ar)
        usable = seen.any(axis=1) if self.span is None else self.complete(window)
        return np.where(usable, np.where(seen, ar, 0.0).sum(axis=1), np.nan)

    def car_variance(self, window: Window) -> Floats:
        """(N,) forecast variance of the CAR over the same sessions; NaN where the CAR is NaN or
        the model has no closed prediction variance."""
        if not self.forecast:
            return np.full(len(self), np.nan)
        columns = self.columns(window)
        seen = self.observed(window)
        variance = np.where(seen, self.variance[:, columns], 0.0)
        design = np.where(seen[:, :, None], self.design[:, columns], 0.0)
        value = abnormal.window_variance(variance, design, self.inverse, self.sigma)
        return np.where(np.isfinite(self.car(window)), value, np.nan)

    def ar_variance(self) -> Floats:
        """(N, W) forecast variance of every single abnormal return."""
        if not self.forecast:
            return np.full(self.ar.shape, np.nan)
        return abnormal.session_variance(self.variance, self.design, self.inverse, self.sigma)

    def scar(self, window: Window) -> Floats:
        """(N,) standardised CAR/√Var(CAR); under the null ~ t_ν, so Var = ν/(ν−2)."""
        variance = self.car_variance(window)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(variance > 0, self.car(window) / np.sqrt(variance), np.nan)

    def bhar(self, window: Window) -> Floats:
        """(N,) buy-and-hold abnormal return; NaN for log returns and incomplete windows."""
        if self.returns != "simple":
            return np.full(len(self), np.nan)
        columns = self.columns(window)
        return abnormal.bhar(self.actual[:, columns], self.expected[:, columns])
