"""Abnormal variance: how much larger than forecast were the squared abnormal returns?

For one event, with forecast variance V_tt of each session's abnormal return,

    ratio over a window = mean of AR_t²/V_tt,   1 in expectation under the null.

:func:`variance_panel` puts the *excess* of each session, AR_t²/V_tt − 1, where abnormal returns
stand, and e_t²/(s²(1 − h_t)) − 1 where estimation residuals stand (GARCH: the row's own variance
for s²). Every statistic that needs no normality (ranks, signs, placebo sums, cross-sectional t)
then applies unchanged; those that need a prediction variance refuse, since squares have none in
closed form.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import special

from signals.frames import Floats
from signals.inference.evidence import row_deviation
from signals.inference.inference import EventInference, Settings
from signals.panel import AbnormalPanel, Window


def variance_panel(panel: AbnormalPanel) -> AbnormalPanel:
    """The panel of excess squared standardised abnormal returns (shapes unchanged).

    ``car`` of the result over L sessions is L·(ratio − 1): how many normal sessions' worth of
    variance came on top. Requires a model with a prediction variance.
    Checked by tests/study/test_quantities.py.
    """
    forecast = panel.ar_variance()
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = np.where(forecast > 0, panel.ar**2 / forecast, np.nan) - 1.0
        own = row_deviation(panel) ** 2 * (1.0 - panel.leverage)
        usual = np.where(own > 0, panel.residuals**2 / own, np.nan) - 1.0
    seen = np.isfinite(usual)
    count = np.maximum(seen.sum(axis=1), 2)
    filled = np.where(seen, usual, 0.0)
    return replace(
        panel,
        actual=excess,
        expected=np.zeros_like(excess),
        ar=excess,
        residuals=usual,
        est_actual=usual,
        leverage=np.where(seen, 0.0, np.nan),
        sigma=np.sqrt((filled**2).sum(axis=1) / (count - 1)),
        forecast=False,
        returns="variance",
        est_variance=None,
    )


def variance_ratio_f(panel: AbnormalPanel, window: Window, settings: Settings) -> EventInference:
    """F = mean of AR_t²/V_tt over the window ~ F(L, ν) under normality; two-sided p.

    ``panel`` is the panel of *returns*. ``statistic`` is the ratio, ``df`` is ν. The forecast
    errors of one window share the coefficients' error, so the law is exact for L = 1 and close
    for M ≫ L. Not robust to fat tails: the rank and placebo p-values beside it are.
    Assumes normal disturbances of constant variance. NaN: incomplete windows, rank-only models.
    Cf. Beaver (1968); Patell (1976). Checked by tests/study/test_quantities.py.
    """
    columns = panel.columns(window)
    forecast = panel.ar_variance()[:, columns]
    length = columns.stop - columns.start
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(forecast > 0, panel.ar[:, columns] ** 2 / forecast, np.nan).mean(axis=1)
    df = np.where(np.isfinite(ratio), panel.df.astype(np.float64), np.nan)
    upper = special.fdtrc(length, df, ratio)
    lower = special.fdtr(length, df, ratio)
    p: Floats = np.minimum(1.0, 2.0 * np.minimum(upper, lower))
    reasons = tuple(
        "" if ok else "the window is incomplete or the model has no prediction variance"
        for ok in np.isfinite(ratio)
    )
    return EventInference("variance_ratio_f", ratio, df, p, reasons)
