"""Long series: the study's own returns, with more sessions before them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from signals.calibration.history import placebo_returns
from signals.models import MODELS
from signals.plan import PLACEBO_HISTORY, plan_study
from signals.returns import Regressors, align
from tests.study.prices import market_book, study

ROWS = ["e1,2023-06-01T10:00:00-04:00,minute,deal,A,one,press,,,"]


def prepared(folder: Path):
    spec, events = study(folder, ROWS)
    book = market_book({"A": 1.0, "B": 0.7, "C": 1.4}, first="2017-01-03")
    frame = plan_study(spec, events).session_events.frame
    row = MODELS[spec.model]
    kind = Regressors(row.regressors, row.factors, row.excess)
    return spec, align(spec, frame, book, kind, None).returns, book


def test_long_series_hold_the_study_s_returns_at_the_same_labels(tmp_path: Path) -> None:
    spec, returns, book = prepared(tmp_path)
    long = placebo_returns(spec, returns, np.arange(len(returns)), book)
    for i in range(len(returns)):
        short, other = returns.series[returns.series_index[i]], long.series[long.series_index[i]]
        assert other.sessions[long.zero[i]] == short.sessions[returns.zero[i]]
        place = np.searchsorted(other.sessions, short.sessions)
        np.testing.assert_array_equal(other.sessions[place], short.sessions)
        seen = np.isfinite(short.y)
        np.testing.assert_array_equal(other.y[place][seen], short.y[seen])
        # One return more at most: the first session's, whose close before it is now read too.
        extra = len(other.sessions) - len(short.sessions)
        assert PLACEBO_HISTORY - 5 <= extra <= PLACEBO_HISTORY + 5
        assert other.sessions[-1] == short.sessions[-1]


def test_rows_left_out_by_dummies_are_missing_for_placebo_studies_too(tmp_path: Path) -> None:
    spec, returns, book = prepared(tmp_path)
    marked = replace(returns, dropped={0: np.array([50, 51])})
    long = placebo_returns(spec, marked, np.arange(len(returns)), book)
    short, other = returns.series[returns.series_index[0]], long.series[long.series_index[0]]
    place = np.searchsorted(other.sessions, short.sessions[[50, 51]])
    assert np.isnan(other.y[place]).all()
    assert np.isfinite(other.y[place[0] - 1])
