"""The fast ranks of a chunk are exact ranks, near ties, ties and signed zeros included."""

from __future__ import annotations

import numpy as np
import pytest

from signals.inference.ranks import average_ranks
from signals.inference.streaming_residuals import _ranks, _sorted_order


@pytest.mark.parametrize("scale", [1e-300, 1e-3, 1.0, 1e200])
@pytest.mark.parametrize("width", [40, 271, 512, 600])
def test_ranks_are_average_ranks(scale: float, width: int) -> None:
    rng = np.random.default_rng(width)
    values = scale * rng.standard_normal((50, width))
    values[3, 7] = values[3, 20]
    values[4, 5] = np.nextafter(values[4, 9], 1e300)
    values[5, [1, 2, 3]] = (0.0, -0.0, scale * 1e-5)
    values[6, :10] = -values[6, 10:20]
    seen = np.ones(values.shape, dtype=bool)
    ranks, places = _ranks(values, seen, True, width - 11)
    np.testing.assert_array_equal(ranks, average_ranks(values))
    np.testing.assert_array_equal(places, average_ranks(values[:, :-11]))


def test_missing_values_have_rank_zero() -> None:
    rng = np.random.default_rng(1)
    values = rng.standard_normal((30, 60))
    values[rng.random((30, 60)) < 0.2] = np.nan
    values[2, 5] = values[2, 8]
    ranks, places = _ranks(values, np.isfinite(values), False, 50)
    np.testing.assert_array_equal(ranks, np.nan_to_num(average_ranks(values)))
    np.testing.assert_array_equal(places, np.nan_to_num(average_ranks(values[:, :50])))


def test_rows_that_may_be_tied_are_few() -> None:
    values = np.random.default_rng(2).standard_normal((4000, 271))
    order, tied = _sorted_order(values, True)
    assert not tied.any()
    np.testing.assert_array_equal(order, np.argsort(values, axis=1))
