"""Price series on disk: one parquet file each, whole or not at all.

A file holds the series and, in the metadata of the same file, what it is: format version, source,
symbol, ticker, calendar, interval, time of the fetch, currency, name, the range asked for, the
issues of the source, the sha256 of the content and a seal over all of this. It is written beside
its place, flushed to disk and moved there in one step, so that a reader sees the old series or the
new one. What is read is checked against its digest before it is used.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np

from signals.errors import TransientError
from signals.frames import Days, Floats, frozen
from signals.prices.history import QualityIssue
from signals.prices.series import digest_of

FORMAT: Final = 1
LOCK_SECONDS: Final = 120.0
_META: Final = b"signals.price-series"
_PLAIN: Final = re.compile(r"\^?[A-Z0-9][A-Z0-9.^=_-]{0,39}")
_RESERVED: Final = re.compile(r"(CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9])(\..*)?")


@dataclass(frozen=True, slots=True, eq=False)
class StoredSeries:
    """What one file holds. ``asked_first`` and ``through`` bound the sessions that the source has
    been asked for: a session between them that is not there is one that the source does not have.
    """

    source: str
    symbol: str
    ticker: str
    calendar: str
    interval: str
    asked_first: str
    through: str
    fetched_at: str
    sessions: Days
    columns: Mapping[str, Floats]
    currency: str = ""
    name: str = ""
    issues: tuple[QualityIssue, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class FileStatus:
    """What ``signals prices --verify`` says of one file. ``status``: ``ok``, ``corrupt``,
    ``other_format`` (written by another version) or ``leftover`` (of an interrupted write)."""

    path: Path
    status: str
    detail: str = ""
    source: str = ""
    symbol: str = ""
    ticker: str = ""
    first: str = ""
    last: str = ""
    rows: int = 0
    fetched_at: str = ""


class CorruptSeries(Exception):
    """A stored file that is not what was written. ``status`` as in :class:`FileStatus`."""

    def __init__(self, status: str, detail: str) -> None:
        self.status = status
        self.detail = detail
        super().__init__(detail)


def safe_name(symbol: str, interval: str = "1d") -> str:
    """A file name for any symbol: one that cannot leave its folder, meet another's, or be refused
    by a file system. Plain upper-case symbols stay readable; others carry a digest."""
    plain = _PLAIN.fullmatch(symbol) and not _RESERVED.fullmatch(symbol)
    if plain and not symbol.endswith("."):
        stem = symbol
    else:
        shown = re.sub(r"[^A-Za-z0-9-]+", "_", symbol, flags=re.ASCII)[:24].strip("-")
        stem = f"{shown}~{hashlib.sha256(symbol.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
    return stem if interval == "1d" else f"{stem}@{interval}"


def series_path(cache_dir: Path, source: str, symbol: str, interval: str = "1d") -> Path:
    """Where the series of ``symbol`` is kept: ``<cache>/prices/<source>/<safe name>.parquet``."""
    return cache_dir / "prices" / source / f"{safe_name(symbol, interval)}.parquet"


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Alone with the series at ``path``. The lock is the operating system's: it ends with the
    process that holds it, so a killed run leaves none behind. Where no lock file can be made
    (a read-only cache) nothing can be written either, and none is needed."""
    from filelock import FileLock, Timeout

    lock = FileLock(path.with_suffix(".lock"), timeout=LOCK_SECONDS)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        detail = f"another run has held {path.name} for {LOCK_SECONDS:g} s"
        raise TransientError("cache", detail) from None
    except OSError:
        yield
        return
    try:
        yield
    finally:
        lock.release()


def write_series(path: Path, series: StoredSeries) -> str:
    """Store a series whole; returns its digest. Raises OSError and leaves the old file then.

    The caller holds the lock of ``path``: what a killed writer left beside it is swept away.
    """
    import pyarrow as pa
    from pyarrow import parquet

    digest = digest_of(series.sessions, series.columns)
    meta = {
        "format": FORMAT,
        "digest": digest,
        "issues": [asdict(i) for i in series.issues],
        "rows": len(series.sessions),
        "first": str(series.sessions[0]) if len(series.sessions) else "",
        "last": str(series.sessions[-1]) if len(series.sessions) else "",
        **{f.name: getattr(series, f.name) for f in fields(series) if f.type == "str"},
    }
    meta["seal"] = _seal(meta)
    unit = "s" if series.interval != "1d" else "D"
    columns = {"session": pa.array(series.sessions.astype(f"datetime64[{unit}]"))}
    columns |= {k: pa.array(series.columns[k]) for k in sorted(series.columns)}
    table = pa.table(columns).replace_schema_metadata({_META: json.dumps(meta).encode()})
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    beside = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        with beside.open("wb") as stream:
            parquet.write_table(table, stream, compression="zstd", write_page_checksum=True)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    _sync_folder(path.parent)
    return digest


def read_series(path: Path) -> StoredSeries | None:
    """The series at ``path``, or None where there is none.

    Raises :class:`CorruptSeries` for anything that is not exactly what was written.
    """
    if not path.exists():
        return None
    meta, table = _read(path)
    sessions = table.column("session").to_numpy()
    sessions = sessions.astype("datetime64[D]" if meta["interval"] == "1d" else "datetime64[s]")
    columns = {
        name: np.asarray(table.column(name).to_numpy(zero_copy_only=False), dtype=np.float64)
        for name in table.column_names
        if name != "session"
    }
    if digest_of(sessions, columns) != meta["digest"]:
        raise CorruptSeries("corrupt", "the content does not match its digest")
    text = {f.name: str(meta[f.name]) for f in fields(StoredSeries) if f.type == "str"}
    return StoredSeries(
        sessions=frozen(sessions),
        columns={k: frozen(v) for k, v in columns.items()},
        issues=tuple(QualityIssue(**i) for i in meta["issues"]),
        **text,
    )


def verify(cache_dir: Path) -> list[FileStatus]:
    """The state of every stored series, digest included, in order of source and name."""
    found = []
    for path in sorted((cache_dir / "prices").glob("*/*")):
        if path.suffix == ".tmp":
            found.append(FileStatus(path, "leftover", "of a write that did not finish; harmless"))
        if path.suffix != ".parquet":
            continue
        try:
            series = read_series(path)
        except CorruptSeries as error:
            found.append(FileStatus(path, error.status, error.detail))
            continue
        if series is not None:
            found.append(_ok(path, series))
    return found


def _ok(path: Path, series: StoredSeries) -> FileStatus:
    return FileStatus(
        path,
        "ok",
        source=series.source,
        symbol=series.symbol,
        ticker=series.ticker,
        first=str(series.sessions[0]) if len(series.sessions) else "",
        last=str(series.sessions[-1]) if len(series.sessions) else "",
        rows=len(series.sessions),
        fetched_at=series.fetched_at,
    )


def _read(path: Path) -> tuple[dict[str, Any], Any]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        source = pa.BufferReader(path.read_bytes())
        table = parquet.read_table(source, page_checksum_verification=True)
        meta = json.loads((table.schema.metadata or {})[_META])
    except (pa.ArrowException, OSError, KeyError, ValueError, OverflowError, MemoryError) as error:
        detail = f"cannot be read: {' '.join(str(error).split())[:160]}"
        raise CorruptSeries("corrupt", detail) from None
    written = meta.get("format") if isinstance(meta, dict) else None
    if written != FORMAT:
        raise CorruptSeries("other_format", f"format {written}; this version writes {FORMAT}")
    known = {f.name for f in fields(StoredSeries) if f.type == "str"} | {"digest", "issues"}
    if not known <= set(meta) or "session" not in table.column_names:
        raise CorruptSeries("corrupt", "its description is incomplete")
    if meta.pop("seal", "") != _seal(meta):
        raise CorruptSeries("corrupt", "its description does not match its digest")
    return meta, table


def _seal(meta: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(meta, sort_keys=True).encode()).hexdigest()


def _sweep(path: Path) -> None:
    ours = re.compile(re.escape(path.stem) + r"\.[0-9]+\.tmp")
    for other in path.parent.glob("*.tmp"):
        if ours.fullmatch(other.name):
            other.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make the move itself durable, where the system lets a folder be synced."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
