"""The standard error of a mean CAR, by what the events' dates allow.

METHODS, standard errors of caar.csv and aar.csv: ``cross_sectional`` when no two windows share a
session, ``portfolio`` for one shared date, else ``date_clustered``; blank with a reason where
none of them can be formed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from signals.inference.independence import (
    date_clusters,
    shares_one_date,
    windows_share_sessions,
)
from signals.inference.inference import Settings
from signals.inference.portfolio import portfolio_panel
from signals.inference.time_of_day import same_hours_portfolio_p
from signals.panel import AbnormalPanel, Window

NAN = float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class CaarError:
    """Standard error of a CAAR, its degrees of freedom, and the method (or why there is none)."""

    value: float
    df: float
    method: str


def caar_error(panel: AbnormalPanel, window: Window) -> CaarError:
    """Standard error of the mean CAR of a group over ``window``.

    * ``cross_sectional``: sd(CAR)/√N, t_{N−1}; windows that share no session.
    * ``portfolio``: forecast error of the equal-weighted portfolio as one asset, t_ν; one date.
    * ``same_hours`` (intraday, one shared bar): root mean square of the group's mean sums over the
      same hours of the B estimation sessions, t_B.
    * ``date_clustered``: √(G/(G−1) · Σ_g(Σ_{i∈g}(CAR_i − CAAR))²)/N, t_{G−1}, where events whose
      windows share a session, directly or through others, are one cluster g of G.

    ``value`` is NaN and ``method`` says why when there are too few events or clusters.
    Checked by tests/inference/test_caar_error.py.
    """
    used = panel.take(np.flatnonzero(np.isfinite(panel.car(window))))
    cars = used.car(window)
    count = len(cars)
    if count < 2:
        return CaarError(NAN, NAN, "not_applicable: fewer than 2 events")
    if shares_one_date(used) and used.slot is not None:
        hours = same_hours_portfolio_p(used, window, Settings())
        if hours.status != "ok":
            return CaarError(NAN, NAN, f"not_applicable: {hours.reason}")
        return CaarError(abs(hours.estimate / hours.statistic), hours.df, "same_hours")
    if shares_one_date(used):
        portfolio = portfolio_panel(used, window)
        if isinstance(portfolio, str):
            return CaarError(NAN, NAN, f"not_applicable: {portfolio}")
        value = math.sqrt(float(portfolio.car_variance(window)[0]))
        return CaarError(value, float(portfolio.df[0]), "portfolio")
    if not windows_share_sessions(used, window):
        return CaarError(float(cars.std(ddof=1)) / math.sqrt(count), count - 1.0, "cross_sectional")
    cluster = date_clusters(used, window)
    g = int(cluster.max()) + 1
    if g < 2:
        return CaarError(NAN, NAN, "not_applicable: all windows hang together, one date cluster")
    sums = np.bincount(cluster, weights=cars - cars.mean(), minlength=g)
    value = math.sqrt(g / (g - 1.0) * float(sums @ sums)) / count
    return CaarError(value, g - 1.0, "date_clustered")
