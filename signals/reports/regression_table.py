"""``regression.csv``: the second stage, CARs on the events' own columns."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from signals.events import Catalogue
from signals.inference.second_stage import second_stage
from signals.spec import StudySpec


def regression_table(
    spec: StudySpec, catalogue: Catalogue, tables: Mapping[str, pd.DataFrame]
) -> tuple[pd.DataFrame, list[str]]:
    """Regress the CARs of complete pairs over ``[regression].window`` (default: the primary
    window) on the formula's columns: the pair's ``ticker``, ``group``, ``category`` … and every
    column of the events file. A column whose every value is a number is one."""
    assert spec.regression is not None
    window = spec.regression.window or spec.primary
    car = tables["car"]
    here = (car["first"] == window[0]) & (car["last"] == window[1]) & (car["status"] == "complete")
    own = catalogue.frame.drop(columns=["instant", "date"])
    pairs = car.loc[here, ["event_id", "ticker", "car", "std_error", "scar"]]
    landed = tables["events"][["event_id", "ticker", "group", "benchmark", "day_zero"]]
    own = own[[c for c in own.columns if c == "event_id" or c not in {*pairs.columns, "group"}]]
    data = pairs.merge(landed, on=["event_id", "ticker"]).merge(own, on="event_id")
    data = data.sort_values(["event_id", "ticker"], kind="stable").reset_index(drop=True)
    for column in data.columns:
        if column not in ("event_id", "ticker", "day_zero"):
            data[column] = _numbers(data[column])
    return second_stage(data, spec.regression.formula, window, spec.alpha)


def _numbers(column: pd.Series) -> pd.Series:
    """The column as numbers where every filled cell is one; empty cells are missing."""
    text = column.replace("", None)
    number = pd.to_numeric(text, errors="coerce")
    return number if number.notna().equals(text.notna()) else text
