"""Two runs or studies side by side, from results or from the folders they were written to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from signals.errors import DataError
from signals.frames import TABLES
from signals.panel import Window
from signals.reports.figures.series import headline_p, numbers, window_rows
from signals.reports.html.grids import Grid, grid
from signals.reports.prose.numbers import window_text
from signals.reports.prose.words import ENGLISH_WORDS, Words
from signals.reports.result import StudyResult

# Differences below this are the last digits of a float, not a finding.
SAME: Final = 1e-12
COMPARED: Final = ("events", "car", "statistics", "excluded")


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """One side of a comparison: a name, its tables, its manifest."""

    name: str
    tables: Mapping[str, pd.DataFrame]
    manifest: Mapping[str, Any]

    @property
    def primary(self) -> Window:
        found = self.manifest.get("family", {}).get("window", (0, 1))
        return int(found[0]), int(found[1])

    @property
    def quantity(self) -> str:
        return str(self.manifest.get("spec", {}).get("quantity", "return"))


def read_report(source: StudyResult | Report | Path | str) -> Report:
    """A result as it is, or a folder of CSV tables and ``manifest.json``.

    Raises :class:`DataError` when the folder holds no report or a table cannot be read.
    """
    if isinstance(source, Report):
        return source
    if isinstance(source, StudyResult):
        name = source.spec.title or source.spec.id
        return Report(name, source.tables, source.manifest)
    folder = Path(source)
    file = folder / "manifest.json"
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError("no report is in this folder", file=file) from None
    except (OSError, ValueError) as error:
        raise DataError(f"the manifest cannot be read: {error}", file=file) from None
    if not isinstance(manifest, dict):
        raise DataError("the manifest is not an object", file=file)
    tables = {name: _read_table(folder / f"{name}.csv", name) for name in COMPARED}
    title = str(manifest.get("title") or manifest.get("study") or folder.name)
    return Report(title, tables, manifest)


def _read_table(path: Path, name: str) -> pd.DataFrame:
    shape = TABLES[name]
    if not path.is_file():
        return pd.DataFrame(columns=list(shape.all))
    text = dict.fromkeys(("event_id", "ticker", "group", "group_by"), "str")
    try:
        frame = pd.read_csv(path, dtype=text, keep_default_na=True)
    except (OSError, ValueError) as error:
        raise DataError(f"the table cannot be read: {error}", file=path) from None
    missing = [c for c in shape.key if c not in frame.columns]
    if missing:
        raise DataError(f"columns are missing: {', '.join(missing)}", file=path)
    return frame.reindex(columns=list(dict.fromkeys([*shape.all, *frame.columns])))


def car_differences(a: Report, b: Report, window: Window) -> pd.DataFrame:
    """CARs of both sides over one window: event_id, ticker, car_a, car_b, difference, p_a, p_b.

    A pair that stands on one side only has blanks on the other. Sorted by the size of the
    difference, then by key.
    """
    left, right = (_cars(side, window) for side in (a, b))
    both = left.merge(right, on=["event_id", "ticker"], how="outer", suffixes=("_a", "_b"))
    both["difference"] = both["car_b"] - both["car_a"]
    size = both["difference"].abs().fillna(np.inf)
    both = both.assign(_size=-size).sort_values(["_size", "event_id", "ticker"], kind="stable")
    order = ["event_id", "ticker", "car_a", "car_b", "difference", "p_a", "p_b"]
    return both[order].reset_index(drop=True)


def _cars(side: Report, window: Window) -> pd.DataFrame:
    rows = window_rows(side.tables["car"], window)
    keys = {"event_id": rows["event_id"].astype("str"), "ticker": rows["ticker"].astype("str")}
    return pd.DataFrame({**keys, "car": numbers(rows, "car"), "p": headline_p(rows)})


def moved(differences: pd.DataFrame) -> pd.DataFrame:
    """The rows that differ by more than rounding, or stand on one side only."""
    one_sided = differences["car_a"].isna() != differences["car_b"].isna()
    far = differences["difference"].abs() > SAME
    return differences[one_sided | far].reset_index(drop=True)


def statistic_differences(a: Report, b: Report, window: Window) -> pd.DataFrame:
    """Group statistics over one window that are not the same on both sides."""
    keys = ["group_by", "group", "statistic_name"]
    sides = []
    for side in (a, b):
        rows = window_rows(side.tables["statistics"], window)
        values: dict[str, Any] = {k: rows[k].astype("str") for k in keys}
        for name in ("statistic", "p"):
            values[name] = numbers(rows, "statistic" if name == "statistic" else "p_value")
        sides.append(pd.DataFrame(values))
    both = sides[0].merge(sides[1], on=keys, how="outer", suffixes=("_a", "_b"))
    same = ((both["statistic_a"] - both["statistic_b"]).abs() <= SAME) | (
        both["statistic_a"].isna() & both["statistic_b"].isna()
        & ((both["p_a"] - both["p_b"]).abs().fillna(0.0) <= SAME)
    )  # fmt: skip
    return both[~same].reset_index(drop=True)


def setting_differences(a: Report, b: Report) -> list[tuple[str, str, str]]:
    """(key, left, right) of every setting, digest and version that differs."""
    out = []
    for part in ("spec", "versions"):
        left, right = (dict(_flat(side.manifest.get(part, {}), part)) for side in (a, b))
        for key in sorted(left.keys() | right.keys()):
            if left.get(key) != right.get(key):
                out.append((key, _shown(left.get(key)), _shown(right.get(key))))
    for key in ("as_of", "seed", "engine"):
        if a.manifest.get(key) != b.manifest.get(key):
            out.append((key, _shown(a.manifest.get(key)), _shown(b.manifest.get(key))))
    return out


def price_differences(a: Report, b: Report) -> pd.DataFrame:
    """Series whose digest differs: ticker and the last session and rows of each side."""
    sides = [side.manifest.get("digests", {}).get("prices", {}) for side in (a, b)]
    rows = []
    for ticker in sorted(sides[0].keys() | sides[1].keys()):
        left, right = (side.get(ticker, {}) for side in sides)
        if left.get("digest") != right.get("digest"):
            rows.append(
                {
                    "ticker": ticker,
                    "last_a": left.get("last", ""),
                    "last_b": right.get("last", ""),
                    "rows_a": left.get("rows"),
                    "rows_b": right.get("rows"),
                }
            )
    return pd.DataFrame(rows, columns=["ticker", "last_a", "last_b", "rows_a", "rows_b"])


def changes_since(
    previous: StudyResult | Report | Path | str, result: StudyResult, say: Words = ENGLISH_WORDS
) -> dict[str, Any]:
    """What a report says of the run before it: a sentence and the rows that moved."""
    earlier, now = read_report(previous), read_report(result)
    window = result.spec.primary
    rows = moved(car_differences(earlier, now, window))
    sentence = (
        say("change.same") if rows.empty else say("change.moved", count=say.count(len(rows), "row"))
    )
    return {"sentence": sentence, "grid": _car_grid(rows, earlier, now, window, say)}


def compare_html(
    a: StudyResult | Report | Path | str,
    b: StudyResult | Report | Path | str,
    *,
    language: str = "en",
) -> str:
    """Both sides on one self-contained page: settings, counts, CARs, statistics, prices.

    CARs are compared over the left side's primary window. Raises :class:`DataError` for a
    folder without a report. Checked by tests/reports/test_compare.py.
    """
    from signals.reports.html import fill

    say = Words(language)
    left, right = read_report(a), read_report(b)
    window = left.primary
    cars = _car_grid(car_differences(left, right, window), left, right, window, say)
    statistics = grid(
        "statistics",
        say("compare.statistics"),
        statistic_differences(left, right, window),
        ["group_by", "group", "statistic_name", "statistic_a", "statistic_b", "p_a", "p_b"],
        say,
    )
    prices = price_differences(left, right)
    grids: dict[str, Grid] = {
        "cars": cars,
        "statistics": statistics,
        "prices": grid("prices", say("compare.prices"), prices, list(prices.columns), say),
    }
    grids = {name: g for name, g in grids.items() if g.rows}
    return fill(
        "compare.html.j2",
        say,
        charts=False,
        title=say("compare.title", a=left.name, b=right.name),
        names=_names(left, right),
        settings=setting_differences(left, right),
        counts=_counts(left, right),
        window=window_text(*window),
        grids=grids,
        data={
            "grids": {name: g.data for name, g in grids.items()},
            "words": _script_words(say),
            "meta": {"anchors": {}},
        },
    )


def _car_grid(rows: pd.DataFrame, a: Report, b: Report, window: Window, say: Words) -> Grid:
    title = say("compare.cars", window=window_text(*window))
    columns = ["event_id", "ticker", "car_a", "car_b", "difference", "p_a", "p_b"]
    return grid("cars", title, rows, columns, say, quantity=a.quantity)


def _names(a: Report, b: Report) -> tuple[str, str]:
    if a.name != b.name:
        return a.name, b.name
    return tuple(
        f"{side.name} ({side.manifest.get('as_of') or mark})" for side, mark in ((a, "A"), (b, "B"))
    )  # type: ignore[return-value]


def _counts(a: Report, b: Report) -> list[tuple[str, int, int]]:
    left, right = (side.manifest.get("counts", {}) for side in (a, b))
    names = [*left, *(k for k in right if k not in left)]
    return [(k.replace("_", " "), int(left.get(k, 0)), int(right.get(k, 0))) for k in names]


def _script_words(say: Words) -> dict[str, str]:
    names = ("filter", "previous", "next", "none", "data")
    return {
        **{name: say(f"control.{name}") for name in names},
        "rows": say("control.rows", first="{first}", last="{last}", total="{total}"),
        "filter_table": say("control.filter_table", table="{table}"),
        "sort": say("control.sort", column="{column}"),
    }


def _flat(value: object, prefix: str) -> list[tuple[str, object]]:
    if isinstance(value, Mapping):
        return [item for k, v in value.items() for item in _flat(v, f"{prefix}.{k}")]
    if isinstance(value, list) and any(isinstance(v, dict) for v in value):
        return [item for k, v in enumerate(value) for item in _flat(v, f"{prefix}[{k}]")]
    return [(prefix, value)]


def _shown(value: object) -> str:
    return "–" if value is None else value if isinstance(value, str) else json.dumps(value)
