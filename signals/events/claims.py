"""Reading ``events.claims.csv``, the market claims that stand beside a catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from signals.errors import DataError
from signals.frames import CLAIM_COLUMNS

METRICS: Final = ("return", "market_value", "breadth", "volume", "company_figure")


def claims_file(events_file: Path) -> Path:
    """``events/meta_ai.csv`` → ``events/meta_ai.claims.csv``."""
    return events_file.with_name(f"{events_file.stem}.claims.csv")


def read_claims(events_file: Path) -> pd.DataFrame:
    """The claims beside a catalogue file, or an empty frame where there are none.

    Raises :class:`DataError` with line, column and value for a row that cannot be read.
    """
    file = claims_file(events_file)
    if not file.is_file():
        return pd.DataFrame(columns=list(CLAIM_COLUMNS))
    try:
        frame = pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())[:160]
        raise DataError(f"is not a CSV table: {reason}", file=file) from None
    if not isinstance(frame.index, pd.RangeIndex):  # pandas takes surplus cells for an index
        raise DataError("the rows have more cells than the header", file=file, line=2)
    for column in CLAIM_COLUMNS:
        if column not in frame.columns:
            raise DataError(
                f"the column {column!r} is missing", file=file, line=1, allowed=CLAIM_COLUMNS
            )
    for column in ("stated", "window_first", "window_last", "quote_start", "quote_end"):
        text = frame[column].str.strip()
        number = pd.to_numeric(text.where(text != ""), errors="coerce")
        wrong = (text != "") & ~np.isfinite(number.fillna(np.nan).to_numpy(float))
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise DataError(
                "is not a number", file=file, line=row + 2, column=column, value=text.iloc[row]
            )
        frame[column] = number.astype(float)
    wrong = ~frame["metric"].isin(METRICS).to_numpy()
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise DataError(
            "is not a metric",
            file=file,
            line=row + 2,
            column="metric",
            value=frame["metric"].iloc[row],
            allowed=METRICS,
        )
    return frame
