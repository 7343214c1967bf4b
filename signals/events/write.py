"""Writing catalogue, claims and review files: whole or as they were, and inert in a spreadsheet."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

import pandas as pd

from signals.errors import DataError

_FORMULA: Final = r"^[=+\-@\t\r\n\x00-\x1f]"


def write_table(frame: pd.DataFrame, file: Path) -> Path:
    """Write a table as CSV (UTF-8, ``\\n``); text that a spreadsheet would run as a formula gets
    an apostrophe before it. The file is replaced at once; a reader never sees a part of it.

    Raises :class:`DataError` where the folder cannot be written.
    """
    content = csv_text(frame).encode("utf-8")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(prefix=f".{file.name}.", suffix=".tmp", dir=file.parent)
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(content)
            os.chmod(part, 0o644)
            os.replace(part, file)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise DataError(f"cannot be written: {error.strerror or error}", file=file) from error
    return file


def csv_text(frame: pd.DataFrame) -> str:
    """The CSV text of a table, with empty cells where there is no value and whole numbers of
    a column with gaps written without a decimal point."""
    safe = frame.copy()
    for column in safe.columns:
        values = safe[column]
        if values.dtype.kind == "f":
            known = values.dropna()
            if len(known) and (known % 1 == 0).all() and str(column) not in {"stated", "step"}:
                safe[column] = values.astype("Int64")
            continue
        text = values.map(lambda v: isinstance(v, str)).astype(bool)
        risky = text & values.where(text, "").astype("str").str.contains(_FORMULA, regex=True)
        if risky.any():
            out = values.astype(object)
            out[risky] = "'" + out[risky].astype("str")
            safe[column] = out
    return str(safe.to_csv(index=False, lineterminator="\n"))
