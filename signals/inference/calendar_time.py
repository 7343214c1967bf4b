"""Calendar-time portfolios: each session's equal-weighted return of the assets in their window."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from signals.frames import Floats
from signals.inference.correlation import correlation, correlation_of, window_positions
from signals.inference.evidence import gather
from signals.inference.independence import same
from signals.inference.inference import Inference, Settings, refuse
from signals.inference.tails import normal_p, t_p
from signals.panel import AbnormalPanel, Window

FEWEST_HAC_SESSIONS = 30
FEW_SESSIONS = 10


@dataclass(frozen=True, slots=True, eq=False)
class CalendarPortfolio:
    """D calendar sessions with at least one asset inside its window: mean return ``y`` (D,),
    regressors ``x`` (D, k) with the constant first, number of assets ``n`` (D,)."""

    y: Floats
    x: Floats
    n: Floats


def calendar_time_t(panel: AbnormalPanel, window: Window, settings: Settings) -> Inference:
    """t of α in the regression of the calendar-time portfolio's return on [1, factors]; t_{D−k}.

    Each of the D calendar sessions with at least one asset inside its window gives one
    observation: the equal-weighted return of those assets, on the model's factors. A model
    without factors (constant mean, market-adjusted) leaves the abnormal returns on a constant.
    ``estimate`` is α per session. Cross-correlation is in the portfolio's own variance; sessions
    are taken as independent with equal variance whatever the number of assets.
    Refused: mixed calendars or benchmarks, D ≤ k. Flagged below 10 degrees of freedom.
    Jaffe (1974), Mandelker (1974).
    Checked by tests/inference/test_calendar_time.py (statsmodels OLS).
    """
    return _alpha("calendar_time_t", panel, window)


def calendar_time_wls_t(panel: AbnormalPanel, window: Window, settings: Settings) -> Inference:
    """``calendar_time_t`` by weighted least squares, weights n_t (assets in the session); t_{D−k}.

    Checked by tests/inference/test_calendar_time.py (statsmodels WLS).
    """
    return _alpha("calendar_time_wls_t", panel, window)


def calendar_time_hac_t(panel: AbnormalPanel, window: Window, settings: Settings) -> Inference:
    """``calendar_time_t`` with a Newey–West variance, Bartlett lags ⌊4(D/100)^{2/9}⌋; t_{D−k}.

    Small-sample factor D/(D−k). Refused below D = 30 sessions, where a long-run variance means
    nothing. Newey & West (1987). Checked by tests/inference/test_calendar_time.py (statsmodels
    HAC).
    """
    return _alpha("calendar_time_hac_t", panel, window)


def _alpha(name: str, panel: AbnormalPanel, window: Window) -> Inference:
    used = gather(name, panel, window)
    if isinstance(used, Inference):
        return used
    count = len(used)
    refusal = _mixed(used.panel)
    if refusal:
        return refuse(name, refusal, n_events=count)
    series = calendar_portfolio(used.panel, window)
    d, k = series.x.shape
    if d <= k:
        return refuse(
            name, f"few_sessions: D = {d} calendar sessions, k = {k} coefficients", n_events=count
        )
    if name == "calendar_time_hac_t" and d < FEWEST_HAC_SESSIONS:
        return refuse(name, f"few_sessions: D = {d} < {FEWEST_HAC_SESSIONS}", n_events=count)
    root = np.sqrt(series.n) if name == "calendar_time_wls_t" else np.ones(d)
    x, y = series.x * root[:, None], series.y * root
    q, r = np.linalg.qr(x)
    size = np.abs(np.diag(r))
    if size.min() <= 1e-12 * size.max():
        return refuse(name, "rank_deficient: the factors are collinear", n_events=count)
    inverse = np.linalg.solve(r, np.eye(k))
    b = inverse @ (q.T @ y)
    e = y - x @ b
    if math.sqrt(float(e @ e)) <= 1e-12 * math.sqrt(float(y @ y)):
        return refuse(name, "zero_variance: the portfolio does not vary", n_events=count)
    influence = (inverse @ q.T)[0]  # α = Σ influence_t·y_t
    if name == "calendar_time_hac_t":
        variance = _newey_west(influence * e) * d / (d - k)
    else:
        variance = float(influence @ influence) * float(e @ e) / (d - k)
    if not variance > 0:
        return refuse(name, "zero_variance: the variance is not positive", n_events=count)
    t = float(b[0]) / math.sqrt(variance)
    flags = (*used.flags, "few_sessions") if d - k < FEW_SESSIONS else used.flags
    return Inference(
        name, float(b[0]), t, "t", df=d - k, p_value=float(t_p(t, d - k)), n_events=count,
        reason=used.reason, flags=flags,
    )  # fmt: skip


def calendar_portfolio(panel: AbnormalPanel, window: Window) -> CalendarPortfolio:
    """The calendar-time portfolio of events with complete windows."""
    panel = panel.own_columns()
    inside = panel.columns(window)
    index, exists = window_positions(panel, window)
    seen = exists & np.isfinite(panel.ar[:, inside])
    where = index[seen]
    days = int(where.max()) + 1
    n = np.bincount(where, minlength=days).astype(np.float64)
    factors = _factor_columns(panel)
    value = panel.ar[:, inside]
    if len(factors):
        value = value + _fitted(panel)[:, inside]
    mean = [np.bincount(where, value[seen], days)]
    for j in factors:
        mean.append(np.bincount(where, panel.design[:, inside, j][seen], days))
    held = n > 0
    columns = [m[held] / n[held] for m in mean]
    x = np.column_stack([np.ones(int(held.sum())), *columns[1:]])
    return CalendarPortfolio(columns[0], x, n[held])


def jaffe_mandelker_z(panel: AbnormalPanel, window: Window, settings: Settings) -> Inference:
    """z = Σ_d (AR_d/s_d)/√D over the D calendar sessions with an asset in its window; N(0,1).

    AR_d is the mean abnormal return of the session's assets, s_d the estimation-period standard
    deviation of that same composition: s_d² = Σ_ij σ_iσ_jρ_ij/n², with ρ_ij on common calendar
    sessions (at least 30), so that compositions with different estimation windows are allowed.
    Assumes independent sessions and no event-induced variance; no forecast term.
    ``estimate`` is the mean AR_d. Refused: an undefined ρ_ij, or s_d² ≤ 0.
    Jaffe (1974), Mandelker (1974). Checked by tests/inference/test_calendar_time.py (loops).
    """
    name = "jaffe_mandelker_z"
    used = gather(name, panel.take(panel.complete(window)), window, standardized=True)
    if isinstance(used, Inference):
        return used
    members = used.panel
    index, exists = window_positions(members, window)
    ar = members.ar[:, members.columns(window)]
    seen = exists & np.isfinite(ar)
    days = int(index[seen].max()) + 1
    n = np.bincount(index[seen], minlength=days).astype(np.float64)
    total = np.bincount(index[seen], ar[seen], days)
    sigma = members.sigma
    row = np.nonzero(seen)[0]
    squares = np.bincount(index[seen], sigma[row] ** 2, days).astype(np.float64)
    found = correlation_of(members, window, settings)
    if found.covariance is None:
        found = correlation(members, window)
    if found.covariance is None:
        return refuse(name, f"r_bar: {found.reason}", n_events=len(used))
    squares += 2 * found.covariance
    held = n > 0
    n, total, squares = n[held], total[held], squares[held]
    if not (squares > 0).all():
        return refuse(name, "zero_variance: a composition does not vary", n_events=len(used))
    z = float((total / np.sqrt(squares)).sum()) / math.sqrt(len(n))
    return Inference(
        name, float((total / n).mean()), z, "normal", p_value=float(normal_p(z)),
        n_events=len(used), reason=used.reason, flags=used.flags,
    )  # fmt: skip


def _mixed(panel: AbnormalPanel) -> str:
    if not same(panel.calendar):
        return f"mixed_calendar: {', '.join(sorted(set(panel.calendar)))}"
    if not same(panel.benchmark):
        return f"mixed_benchmark: {', '.join(sorted(set(panel.benchmark)))}"
    return ""


def _factor_columns(panel: AbnormalPanel) -> list[int]:
    """Columns of the design that are not the constant."""
    x = panel.est_design
    return [
        j for j in range(x.shape[2])
        if not bool(((x[:, :, j] == 1.0) | np.isnan(x[:, :, j])).all())
    ]  # fmt: skip


def _fitted(panel: AbnormalPanel) -> Floats:
    """(N, W) X₁b, with b recovered from the fitted values of the estimation rows (exact for
    every model whose expected return is linear in its design, however it was estimated)."""
    fitted = panel.est_actual - panel.residuals
    seen = np.isfinite(fitted)
    x = np.where(seen[:, :, None], panel.est_design, 0.0)
    q, r = np.linalg.qr(x)
    b = np.linalg.solve(r, np.einsum("ntk,nt->nk", q, np.where(seen, fitted, 0.0))[:, :, None])
    return np.asarray((panel.design @ b)[:, :, 0])


def _newey_west(score: Floats) -> float:
    """Long-run variance of Σ score with Bartlett weights."""
    d = len(score)
    lags = min(int(4 * (d / 100) ** (2 / 9)), d - 1)
    total = float(score @ score)
    for lag in range(1, lags + 1):
        total += 2 * (1 - lag / (lags + 1)) * float(score[lag:] @ score[:-lag])
    return total
