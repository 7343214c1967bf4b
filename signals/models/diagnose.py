"""What the residuals of a fit say about its assumptions (statsmodels' tests)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from signals.frames import Bools, Floats, Ints
from signals.models.fit import ModelFit

LJUNG_BOX_LAGS: Final = 10
NAMES: Final = ("durbin_watson", "ljung_box_p", "breusch_pagan_p", "jarque_bera_p")
NAN: Final = float("nan")


def diagnose(fit: ModelFit) -> Mapping[str, float]:
    """Diagnostics of a fit's estimation residuals, for ``models.csv``.

    ``durbin_watson`` Σ(e_t − e_{t−1})²/Σe² (near 2: no first-order autocorrelation);
    ``ljung_box_p`` over min(10, M // 5) lags; ``breusch_pagan_p`` in Koenker's studentised form on
    the model's own regressors; ``jarque_bera_p``. All from statsmodels, over the complete rows in
    session order (rows on both sides of a missing one count as neighbours).

    NaN: Breusch–Pagan where the model has no regressor beside the constant; Ljung–Box below ten
    rows, Jarque–Bera and Durbin–Watson below three. Test: tests/models/test_diagnose.py.
    """
    from statsmodels.stats.diagnostic import acorr_ljungbox, het_breuschpagan
    from statsmodels.stats.stattools import durbin_watson, jarque_bera

    used = np.isfinite(fit.residuals)
    e = fit.residuals[used]
    # The tests are free of scale; unit variance keeps fourth powers of tiny returns representable.
    size = float(np.abs(e).max()) if len(e) else 0.0
    if len(e) < 3 or size == 0:
        return dict.fromkeys(NAMES, NAN)
    e = e / size
    lags = min(LJUNG_BOX_LAGS, len(e) // 5)
    ljung = acorr_ljungbox(e, lags=[lags])["lb_pvalue"].iloc[0] if lags >= 2 else NAN
    pagan = NAN
    if fit.est_design.size:
        X = fit.est_design[used]
        X = X[:, np.ptp(X, axis=0) > 0]
        if X.shape[1] and len(e) > X.shape[1] + 1:
            X = X / np.abs(X).max(axis=0)
            pagan = het_breuschpagan(e, np.column_stack([np.ones(len(e)), X]))[1]
    return {
        "durbin_watson": float(durbin_watson(e)),
        "ljung_box_p": float(ljung),
        "breusch_pagan_p": float(pagan),
        "jarque_bera_p": float(jarque_bera(e)[1]),
    }


def diagnose_many(residuals: Floats, design: Floats) -> Mapping[str, Floats]:
    """:func:`diagnose` for N events at once, without a loop over events.

    ``residuals`` (N, T) and ``design`` (N, T, k) as in the panel (``residuals``, ``est_design``),
    NaN on rows not used → name → (N,). The same formulas as statsmodels, written for arrays:
    Ljung–Box M(M+2)Σρ_j²/(M−j); Breusch–Pagan M·R² of e² on the regressors; Jarque–Bera
    M/6·(skew² + (kurtosis − 3)²/4). Test: tests/models/test_diagnose.py (against statsmodels).
    """
    from scipy.stats import chi2

    e, used, design = _packed(residuals, design)
    M = used.sum(axis=1)
    lags = np.minimum(LJUNG_BOX_LAGS, M // 5)
    with np.errstate(divide="ignore", invalid="ignore"):
        total = (e**2).sum(axis=1)
        steps = np.where(used[:, 1:], np.diff(e, axis=1), 0.0)
        watson = (steps**2).sum(axis=1) / total
        ljung = chi2.sf(_ljung_box(e, used, lags, M), np.where(lags >= 2, lags, np.nan))
        pagan = _breusch_pagan(e, used, design, M)
        centred = np.where(used, e - (e.sum(axis=1) / M)[:, None], 0.0)
        m2, m3, m4 = ((centred**p).sum(axis=1) / M for p in (2, 3, 4))
        bera = chi2.sf(M / 6 * (m3**2 / m2**3 + (m4 / m2**2 - 3) ** 2 / 4), 2)
    enough = (M >= 3) & (total > 0)
    values = (watson, ljung, pagan, bera)
    return {n: np.where(enough, v, np.nan) for n, v in zip(NAMES, values, strict=True)}


def _packed(residuals: Floats, design: Floats) -> tuple[Floats, Bools, Floats]:
    """Used rows moved to the front in their order, zeros behind; residuals in units of their
    largest, regressors of theirs."""
    seen = np.isfinite(residuals)
    order = np.argsort(~seen, axis=1, kind="stable")
    used = np.take_along_axis(seen, order, axis=1)
    e = np.where(used, np.take_along_axis(residuals, order, axis=1), 0.0)
    X = np.where(used[:, :, None], np.take_along_axis(design, order[:, :, None], axis=1), 0.0)
    size = np.abs(e).max(axis=1, initial=0.0)[:, None]
    width = np.abs(X).max(axis=1, initial=0.0)[:, None, :]
    e = np.divide(e, size, out=np.zeros_like(e), where=size > 0)
    return e, used, np.divide(X, width, out=np.zeros_like(X), where=width > 0)


def _ljung_box(e: Floats, used: Bools, lags: Ints, M: Ints) -> Floats:
    # statsmodels takes the autocorrelations about the residuals' mean.
    mean = e.sum(axis=1) / M
    c = np.where(used, e - mean[:, None], 0.0)
    power = (c**2).sum(axis=1)
    statistic = np.zeros(len(M))
    for j in range(1, min(LJUNG_BOX_LAGS, e.shape[1] - 1) + 1):
        rho = (c[:, j:] * c[:, :-j]).sum(axis=1) / power
        statistic += np.where(j <= lags, rho**2 / (M - j), 0.0)
    return np.asarray(M * (M + 2) * statistic)


def _breusch_pagan(e: Floats, used: Bools, X: Floats, M: Ints) -> Floats:
    from scipy.stats import chi2

    spread = np.where(used[:, :, None], X, np.nan)
    moving = (
        np.nanmax(spread, axis=1, initial=-np.inf) > np.nanmin(spread, axis=1, initial=np.inf)
    ).any(axis=0)
    X = X[:, :, moving]
    p = X.shape[2]
    if p == 0:
        return np.full(len(M), np.nan)
    keep = used[:, :, None]
    X = np.where(keep, X - X.sum(axis=1, keepdims=True) / M[:, None, None], 0.0)
    v = np.where(used, e**2, 0.0)
    v = np.where(used, v - (v.sum(axis=1) / M)[:, None], 0.0)
    Q = np.linalg.qr(X)[0]
    explained = (np.einsum("ntp,nt->np", Q, v) ** 2).sum(axis=1)
    p_value = chi2.sf(M * explained / (v**2).sum(axis=1), p)
    return np.where(p + 1 < M, p_value, np.nan)
