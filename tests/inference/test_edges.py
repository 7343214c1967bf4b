"""Every statistic on every awkward panel: a number that is finite, or a refusal that says why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from signals.inference import STATISTICS, Settings
from signals.inference.evidence import gather, names, spread
from tests.inference.panels import make_panel, random_panel

S = Settings(draws=199)
W = (-1, 1)


def base(n=8, t=90, w=5, seed=5):
    """Returns of n assets on one market, as arrays that a case then spoils."""
    g = np.random.default_rng(seed)
    market = g.normal(0, 0.01, t + w)
    y = market + g.normal(0, 0.02, (n, t + w))
    x = np.tile(market, (n, 1))
    return y, x, t


def built(y, x, t, **kwargs):
    return make_panel(y[:, :t], x[:, :t], y[:, t:], x[:, t:], first_tau=-2, **kwargs)


def missing_estimation_returns():
    y, x, t = base()
    y[np.random.default_rng(0).random(y.shape) < 0.05] = np.nan
    y[:, t:] = 0.01 * np.arange(5) * np.arange(1, 9)[:, None]
    return built(y, x, t)


def missing_event_return():
    y, x, t = base()
    y[3, t + 2] = np.nan
    return built(y, x, t)


def nan_benchmark():
    y, x, t = base()
    x[:, [4, 40]] = np.nan  # two sessions in the estimation window …
    x[5, t + 1] = np.nan  # … and one event's in the event window
    return built(y, x, t)


def tied_returns():
    y, x, t = base()
    return built(np.round(y, 2), np.round(x, 2), t)


def zero_event_returns():
    y, x, t = base()
    return replace(built(y, x, t), ar=np.zeros((8, 5)))


def one_frozen_asset():
    y, x, t = base()
    y[2] = 0.0
    return built(y, x, t)


def one_asset_is_the_benchmark():
    y, x, t = base()
    y[2] = x[2]
    return built(y, x, t)


def all_frozen():
    y, x, t = base()
    return built(np.zeros_like(y), x, t)


def identical_series():
    y, x, t = base()
    return built(np.tile(y[0], (8, 1)), x, t)


def one_pair_identical():
    y, x, t = base()
    y[1] = y[0]
    return built(y, x, t)


def one_firm_in_several_events():
    return random_panel(n=8, t=90, tickers=["A"] * 8, start=np.arange(8) * 30)


def several_firms_on_one_date():
    return random_panel(n=8, t=90, rho=0.5)


def one_event():
    return random_panel(n=1, t=90)


def two_events():
    return random_panel(n=2, t=90)


def short_estimation():
    return random_panel(n=8, t=29)


def rank_only_model():
    return random_panel(n=8, t=90, forecast=False, model="huber")


def log_returns():
    return random_panel(n=8, t=90, returns="log")


CASES = [
    missing_estimation_returns, missing_event_return, nan_benchmark, tied_returns,
    zero_event_returns, one_frozen_asset, one_asset_is_the_benchmark, all_frozen,
    identical_series, one_pair_identical, one_firm_in_several_events,
    several_firms_on_one_date, one_event, two_events, short_estimation, rank_only_model,
    log_returns,
]  # fmt: skip

# One shared date refuses these by design, in addition to what each case refuses.
ONE_DATE = {"grank_z", "sign_flip", "calendar_time_hac_t"}
STANDARDIZED = {
    "patell_z", "adjusted_patell_z", "bmp_t", "adjusted_bmp_t", "grank_t", "grank_z",
    "jaffe_mandelker_z",
}  # fmt: skip
SPREAD = {"cross_sectional_t", "skewness_adjusted_t", "bhar_skewness_t", "bmp_t", "adjusted_bmp_t"}
PORTFOLIO = {"portfolio_t", "portfolio_rank_p", "hotelling_f"}
GROUP = {n for n, row in STATISTICS.items() if row.scope == "group"}

REFUSED = {
    "missing_estimation_returns": ONE_DATE,
    "missing_event_return": ONE_DATE,
    "nan_benchmark": ONE_DATE,
    "tied_returns": ONE_DATE,
    "zero_event_returns": ONE_DATE | SPREAD - {"bhar_skewness_t"}
    | {"grank_t", "wilcoxon", "calendar_time_t", "calendar_time_wls_t"},
    "one_frozen_asset": ONE_DATE | {"hotelling_f"},
    "one_asset_is_the_benchmark": ONE_DATE | {"hotelling_f"},
    "all_frozen": GROUP - {"sign_z", "sign_binomial"},
    "identical_series": ONE_DATE | SPREAD | {"grank_t", "hotelling_f"},
    "one_pair_identical": ONE_DATE | {"hotelling_f"},
    "one_firm_in_several_events": {"hotelling_f", "calendar_time_hac_t"},
    "several_firms_on_one_date": ONE_DATE,
    "one_event": GROUP,
    "two_events": ONE_DATE | SPREAD | {"grank_t"},
    "short_estimation": GROUP,
    "rank_only_model": ONE_DATE | STANDARDIZED | PORTFOLIO,
    "log_returns": ONE_DATE | {"bhar_skewness_t"},
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.__name__)
def test_a_finite_number_or_a_reason(case):
    panel = case()
    refused = set()
    for name, row in STATISTICS.items():
        found = row.function(panel, W, S)
        if row.scope == "event":
            for p, statistic, reason in zip(
                found.p_value, found.statistic, found.reasons, strict=True
            ):
                assert (0 < p <= 1 and np.isfinite(statistic)) or (np.isnan(p) and reason), name
            continue
        if found.status == "ok":
            assert 0 <= found.p_value <= 1, name
            assert np.isfinite(found.statistic), name
            assert np.isfinite(found.estimate), name
        else:
            refused.add(name)
            assert found.reason, name
            assert np.isnan([found.p_value, found.statistic, found.estimate]).all(), name
    # A daily panel has no hours to compare.
    assert refused == REFUSED[case.__name__] | {"same_hours_portfolio_p"}


def test_incomplete_events_are_left_out_and_counted():
    panel = missing_event_return()
    for name in ("bmp_t", "corrado_rank_z", "portfolio_t", "sign_z", "brown_warner_t"):
        assert STATISTICS[name].function(panel, W, S).n_events == 7
        assert STATISTICS[name].function(panel, (1, 2), S).n_events == 8


def test_frozen_assets_are_named():
    for case in (one_frozen_asset, one_asset_is_the_benchmark):
        found = STATISTICS["bmp_t"].function(case(), W, S)
        assert found.n_events == 7
        assert found.reason == "left out (zero_variance): e0002 / T0002"


def test_identical_series_have_r_bar_one_and_no_adjusted_statistic():
    found = STATISTICS["adjusted_bmp_t"].function(identical_series(), W, S)
    assert found.status == "not_applicable"


def test_short_estimation_names_the_shortest():
    found = STATISTICS["patell_z"].function(short_estimation(), W, S)
    assert found.reason.startswith("short_estimation: M = 29 < 30 (e0000 / T0000, e0001 / T0001,")


def test_shared_parts():
    panel = random_panel(n=12)
    assert names(panel, range(2)) == "e0000 / T0000, e0001 / T0001"
    assert names(panel, np.ones(12, dtype=bool)).endswith("e0007 / T0007 and 4 more")
    assert spread(np.full(5, 0.1) + 1e-17) == 0.0
    assert spread(np.array([0.0, 0.0])) == 0.0
    assert gather("x", panel, W, at_least=13).reason == "few_events: N = 12 < 13"
    assert gather("x", random_panel(n=3, t=40), W).flags == ("short_estimation",)
