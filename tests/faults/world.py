"""A disposable world: a study, a Yahoo of its own, a cache, a folder of reports."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from signals.prices import verify
from tests.faults.yahoo_server import Listing, from_csv
from tests.flows.conftest import Study, reports, write_study

TICKERS = ("AAA", "BBB", "MKT")
QUICK = {"SIGNALS_RETRY_SECONDS": "0.01", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True)
class World:
    """Everything that a run reads and writes, below one folder."""

    folder: Path
    study: Study

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @property
    def out(self) -> Path:
        return self.folder / "out"

    @property
    def environment(self) -> dict[str, str]:
        return {**QUICK, "SIGNALS_CACHE": str(self.cache)}

    def listings(self) -> list[Listing]:
        """The study's prices as Yahoo would serve them."""
        return [from_csv(self.study.price_file(t), t, name=f"{t} Incorporated") for t in TICKERS]

    def run(self, *more: str) -> list[str]:
        return ["run", str(self.study.file), "--out", str(self.out), *more]

    def clear(self) -> None:
        """As on the first day."""
        for folder in (self.cache, self.out):
            shutil.rmtree(folder, ignore_errors=True)


def make_world(folder: Path, *, yahoo: bool = True) -> World:
    study = write_study(folder / "study")
    if yahoo:
        study.edit('source = "csv"\npath = "prices"', 'source = "yahoo"')
    return World(folder, study)


def manifest(out: Path) -> dict[str, Any]:
    """The manifest without what two equal runs may differ in."""
    whole: dict[str, Any] = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    whole.pop("run")
    return whole


def same(out: Path, tables: Mapping[str, bytes], stated: Mapping[str, Any]) -> list[str]:
    """What differs between the reports in ``out`` and those of an undisturbed run."""
    found = reports(out)
    wrong = [n for n in sorted({*found, *tables}) if found.get(n) != tables.get(n)]
    return wrong + (["manifest.json"] if manifest(out) != stated else [])


def half_written(world: World) -> list[str]:
    """Files under their final name that are not whole: there may never be one."""
    wrong = [f"{s.path.name}: {s.detail}" for s in verify(world.cache) if s.status == "corrupt"]
    for file in world.out.glob("*.csv"):
        text = file.read_bytes()
        if not text.endswith(b"\r\n") or len(pd.read_csv(file, dtype=str).columns) < 2:
            wrong.append(file.name)
    for file in (world.out / "manifest.json", *world.cache.glob("studies/*/2*/*.json")):
        if file.exists():
            try:
                json.loads(file.read_text(encoding="utf-8"))
            except ValueError:
                wrong.append(str(file))
    for file in world.cache.glob("studies/*/2*/*.parquet"):
        pd.read_parquet(file)
    return wrong


def litter(world: World) -> list[str]:
    """What interrupted writers left and the next run has not swept. (A price series is swept when
    it is written the next time; until then ``signals prices --verify`` names the leftover.)"""
    found = [*world.folder.rglob("*.tmp"), *world.folder.rglob(".part-*")]
    names = sorted(str(p.relative_to(world.folder)) for p in found)
    return [n for n in names if not n.startswith("cache/prices/")]
