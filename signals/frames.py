"""Column names of every table that leaves the house, in order (see docs/contract).

Other programs read these files: a name is not changed without a changelog entry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Days = npt.NDArray[np.datetime64]
Labels = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class TableShape:
    """The key and the further columns of one CSV report."""

    key: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        return self.key + self.columns


def _shape(key: str, columns: str) -> TableShape:
    return TableShape(tuple(key.split()), tuple(columns.split()))


TABLES: Final[Mapping[str, TableShape]] = {
    "events": _shape(
        "event_id ticker",
        "category subject headline announced_at precision group benchmark calendar timing day_zero "
        "rule status reason_code reason overlaps alternative_day_zero flags",
    ),
    "models": _shape(
        "event_id ticker",
        "model engine n_obs df_resid alpha beta sigma r_squared price_field estimation_first "
        "estimation_last durbin_watson ljung_box_p breusch_pagan_p jarque_bera_p",
    ),
    "abnormal_returns": _shape(
        "event_id ticker tau", "session actual_return expected_return ar std_error sar"
    ),
    "car": _shape(
        "event_id ticker first last",
        "group n_returns car std_error statistic df p_value ci_low ci_high scar bhar rank_p_value "
        "conformal_p_value placebo_p_value calibrated_p_value headline_test headline_p_value "
        "q_value holm_p romano_wolf_p calibration_verdict min_detectable status reason flags",
    ),
    "caar": _shape(
        "group_by group first last",
        "n_events caar median share_positive std_error std_error_method ci_low ci_high",
    ),
    "aar": _shape("group_by group tau", "n_events aar caar std_error std_error_method"),
    "statistics": _shape(
        "group_by group first last statistic_name",
        "estimate statistic distribution df p_value calibrated_p_value calibration_verdict r_bar "
        "min_detectable n_events status reason recommended",
    ),
    "claims": _shape(
        "event_id claim_id",
        "ticker metric stated measured unit window_first window_last tolerance verdict quote "
        "reason",
    ),
    "calibration": _shape(
        "statistic_name first last",
        "alpha draws effective_draws rejection_rate ci_low ci_high verdict",
    ),
    "sensitivity": _shape(
        "event_id ticker first last model estimation_length day_zero_choice field",
        "car std_error rank_p_value conformal_p_value",
    ),
    "reaction": _shape(
        "event_id ticker",
        "day_zero closes n_bars car_to_close std_error p_value gap_share half_bars half_minutes "
        "ninety_bars ninety_minutes drift_car drift_p_value leakage_first leakage_last leakage_car "
        "leakage_p_value status reason",
    ),
    "evidence": _shape(
        "event_id ticker",
        "day_zero searched_first searched_last bar bar_end session ar sar p_value agrees reason",
    ),
    "breadth": _shape(
        "event_id group first last",
        "n_assets n_fell share_fell placebo_mean placebo_q95 n_placebos p_value_fell p_value_rose "
        "equal_weighted equal_weighted_p_value value_weighted value_weighted_p_value status reason",
    ),
    "spillovers": _shape(
        "event_id role first last",
        "n_assets tickers car share_positive test p_value holm_p moved portfolio_p_value "
        "adjusted_bmp_p_value hotelling_p_value reason",
    ),
    "expected_moves": _shape(
        "event_id ticker",
        "recorded_at expiry strike spot call_price put_price implied_move actual_move ratio reason",
    ),
    "excluded": _shape("event_id ticker", "stage code detail"),
}

EVENT_COLUMNS: Final = (
    "event_id",
    "announced_at",
    "precision",
    "category",
    "subject",
    "headline",
    "source",
    "url",
)
EVENT_OPTIONAL_COLUMNS: Final = ("tickers", "timing", "note")

CLAIM_COLUMNS: Final = (
    "event_id",
    "claim_id",
    "ticker",
    "metric",
    "stated",
    "unit",
    "window",
    "window_first",
    "window_last",
    "source",
    "quote_start",
    "quote_end",
)


def table(
    name: str, data: pd.DataFrame | Mapping[str, Any] | Sequence[Mapping[str, Any]]
) -> pd.DataFrame:
    """A report table: exactly the columns of ``TABLES[name]``, sorted by its key.

    Extra factor columns (``beta_smb`` …) may follow those that are fixed.
    """
    shape = TABLES[name]
    frame = pd.DataFrame(data if isinstance(data, Mapping | pd.DataFrame) else list(data))
    fixed = list(shape.all)
    extra = [c for c in frame.columns if c not in fixed]
    frame = frame.reindex(columns=[*fixed, *extra])
    if _in_order(frame, shape.key):
        return frame.reset_index(drop=True)
    # A stable sort keeps byte identity where a key repeats (several exclusions of one pair).
    return frame.sort_values(list(shape.key), kind="stable").reset_index(drop=True)


def _in_order(frame: pd.DataFrame, key: Sequence[str]) -> bool:
    """Whether the rows are in the order of the key already: to see it costs a hundredth of a sort
    of text."""
    tied = np.ones(max(len(frame) - 1, 0), dtype=bool)
    for name in key:
        column = frame[name]
        if column.dtype == object or column.isna().any():
            return False
        above, below = column.iloc[:-1].array, column.iloc[1:].array
        if (tied & np.asarray(above > below, dtype=bool)).any():
            return False
        tied &= np.asarray(above == below, dtype=bool)
        if not tied.any():
            return True
    return True


def frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same array, set read-only: records of this package are never edited in place."""
    array.setflags(write=False)
    return array
