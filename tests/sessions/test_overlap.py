"""Overlaps: found by sorting once, compared with looking at every pair."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from signals.sessions import find_overlaps


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(-1, 60)), min_size=1, max_size=25),
    st.integers(-5, 0),
    st.integers(0, 5),
)
def test_agrees_with_looking_at_every_pair(
    pairs: list[tuple[str, int]], first: int, last: int
) -> None:
    ticker = np.asarray([p[0] for p in pairs], dtype=object)
    position = np.asarray([p[1] for p in pairs], dtype=np.int64)
    estimation = (first - 20, first - 1)
    found = find_overlaps(ticker, position, (first, last), estimation)
    for i in range(len(pairs)):
        near = [
            j
            for j in range(len(pairs))
            if j != i and ticker[j] == ticker[i] and position[i] >= 0 and position[j] >= 0
        ]
        inside = [j for j in near if first <= position[j] - position[i] <= last]
        before = [j for j in near if estimation[0] <= position[j] - position[i] <= estimation[1]]
        assert found.confounding[i] == tuple(inside)
        assert found.contaminating[i] == tuple(before)


def test_named_in_words() -> None:
    ticker = np.asarray(["a", "a", "a"], dtype=object)
    found = find_overlaps(ticker, np.asarray([10, 11, 30]), (-2, 2), (-25, -3))
    names = found.text(np.asarray(["x", "y", "z"], dtype=object))
    assert names.tolist() == ["event:y", "event:x", "estimation:x;estimation:y"]


def test_names_from_a_column_of_several_frames() -> None:
    column = pd.concat([pd.Series(["x"], dtype="str"), pd.Series(["y", "z"], dtype="str")])
    found = find_overlaps(
        np.asarray(list("aab"), dtype=object), np.asarray([3, 4, 5]), (-1, 1), (-9, -2)
    )
    assert found.text(column.array).tolist() == ["event:y", "event:x", ""]


def test_nobody() -> None:
    found = find_overlaps(np.empty(0, dtype=object), np.empty(0, dtype=np.int64), (-1, 1), (-9, -2))
    assert len(found.confounding) == 0
    assert found.text(np.empty(0, dtype=object)).tolist() == []
