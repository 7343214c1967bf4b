"""Standard errors of a mean CAR: which method, and its number by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm

from signals import run_study
from signals.inference.caar_error import caar_error
from signals.panel import AbnormalPanel
from tests.study.prices import market_book, study

NOW = datetime(2024, 6, 1, tzinfo=UTC)
BETAS = {"A": 1.2, "B": 0.8, "C": 0.0}


def panel_of(tmp_path: Path, days: dict[str, str]) -> AbnormalPanel:
    rows = [f"{name},{day},day,deal,A,,,,pre_open," for name, day in days.items()]
    panel = run_study(*study(tmp_path, rows), market_book(BETAS), now=NOW).panel
    assert panel is not None
    return panel


def test_one_shared_date_is_a_portfolio(tmp_path: Path) -> None:
    panel = panel_of(tmp_path, {"e": "2023-06-15"})
    error = caar_error(panel, (0, 1))
    y = panel.est_actual.mean(axis=0)
    fit = sm.OLS(y, panel.est_design[0]).fit()
    x = panel.design[0, panel.columns((0, 1))]
    v = fit.mse_resid * (np.eye(2) + x @ fit.normalized_cov_params @ x.T)
    assert error.method == "portfolio"
    assert error.value == pytest.approx(float(np.sqrt(v.sum())), rel=1e-10)
    assert error.df == 98


def test_separate_dates_are_a_cross_section(tmp_path: Path) -> None:
    panel = panel_of(tmp_path, {"e": "2023-06-15", "f": "2023-08-15", "g": "2023-10-16"})
    one = panel.take(panel.ticker == "A")
    error = caar_error(one, (0, 1))
    assert error.method == "cross_sectional"
    assert error.value == pytest.approx(one.car((0, 1)).std(ddof=1) / np.sqrt(3), rel=1e-12)
    assert error.df == 2


def test_several_dates_with_several_assets_are_clustered(tmp_path: Path) -> None:
    panel = panel_of(tmp_path, {"e": "2023-06-15", "f": "2023-08-15", "g": "2023-10-16"})
    error = caar_error(panel, (0, 0))
    car = panel.car((0, 0))
    sums = [float((car - car.mean())[panel.event_id == e].sum()) for e in "efg"]
    assert error.method == "date_clustered"
    assert error.value == pytest.approx(np.sqrt(3 / 2 * np.sum(np.square(sums))) / 9, rel=1e-12)
    assert error.df == 2


def test_what_cannot_be_formed_is_said(tmp_path: Path) -> None:
    panel = panel_of(tmp_path, {"e": "2023-06-15", "f": "2023-06-16"})
    assert caar_error(panel.take([0]), (0, 0)).method == "not_applicable: fewer than 2 events"
    hanging = caar_error(panel, (0, 1))
    assert np.isnan(hanging.value)
    assert "one date cluster" in hanging.method
