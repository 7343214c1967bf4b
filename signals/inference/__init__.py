"""Statistics: one file per family, and the registry of them all.

A statistic is a plain function ``(panel, window, settings)``: a *group* statistic returns one
:class:`Inference`, an *event* statistic an :class:`EventInference` with one entry per event.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from signals.inference.auto import battery
from signals.inference.correlation import correlation, mean_correlation
from signals.inference.cross_section import cross_sectional_t
from signals.inference.inference import (
    Correlation,
    EventInference,
    GroupStatistic,
    Inference,
    Settings,
    SingleStatistic,
    StatisticRow,
    refuse,
)
from signals.inference.portfolio import portfolio_rank_p, portfolio_t
from signals.inference.ranks import corrado_rank_z
from signals.inference.signs import generalized_sign_z, sign_binomial, sign_z
from signals.inference.single_event import car_t, headline_single, rank_p
from signals.inference.standardized import adjusted_bmp_t, adjusted_patell_z, bmp_t, patell_z

_GROUP = "N = 1; M < 30"
_R_BAR = "r̄ undefined or 1 + (N−1)r̄ ≤ 0"
_ONE_ASSET = "mixed calendars, benchmarks or overlapping dates; fewer than 30 common rows"

# name: function, scope, family, null, assumptions, reference distribution, paper, refused when
STATISTICS: Final[Mapping[str, StatisticRow]] = {
    row.name: row
    for row in (
        StatisticRow(
            "car_t", car_t, "event", "single_event",
            "the event's CAR is zero",
            "normal, homoskedastic, serially uncorrelated disturbances",
            "t with ν = M − k", "Campbell, Lo & MacKinlay 1997",
            "no prediction variance; incomplete window; M < 30",
        ),
        StatisticRow(
            "rank_p", rank_p, "event", "single_event",
            "the event session is exchangeable with the estimation sessions",
            "identically distributed disturbances, any law; M large",
            "permutation", "Gelbach, Helland & Klick 2013",
            "more than one session; incomplete window; M < 30",
        ),
        StatisticRow(
            "cross_sectional_t", cross_sectional_t, "group", "cross_section",
            "the mean CAR is zero",
            "independent events; not robust to a shared date",
            "t with N − 1", "Brown & Warner 1980, 1985",
            "N < 3; CARs that do not differ; M < 30",
        ),
        StatisticRow(
            "patell_z", patell_z, "group", "standardized",
            "the mean SCAR is zero",
            "independent events, normal disturbances, no event-induced variance",
            "normal", "Patell 1976", _GROUP,
        ),
        StatisticRow(
            "adjusted_patell_z", adjusted_patell_z, "group", "standardized",
            "the mean SCAR is zero",
            "equal cross-correlation r̄, no event-induced variance",
            "normal", "Kolari & Pynnönen 2010", f"{_GROUP}; {_R_BAR}",
        ),
        StatisticRow(
            "bmp_t", bmp_t, "group", "standardized",
            "the mean SCAR is zero",
            "independent events; robust to event-induced variance",
            "t with N − 1", "Boehmer, Musumeci & Poulsen 1991",
            "N < 3; SCARs that do not differ; M < 30",
        ),
        StatisticRow(
            "adjusted_bmp_t", adjusted_bmp_t, "group", "standardized",
            "the mean SCAR is zero",
            "equal cross-correlation r̄; robust to event-induced variance",
            "t with N − 1", "Kolari & Pynnönen 2010",
            f"N < 3; {_R_BAR}; M < 30",
        ),
        StatisticRow(
            "corrado_rank_z", corrado_rank_z, "group", "ranks",
            "event sessions rank like estimation sessions",
            "no event-induced variance; a shared date is allowed",
            "normal", "Corrado 1989; Corrado & Zivney 1992", _GROUP,
        ),
        StatisticRow(
            "sign_z", sign_z, "group", "signs",
            "CARs are positive as often as not", "independent events with median zero",
            "normal", "Brown & Warner 1980", _GROUP,
        ),
        StatisticRow(
            "sign_binomial", sign_binomial, "group", "signs",
            "CARs are positive as often as not", "independent events with median zero",
            "binomial, exact", "Brown & Warner 1980", _GROUP,
        ),
        StatisticRow(
            "generalized_sign_z", generalized_sign_z, "group", "signs",
            "CARs are positive as often as estimation residuals", "independent events",
            "normal", "Cowan 1992", _GROUP,
        ),
        StatisticRow(
            "portfolio_t", portfolio_t, "group", "portfolio",
            "the equal-weighted portfolio's CAR is zero",
            "normal disturbances, no event-induced variance; a shared date is allowed",
            "t with ν = M − k", "Brown & Warner 1980", _ONE_ASSET,
        ),
        StatisticRow(
            "portfolio_rank_p", portfolio_rank_p, "group", "portfolio",
            "the portfolio's event session is exchangeable with its estimation sessions",
            "identically distributed disturbances, any law; a shared date is allowed",
            "permutation", "Gelbach, Helland & Klick 2013", _ONE_ASSET,
        ),
    )
}  # fmt: skip

__all__ = [
    "STATISTICS",
    "Correlation",
    "EventInference",
    "GroupStatistic",
    "Inference",
    "Settings",
    "SingleStatistic",
    "StatisticRow",
    "battery",
    "correlation",
    "headline_single",
    "mean_correlation",
    "refuse",
]
