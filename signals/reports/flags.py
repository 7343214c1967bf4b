"""What a reader should know of a pair before believing its row (``flags`` of ``car.csv``)."""

from __future__ import annotations

import numpy as np

from signals.estimate import Estimation
from signals.models.synthetic import treated_donors
from signals.sessions import Overlaps

MANY_ZEROS = 0.10


def pair_flags(
    estimation: Estimation,
    rows: np.ndarray,
    overlaps: Overlaps,
    tickers_of_event: dict[str, set[str]],
    *,
    dummies: bool,
) -> list[tuple[str, ...]]:
    """Flags of each estimated pair.

    ``rows`` (N,) are the pairs' rows in the plan. ``confounded``: another event of the asset in
    the event window; ``contaminated_estimation``: one in the estimation window (unless its
    sessions are left out by ``overlap = "dummy"``); ``zero_returns``: more than a tenth of the
    estimation returns are zero; ``donors_treated:…``; ``rank_only``: the model has no closed
    prediction variance; and what the model itself flags.
    """
    panel = estimation.panel
    if panel is None:
        return []
    found: list[tuple[str, ...]] = []
    for i, (fit, row) in enumerate(zip(estimation.fits, rows, strict=True)):
        words: list[str] = list(fit.flags)
        if fit.prediction == "rank_only":
            words.append("rank_only")  # no closed variance: no interval, and no t behind p_value
        if overlaps.confounding[row]:
            words.append("confounded")
        if overlaps.contaminating[row] and not dummies:
            words.append("contaminated_estimation")
        seen = panel.est_actual[i][np.isfinite(panel.est_actual[i])]
        if len(seen) and float((seen == 0).mean()) > MANY_ZEROS:
            words.append("zero_returns")
        if fit.weights:
            words += treated_donors(fit.weights, tickers_of_event[str(panel.event_id[i])])
        found.append(tuple(words))
    return found
