"""Writing the reports: every file is whole or as it was before, never half.

Each file is written beside its target, flushed to the disk and renamed over it; the manifest
comes last and holds the digest of every table, so that a mixed folder can be told from a whole
one. CSV per RFC 4180: UTF-8, CRLF, ``.`` decimals, shortest text that restores each float64.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from signals.errors import DataError
from signals.reports.result import StudyResult

MOST_CSV_ROWS: Final = 1_000_000
SLOW_CSV_ROWS: Final = 100_000  # beyond, pyarrow writes: ten times as fast, lines end in LF
NOT_REPRODUCED = ("changes", "expected_moves")  # what the run before, or a market now, said
_FORMULA = r"^[=+\-@\t\r\n\x00-\x1f]"
_RISKY: Final = frozenset("=+-@").union(map(chr, range(32)))  # the same, as first characters


def write(
    result: StudyResult,
    out: Path,
    *,
    tables: Sequence[str] = (),
    run: Mapping[str, Any] | None = None,
) -> list[Path]:
    """Write all tables and ``manifest.json`` into ``out``; returns the paths, manifest last.

    A table of more than a million rows is written as parquet, unless ``tables`` names ``csv``.
    ``run`` (timings, run id, host) is the only part of the manifest that differs between two
    runs on the same input. Raises :class:`DataError` when the folder cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        names = sorted(result.tables)
        with _side_by_side(result) as apply:
            written = list(
                apply(lambda name: _table(name, result.tables[name], out, tables), names)
            )
        paths = [path for path, _ in written]
        digests = {
            path.name: digest
            for name, (path, digest) in zip(names, written, strict=True)
            if name not in NOT_REPRODUCED
        }
        whole = {**result.manifest, "files": digests, "run": {**result.run, **(run or {})}}
        text = json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False)
        paths.append(replace_file(out / "manifest.json", f"{text}\n".encode()))
    except OSError as error:
        raise DataError(
            f"reports cannot be written: {error.strerror or error}", file=out
        ) from error
    return paths


@contextmanager
def _side_by_side(result: StudyResult) -> Iterator[Callable[..., Iterable[tuple[Path, str]]]]:
    """``map``, by two threads where a table is large: pyarrow and the digests leave Python free."""
    if all(len(frame) <= SLOW_CSV_ROWS for frame in result.tables.values()):
        yield map
        return
    with ThreadPoolExecutor(2) as pool:
        yield pool.map


def _table(name: str, frame: pd.DataFrame, out: Path, tables: Sequence[str]) -> tuple[Path, str]:
    """Write one table; its path and digest."""
    large = len(frame) > MOST_CSV_ROWS and "csv" not in tables
    file = out / f"{name}.{'parquet' if large else 'csv'}"
    other = file.with_suffix(".csv" if large else ".parquet")
    content = parquet(frame) if large else csv_bytes(frame)
    path = replace_file(file, content)
    if large or "parquet" not in tables:
        other.unlink(missing_ok=True)  # of an earlier run: it would contradict this one
    return path, hashlib.sha256(content).hexdigest()


def csv_bytes(frame: pd.DataFrame) -> bytes | memoryview:
    """One table as CSV. Text that a spreadsheet would run as a formula is written with an
    apostrophe before it, so that it is shown."""
    safe = frame.copy(deep=False)
    for column in safe.columns:
        if safe[column].dtype == object or isinstance(safe[column].dtype, pd.StringDtype):
            safe[column] = _shown(safe[column])
    if len(safe) > SLOW_CSV_ROWS:
        return _many_rows(safe)
    return safe.to_csv(index=False, lineterminator="\r\n").encode("utf-8")


def _many_rows(frame: pd.DataFrame) -> memoryview:
    """CSV by pyarrow, in its own memory."""
    import pyarrow as pa
    from pyarrow import csv

    sink = pa.BufferOutputStream()
    options = csv.WriteOptions(quoting_style="needed")
    csv.write_csv(pa.Table.from_pandas(frame, preserve_index=False), sink, options)
    return memoryview(sink.getvalue())


def parquet(frame: pd.DataFrame) -> bytes:
    """One table as parquet. A column that holds different types is stored as text."""
    plain = frame.copy(deep=False)
    for column in plain.columns:
        values = plain[column]
        if values.dtype != object:
            continue
        blank = values.isna().to_numpy()
        if len({type(v) for v in values[~blank]}) > 1:
            plain[column] = [
                None if gone else str(v) for v, gone in zip(values, blank, strict=True)
            ]
    stream = io.BytesIO()
    plain.to_parquet(stream, index=False)
    return stream.getvalue()


def _shown(column: pd.Series) -> pd.Series:
    if isinstance(column.dtype, pd.StringDtype):
        risky = column.str.contains(_FORMULA, regex=True, na=False).to_numpy(bool)
    else:
        risky = np.asarray([isinstance(v, str) and v[:1] in _RISKY for v in column], dtype=bool)
    if not risky.any():
        return column
    out = column.astype(object)
    out[risky] = "'" + out[risky].astype("str")
    return out


def replace_file(path: Path, content: bytes | memoryview) -> Path:
    """Write ``content`` to ``path`` so that a reader sees the old file or the new, never a part."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path
