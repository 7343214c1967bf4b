"""Statistics of the plain cross-section of CARs."""

from __future__ import annotations

import math

import numpy as np

from signals.frames import Floats
from signals.inference.draws import generator
from signals.inference.evidence import Evidence, gather, names, spread, varies
from signals.inference.inference import Inference, Settings, refuse
from signals.inference.portfolio import common_rows, not_one_portfolio
from signals.inference.tails import f_p, t_p
from signals.panel import AbnormalPanel, Window

FEW_EVENTS = 10
# A residual series that the others explain but for this share of its length is their sum.
DEPENDENT = 1e-9


def cross_sectional_t(panel: AbnormalPanel, window: Window, settings: Settings) -> Inference:
    """t = CAAR/(sd(CAR)/√N), sd with N−1; t_{N−1}.

    Assumes independent events; *not* robust to a shared date (METHODS, ruling 7: 48.8 % size
    at ρ = 0.3, N = 20). ``estimate`` is the CAAR, decimal. Refused when N < 3 or the CARs do
    not differ. Brown & Warner (1980, 1985). Checked by tests/inference/test_cross_section.py.
    """
    name = "cross_sectional_t"
    used = gather(name, panel, window, at_least=3)
    if isinstance(used, Inference):
        return used
    car = used.panel.car(window)
    count, sd = len(car), spread(car)
    if sd == 0:
        return refuse(name, "zero_variance: the CARs do not differ", n_events=count)
    t = float(car.mean()) / (sd / math.sqrt(count))
    return Inference(
        name, float(car.mean()), t, "t", df=count - 1, p_value=float(t_p(t, count - 1)),
        n_events=count, reason=used.reason, flags=used.flags,
    )  # fmt: skip


def brown_warner_t(panel: AbnormalPanel, window: Window, settings: Settings) -> Inference:
    """Crude-dependence t = ΣAAR/(√L·sd(AAR over the M estimation sessions)); t_{M−1}.

    As published: the sd has N−1 form over the estimation rows in event time, no forecast term
    and no correction for estimated coefficients. A shared date is allowed for (the AAR's own
    variance is used), event-induced variance is not. ``estimate`` is ΣAAR over the window.
    Brown & Warner (1980, 1985). Checked by tests/inference/test_cross_section.py, tests/size.
    """
    name = "brown_warner_t"
    used = gather(name, panel, window)
    if isinstance(used, Inference):
        return used
    aar = mean_over_events(used.panel.residuals)
    aar = aar[np.isfinite(aar)]
    inside = mean_over_events(used.panel.ar[:, used.panel.columns(window)])
    inside = inside[np.isfinite(inside)]
    sd = spread(aar)
    if sd == 0:
        return refuse(name, "zero_variance: the AAR do not vary", n_events=len(used))
    df = len(aar) - 1
    t = float(inside.sum()) / (math.sqrt(len(inside)) * sd)
    return Inference(
        name, float(inside.sum()), t, "t", df=df, p_value=float(t_p(t, df)),
        n_events=len(used), reason=used.reason, flags=used.flags,
    )  # fmt: skip


def skewness_adjusted_t(panel: AbnormalPanel, window: Window, settings: Settings) -> Inference:
    """Hall's skewness-adjusted t of the CARs with bootstrap critical values.

    T = √N(S + γS²/3 + γ²S³/27 + γ/(6N)) with S = mean/sd and γ = N/((N−1)(N−2))·Σ((x−x̄)/sd)³.
    p is equal-tailed, 2·min of the two shares (observed included) of the same T in resamples of
    size N, centred on the sample mean. Assumes independent events. ``estimate`` is the CAAR.
    Refused when N < 3. Flagged below 10 events, where a bootstrap of the skewness means little.
    Hall (1992); Lyon, Barber & Tsai (1999). Checked by tests/inference/test_cross_section.py.
    """
    name = "skewness_adjusted_t"
    used = gather(name, panel, window, at_least=3)
    if isinstance(used, Inference):
        return used
    return hall(name, used, used.panel.car(window), window, settings)


def hall(
    name: str, used: Evidence, values: Floats, window: Window, settings: Settings
) -> Inference:
    """The skewness-adjusted t of ``values`` (N,), see :func:`skewness_adjusted_t`."""
    count = len(values)
    if spread(values) == 0:
        return refuse(name, "zero_variance: the values do not differ", n_events=count)
    values = np.sort(values)  # the order of events is irrelevant, also to the draws
    observed = float(_hall(values[None, :], 0.0)[0])
    random = generator(name, window, settings)
    drawn = np.empty(settings.draws)
    chunk = max(1, 2_000_000 // count)
    for begin in range(0, settings.draws, chunk):
        stop = min(begin + chunk, settings.draws)
        pick = random.integers(0, count, (stop - begin, count))
        drawn[begin:stop] = _hall(values[pick], float(values.mean()))
    below, above = int((drawn <= observed).sum()), int((drawn >= observed).sum())
    p = min(1.0, 2.0 * (1 + min(below, above)) / (settings.draws + 1))
    flags = (*used.flags, "few_events") if count < FEW_EVENTS else used.flags
    return Inference(
        name, float(values.mean()), observed, "bootstrap", p_value=p, n_events=count,
        reason=used.reason, flags=flags,
    )  # fmt: skip


def _hall(values: Floats, centre: float) -> Floats:
    """Hall's T of each row of (B, N); ±inf for a resample without spread off the centre."""
    count = values.shape[1]
    mean = values.mean(axis=1)
    off = values - mean[:, None]
    squares = off * off
    sd = np.sqrt(squares.sum(axis=1) / (count - 1))
    cubes = (squares * off).sum(axis=1)
    flat = sd <= 1e-12 * np.abs(values).max(axis=1)
    sd = np.where(flat, 1.0, sd)
    s = (mean - centre) / sd
    gamma = count / ((count - 1) * (count - 2)) * cubes / sd**3
    t = math.sqrt(count) * (s + gamma * s**2 / 3 + gamma**2 * s**3 / 27 + gamma / (6 * count))
    if flat.any():
        t[flat] = np.copysign(np.inf, mean[flat] - centre)
    return np.asarray(t)


def hotelling_f(panel: AbnormalPanel, window: Window, settings: Settings) -> Inference:
    """Joint F = (ν−N+1)/(νN)·a'S⁻¹a/c; F(N, ν−N+1).

    a (N,) the CARs, S = E'E/ν, c = L + u'(X₀'X₀)⁻¹u, all on the complete common estimation
    rows. The null is that *every* CAR is zero; equals the exact SUR Wilks F. Assumes normal
    disturbances and no event-induced variance. ``estimate`` is the mean CAR, ``df`` the second
    degrees of freedom ν − N + 1 (the first is N). Refused: more than one date, mixed
    calendars or benchmarks, ν < N, residuals that are linearly dependent.
    Gibbons (1980), Schipper & Thompson (1983), Binder (1985).
    Checked by tests/inference/test_cross_section.py (Wilks' Λ of two regressions).
    """
    name = "hotelling_f"
    used = gather(name, panel, window)
    if isinstance(used, Inference):
        return used
    count = len(used)
    refusal = not_one_portfolio(used.panel, window, one_date=True)
    common = refusal or common_rows(used.panel)
    if isinstance(common, str):
        return refuse(name, common, n_events=count)
    if common.df < count:
        return refuse(name, f"few_rows: ν = {common.df} < N = {count}", n_events=count)
    inside = used.panel.columns(window)
    a = common.ar[inside].sum(axis=0)
    if not np.isfinite(a).all():
        return refuse(name, "missing_return: a session is missing", n_events=count)
    flat = ~varies(used.panel)
    if flat.any():
        return refuse(name, f"zero_variance: {names(used.panel, flat)}", n_events=count)
    scale = np.sqrt((common.residuals**2).sum(axis=0))
    _, r = np.linalg.qr(common.residuals / scale)
    if np.abs(np.diag(r)).min() <= DEPENDENT:
        return refuse(name, "rank_deficient: residuals are linearly dependent", n_events=count)
    u = common.event_design[inside].sum(axis=0)
    c = (inside.stop - inside.start) + float(u @ common.inverse @ u)
    distance = float((np.linalg.solve(r.T, a / scale) ** 2).sum())  # a'(E'E)⁻¹a = a'S⁻¹a/ν
    within = common.df - count + 1
    f = within / count * distance / c
    return Inference(
        name, float(a.mean()), f, "F", df=within, p_value=float(f_p(f, count, within)),
        n_events=count, reason=used.reason, flags=used.flags,
    )  # fmt: skip


def mean_over_events(values: Floats) -> Floats:
    """(T,) mean over the events observed in each column of (N, T); NaN where there is none."""
    seen = np.isfinite(values)
    count = seen.sum(axis=0)
    total = np.where(seen, values, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
