"""Columns of text for tables of many rows: each word once, and which word stands in each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, overload

import numpy as np
import pandas as pd

from signals.frames import Ints, Labels

Text = Any
"""A pandas array of text (``str``), as a column of a table holds it."""

_MOST_DAYS: Final = 200_000


@dataclass(frozen=True, slots=True, eq=False)
class FlagLists(Sequence[tuple[str, ...]]):
    """The flags of N rows: ``kinds`` are the different ones, ``codes`` (N,) which one a row has."""

    kinds: tuple[tuple[str, ...], ...]
    codes: Ints

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, i: int) -> tuple[str, ...]: ...
    @overload
    def __getitem__(self, i: slice) -> tuple[tuple[str, ...], ...]: ...
    def __getitem__(self, i: int | slice) -> tuple[str, ...] | tuple[tuple[str, ...], ...]:
        if isinstance(i, slice):
            return tuple(self.kinds[k] for k in self.codes[i].tolist())
        return self.kinds[int(self.codes[i])]

    def take(self, index: Ints) -> FlagLists:
        """The flags of the rows ``index``."""
        return FlagLists(self.kinds, self.codes[index])

    @classmethod
    def of(cls, flags: Sequence[Sequence[str]]) -> FlagLists:
        """Any sequence of flags in this form."""
        if isinstance(flags, FlagLists):
            return flags
        known: dict[tuple[str, ...], int] = {}
        codes = [known.setdefault(tuple(f), len(known)) for f in flags]
        return cls(tuple(known), np.asarray(codes, dtype=np.int64))

    @classmethod
    def where(cls, **masks: np.ndarray) -> FlagLists:
        """Each row has the names of the masks (N,) that are True there, in the order given."""
        names = list(masks)
        codes = sum((mask.astype(np.int64) << k for k, mask in enumerate(masks.values())))
        kinds = tuple(
            tuple(name for k, name in enumerate(names) if code >> k & 1)
            for code in range(1 << len(names))
        )
        return cls(kinds, np.asarray(codes, dtype=np.int64))


def joined(*parts: Sequence[str]) -> str:
    """The flags as one cell: each once, separated by ``;``."""
    return ";".join(dict.fromkeys(word for part in parts for word in part if word))


def joined_rows(*parts: Sequence[Sequence[str]]) -> Text:
    """(N,) the cells of N rows, whose flags are those of every part."""
    lists = [FlagLists.of(part) for part in parts]
    codes = np.zeros(len(lists[0]), dtype=np.int64)
    for one in lists:
        codes = codes * len(one.kinds) + one.codes
    found, place = np.unique(codes, return_inverse=True)
    words = []
    for rest in found.tolist():
        left, kinds = rest, []
        for one in reversed(lists):
            left, k = divmod(left, max(len(one.kinds), 1))
            kinds.append(one.kinds[k])
        words.append(joined(*reversed(kinds)))
    return text(words, place)


def text(words: Sequence[str] | Labels | Text, codes: Ints) -> Text:
    """(N,) ``words[codes]`` as a column of text."""
    known = pd.array(words, dtype="str")
    return known.take(codes) if len(known) else pd.array([""] * len(codes), dtype="str")


def rows_of_text(values: Labels | Text) -> Text:
    """A column of text from objects."""
    return pd.array(values, dtype="str")


def iso(days: np.ndarray) -> Text:
    """ISO text of session labels, blank for NaT; one number a day or a second a label."""
    blank = np.isnat(days)
    if not len(days) or blank.all():
        return text([""], np.zeros(len(days), dtype=np.int64))
    unit = np.datetime_data(days.dtype)[0]
    number = days.astype(np.int64)
    first = int(number[~blank].min())
    span = int(number[~blank].max()) - first + 1
    if unit == "D" and span <= _MOST_DAYS:
        known = np.arange(first, first + span).astype("datetime64[D]")
        place = np.where(blank, span, number - first)
    else:
        known, place = np.unique(days[~blank], return_inverse=True)
        place, rest = np.full(len(days), len(known), dtype=np.int64), place
        place[~blank] = rest
    return text([*np.datetime_as_string(known).tolist(), ""], place)
