"""What another version has kept is read, replaced, or refused in plain words; never misread."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import parquet

from signals.errors import SpecError
from signals.prices import CachedSource, verify
from signals.prices.store import FORMAT, StoredSeries, read_series, series_path, write_series
from signals.reports import history
from tests.faults.world import World
from tests.flows.conftest import Command, reports
from tests.prices.making import Clock, OwnSource, asked, sessions, walk

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

OTHERS = [0, FORMAT + 1, "1", None]


def of_format(file: Path, number: Any) -> None:
    """The same series, as a version with another format would have written it."""
    table = parquet.read_table(file)
    [key] = list(table.schema.metadata)
    meta = {**json.loads(table.schema.metadata[key]), "format": number}
    parquet.write_table(table.replace_schema_metadata({key: json.dumps(meta).encode()}), file)


@pytest.mark.parametrize("number", OTHERS)
def test_prices_of_another_format_are_fetched_anew(
    number: Any, world: World, signals: Command
) -> None:
    assert signals(*world.run("--direct", "--no-page")).code == 0
    expected = reports(world.out)
    file = series_path(world.cache, "yahoo", "AAA")
    of_format(file, number)
    [status] = [s for s in verify(world.cache) if s.path == file]
    assert status.status == "other_format"
    assert f"this version writes {FORMAT}" in status.detail
    told = signals("prices", world.study.file, "--verify")
    assert told.code == 1
    assert "other_format" in told.out
    assert signals(*world.run("--direct", "--no-page")).code == 0
    assert reports(world.out) == expected
    assert {s.status for s in verify(world.cache)} == {"ok"}


def test_bars_of_another_format_are_kept_aside(tmp_path: Path) -> None:
    """A source forgets bars after weeks: what another version kept is not written over."""
    days = sessions("2024-01-02", "2024-01-31")
    starts = np.sort(np.concatenate([
        days.astype("datetime64[s]") + np.timedelta64(s, "s") for s in range(52200, 73800, 3600)
    ]))  # fmt: skip
    clock = Clock(dt.datetime(2024, 2, 1, tzinfo=dt.UTC))
    source = OwnSource(starts, {"close": walk(len(starts))}, clock)
    request = asked(first="2024-01-02", last="2024-01-31", interval="1h")
    cached = CachedSource(source, tmp_path, clock)
    cached.load(request)
    file = series_path(tmp_path, "own", "META", "1h")
    of_format(file, 0)
    before = file.read_bytes()
    found = cached.load(request)
    assert "cache_corrupt" in {i.code for i in found.issues}
    aside = file.with_name(f"{file.stem}.other-format")
    assert aside.read_bytes() == before
    assert read_series(file) is not None


@pytest.mark.parametrize("number", OTHERS)
def test_a_kept_run_of_another_format_is_not_compared_with(
    number: Any, world: World, signals: Command
) -> None:
    assert signals(*world.run("--direct", "--no-page")).code == 0
    expected = reports(world.out)
    [run] = history.runs(world.cache / "studies" / "tiny")
    mark = run.path / "fingerprint.json"
    mark.write_text(json.dumps({**run.fingerprint, "format": number}), encoding="utf-8")
    ended = signals(*world.run("--direct", "--no-page"))
    assert ended.code == 0, ended.err
    assert reports(world.out) == expected
    told = signals("diff", run.run_id, run.run_id)
    assert told.code == 2
    assert "another version" in told.err
    assert "Traceback" not in told.err


def _lost_table(path: Path) -> None:
    (path / "car.parquet").unlink()


def _flipped_table(path: Path) -> None:
    content = bytearray((path / "car.parquet").read_bytes())
    content[len(content) // 2] ^= 1
    (path / "car.parquet").write_bytes(content)


def _changed_manifest(path: Path) -> None:
    text = (path / "manifest.json").read_text(encoding="utf-8")
    (path / "manifest.json").write_text(text.replace('"used": 6', '"used": 5'), encoding="utf-8")


@pytest.mark.parametrize("damage", [_lost_table, _flipped_table, _changed_manifest])
def test_a_damaged_kept_run_is_refused_and_not_compared_with(
    damage: Callable[[Path], None], world: World, signals: Command
) -> None:
    assert signals(*world.run("--direct", "--no-page")).code == 0
    [run] = history.runs(world.cache / "studies" / "tiny")
    assert run.whole()
    damage(run.path)
    assert not run.whole()
    with pytest.raises(SpecError, match="damaged"):
        history.find(world.cache / "studies", run.run_id)
    assert history.latest(world.cache / "studies" / "tiny") is None
    world.study.add_event("fourth,2024-06-25,day,deal,Firm A,Another,press,")
    ended = signals(*world.run("--direct", "--no-page"))
    assert ended.code == 0, ended.err


def test_the_format_stands_in_what_is_written(tmp_path: Path) -> None:
    days = sessions("2024-01-02", "2024-01-31")
    series = StoredSeries(
        "own", "A", "A", "XNYS", "1d", "2024-01-01", "2024-01-31", "2024-02-01T00:00:00+00:00",
        days, {"close": walk(len(days))},
    )  # fmt: skip
    path = series_path(tmp_path, "own", "A")
    write_series(path, series)
    metadata = parquet.read_schema(path).metadata
    assert json.loads(next(iter(metadata.values())))["format"] == FORMAT
