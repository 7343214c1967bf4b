"""CARs from running sums equal CARs from gathered rows and those of the panel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from signals.estimate import estimate
from signals.models.batched import FORMS, ModelForm, row_store
from signals.models.batched_cars import CarBatch, cars_from_rows
from signals.models.batched_running import running_sums
from signals.models.batched_sums import cars_from_sums
from signals.returns.record import EventReturns
from tests.models.batched_returns import make_returns, make_series

WINDOWS = [(0, 0), (0, 1), (-1, 1), (-10, 10)]


def both(returns: EventReturns, model: str, missing: str) -> tuple[CarBatch, CarBatch]:
    store = row_store(returns, FORMS[model])
    arguments = (store, returns.zero, returns.series_index, WINDOWS)
    return cars_from_rows(*arguments, missing=missing), cars_from_sums(*arguments, missing=missing)


def assert_equal(a: CarBatch, b: CarBatch) -> None:
    for name in ("code", "df", "n_obs", "seen"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    for name, scale in (("params", 1.0), ("sigma", 0.0), ("variance", 0.0), ("car", 0.02)):
        np.testing.assert_allclose(
            getattr(a, name), getattr(b, name), rtol=1e-10, atol=1e-10 * scale, err_msg=name
        )


@pytest.mark.parametrize("model", sorted(FORMS))
@pytest.mark.parametrize("missing", ["strict", "available"])
@pytest.mark.parametrize("holes", [0.0, 0.05])
def test_sums_equal_rows(model: str, missing: str, holes: float) -> None:
    rng = np.random.default_rng(21)
    series = make_series(rng, 3, 900, holes=holes)
    returns = make_returns(rng, 300, series, length=120, gap=2, inside=False)
    rows, sums = both(returns, model, missing)
    assert_equal(rows, sums)
    assert (rows.code == 0).sum() > 200


@pytest.mark.parametrize("missing", ["strict", "available"])
def test_cars_are_the_panels(missing: str) -> None:
    rng = np.random.default_rng(22)
    series = make_series(rng, 2, 600, holes=0.02, factors=("market",))
    returns = make_returns(rng, 80, series, length=100)
    done = estimate(returns, "market", min_returns=1, missing=missing)
    assert done.panel is not None
    rows, sums = both(returns, "market", missing)
    for batch in (rows, sums):
        for w, window in enumerate(WINDOWS):
            at = done.index
            np.testing.assert_allclose(batch.car[at, w], done.panel.car(window), atol=1e-12)
            np.testing.assert_allclose(
                batch.variance[at, w], done.panel.car_variance(window), rtol=1e-10
            )
            np.testing.assert_allclose(
                batch.scar[at, w], done.panel.scar(window), rtol=1e-9, atol=1e-10
            )


def test_what_sums_cannot_hold_is_solved_from_rows() -> None:
    """A violent past, a level far from zero, an asset that nearly is its benchmark."""
    rng = np.random.default_rng(23)
    series = make_series(rng, 4, 900, shared_market=False, factors=("market",))
    series[0].y[:50] *= 1e4
    series[1].y[:] += 1e3
    series[2].y[:] = 1.5 * series[2].x[:, 0] + 1e-6 * rng.standard_normal(900)
    series[3].x[:40, 0] *= 1e5
    returns = make_returns(rng, 400, series, length=120)
    returns = replace(returns, zero=np.maximum(returns.zero, 250))
    rows, sums = both(returns, "market", "strict")
    assert_equal(rows, sums)
    assert (rows.code == 0).all()


def test_an_infinite_return_fails_only_the_events_that_touch_it() -> None:
    rng = np.random.default_rng(24)
    series = make_series(rng, 1, 900)
    series[0].y[400] = np.inf
    returns = make_returns(rng, 100, series, length=120)
    rows, sums = both(returns, "market", "strict")
    assert_equal(rows, sums)
    touched = (returns.zero - 130 <= 400) & (returns.zero - 10 > 400)
    np.testing.assert_array_equal(rows.code == 4, touched)


def test_dropped_rows_are_left_out_of_the_estimation() -> None:
    rng = np.random.default_rng(25)
    returns = make_returns(rng, 60, make_series(rng, 2, 900), length=120)
    dropped = {i: returns.zero[i] - np.array([20, 40, 41]) for i in (3, 17)}
    store = row_store(returns, FORMS["market"])
    arguments = (store, returns.zero, returns.series_index, WINDOWS)
    rows = cars_from_rows(*arguments, dropped=dropped)
    sums = cars_from_sums(*arguments, dropped=dropped)
    assert_equal(rows, sums)
    assert rows.n_obs[[3, 17, 4]].tolist() == [117, 117, 120]


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("holes", [0.0, 0.05])
def test_running_sums_are_shared_and_centred(shared: bool, holes: float) -> None:
    rng = np.random.default_rng(26)
    factors = ("market", "smb")
    series = make_series(rng, 3, 300, factors=factors, shared_market=shared, holes=holes)
    returns = make_returns(rng, 10, series, length=100)
    form = ModelForm("two", factors)
    running = running_sums(row_store(returns, form), np.array([0, 2]))
    assert running.column.tolist() == [0, -1, 1]
    assert running.common.columns == (1 if shared and not holes else 2)
    for place in (0, 1, 15, 16, 17, 150, 300):
        at = np.array([2]), np.array([place])
        count, sums, products = running.before(*at)
        one = series[2]
        rows = np.column_stack([one.y, one.x]) - running.centre[2]
        rows = rows[:place][np.isfinite(rows[:place]).all(axis=1)]
        assert count[0] == len(rows)
        np.testing.assert_allclose(sums[:, 0], rows.sum(axis=0), atol=1e-13)
        expected = (rows.T @ rows)[np.triu_indices(3)]
        np.testing.assert_allclose(products[:, 0], expected, rtol=1e-12, atol=1e-15)
        np.testing.assert_array_equal(running.first(*at)[1], sums)
    np.testing.assert_allclose(sums, 0.0, atol=1e-13)
