"""What the residuals of a fit say about its assumptions (statsmodels' tests)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from signals.models.fit import ModelFit

LJUNG_BOX_LAGS: Final = 10
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
        return dict.fromkeys(
            ("durbin_watson", "ljung_box_p", "breusch_pagan_p", "jarque_bera_p"), NAN
        )
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
