"""Streamed statistics equal the in-memory ones on the same events."""

from __future__ import annotations

import pickle
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from signals.errors import SpecError
from signals.estimate import estimate
from signals.inference import STATISTICS, Inference, Settings
from signals.inference.auto import battery
from signals.inference.cross_section import mean_over_events
from signals.inference.streaming import STREAMED, ScaleStudy, study_at_scale
from signals.inference.streaming_events import first_pass, in_order, prepare
from signals.inference.streaming_plan import Plan, _pieces
from signals.inference.streaming_rbar import events_task
from signals.inference.streaming_remote import on_cluster, portable
from signals.inference.streaming_residuals import ChunkTask, block_values
from signals.panel import AbnormalPanel
from signals.returns.record import EventReturns
from tests.models.batched_returns import make_returns, make_series

WINDOWS = [(0, 0), (-1, 1), (0, 5), (-5, 5)]


def returns_of(
    seed: int, n: int, n_series: int, *, holes: float = 0.0, sessions: int = 420
) -> EventReturns:
    rng = np.random.default_rng(seed)
    series = make_series(rng, n_series, sessions, holes=holes, factors=("market",))
    common = 0.01 * rng.standard_normal(sessions)
    for one in series:
        one.y[:] += common
    return make_returns(rng, n, series, event_window=(-5, 5), length=80, gap=1)


def panel_of(returns: EventReturns, model: str = "market") -> AbnormalPanel:
    done = estimate(returns, model, min_returns=1, missing="strict")
    assert done.panel is not None
    return done.panel


def assert_same_failures(study: ScaleStudy, returns: EventReturns) -> None:
    done = estimate(returns, "market", min_returns=1, missing="strict")
    np.testing.assert_array_equal(np.flatnonzero(study.failure == ""), done.index)
    codes = {error.event_id: error.code for error in done.failures}
    failed = study.failure != ""
    assert dict(zip(returns.event_id[failed], study.failure[failed], strict=True)) == codes


def close(a: float, b: float) -> bool:
    return bool(np.isclose(a, b, rtol=1e-9, atol=1e-10, equal_nan=True))


def assert_same_inference(streamed: Inference, memory: Inference) -> None:
    assert streamed.status == memory.status, (streamed, memory)
    for name in ("estimate", "statistic", "df", "p_value", "r_bar"):
        assert close(getattr(streamed, name), getattr(memory, name)), (memory.name, name)
    assert streamed.n_events == memory.n_events
    assert streamed.distribution == memory.distribution
    assert streamed.flags == memory.flags
    if "r_bar" not in streamed.reason:
        assert streamed.reason == memory.reason


def assert_same_study(
    study: ScaleStudy, panel: AbnormalPanel, names: tuple[str, ...] = STREAMED
) -> None:
    for cell in study.cells:
        expected = {i.name: i for i, _ in battery(panel, cell.window, Settings(), names)}
        assert set(expected) == {one.name for one in cell.statistics} == set(names)
        for one in cell.statistics:
            assert_same_inference(one, expected[one.name])


def test_every_streamed_name_is_a_statistic() -> None:
    assert set(STREAMED) <= set(STATISTICS)


@pytest.mark.parametrize("holes", [0.0, 0.04])
@pytest.mark.parametrize(("n", "n_series"), [(12, 12), (150, 6), (400, 60)])
def test_statistics_equal_the_in_memory_ones(n: int, n_series: int, holes: float) -> None:
    returns = returns_of(n + n_series, n, n_series, holes=holes)
    study = study_at_scale(returns, "market", WINDOWS, chunk=256)
    panel = panel_of(returns)
    assert_same_study(study, panel)
    cars = np.stack([panel.car(w) for w in WINDOWS], axis=1)
    assert_same_failures(study, returns)
    np.testing.assert_allclose(study.cars.car[study.failure == ""], cars, atol=1e-12)


@pytest.mark.parametrize("model", ["constant_mean", "market_adjusted", "market"])
def test_shared_dates_and_every_model(model: str) -> None:
    returns = returns_of(5, 300, 40)
    zero = 200 + (returns.zero % 3) * 4
    returns = replace(returns, zero=zero)
    assert_same_study(study_at_scale(returns, model, WINDOWS), panel_of(returns, model))


def test_ties_are_ranked_by_their_average() -> None:
    returns = returns_of(6, 200, 20)
    rounded = tuple(replace(s, y=np.round(s.y, 2)) for s in returns.series)
    returns = replace(returns, series=rounded)
    # Ties between CARs, which Wilcoxon ranks, end with the last bit of a sum.
    names = tuple(n for n in STREAMED if n != "wilcoxon")
    study = study_at_scale(returns, "constant_mean", WINDOWS, names=names)
    assert_same_study(study, panel_of(returns, "constant_mean"), names)


def test_two_calendars_are_correlated_on_common_sessions() -> None:
    returns = returns_of(7, 80, 20)
    weekdays = np.is_busday(returns.series[0].sessions)
    series = tuple(
        s
        if i % 3
        else replace(
            s, calendar="XPAR", sessions=s.sessions[weekdays], y=s.y[weekdays],
            x=s.x[weekdays], benchmark_closed=s.benchmark_closed[weekdays],
            risk_free=s.risk_free[weekdays],
        )
        for i, s in enumerate(returns.series)
    )  # fmt: skip
    returns = replace(returns, series=series, zero=np.minimum(returns.zero, 280))
    assert_same_study(study_at_scale(returns, "market", WINDOWS), panel_of(returns))


def test_groups_are_cells_of_their_own() -> None:
    returns = returns_of(8, 200, 40)
    panel = panel_of(returns)
    even = np.arange(200) % 2 == 0
    study = study_at_scale(returns, "market", WINDOWS, groups={"even": even, "odd": ~even})
    for cell in study.cells:
        members = even if cell.group == "even" else ~even
        expected = {
            i.name: i for i, _ in battery(panel.take(members), cell.window, Settings(), STREAMED)
        }
        for one in cell.statistics:
            assert_same_inference(one, expected[one.name])
    for row, members in zip(study.aar, (even, ~even), strict=True):
        ar = panel.ar[members]
        np.testing.assert_allclose(row.aar, mean_over_events(ar), atol=1e-14)
        np.testing.assert_allclose(row.sd, ar.std(axis=0, ddof=1), rtol=1e-10)
        assert (row.n_events == members.sum()).all()


def as_bytes(study: ScaleStudy) -> bytes:
    cells = [
        (c.group, c.window, c.members.tobytes(), c.correlation.r_bar,
         [(s.name, s.estimate, s.statistic, s.p_value, s.r_bar) for s in c.statistics])
        for c in study.cells
    ]  # fmt: skip
    cars = [study.cars.car.tobytes(), study.cars.variance.tobytes()]
    return pickle.dumps((cells, cars, [a.aar.tobytes() for a in study.aar]))


def test_same_bytes_on_threads_and_processes() -> None:
    returns = returns_of(9, 900, 40, holes=0.002)
    serial = as_bytes(study_at_scale(returns, "market", WINDOWS, chunk=256))
    threads = as_bytes(study_at_scale(returns, "market", WINDOWS, chunk=256, workers=3))
    assert threads == serial
    with ProcessPoolExecutor(2) as pool:
        apart = as_bytes(study_at_scale(returns, "market", WINDOWS, chunk=256, run=pool.map))
    assert apart == serial


class Threads:
    """As much of a Dask client as ``on_cluster`` uses, pickling what a cluster would."""

    def scatter(self, tasks: list[Any], **options: Any) -> list[bytes]:
        assert options == {"hash": False}
        return [pickle.dumps(task) for task in tasks]

    def map(self, function: Any, tasks: list[bytes], **options: Any) -> list[bytes]:
        assert options == {"pure": False}
        return [pickle.dumps(function(pickle.loads(task))) for task in tasks]

    def gather(self, futures: list[bytes]) -> list[Any]:
        return [pickle.loads(one) for one in futures]


@pytest.mark.parametrize("model", ["market", "constant_mean"])
def test_same_bytes_from_tasks_with_their_own_rows_only(model: str) -> None:
    returns = returns_of(16, 900, 40, holes=0.002)
    zero = returns.zero.copy()
    zero[:2] = (84, 417)
    dropped = {7: returns.zero[7] - np.array([20, 21])}
    returns = replace(returns, zero=zero, dropped=dropped)
    serial = as_bytes(study_at_scale(returns, model, WINDOWS, chunk=256))
    run = on_cluster(Threads(), at_once=2)
    apart = as_bytes(study_at_scale(returns, model, WINDOWS, chunk=256, run=run))
    assert apart == serial


def test_a_portable_task_holds_little_more_than_its_rows() -> None:
    returns = returns_of(17, 2000, 40)
    prepared = prepare(returns, "market")
    cars = first_pass(returns, prepared, WINDOWS, 1, "strict", 1)
    events = in_order(returns, prepared, cars)
    task = events_task(events, np.arange(256), np.ones((1, 256), dtype=bool), (1,))
    small = portable(task)
    assert isinstance(small, ChunkTask)
    dates = int(np.ptp(events.position[:256])) + 1
    assert small.store.y.size <= 40 * (task.store.span + dates)
    assert small.store.x[0].size == task.store.span + dates - 1
    np.testing.assert_array_equal(
        block_values(small, slice(0, 256)), block_values(task, slice(0, 256))
    )


def test_order_of_events_and_series_is_irrelevant_to_the_bit() -> None:
    returns = returns_of(10, 500, 40, holes=0.002)
    rng = np.random.default_rng(0)
    events, assets = rng.permutation(500), rng.permutation(40)
    place = np.argsort(assets)
    shuffled = replace(
        returns,
        event_id=returns.event_id[events],
        group=returns.group[events],
        category=returns.category[events],
        series=tuple(returns.series[i] for i in assets),
        series_index=place[returns.series_index[events]],
        zero=returns.zero[events],
    )
    first = study_at_scale(returns, "market", WINDOWS, chunk=256)
    second = study_at_scale(shuffled, "market", WINDOWS, chunk=256)
    for a, b in zip(first.cells, second.cells, strict=True):
        assert a.correlation.r_bar == b.correlation.r_bar
        assert [s.statistic for s in a.statistics] == [s.statistic for s in b.statistics]
        np.testing.assert_array_equal(np.sort(events[b.members]), a.members)


def test_other_chunks_change_only_rounding() -> None:
    returns = returns_of(11, 900, 40)
    small = study_at_scale(returns, "market", WINDOWS, chunk=256)
    large = study_at_scale(returns, "market", WINDOWS, chunk=5000)
    for a, b in zip(small.cells, large.cells, strict=True):
        for one, other in zip(a.statistics, b.statistics, strict=True):
            assert_same_inference(one, other)


@pytest.mark.parametrize(("n", "chunk", "tasks"), [
    (1, 256, 1), (900, 16_384, 1), (3000, 16_384, 4), (9000, 16_384, 4), (100_000, 16_384, 8),
    (40_000, 16_384, 4), (3000, 300, 10), (3000, 256, 12),
])  # fmt: skip
def test_tasks_are_even_in_number_and_equal(n: int, chunk: int, tasks: int) -> None:
    blank = np.zeros((1, n), dtype=bool)
    plan = Plan((), (), (), ~blank, (), (), ())
    pieces = list(_pieces(plan, chunk))
    assert len(pieces) == tasks
    assert max(len(p) for p in pieces) <= chunk
    assert max(len(p) for p in pieces) - min(len(p) for p in pieces) < tasks
    np.testing.assert_array_equal(np.concatenate(pieces), np.arange(n))


def test_events_that_fail_are_named_and_the_rest_is_studied() -> None:
    returns = returns_of(12, 60, 10)
    zero = returns.zero.copy()
    zero[:3] = (2, 419, -7)
    returns = replace(returns, zero=zero)
    study = study_at_scale(returns, "market", WINDOWS)
    assert study.failure[[0, 2]].tolist() == ["too_few_returns"] * 2
    assert np.isnan(study.cars.car[0]).all()
    assert np.isfinite(study.cars.car[1, 0])
    assert np.isnan(study.cars.car[1, 1])
    kept = panel_of(replace(returns, **subset(returns, np.arange(3, 60))))
    day_zero = [c for c in study.cells if c.window == (-5, 5)]
    expected = {i.name: i for i, _ in battery(kept, (-5, 5), Settings(), STREAMED)}
    for one in day_zero[0].statistics:
        assert_same_inference(one, expected[one.name])


def subset(returns: EventReturns, at: np.ndarray) -> dict[str, np.ndarray]:
    names = ("event_id", "group", "category", "series_index", "zero")
    return {name: getattr(returns, name)[at] for name in names}


def test_overlapping_windows_of_one_asset_are_left_out_by_name() -> None:
    returns = returns_of(13, 40, 2)
    study = study_at_scale(returns, "market", WINDOWS)
    last = study.cells[-1]
    assert last.left_out.size > 0
    assert np.intersect1d(last.members, last.left_out).size == 0


def test_too_many_incomplete_pairs_are_refused_not_approximated() -> None:
    returns = returns_of(14, 300, 30, holes=0.03)
    study = study_at_scale(returns, "market", [(-5, 5)], pair_limit=100)
    by_name = {s.name: s for s in study.cells[0].statistics}
    assert by_name["adjusted_bmp_t"].status == "not_applicable"
    assert "pair_limit" in by_name["adjusted_bmp_t"].reason
    assert by_name["bmp_t"].status == "ok"


def test_settings_that_cannot_be_used() -> None:
    returns = returns_of(15, 10, 2)
    for chunk in (0, -5, 255):
        with pytest.raises(SpecError, match="chunk"):
            study_at_scale(returns, "market", WINDOWS, chunk=chunk)
    for window in ((0, 6), (-6, 0), (2, 1)):
        with pytest.raises(SpecError, match="car_windows"):
            study_at_scale(returns, "market", [window])
    with pytest.raises(SpecError, match="garch"):
        study_at_scale(returns, "garch", WINDOWS)
    with pytest.raises(SpecError, match="hotelling_f"):
        study_at_scale(returns, "market", WINDOWS, names=["hotelling_f"])


def test_no_event_and_no_usable_event_are_answers_too() -> None:
    returns = returns_of(18, 20, 4)
    none = replace(returns, **subset(returns, np.arange(0)))
    unusable = replace(returns, zero=np.zeros(20, dtype=int))
    for empty, codes in ((none, set()), (unusable, {"too_few_returns"})):
        study = study_at_scale(empty, "market", WINDOWS)
        assert set(study.failure) == codes
        assert {s.status for cell in study.cells for s in cell.statistics} == {"not_applicable"}
    assert set(study_at_scale(returns, "ff3", WINDOWS).failure) == {"missing_regressor"}
    assert set(study_at_scale(returns, "market", WINDOWS).failure) == {""}
