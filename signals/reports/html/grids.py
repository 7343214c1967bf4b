"""Tables of the page: what each column is, how a cell is shown, which rows stand in the file.

The first rows are written into the page as they are; the script takes over from the same data
(paging, sorting, filtering), so a table is whole without JavaScript up to its first page.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from signals.reports.html.assets import rounded
from signals.reports.prose.numbers import bare_probability, fixed, percent, window_text
from signals.reports.prose.words import Words

FIRST_PAGE: Final = 25
DIGITS: Final = 8

# How a column's numbers are shown; anything else is text.
PERCENT: Final = frozenset(
    {
        "actual_return", "expected_return", "ar", "std_error", "car", "ci_low", "ci_high", "bhar",
        "caar", "median", "aar", "alpha", "tolerance", "share_positive", "rejection_rate",
        "min_detectable", "sigma", "r_squared", "car_a", "car_b", "difference", "share_fell",
        "placebo_mean", "placebo_q95", "equal_weighted", "value_weighted", "level",
        "car_to_close", "gap_share", "drift_car", "leakage_car",
    }
)  # fmt: skip
SHARES: Final = frozenset(
    {
        "share_positive", "rejection_rate", "level", "share_fell", "placebo_mean", "placebo_q95",
        "gap_share",
    }
)  # fmt: skip
PROBABILITY: Final = frozenset(
    [
        "p_value",
        "headline_p_value",
        "calibrated_p_value",
        "q_value",
        "holm_p",
        "romano_wolf_p",
        "rank_p_value",
        "conformal_p_value",
        "placebo_p_value",
        "durbin_watson_p",
        "ljung_box_p",
        "breusch_pagan_p",
        "jarque_bera_p",
        "p_a",
        "p_b",
    ]
)
INTEGER: Final = frozenset(
    {
        "tau", "n_obs", "df_resid", "n_events", "n_returns", "n_assets", "n_fell", "n_placebos",
        "half_minutes", "ninety_minutes",
        "draws", "effective_draws", "rows", "estimation_length", "count",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """One table: ``columns`` are (name, label, kind), ``rows`` raw values (None: blank)."""

    name: str
    caption: str
    columns: tuple[tuple[str, str, str], ...]
    rows: tuple[tuple[Any, ...], ...]

    @property
    def first(self) -> list[list[tuple[str, str]]]:
        """The first page as (shown text, kind)."""
        kinds = [kind for _, _, kind in self.columns]
        return [
            [(shown(v, k), k) for v, k in zip(row, kinds, strict=True)]
            for row in self.rows[:FIRST_PAGE]
        ]

    @property
    def data(self) -> Mapping[str, Any]:
        """The whole table for the page's script."""
        return {
            "caption": self.caption,
            "columns": [list(c) for c in self.columns],
            "rows": [list(row) for row in self.rows],
        }


def grid(
    name: str,
    caption: str,
    frame: pd.DataFrame,
    columns: Sequence[str],
    say: Words,
    *,
    quantity: str = "return",
) -> Grid:
    """A grid of the chosen columns. ``window`` joins first and last, ``ci`` the interval's ends;
    columns that are blank on every row are left out."""
    found: list[tuple[str, str, str]] = []
    cells: list[list[Any]] = []
    for column in columns:
        values = _column(frame, column)
        if values is None or all(v is None or v == "" for v in values):
            continue
        label = say.note(f"column.{name}.{column}") or say.column(column)
        found.append((column, label, kind_of(column, values, quantity)))
        cells.append(values)
    rows = tuple(zip(*cells, strict=True)) if cells else ()
    return Grid(name, caption, tuple(found), rows)


def kind_of(column: str, values: Sequence[Any], quantity: str = "return") -> str:
    """``pct`` (decimal shown as percent), ``p``, ``int``, ``num``, ``ci`` or ``text``."""
    if column == "ci":
        return "ci" if quantity == "return" else "cin"
    if any(isinstance(v, str) for v in values):
        return "text"
    if column in PERCENT:
        return "pct" if quantity == "return" or column in SHARES else "num"
    if column in PROBABILITY or "p_value" in column:
        return "p"
    return "int" if column in INTEGER else "num"


def shown(value: Any, kind: str) -> str:
    """One cell as text (the page's script shows the same)."""
    if value is None:
        return ""
    if kind == "pct":
        return percent(float(value), digits=2)
    if kind == "p":
        return bare_probability(float(value))
    if kind == "int":
        return fixed(float(value), 0)
    if kind == "num":
        return significant(float(value))
    if kind in ("ci", "cin"):
        scale = 100.0 if kind == "ci" else 1.0
        return f"[{fixed(scale * value[0], 2)}, {fixed(scale * value[1], 2)}]"
    return str(value)


def significant(value: float) -> str:
    """Three decimals, without trailing zeros for whole numbers."""
    return fixed(value, 0) if float(value).is_integer() else fixed(value, 3)


def _column(frame: pd.DataFrame, column: str) -> list[Any] | None:
    if column == "window" and {"first", "last"} <= set(frame.columns):
        pairs = zip(frame["first"], frame["last"], strict=True)
        return [window_text(int(a), int(b)) for a, b in pairs]
    if column == "ci" and {"ci_low", "ci_high"} <= set(frame.columns):
        ends = zip(frame["ci_low"], frame["ci_high"], strict=True)
        return [
            None if _blank(a) or _blank(b) else (_bare(float(a)), _bare(float(b))) for a, b in ends
        ]
    if column not in frame.columns:
        return None
    return [None if _blank(v) else _bare(v) for v in frame[column].tolist()]


def _bare(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else ""
    # Rounded once for both, so that the page reads the same before its script runs and after.
    return rounded(value, DIGITS) if isinstance(value, float) else value


def _blank(value: Any) -> bool:
    return (
        value is None or value is pd.NaT or (isinstance(value, float) and not math.isfinite(value))
    )
