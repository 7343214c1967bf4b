"""News that fell on one of two sessions: an inference that holds whichever of them it was.

T = max(|AR₀|/s₀, |AR₁|/s₁) over the earlier reading's session and the one after it. Its law is
that of the same maximum on the asset's placebo dates: each scaled by its own forecast error, so
fat tails, quiet and wild years and the dependence of neighbouring sessions are in it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from signals.calibration.cells import cell_index, compute_cells
from signals.calibration.drawn import spread_over
from signals.calibration.placebo import PlaceboDates
from signals.calibration.verdicts import FEWEST_DRAWS
from signals.frames import Floats, Ints, Labels
from signals.models.batched import FORMS
from signals.panel import AbnormalPanel, Window
from signals.returns import EventReturns

FEWEST_ROWS: Final = 30
EITHER: Final[tuple[Window, Window]] = ((0, 0), (1, 1))
MOST_DATES: Final = 400  # placebo dates of a pair: p-values as fine as 1/401
MOST_CELLS: Final = 20_000  # of one model and length: studies with more get fewer dates
BY_PLACEBO: Final = "placebo dates"
BY_ESTIMATION: Final = "estimation sessions"


def either_p(panel: AbnormalPanel, placebo: Floats | None) -> tuple[Floats, Labels]:
    """(N,) p of T for every pair, and (N,) what it was compared with, "" where p is NaN.

    ``placebo`` (D, N) the maxima on placebo dates (:func:`placebo_maxima`): p = (1 + #{T_b ≥ T}) /
    (B + 1) over the B dates that could be computed. Pairs with fewer than 100 of them, and all
    pairs without ``placebo``, are compared with their estimation sessions (:func:`max_p`).
    Checked by tests/calibration/test_either.py (size on simulated days, a plain loop).
    """
    p = max_p(panel)
    method = np.where(np.isfinite(p), BY_ESTIMATION, "").astype(object)
    if placebo is None:
        return p, method
    observed = _maximum(*(panel.car(w) / _error(panel, w) for w in EITHER))
    count = np.isfinite(placebo).sum(axis=0)
    with np.errstate(invalid="ignore"):
        beyond = (placebo >= observed[None, :] * (1 - 1e-12)).sum(axis=0)
    fine = np.isfinite(observed) & (count >= FEWEST_DRAWS)
    p[fine] = (1 + beyond[fine]) / (1 + count[fine])
    method[fine] = BY_PLACEBO
    return p, method


def placebo_maxima(
    returns: EventReturns,
    model: str,
    dates: PlaceboDates | None,
    pairs: Ints,
    *,
    min_returns: int,
    missing: str,
) -> Floats | None:
    """(D, k) T of the ``pairs`` (k,) on their placebo dates, NaN where one cannot be computed.

    Draws are spread evenly over all of them, at most ``MOST_DATES``. None for models that are
    fitted one by one, without placebo dates, and where fewer than 100 draws would be left.
    """
    if dates is None or model not in FORMS or not len(pairs):
        return None
    distinct = len(np.unique(returns.series_index[pairs]))
    draws = min(len(dates), MOST_DATES, MOST_CELLS // distinct)
    if draws < FEWEST_DRAWS:
        return None
    zero = dates.zero[spread_over(len(dates), draws)][:, pairs]
    series, position, at = cell_index(returns.series_index[pairs], zero)
    cells = compute_cells(
        replace(returns, dropped={}), series, position, model, EITHER,
        min_returns=min_returns, missing=missing, rows=False,
    )  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore"):
        largest = _maximum(*(cells.car / cells.error).T)
    return np.where(at >= 0, largest[at], np.nan)


def _maximum(*scaled: Floats) -> Floats:
    """max |·| of the two sessions; NaN where one of them is."""
    return np.asarray(np.abs(np.stack(list(scaled))).max(axis=0))


def _error(panel: AbnormalPanel, window: Window) -> Floats:
    return np.sqrt(panel.car_variance(window)) if panel.forecast else panel.sigma


def max_p(panel: AbnormalPanel) -> Floats:
    """(N,) p of max(|AR₀|, |AR₁|) by the estimation window, where placebo dates are wanting.

    Compared with the same maximum over each two neighbouring estimation sessions of deleted
    residuals e/(1−h): p = (1 + #{T_b ≥ T})/(B + 1). Valid whichever session held the news, for
    identically distributed disturbances. Checked by tests/calibration/test_sensitivity.py.
    """
    ar = np.abs(np.concatenate([panel.ar[:, panel.columns(w)] for w in EITHER], axis=1))
    free = 1.0 - panel.leverage
    with np.errstate(divide="ignore", invalid="ignore"):
        deleted = np.abs(np.where(free > 1e-12, panel.residuals / free, np.nan))
    two = np.maximum(deleted[:, 1:], deleted[:, :-1])
    observed = np.maximum(ar[:, 0], ar[:, 1])
    seen = np.isfinite(two)
    with np.errstate(invalid="ignore"):
        beyond = (seen & (two >= observed[:, None])).sum(axis=1)
    p = (1 + beyond) / (seen.sum(axis=1) + 1)
    return np.where(np.isfinite(observed) & (seen.sum(axis=1) >= FEWEST_ROWS - 1), p, np.nan)
