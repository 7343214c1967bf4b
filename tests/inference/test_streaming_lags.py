"""r̄ summed by dates and by odd pairs equals r̄ summed over every pair in plain loops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from signals.inference import streaming_cell_lags
from signals.inference.streaming_calendar import disjoint
from signals.inference.streaming_cell_lags import CellLags
from signals.inference.streaming_events import first_pass, in_order, prepare
from signals.inference.streaming_groups import grouped
from signals.inference.streaming_lags import LagSums, merge_lags, weighted
from signals.inference.streaming_pairs import Pairing, pair_sum
from signals.inference.streaming_rbar import events_task
from signals.inference.streaming_residuals import block_values, residual_partial
from signals.models.batched import fit_batch
from tests.models.batched_returns import make_returns, make_series

ROWS = 50


def loops(e: np.ndarray, date: np.ndarray, length: int) -> tuple[float, int]:
    """Σ w_ij ρ_ij and the number of pairs, pair by pair on common sessions."""
    total, pairs = 0.0, 0
    for i in range(len(e)):
        for j in range(i + 1, len(e)):
            delta = int(date[j] - date[i])
            if delta < length:
                rho = np.corrcoef(e[i, delta:], e[j, : ROWS - delta])[0, 1]
                total += (length - delta) / length * rho
                pairs += 1
    return total, pairs


def collected(
    e: np.ndarray, date: np.ndarray, lags: tuple[int, ...], members: np.ndarray, step: int
) -> list[LagSums | None]:
    """Chunks of 20 events, each added in blocks of ``step``."""
    parts: list[tuple[LagSums | None, ...]] = []
    for begin in range(0, len(e), 20):
        chunk = slice(begin, begin + 20)
        cells = CellLags.of(lags, members[:, chunk], ROWS)
        for at in range(begin, min(begin + 20, len(e)), step):
            block = slice(at, min(at + step, begin + 20, len(e)))
            regular = np.ones(block.stop - at, dtype=bool)
            cells.add(e[block], date[block], regular, slice(at - begin, block.stop - begin))
        parts.append(cells.finish())
    return [merge_lags([part[c] for part in parts]) for c in range(len(lags))]


@pytest.mark.parametrize("step", [1, 7, 20])
@pytest.mark.parametrize("spread", [1, 12, 60, 400])
def test_sums_by_date_equal_loops_over_pairs(step: int, spread: int) -> None:
    rng = np.random.default_rng(spread)
    date = np.sort(rng.integers(0, spread, 70))
    common = rng.standard_normal(ROWS + spread)
    e = np.stack([common[d : d + ROWS] for d in date]) + rng.standard_normal((70, ROWS))
    members = np.stack([np.ones(70, dtype=bool), rng.random(70) < 0.6, np.ones(70, dtype=bool)])
    lags = (5, 11, 1)
    found = collected(e, date, lags, members, step)
    for lag, member, sums in zip(lags, members, found, strict=True):
        assert sums is not None
        total, pairs = loops(e[member], date[member], lag)
        np.testing.assert_allclose(weighted(sums, lag), total, rtol=1e-11, atol=1e-12)
        assert sums.pairs[:lag].sum() == pairs


@pytest.mark.parametrize("spread", [2, 30, 300])
def test_few_sessions_at_once_and_many_events_a_date(
    spread: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sums of past dates are moved and forgotten, dates have several groups and go on in the next
    block: nothing of it changes a sum."""
    monkeypatch.setattr(streaming_cell_lags, "SESSIONS_AT_ONCE", 1)
    rng = np.random.default_rng(spread)
    date = np.sort(rng.integers(0, spread, 150))
    e = rng.standard_normal((150, ROWS))
    cells = CellLags.of((6,), np.ones((1, 150), dtype=bool), ROWS)
    for part in (slice(0, 100), slice(100, 131), slice(131, 150)):
        count = part.stop - part.start
        cells.add(e[part], date[part], np.ones(count, dtype=bool), part)
    sums = cells.finish()[0]
    assert sums is not None
    total, pairs = loops(e, date, 6)
    np.testing.assert_allclose(weighted(sums, 6), total, rtol=1e-11, atol=1e-12)
    assert sums.pairs.sum() == pairs
    assert [t.date for t in sums.tail] == [d for d in np.unique(date) if date[-1] - d < 6]
    assert [h.date for h in sums.head] == [d for d in np.unique(date) if d - date[0] < 6]


@pytest.mark.parametrize("per_slot", [1, 5, 40, 200])
def test_groups_hold_every_event_once(per_slot: int) -> None:
    rng = np.random.default_rng(per_slot)
    slot = np.sort(rng.integers(10, 10 + 600 // per_slot, 600))
    groups = grouped(slot, 1000)
    values = rng.standard_normal((600, 3))
    rows = groups.rows(values)
    assert rows.shape[1] == groups.size + 1
    np.testing.assert_allclose(rows[:, :-1].sum(axis=(0, 1)), values.sum(axis=0), rtol=1e-12)
    assert (rows[:, -1] == 1.0).all()
    weight = groups.weights(values, values)
    np.testing.assert_allclose(weight.sum(axis=1), 0.0, atol=1e-12)
    assert groups.count.sum() == 600
    seen = [u for begin, stop, _ in groups.runs for u in range(begin, stop)]
    assert seen == list(range(len(groups.slot)))
    further = [g for _, _, more in groups.runs for part, _ in more
               for g in range(part.start, part.stop)]  # fmt: skip
    assert sorted(further) == list(range(len(groups.slot), len(rows)))


def test_residuals_that_do_not_vary_are_seen() -> None:
    rng = np.random.default_rng(1)
    e = rng.standard_normal((20, ROWS))
    e[3, 2:] = 0.0
    found = collected(e, np.zeros(20, dtype=int), (4,), np.ones((1, 20), dtype=bool), 20)
    assert found[0] is not None
    assert found[0].flat


def test_odd_pairs_equal_loops() -> None:
    rng = np.random.default_rng(2)
    n, length = 40, 6
    date = rng.integers(0, 30, n)
    e = rng.standard_normal((n, ROWS))
    e[rng.random((n, ROWS)) < 0.1] = np.nan
    regular = rng.random(n) < 0.5
    rows = date[:, None] + np.arange(ROWS)
    window = date[:, None] + 100 + np.arange(length)
    found = pair_sum(
        Pairing(
            window[:, 0], window[:, -1], regular,
            lambda i: window[i], lambda i: rows[i], lambda i: e[i],
        ),
        10_000,
    )  # fmt: skip
    total, pairs = 0.0, 0
    for i in range(n):
        for j in range(i + 1, n):
            shared = length - abs(int(date[i] - date[j]))
            if shared <= 0 or (regular[i] and regular[j]):
                continue
            on = {t: v for t, v in zip(rows[i], e[i], strict=True) if np.isfinite(v)}
            both = [(on[t], v) for t, v in zip(rows[j], e[j], strict=True)
                    if t in on and np.isfinite(v)]  # fmt: skip
            total += shared / length * float(np.corrcoef(np.array(both).T)[0, 1])
            pairs += 1
    np.testing.assert_allclose(found.total, total, rtol=1e-11)
    assert found.pairs == pairs
    assert found.undefined is None


def test_disjoint_is_greedy_by_date() -> None:
    rng = np.random.default_rng(3)
    for length in (1, 4, 9):
        owner = np.sort(rng.integers(0, 6, 80))
        place = rng.integers(0, 60, 80)
        order = np.lexsort((place, owner))
        place = place[order]
        kept = disjoint(place, owner, length)
        until: dict[int, int] = {}
        for i in range(80):
            free = place[i] > until.get(int(owner[i]), -1)
            assert kept[i] == free
            if free:
                until[int(owner[i])] = int(place[i]) + length - 1
    assert disjoint(np.array([], dtype=int), np.array([], dtype=int), 3).size == 0


@pytest.mark.parametrize("gap", [0, 7])
def test_residuals_of_a_chunk_are_those_of_the_fit(gap: int) -> None:
    rng = np.random.default_rng(4)
    series = make_series(rng, 4, 500, holes=0.02)
    returns = make_returns(rng, 60, series, length=100, gap=gap)
    late = returns.zero[5] - np.array([3, 30, 31])  # one of them inside the event window
    returns = replace(returns, dropped={5: late})
    prepared = prepare(returns, "ff3")
    cars = first_pass(returns, prepared, [(0, 1)], 1, "strict", 1)
    events = in_order(returns, prepared, cars)
    task = events_task(events, np.arange(60), np.ones((1, 60), dtype=bool), (0,))
    values = block_values(task, slice(0, 60))
    fit = fit_batch(returns, "ff3")
    assert fit.residuals is not None
    usable = fit.usable[events.order] & (events.cars.code == 0)
    expected = np.concatenate([fit.residuals, fit.ar], axis=1)[events.order]
    np.testing.assert_allclose(values[usable], expected[usable], rtol=1e-9, atol=1e-13)
    assert usable.sum() > 50
    partial = residual_partial(task)
    seen = np.isfinite(values)
    np.testing.assert_array_equal(partial.seen[0], seen.sum(axis=0))
