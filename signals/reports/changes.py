"""What differs between two runs of a study, and why: the table ``changes.csv``.

``kind`` is ``new`` (a pair that was not there), ``matured`` (its sessions have closed since) or
``revised`` (a number that was final has moved, a pair that has gone). ``cause`` names every input
of that pair that differs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from signals.frames import TABLES, Labels

COLUMNS: Final = (
    "kind", "event_id", "ticker", "first", "last", "column", "old", "new", "cause",
)  # fmt: skip
COMPARED: Final = ("car", "std_error", "headline_p_value")
_AGE: Final = {"pending": 0, "partial": 1, "complete": 2}
_TOLERANCE: Final = 1e-12
_SETTLED: Final = "sessions closed"


@dataclass(frozen=True, slots=True, eq=False)
class RunView:
    """What is compared of a run: its tables by name, its manifest, its inputs' digests."""

    tables: Mapping[str, pd.DataFrame]
    manifest: Mapping[str, Any]
    fingerprint: Mapping[str, Any]


def changes(before: RunView | None, after: RunView) -> pd.DataFrame:
    """Compare two runs pair by pair (event and asset), then window by window.

    Without ``before`` every pair is new. Numbers that agree to 1e-12 of their size are the same.
    Checked by ``tests/reports/test_changes.py``.
    """
    if before is None:
        return _first_run(after)
    ids = [frozenset(_table(run, "events")["event_id"].astype(str)) for run in (before, after)]
    touched = _touched(before, after)
    before, after = _only(before, touched), _only(after, touched)
    old = _by_key(before, "events", ["event_id", "ticker"])
    new = _by_key(after, "events", ["event_id", "ticker"])
    rows: list[tuple[Any, ...]] = []
    causes = _Causes(before, after)
    for key in sorted({*old, *new}):
        was, is_now = old.get(key), new.get(key)
        if was is None:
            cause = "new event" if key[0] not in ids[0] else "new asset"
            status = is_now["status"] if is_now else ""
            rows.append(("new", *key, None, None, "status", "", status, cause))
        elif is_now is None:
            gone = "event gone" if key[0] not in ids[1] else "asset gone"
            rows.append(("revised", *key, None, None, "status", was["status"], "", gone))
        elif was["status"] != is_now["status"]:
            rows.append(_status_row(key, was, is_now, causes))
    rows += _window_rows(before, after, old, new, causes)
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)


def _first_run(after: RunView) -> pd.DataFrame:
    """Every pair is new."""
    events = _table(after, "events").sort_values(["event_id", "ticker"])
    said = {"kind": "new", "column": "status", "old": "", "cause": "first run"}
    named = {"event_id": "event_id", "ticker": "ticker", "new": "status"}
    columns = {
        **{name: np.full(len(events), word, dtype=object) for name, word in said.items()},
        **{name: events[column].to_numpy(object) for name, column in named.items()},
        **{name: np.full(len(events), None, dtype=object) for name in ("first", "last")},
    }
    return pd.DataFrame({name: columns[name] for name in COLUMNS}, dtype=object)


def _table(run: RunView, name: str) -> pd.DataFrame:
    frame = run.tables.get(name)
    columns = TABLES[name].all
    return pd.DataFrame(columns=list(columns), dtype=object) if frame is None else frame


def _pairs(frame: pd.DataFrame) -> pd.Series:
    """(R,) the pair of each row as one text."""
    return _joined(frame["event_id"].astype(str), frame, ("ticker",))


def _joined(text: pd.Series, frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.Series:
    for name in columns:
        text = text + "\x1f" + frame[name].astype(str)
    return text


def _touched(before: RunView, after: RunView) -> Labels:
    """The pairs that may differ: not in both runs, of another status, or with another number in a
    window. What has not moved in a large study is not looked at one by one."""
    found = []
    for name, extra, compared in (
        ("events", (), ("status",)),
        ("car", ("first", "last"), COMPARED),
    ):
        frames = [_table(run, name) for run in (before, after)]
        pairs = [_pairs(f) for f in frames]
        keys = [pd.Index(_joined(p, f, extra)) for p, f in zip(pairs, frames, strict=True)]
        if not (keys[0].is_unique and keys[1].is_unique):
            return np.concatenate([p.to_numpy(object) for p in pairs])
        place = keys[1].get_indexer(keys[0])
        moved = place < 0
        for column in compared:
            a = frames[0][column]
            b = frames[1][column].iloc[np.maximum(place, 0)] if len(frames[1]) else a
            a, b = a.reset_index(drop=True), b.reset_index(drop=True)
            moved |= ~((a == b) | (a.isna() & b.isna())).to_numpy(bool)
        fresh = keys[0].get_indexer(keys[1]) < 0
        found += [pairs[0].to_numpy(object)[moved], pairs[1].to_numpy(object)[fresh]]
    return np.concatenate(found)


def _only(run: RunView, pairs: Labels) -> RunView:
    """The run with the rows of these pairs."""
    few = {name: _table(run, name) for name in ("events", "car")}
    kept = {name: frame[_pairs(frame).isin(pairs)] for name, frame in few.items()}
    return RunView({**run.tables, **kept}, run.manifest, run.fingerprint)


def _status_row(
    key: tuple[str, str], was: Mapping[str, Any], now: Mapping[str, Any], causes: _Causes
) -> tuple[Any, ...]:
    a, b = str(was["status"]), str(now["status"])
    grown = a in _AGE and b in _AGE and _AGE[b] > _AGE[a]
    kind, cause = ("matured", _SETTLED) if grown else ("revised", causes.of(key, was, now))
    return (kind, *key, None, None, "status", a, b, cause)


def _window_rows(
    before: RunView,
    after: RunView,
    old: Mapping[tuple[str, ...], Mapping[str, Any]],
    new: Mapping[tuple[str, ...], Mapping[str, Any]],
    causes: _Causes,
) -> list[tuple[Any, ...]]:
    keys = ["event_id", "ticker", "first", "last"]
    windows = _by_key(before, "car", keys)
    rows: list[tuple[Any, ...]] = []
    for key, now in sorted(_by_key(after, "car", keys).items()):
        was = windows.get(key)
        pair = (key[0], key[1])
        if was is None or pair not in old or pair not in new:
            continue
        matured = was["status"] != "complete" and now["n_returns"] > was["n_returns"]
        for column in COMPARED:
            a, b = _number(was.get(column)), _number(now.get(column))
            if _same(a, b):
                continue
            kind = "matured" if matured else "revised"
            cause = _SETTLED if matured else causes.of(pair, old[pair], new[pair])
            rows.append((kind, *key, column, _text(a), _text(b), cause))
    return rows


class _Causes:
    """Which inputs differ between two runs."""

    def __init__(self, before: RunView, after: RunView) -> None:
        was, now = before.fingerprint, after.fingerprint
        self.general: list[str] = []
        specs = before.manifest.get("spec", {}), after.manifest.get("spec", {})
        keys = sorted(k for k in {*specs[0], *specs[1]} if specs[0].get(k) != specs[1].get(k))
        if keys:
            self.general.append(f"study file: {', '.join(keys)}")
        self.windows = [k for k in keys if k in ("estimation", "event_window")]
        self.firsts = _firsts(before.manifest), _firsts(after.manifest)
        engines = before.manifest.get("engine"), after.manifest.get("engine")
        if engines[0] != engines[1]:
            self.general.append(f"engine: {engines[0]} → {engines[1]}")
        if was.get("source") != now.get("source"):
            self.general.append(f"price source: {was.get('source')} → {now.get('source')}")
        if was.get("factors") != now.get("factors"):
            self.general.append("factor returns")
        if was.get("as_of") != now.get("as_of"):
            self.general.append(f"as of: {was.get('as_of')} → {now.get('as_of')}")
        versions = was.get("versions", {}), now.get("versions", {})
        for name in sorted({*versions[0], *versions[1]}):
            a, b = versions[0].get(name), versions[1].get(name)
            if a != b:
                self.general.append(f"{name}: {a} → {b}")
        if was.get("program") != now.get("program"):
            self.general.append("program changed")
        self.prices = was.get("prices", {}), now.get("prices", {})
        self.restated = {
            i["ticker"]: i["detail"]
            for i in after.manifest.get("run", {}).get("price_notes", [])
            if i["code"] == "restated"
        }

    def reaches(self, ticker: str) -> bool:
        """Whether the study file now asks for a longer or shorter history of the series."""
        return bool(self.windows) and self.firsts[0].get(ticker) != self.firsts[1].get(ticker)

    def of(self, pair: tuple[str, str], was: Mapping[str, Any], now: Mapping[str, Any]) -> str:
        """The causes that concern one pair, in words."""
        found = list(self.general)
        for column in ("announced_at", "timing", "day_zero", "category", "group", "benchmark"):
            a, b = _text(was.get(column)), _text(now.get(column))
            if a != b:
                found.append(f"{column}: {a} → {b}")
        for ticker in dict.fromkeys([pair[1], _text(now.get("benchmark"))]):
            if self.prices[0].get(ticker) != self.prices[1].get(ticker) and not self.reaches(
                ticker
            ):
                detail = self.restated.get(ticker)
                found.append(f"prices of {ticker}" + (f" restated ({detail})" if detail else ""))
        return "; ".join(found) or "other events of the study"


def _firsts(manifest: Mapping[str, Any]) -> dict[str, str]:
    """The first session of each series that a run used."""
    return {t: str(s["first"]) for t, s in manifest["digests"]["prices"].items()}


def _by_key(run: RunView, table: str, keys: list[str]) -> dict[tuple[Any, ...], Mapping[str, Any]]:
    frame = run.tables.get(table)
    if frame is None or frame.empty:
        return {}
    rows = frame.to_dict("records")
    return {tuple(row[k] for k in keys): {str(c): v for c, v in row.items()} for row in rows}


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _same(a: float, b: float) -> bool:
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return math.isclose(a, b, rel_tol=_TOLERANCE, abs_tol=1e-15)


def _text(value: Any) -> str:
    if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return ""
    return repr(value) if isinstance(value, float) else str(value)
