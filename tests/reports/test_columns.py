"""Columns of text made from words and codes: the cells that a loop over the rows would write."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.frames import table
from signals.reports.columns import FlagLists, iso, joined, joined_rows, text

WORDS = ("confounded", "coarse_p", "missing_return", "")
flags = st.lists(st.lists(st.sampled_from(WORDS), max_size=3).map(tuple), min_size=4, max_size=4)


@given(st.lists(flags, min_size=1, max_size=3))
def test_flags_of_rows_are_joined_as_one_by_one(parts: list[list[tuple[str, ...]]]) -> None:
    found = joined_rows(*parts).tolist()
    assert found == [joined(*(part[i] for part in parts)) for i in range(4)]
    again = joined_rows(*[FlagLists.of(part) for part in parts]).tolist()
    assert again == found


def test_flags_from_masks() -> None:
    a, b = np.asarray([True, False, True]), np.asarray([True, False, False])
    lists = FlagLists.where(one=a, two=b)
    assert list(lists) == [("one", "two"), (), ("one",)]
    assert list(lists.take(np.asarray([2, 0]))) == [("one",), ("one", "two")]
    assert lists[1:] == ((), ("one",))


@pytest.mark.parametrize("unit", ["D", "s", "us"])
def test_iso_labels(unit: str) -> None:
    days = np.asarray(["2023-01-03", "NaT", "1999-12-31", "2023-01-03"], dtype=f"M8[{unit}]")
    expected = ["" if np.isnat(d) else str(d) for d in days]
    assert iso(days).tolist() == expected
    assert iso(days[1:2]).tolist() == [""]
    assert iso(days[:0]).tolist() == []


def test_text_without_words() -> None:
    assert text([], np.empty(0, dtype=np.int64)).tolist() == []
    assert text(["a", "b"], np.asarray([1, 0, 1])).tolist() == ["b", "a", "b"]


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.integers(0, 3)), max_size=8)
)
def test_a_table_is_sorted_by_its_key_whether_or_not_it_was(
    rows: list[tuple[str, str, int]],
) -> None:
    data = pd.DataFrame(rows, columns=["event_id", "ticker", "tau"]).assign(ar=range(len(rows)))
    key = ["event_id", "ticker", "tau"]
    for given_rows in (data, data.sort_values(key, kind="stable")):
        found = table("abnormal_returns", given_rows)
        expected = given_rows.sort_values(key, kind="stable").reset_index(drop=True)
        pd.testing.assert_frame_equal(found[[*key, "ar"]], expected, check_dtype=False)
