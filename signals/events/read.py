"""Reading the events catalogue: CSV or parquet in, :class:`Catalogue` out.

Every check is one vectorised comparison over the whole file; the line of a bad row is looked up
only when there is one. A bad row stops the reading unless ``skip_bad_rows`` asks otherwise.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from signals.errors import DataError, nearest
from signals.events.catalogue import Catalogue
from signals.events.claims import read_claims
from signals.frames import CLAIM_COLUMNS, EVENT_COLUMNS, EVENT_OPTIONAL_COLUMNS

PRECISIONS: Final = ("minute", "hour", "day")
TIMINGS: Final = ("pre_open", "intraday", "post_close", "unknown")
CATEGORIES: Final = (
    "earnings_call", "investment_talks", "deal", "restructuring", "capital_expenditure",
    "product_release", "policy_shift", "regulation", "controversy", "market_commentary",
    "partnership", "other",
)  # fmt: skip
_ID = r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,127}"
_TICKER = r"[A-Za-z0-9^][A-Za-z0-9.^=_-]{0,31}"
_TICKERS = rf"{_TICKER}(?:\s*;\s*{_TICKER})*"
_DATE = r"\d{4}-\d{2}-\d{2}"
_INSTANT = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:?\d{2})"
_YEARS = (1900, 2200)


def read_catalogue(files: Sequence[str | Path], *, skip_bad_rows: bool = False) -> Catalogue:
    """Read one or more catalogue files into one :class:`Catalogue`, sorted by ``event_id``.

    Raises
    ------
    DataError
        naming file, line, column, value and what is allowed, for the first bad row (and how many
        there are); for a missing column, an empty file, or a duplicate ``event_id``.
    """
    frames: list[pd.DataFrame] = []
    skipped: list[str] = []
    for name in files:
        frame, problems = _read_one(Path(name), skip_bad_rows=skip_bad_rows)
        frames.append(frame)
        skipped.extend(problems)
    frame = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    _refuse_duplicates(frame)
    if frame.empty:
        raise DataError("holds no usable event", file=", ".join(map(str, files)))
    frame = frame.sort_values("event_id", kind="stable").reset_index(drop=True)
    text = frame.drop(columns=["instant", "date", "_file", "_row"]).fillna("").astype(str)
    digest = hashlib.sha256(
        "\x1e".join(text.columns).encode()
        + pd.util.hash_pandas_object(text, index=False).to_numpy().tobytes()
    ).hexdigest()
    claims = [read_claims(Path(name)) for name in files]
    kept = [c for c in claims if len(c)]
    return Catalogue(
        frame=frame.drop(columns=["_file", "_row"]),
        claims=pd.concat(kept, ignore_index=True)
        if kept
        else pd.DataFrame(columns=list(CLAIM_COLUMNS)),
        digest=digest,
        skipped=tuple(skipped),
    )


def _read_one(file: Path, *, skip_bad_rows: bool) -> tuple[pd.DataFrame, list[str]]:
    raw = _parquet(file) if file.suffix == ".parquet" else _csv(file)
    _check_columns(raw, file)
    for column in EVENT_OPTIONAL_COLUMNS:
        if column not in raw.columns:
            raw[column] = ""
    frame, bad = _parse(raw)
    wrong = np.zeros(len(frame), dtype=bool)
    for _, mask, _, _ in bad:
        wrong |= mask
    # Where the first stops the reading, no other needs words.
    named = np.flatnonzero(wrong) if skip_bad_rows else np.flatnonzero(wrong)[:1]
    errors = [
        DataError(problem, file=file, line=line, column=column, value=value, allowed=allowed)
        for line, column, value, problem, allowed in _describe(bad, raw, file, named)
    ]
    if errors and not skip_bad_rows:
        first, count = errors[0], sum(int(mask.sum()) for _, mask, _, _ in bad)
        if count > 1:
            first.args = (f"{first} — and {count - 1} more bad cells",)
        raise first
    frame["_file"] = str(file)
    frame["_row"] = np.arange(len(frame))
    return frame.loc[~wrong].reset_index(drop=True), [str(e) for e in errors]


def _csv(file: Path) -> pd.DataFrame:
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        raise DataError("there is no such events file", file=file) from None
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", file=file) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = data[: error.start].count(b"\n") + 1
        raise DataError("is not UTF-8 text", file=file, line=place) from None
    if "\0" in text:
        place = text[: text.index("\0")].count("\n") + 1
        raise DataError("holds a NUL byte", file=file, line=place)
    if not text.strip():
        raise DataError("is empty", file=file, allowed="a header line and one row an event")
    try:
        with warnings.catch_warnings():
            # pandas would only warn, and drop the cells beyond the header.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                io.StringIO(text), dtype=str, keep_default_na=False, index_col=False
            )
    except (pd.errors.ParserError, pd.errors.ParserWarning, ValueError) as error:
        line = _first_long_row(text)
        detail = str(error).replace("Error tokenizing data. C error: ", "").strip()
        if line is not None:
            detail = "this row has more cells than the header"
        raise DataError(f"is not a CSV table: {detail}", file=file, line=line) from None
    return frame.fillna("")


def _first_long_row(text: str) -> int | None:
    reader = csv.reader(io.StringIO(text))
    try:
        width = len(next(reader))
        start = reader.line_num + 1
        for cells in reader:
            if len(cells) > width:
                return start
            start = reader.line_num + 1
    except csv.Error:
        return None
    return None


def _parquet(file: Path) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(file)
    except FileNotFoundError:
        raise DataError("there is no such events file", file=file) from None
    except (OSError, ValueError) as error:
        raise DataError(f"is not a parquet table: {error}", file=file) from None
    texts = [c for c in (*EVENT_COLUMNS, *EVENT_OPTIONAL_COLUMNS) if c in frame.columns]
    frame[texts] = frame[texts].astype("str").fillna("")
    return frame


def _check_columns(raw: pd.DataFrame, file: Path) -> None:
    raw.columns = [str(c).strip() for c in raw.columns]
    for column in EVENT_COLUMNS:
        if column not in raw.columns:
            guess = nearest(column, raw.columns)
            hint = f"; is it the column {guess!r}?" if guess else ""
            raise DataError(
                f"the column {column!r} is missing{hint}", file=file, line=1, allowed=EVENT_COLUMNS
            )
    twice = raw.columns[raw.columns.duplicated()]
    if len(twice):
        raise DataError("a column stands twice", file=file, line=1, column=str(twice[0]))
    if raw.empty:
        raise DataError("holds a header and no events", file=file)


Bad = tuple[str, "np.ndarray[Any, Any]", str, str]


def _parse(raw: pd.DataFrame) -> tuple[pd.DataFrame, list[Bad]]:
    """The parsed frame, and for each rule the mask of rows that break it."""
    frame = raw.copy()
    for column in (*EVENT_COLUMNS, *EVENT_OPTIONAL_COLUMNS):
        frame[column] = frame[column].str.strip()
    stamp, precision, timing = frame["announced_at"], frame["precision"], frame["timing"]
    by_day = (precision == "day").to_numpy()
    is_date = stamp.str.fullmatch(_DATE).to_numpy(bool)
    is_instant = stamp.str.fullmatch(_INSTANT).to_numpy(bool)
    frame["date"] = pd.to_datetime(
        stamp.where(by_day & is_date), format="%Y-%m-%d", errors="coerce"
    ).astype("datetime64[us]")
    frame["instant"] = pd.to_datetime(
        stamp.where(~by_day & is_instant), format="ISO8601", errors="coerce", utc=True
    ).astype("datetime64[us, UTC]")
    year = frame["date"].dt.year.fillna(frame["instant"].dt.year)
    dated, timed = frame["date"].notna().to_numpy(), frame["instant"].notna().to_numpy()
    by_clock = precision.isin(["minute", "hour"]).to_numpy()
    late_or_early = (dated | timed) & ~year.between(*_YEARS).to_numpy()
    bad: list[Bad] = [
        ("event_id", _not(frame["event_id"].str.fullmatch(_ID)), "is not an event id",
         "a letter or digit, then letters, digits and ._:+-, at most 128"),
        ("precision", _not(precision.isin(PRECISIONS)), "is not a precision",
         ", ".join(PRECISIONS)),
        ("announced_at", by_day & ~dated, "is not a date of the calendar",
         "YYYY-MM-DD for precision = day"),
        ("announced_at", by_clock & ~timed, "is not an instant with an offset",
         "YYYY-MM-DDThh:mm:ss-04:00 for precision = minute or hour"),
        ("announced_at", late_or_early, "lies outside the years that can be studied",
         f"{_YEARS[0]} to {_YEARS[1]}"),
        ("timing", _not(timing.isin(["", *TIMINGS])), "is not a timing", ", ".join(TIMINGS)),
        ("timing", ((timing != "") & ~by_day).to_numpy(),
         "says a timing although announced_at is an instant", "blank unless precision = day"),
        ("category", (frame["category"] == "").to_numpy(), "is empty",
         f"a category such as {', '.join(CATEGORIES)}"),
        ("tickers", ~_tickers(frame["tickers"]),
         "is not a list of tickers", "tickers separated by ;"),
    ]  # fmt: skip
    return frame, [b for b in bad if b[1].any()]


def _tickers(column: pd.Series) -> np.ndarray[Any, Any]:
    """Where a cell is blank or names tickers. One name is the rule; lists, with whatever white
    space, are rare enough for Python's own expressions, which take rows one by one."""
    good = (column == "").to_numpy(bool) | column.str.fullmatch(_TICKER).to_numpy(bool)
    rest = column[~good]
    if len(rest):
        good[~good] = [re.fullmatch(_TICKERS, cell) is not None for cell in rest]
    return np.asarray(good)


def _not(good: pd.Series) -> np.ndarray[Any, Any]:
    return ~good.to_numpy(bool)


def _describe(
    bad: list[Bad], raw: pd.DataFrame, file: Path, rows: np.ndarray[Any, Any]
) -> list[tuple[int | None, str, str, str, str]]:
    """What is wrong with each of these rows, in order."""
    lines = _lines(file, rows.tolist())
    found = [
        (int(r), column, problem, allowed)
        for column, mask, problem, allowed in bad
        for r in rows[mask[rows]]
    ]
    found.sort(key=lambda f: f[0])
    return [
        (lines.get(r), column, str(raw[column].iloc[r]), problem, allowed)
        for r, column, problem, allowed in found
    ]


def _lines(file: Path, rows: list[int]) -> dict[int, int]:
    """Line number in the file of each record (quoted cells may span lines)."""
    if file.suffix == ".parquet" or not rows:
        return {}
    wanted = set(rows)
    lines: dict[int, int] = {}
    with file.open(encoding="utf-8-sig", newline="") as handle:
        reader = csv.reader(handle)
        record, start = -1, 1
        for cells in reader:
            if cells:  # blank lines are no records for pandas either
                if record in wanted:
                    lines[record] = start
                record += 1
            start = reader.line_num + 1
            if len(lines) == len(wanted):
                break
    return lines


def _refuse_duplicates(frame: pd.DataFrame) -> None:
    twice = frame["event_id"].duplicated()
    if not twice.any():
        return
    second = frame.loc[twice].iloc[0]
    first = frame.loc[frame["event_id"] == second["event_id"]].iloc[0]
    place = [_place(row) for row in (first, second)]
    raise DataError(
        f"the event id {second['event_id']!r} stands twice: {place[0]} and {place[1]}",
        file=second["_file"],
        column="event_id",
        allowed="each event_id once",
    )


def _place(row: pd.Series) -> str:
    record = int(row["_row"])
    line = _lines(Path(row["_file"]), [record]).get(record)
    return str(row["_file"]) if line is None else f"{row['_file']}:{line}"
