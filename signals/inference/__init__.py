"""Statistics: one file per family, and the registry of them all.

A statistic is a plain function ``(panel, window, settings)``: a *group* statistic returns one
:class:`Inference`, an *event* statistic an :class:`EventInference` with one entry per event.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from signals.inference.auto import battery
from signals.inference.calendar_time import (
    calendar_time_hac_t,
    calendar_time_t,
    calendar_time_wls_t,
    jaffe_mandelker_z,
)
from signals.inference.correlation import correlation, mean_correlation
from signals.inference.cross_section import (
    brown_warner_t,
    cross_sectional_t,
    hotelling_f,
    skewness_adjusted_t,
)
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
from signals.inference.long_horizon import bhar_skewness_t
from signals.inference.placebo_in_space import synthetic_control_p
from signals.inference.portfolio import portfolio_rank_p, portfolio_t
from signals.inference.randomization import sign_flip, stationary_bootstrap
from signals.inference.ranks import corrado_rank_z, grank_t, grank_z, wilcoxon
from signals.inference.signs import generalized_sign_z, sign_binomial, sign_z
from signals.inference.single_event import car_t, conformal_p, headline_single, placebo_p, rank_p
from signals.inference.standardized import adjusted_bmp_t, adjusted_patell_z, bmp_t, patell_z
from signals.inference.time_of_day import same_hours_portfolio_p

_GROUP = "N = 1; M < 30"
_R_BAR = "r̄ undefined or 1 + (N−1)r̄ ≤ 0"
_CALENDAR = "mixed calendars or benchmarks; D ≤ k; N = 1; M < 30"
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
            "conformal_p", conformal_p, "event", "single_event",
            "the window's returns follow the model: no effect",
            "stationary, weakly dependent disturbances, any law",
            "permutation of cyclic shifts", "Chernozhukov, Wüthrich & Zhu 2021",
            "incomplete window; M < 30; models that are not least squares",
        ),
        StatisticRow(
            "placebo_p", placebo_p, "event", "single_event",
            "the CAR is like a sum of as many estimation sessions",
            "identically distributed disturbances; M/L large",
            "permutation of rolling sums", "Gelbach, Helland & Klick 2013",
            "M/L < 20; incomplete window; M < 30",
        ),
        StatisticRow(
            "synthetic_control_p", synthetic_control_p, "event", "placebo_in_space",
            "the asset's post/pre error ratio is one of its donors'",
            "donors exchangeable with the asset and untouched by the event",
            "permutation over units", "Abadie, Diamond & Hainmueller 2010",
            "model is not synthetic_control; fewer than two donors; incomplete window",
        ),
        StatisticRow(
            "cross_sectional_t", cross_sectional_t, "group", "cross_section",
            "the mean CAR is zero",
            "independent events; not robust to a shared date",
            "t with N − 1", "Brown & Warner 1980, 1985",
            "N < 3; CARs that do not differ; M < 30",
        ),
        StatisticRow(
            "brown_warner_t", brown_warner_t, "group", "cross_section",
            "the sum of AAR is zero",
            "no event-induced variance; a shared date is allowed; kept as published",
            "t with M − 1", "Brown & Warner 1980, 1985",
            _GROUP,
        ),
        StatisticRow(
            "skewness_adjusted_t", skewness_adjusted_t, "group", "cross_section",
            "the mean CAR is zero",
            "independent events; any skewness",
            "bootstrap", "Hall 1992; Lyon, Barber & Tsai 1999",
            "N < 3; CARs that do not differ; M < 30",
        ),
        StatisticRow(
            "hotelling_f", hotelling_f, "group", "cross_section",
            "every asset's CAR is zero",
            "normal disturbances, no event-induced variance; one shared date",
            "F with N and ν − N + 1", "Gibbons 1980; Schipper & Thompson 1983; Binder 1985",
            f"{_ONE_ASSET}; more than one date; ν < N; dependent residuals",
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
            "grank_t", grank_t, "group", "ranks",
            "the event's SCAR ranks like an estimation session",
            "a shared date and event-induced variance are allowed",
            "t with T − 2 = M − 1", "Kolari & Pynnönen 2011",
            "N < 5; r̄ undefined; M < 30",
        ),
        StatisticRow(
            "grank_z", grank_z, "group", "ranks",
            "the event's SCAR ranks like an estimation session",
            "independent events; event-induced variance is allowed",
            "normal", "Kolari & Pynnönen 2011",
            "N < 5; windows that share a session; M < 30",
        ),
        StatisticRow(
            "wilcoxon", wilcoxon, "group", "ranks",
            "CARs are symmetric about zero",
            "independent events with a symmetric law",
            "randomization to N = 25, normal beyond", "Wilcoxon 1945",
            _GROUP,
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
        StatisticRow(
            "same_hours_portfolio_p", same_hours_portfolio_p, "group", "time_of_day",
            "the group's CAR is like its sum over the same hours of other sessions",
            "exchangeable sessions, no event-induced variance; intraday, one shared day zero",
            "permutation", "Gelbach, Helland & Klick 2013",
            "daily panels; mixed calendars or dates; fewer than 19 sessions with the same hours",
        ),
        StatisticRow(
            "calendar_time_t", calendar_time_t, "group", "calendar_time",
            "the calendar-time portfolio's α is zero",
            "independent sessions of equal variance; a shared date is allowed",
            "t with D − k", "Jaffe 1974; Mandelker 1974",
            _CALENDAR,
        ),
        StatisticRow(
            "calendar_time_wls_t", calendar_time_wls_t, "group", "calendar_time",
            "the calendar-time portfolio's α is zero",
            "independent sessions, variance falling with the number of assets",
            "t with D − k", "Jaffe 1974; Mandelker 1974",
            _CALENDAR,
        ),
        StatisticRow(
            "calendar_time_hac_t", calendar_time_hac_t, "group", "calendar_time",
            "the calendar-time portfolio's α is zero",
            "weakly dependent sessions; D large",
            "t with D − k", "Jaffe 1974; Newey & West 1987",
            _CALENDAR,
        ),
        StatisticRow(
            "jaffe_mandelker_z", jaffe_mandelker_z, "group", "calendar_time",
            "the mean calendar-time abnormal return is zero",
            "independent sessions, no event-induced variance; a shared date is allowed",
            "normal", "Jaffe 1974; Mandelker 1974",
            f"{_GROUP}; a pair with fewer than 30 common estimation sessions",
        ),
        StatisticRow(
            "sign_flip", sign_flip, "group", "randomization",
            "CARs are symmetric about zero",
            "independent date clusters with symmetric laws",
            "randomization, enumerated to 16 clusters", "Fisher 1935",
            f"{_GROUP}; one date cluster",
        ),
        StatisticRow(
            "stationary_bootstrap", stationary_bootstrap, "group", "randomization",
            "the CAAR is like a sum of as many estimation AAR",
            "weakly dependent AAR, no event-induced variance; a shared date is allowed",
            "bootstrap", "Politis & Romano 1994",
            _GROUP,
        ),
        StatisticRow(
            "bhar_skewness_t", bhar_skewness_t, "group", "long_horizon",
            "the mean BHAR is zero",
            "independent events; any skewness",
            "bootstrap", "Lyon, Barber & Tsai 1999",
            "log returns; N < 3; M < 30",
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
