"""A batched panel is the panel of the statsmodels path, exclusions and their words included."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from signals.errors import SpecError
from signals.estimate import estimate
from signals.inference.streaming import study_at_scale
from signals.inference.streaming_panel import batched_panel, panel_chunks
from signals.models.batched import FORMS
from signals.panel import AbnormalPanel
from signals.returns.record import EventReturns
from tests.models.batched_returns import FACTORS, make_returns, make_series


def returns_of(holes: float, *, factors: tuple[str, ...] = FACTORS) -> EventReturns:
    rng = np.random.default_rng(31)
    series = make_series(rng, 4, 400, holes=holes, factors=factors)
    return make_returns(rng, 60, series, length=100, gap=2)


def assert_same_panel(a: AbnormalPanel, b: AbnormalPanel) -> None:
    assert len(a) == len(b)
    for field in fields(AbnormalPanel):
        one, other = getattr(a, field.name), getattr(b, field.name)
        if not isinstance(one, np.ndarray):
            assert one == other, field.name
        elif one.dtype.kind == "f":
            scale = np.nanmax(np.abs(other)) if other.size else 0.0
            np.testing.assert_allclose(
                one, other, rtol=1e-10, atol=1e-11 * scale, err_msg=field.name
            )
        else:
            np.testing.assert_array_equal(one, other, err_msg=field.name)
            assert one.dtype == other.dtype, field.name


@pytest.mark.parametrize("model", sorted(FORMS))
@pytest.mark.parametrize("missing", ["strict", "available"])
def test_same_panel(model: str, missing: str) -> None:
    form = FORMS[model]
    returns = returns_of(0.03, factors=form.regressors)
    done = estimate(returns, model, min_returns=96, missing=missing)
    panel, fit = batched_panel(returns, model, min_returns=96, missing=missing)
    assert panel is not None
    assert done.panel is not None
    assert_same_panel(panel, done.panel)
    np.testing.assert_array_equal(np.flatnonzero(fit.usable), done.index)
    failed = np.flatnonzero(~fit.usable)
    assert [(returns.event_id[i], fit.failure[i], fit.detail[i]) for i in failed] == [
        (error.event_id, error.code, error.detail) for error in done.failures
    ]
    assert len(failed) > 0


def test_a_closed_benchmark_is_named() -> None:
    returns = returns_of(0.0, factors=("market",))
    series, zero = returns.series[returns.series_index[0]], returns.zero[0]
    series.x[zero] = np.nan
    series.benchmark_closed[zero] = True
    done = estimate(returns, "market", min_returns=50, missing="strict")
    _, fit = batched_panel(returns, "market", min_returns=50)
    assert fit.failure[0] == "benchmark_closed"
    assert fit.detail[0] == done.failures[0].detail


def test_a_series_without_the_models_regressors_is_named() -> None:
    returns = returns_of(0.0, factors=("market",))
    done = estimate(returns, "ff3", min_returns=50, missing="strict")
    _, fit = batched_panel(returns, "ff3", min_returns=50)
    assert set(fit.failure) == {"missing_regressor"} == {e.code for e in done.failures}


def test_chunks_are_parts_of_the_whole() -> None:
    returns = returns_of(0.02, factors=("market",))
    whole, _ = batched_panel(returns, "market")
    assert whole is not None
    parts = [panel for panel, _ in panel_chunks(returns, "market", 25) if panel is not None]
    assert max(len(p) for p in parts) <= 25
    joined = np.concatenate([p.residuals for p in parts])
    np.testing.assert_array_equal(joined, whole.residuals)


def test_no_usable_event_gives_no_panel() -> None:
    returns = returns_of(0.0, factors=("market",))
    panel, fit = batched_panel(returns, "market", min_returns=101)
    assert panel is None
    assert set(fit.failure) == {"too_few_returns"}


def test_trade_to_trade_is_left_to_the_other_engine() -> None:
    returns = returns_of(0.0, factors=("market",))
    with pytest.raises(SpecError, match="trade to trade"):
        batched_panel(returns, "market", missing="trade_to_trade")
    spans = tuple(replace(s, span=np.ones(len(s.y))) for s in returns.series)
    with pytest.raises(SpecError, match="trade to trade"):
        study_at_scale(replace(returns, series=spans), "market", [(0, 0)])
