"""Ranks of a chunk and their sums are exact: near ties, ties and signed zeros included."""

from __future__ import annotations

import numpy as np
import pytest

from signals.inference.ranks import average_ranks
from signals.inference.streaming_ranks import by_membership, can_count, rank_sums, ranks


def awkward(width: int, scale: float) -> np.ndarray:
    rng = np.random.default_rng(width)
    values = scale * rng.standard_normal((50, width))
    values[3, 7] = values[3, 20]
    values[4, 5] = np.nextafter(values[4, 9], 1e300)
    values[5, [1, 2, 3]] = (0.0, -0.0, scale * 1e-5)
    values[6, :10] = -values[6, 10:20]
    return values


@pytest.mark.parametrize("scale", [1e-300, 1e-3, 1.0, 1e200])
@pytest.mark.parametrize("width", [40, 271, 512])
@pytest.mark.parametrize("after", [1, 11, 21])
def test_sums_of_ranks_are_those_of_average_ranks(scale: float, width: int, after: int) -> None:
    values = awkward(width, scale)
    few = np.arange(50) % 7 == 3
    members = np.stack([np.ones(50, dtype=bool), few, ~few, np.zeros(50, dtype=bool)])
    ranked, placed, tied = rank_sums(values, width - after, members)
    assert set(tied.tolist()) <= {3, 4, 5}
    assert {3, 5} <= set(tied.tolist())
    members[:, tied] = False
    np.testing.assert_array_equal(ranked, members.astype(float) @ average_ranks(values))
    np.testing.assert_array_equal(placed, members.astype(float) @ average_ranks(values[:, :-after]))


def test_rows_that_may_be_tied_are_few() -> None:
    values = np.random.default_rng(2).standard_normal((4000, 271))
    members = np.ones((1, 4000), dtype=bool)
    ranked, placed, tied = rank_sums(values, 250, members)
    assert not tied.size
    assert ranked.sum() == 4000 * 271 * 272 / 2
    assert placed.sum() == 4000 * 250 * 251 / 2


def test_what_cannot_be_counted() -> None:
    assert can_count(512, 257)
    assert not can_count(513, 300)
    assert not can_count(300, 44)


@pytest.mark.parametrize("width", [40, 600])
def test_one_rank_at_a_time(width: int) -> None:
    values = awkward(width, 1.0)
    ranked, placed = ranks(values, width - 11)
    np.testing.assert_array_equal(ranked, average_ranks(values))
    np.testing.assert_array_equal(placed, average_ranks(values[:, :-11]))


def test_missing_values_have_rank_zero() -> None:
    rng = np.random.default_rng(1)
    values = rng.standard_normal((30, 60))
    values[rng.random((30, 60)) < 0.2] = np.nan
    values[2, 5] = values[2, 8]
    ranked, placed = ranks(values, 50)
    np.testing.assert_array_equal(ranked, np.nan_to_num(average_ranks(values)))
    np.testing.assert_array_equal(placed, np.nan_to_num(average_ranks(values[:, :50])))


def test_sets_of_events_are_summed_from_few_of_them() -> None:
    numbers = np.random.default_rng(3).integers(0, 99, (40, 5)).astype(float)
    members = (
        np.random.default_rng(4).random((6, 40)) < np.array([0, 0.1, 0.5, 0.7, 0.98, 1])[:, None]
    )
    asked = []

    def summed(chosen: slice | np.ndarray) -> np.ndarray:
        asked.append(len(numbers[chosen]))
        return numbers[chosen].sum(axis=0)

    found = by_membership(members, summed, 5)
    np.testing.assert_array_equal(found, members.astype(float) @ numbers)
    assert sorted(asked)[-1] == 40
    assert all(count <= 20 for count in sorted(asked)[:-1])
