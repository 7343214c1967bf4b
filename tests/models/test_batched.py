"""The batched engine gives the statsmodels path's numbers, and holds NIST's certified digits."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from signals.models import MODELS, FitError, fit_model
from signals.models.batched import FORMS, BatchFit, ModelForm, fit_batch, row_store
from signals.returns.record import AssetSeries, EventReturns
from tests.models.batched_returns import make_returns, make_series, sample_of

LINEAR = sorted(FORMS)


def same(actual: np.ndarray, expected: np.ndarray, scale: float = 0.0) -> None:
    np.testing.assert_allclose(actual, expected, rtol=1e-10, atol=1e-10 * scale)


def assert_agrees(fit: BatchFit, returns: EventReturns, model: str) -> None:
    for row, event in enumerate(fit.index.tolist()):
        if fit.failure[row]:
            with pytest.raises(FitError) as caught:
                fit_model(model, sample_of(returns, event))
            assert fit.failure[row] == caught.value.code
            continue
        one = fit_model(model, sample_of(returns, event))
        assert fit.names == one.names
        assert (fit.df[row], fit.n_obs[row]) == (one.df_resid, one.n_obs)
        same(fit.params[row], one.params, scale=1.0)
        same(fit.inverse[row], one.inverse, scale=float(np.abs(one.inverse).max(initial=0.0)))
        same(fit.sigma[row], one.sigma)
        same(fit.r_squared[row], one.r_squared, scale=1.0)
        same(fit.expected[row], one.expected, scale=0.01)
        same(fit.design[row], one.design, scale=0.01)
        assert fit.residuals is not None
        assert fit.leverage is not None
        assert fit.est_actual is not None
        assert fit.est_design is not None
        same(fit.residuals[row], one.residuals, scale=0.01)
        same(fit.leverage[row], one.leverage, scale=0.01)
        same(fit.est_actual[row], one.est_actual)
        same(fit.est_design[row], one.est_design)


def test_forms_are_the_registrys_batched_models() -> None:
    assert set(FORMS) == {name for name, row in MODELS.items() if row.batched}
    for name, form in FORMS.items():
        assert form.k == MODELS[name].coefficients
        assert form.excess == MODELS[name].excess
        if MODELS[name].regressors == "factors":
            assert form.regressors == MODELS[name].factors


@pytest.mark.parametrize("model", LINEAR)
@pytest.mark.parametrize("holes", [0.0, 0.08])
def test_agrees_with_statsmodels(model: str, holes: float) -> None:
    rng = np.random.default_rng(7)
    series = make_series(rng, 4, 400, holes=holes)
    returns = make_returns(rng, 40, series, length=100, gap=3)
    fit = fit_batch(returns, model)
    assert (fit.engine == "batched").all()
    assert_agrees(fit, returns, model)


def test_events_at_the_edge_of_the_data_are_cut_short_or_fail() -> None:
    rng = np.random.default_rng(8)
    series = make_series(rng, 3, 200)
    zeros = np.array([-400, 0, 5, 14, 60, 130, 195, 199, 230, 900])
    returns = make_returns(rng, 10, series, length=100, zeros=zeros)
    fit = fit_batch(returns, "market")
    assert_agrees(fit, returns, "market")
    assert (fit.failure[:3] == "too_few_returns").all()
    assert fit.failure[4] == ""
    assert np.isnan(fit.ar[7, -10:]).all()
    assert np.isfinite(fit.ar[7, :11]).all()


def test_min_returns_is_the_studys_bound() -> None:
    rng = np.random.default_rng(9)
    returns = make_returns(rng, 5, make_series(rng, 1, 300), length=100)
    assert (fit_batch(returns, "market", min_returns=100).failure == "").all()
    refused = fit_batch(returns, "market", min_returns=101)
    assert (refused.failure == "too_few_returns").all()
    assert refused.detail[0] == "100 estimation returns; the study requires 101"
    assert np.isnan(refused.sigma).all()


def test_absorbed_rows_are_left_out() -> None:
    rng = np.random.default_rng(10)
    returns = make_returns(rng, 6, make_series(rng, 2, 300), length=100)
    absorbed = rng.random((6, 100)) < 0.1
    first = returns.zero + returns.estimation_offsets[0]
    dropped = {i: first[i] + np.flatnonzero(absorbed[i]) for i in range(5)}
    fit = fit_batch(replace(returns, dropped=dropped), "market")
    assert fit.n_obs[5] == 100
    for i in range(5):
        sample = replace(sample_of(returns, i), dummies_est=absorbed[i][:, None].astype(float))
        one = fit_model("market", sample)
        same(fit.params[i], one.params)
        same(fit.sigma[i], one.sigma)
        assert fit.n_obs[i] == 100 - absorbed[i].sum()


def test_a_bad_event_does_not_spoil_its_chunk() -> None:
    rng = np.random.default_rng(11)
    good, frozen_price, is_market, no_market, infinite, colinear = make_series(
        rng, 6, 300, shared_market=False
    )
    frozen_price.y[:] = 0.0
    is_market.y[:] = is_market.x[:, 0]
    no_market = replace(no_market, names=("x", *no_market.names[1:]))
    infinite.y[100] = np.inf
    colinear.x[:, 0] = 0.0
    series = (good, frozen_price, is_market, no_market, infinite, colinear)
    returns = replace(
        make_returns(rng, 6, series, length=100, zeros=np.full(6, 150)),
        series_index=np.arange(6),
    )
    fit = fit_batch(returns, "market")
    assert fit.failure.tolist() == [
        "",
        "zero_variance",
        "zero_variance",
        "missing_regressor",
        "not_finite",
        "rank_deficient",
    ]
    alone = fit_batch(returns, "market", np.array([0]))
    np.testing.assert_array_equal(fit.ar[0], alone.ar[0])
    assert_agrees(fit_batch(returns, "market", np.array([0, 1, 2, 4, 5])), returns, "market")
    bare = replace(returns, series=tuple(replace(s, risk_free=None) for s in series))
    assert fit_batch(bare, "capm").failure[0] == "missing_risk_free"


def test_ill_conditioned_events_go_to_qr_visibly() -> None:
    rng = np.random.default_rng(12)
    (series,) = make_series(rng, 1, 300)
    series.x[:, 2] = series.x[:, 1] + 1e-7 * series.x[:, 2]
    returns = make_returns(rng, 3, (series,), length=100)
    fit = fit_batch(returns, "ff3")
    assert (fit.engine == "qr").all()
    assert (fit.condition > 1e4).all()
    one = fit_model("ff3", sample_of(returns, 0))
    same(fit.params[0], one.params)
    same(fit.sigma[0], one.sigma)


def test_layout_and_chunks_do_not_change_a_byte() -> None:
    rng = np.random.default_rng(13)
    returns = make_returns(rng, 50, make_series(rng, 5, 400, holes=0.02), length=100)
    whole = fit_batch(returns, "ff5_mom")
    store = row_store(returns, FORMS["ff5_mom"])
    for part in (np.arange(20), np.arange(20, 50), rng.permutation(50)):
        fit = fit_batch(returns, "ff5_mom", part, rows=store)
        for name in ("params", "inverse", "sigma", "ar", "residuals", "leverage"):
            np.testing.assert_array_equal(getattr(fit, name), getattr(whole, name)[part])


DIGITS = {"norris": 11, "pontius": 11, "longley": 10, "filip": 7} | {
    f"wampler{i}": 8 for i in range(1, 6)
}
POLYNOMIAL = {"norris": 1, "pontius": 2, "filip": 10} | {f"wampler{i}": 5 for i in range(1, 6)}


def nist_fit(folder: Path, name: str) -> BatchFit:
    data = np.genfromtxt(folder / f"{name}.csv", delimiter=",", names=True)
    y = data["y"]
    if name == "longley":
        x = np.column_stack([data[c] for c in data.dtype.names if c != "y"])
    else:
        x = np.column_stack([data["x"] ** p for p in range(1, POLYNOMIAL[name] + 1)])
    names = tuple(f"x{j}" for j in range(x.shape[1]))
    rows = len(y)
    series = AssetSeries(
        ticker=name,
        benchmark="",
        calendar="XNYS",
        price_field="close",
        sessions=np.datetime64("2000-01-01") + np.arange(rows + 1),
        y=np.append(y, 0.0),
        x=np.vstack([x, x[:1]]),
        names=names,
        benchmark_closed=np.zeros(rows + 1, dtype=bool),
    )
    returns = EventReturns(
        event_id=np.array(["e"], dtype=object),
        group=np.array([""], dtype=object),
        category=np.array([""], dtype=object),
        series=(series,),
        series_index=np.array([0]),
        zero=np.array([rows]),
        event_window=(0, 0),
        length=rows,
        gap=0,
    )
    return fit_batch(returns, ModelForm("nist", names))


def digits(actual: np.ndarray, certified: np.ndarray) -> float:
    """Log relative error (log absolute error where zero is certified), at most 15."""
    certified = np.asarray(certified, dtype=float)
    error = np.abs(np.asarray(actual) - certified)
    relative = error / np.where(certified == 0, 1.0, np.abs(certified))
    return float((-np.log10(np.maximum(relative, 1e-15))).min())


@pytest.mark.shared
@pytest.mark.parametrize("name", sorted(DIGITS))
def test_nist_certified_digits(name: str, shared: Path) -> None:
    folder = shared / "oracles" / "nist"
    certified = json.loads((folder / "certified.json").read_text())[name]["certified"]
    fit = nist_fit(folder, name)
    assert digits(fit.params[0], certified["coef"]) >= DIGITS[name]
    if name in ("norris", "pontius"):
        assert fit.engine[0] == "batched"
    else:
        assert fit.engine[0] == "qr"
    errors = fit.sigma[0] * np.sqrt(np.diag(fit.inverse[0]))
    assert digits(errors, certified["se"]) >= DIGITS[name]
    assert digits(np.array([fit.r_squared[0]]), np.array([certified["r2"]])) >= DIGITS[name]
