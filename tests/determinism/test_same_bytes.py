"""Same input, same bytes: across runs, workers, time zones, languages, hash seeds, BLAS threads."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.faults.world import World, make_world, manifest
from tests.flows.conftest import reports

pytestmark = pytest.mark.slow

HERE = Path(__file__).resolve().parents[2]
CODE = "import sys; from flows.cli import main; sys.exit(main(sys.argv[1:]))"
WORKERS = (
    "import sys, flows.direct as d; d.WORKERS = {n}; "
    "from flows.cli import main; sys.exit(main(sys.argv[1:]))"
)
SETTINGS: dict[str, tuple[str, Mapping[str, str]]] = {
    "again": (CODE, {}),
    "one worker": (WORKERS.format(n=1), {}),
    "two workers": (WORKERS.format(n=2), {}),
    "eight workers": (WORKERS.format(n=8), {}),
    "Tokyo": (CODE, {"TZ": "Asia/Tokyo"}),
    "New York": (CODE, {"TZ": "America/New_York"}),
    "fifteen hours east": (CODE, {"TZ": "XXX-15"}),
    "language C": (CODE, {"LC_ALL": "C", "LANG": "C"}),
    "language C.UTF-8": (CODE, {"LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}),
    "Turkish": (CODE, {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"}),
    "Hindi": (CODE, {"LC_ALL": "hi_IN.UTF-8", "LANG": "hi_IN.UTF-8"}),
    "hash seed 0": (CODE, {"PYTHONHASHSEED": "0"}),
    "hash seed 1": (CODE, {"PYTHONHASHSEED": "1"}),
    "hash seed 4242": (CODE, {"PYTHONHASHSEED": "4242"}),
    "one BLAS thread": (CODE, {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}),
    "two BLAS threads": (CODE, {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"}),
    "no optimisation of asserts": (CODE, {"PYTHONOPTIMIZE": "1"}),
}


def run(world: World, code: str, environment: Mapping[str, str], name: str) -> tuple[Any, Any]:
    out = world.folder / name.replace(" ", "-")
    command = [sys.executable, "-c", code, "run", "--direct", "--no-page", str(world.study.file),
               "--out", str(out)]  # fmt: skip
    base = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "PYTHONHASH"))}
    cache = {"SIGNALS_CACHE": str(world.folder / f"cache-{out.name}"), "PYTHONPATH": str(HERE)}
    ended = subprocess.run(
        command, env={**base, **cache, **environment}, capture_output=True, text=True, check=False,
        cwd=world.folder, timeout=300,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return reports(out), manifest(out)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    made = make_world(tmp_path_factory.mktemp("same"), yahoo=False)
    made.study.edit("draws = 0", "draws = 100")
    return made


@pytest.fixture(scope="module")
def first(world: World) -> tuple[Any, Any]:
    return run(world, CODE, {}, "first")


GARCH_APART = {"sensitivity.csv": b""}
GARCH_TOLERANCE = 0.02


def _close_in_garch(tables: Mapping[str, bytes], first: Mapping[str, bytes]) -> None:
    """Every row of another model has the same bytes; those of GARCH agree to 2 %."""
    mine, theirs = (t["sensitivity.csv"].splitlines() for t in (tables, first))
    assert len(mine) == len(theirs)
    head = mine[0].split(b",")
    for a, b in zip(mine, theirs, strict=True):
        if b"garch" not in a:
            assert a == b
            continue
        for column in (b"car", b"std_error"):
            at = head.index(column)
            x, y = float(a.split(b",")[at] or "nan"), float(b.split(b",")[at] or "nan")
            assert x == pytest.approx(y, rel=GARCH_TOLERANCE, abs=1e-5, nan_ok=True)


@pytest.mark.parametrize("name", SETTINGS)
def test_same_bytes(name: str, world: World, first: tuple[Any, Any]) -> None:
    """A language that is not installed is asked for all the same: Python then falls back to C, as
    it would on the user's machine."""
    code, environment = SETTINGS[name]
    tables, stated = run(world, code, environment, name)
    assert sorted(tables) == sorted(first[0])
    if "BLAS" in name:  # the optimiser behind GARCH feels it: its rows are compared apart
        _close_in_garch(tables, first[0])
        tables, stated = {**tables, **GARCH_APART}, {**stated, "files": first[1]["files"]}
    ours = {**first[0], **(GARCH_APART if "BLAS" in name else {})}
    assert [n for n in tables if tables[n] != ours[n]] == []
    assert stated == first[1]


def test_other_seeds_and_prices_are_seen(world: World, first: tuple[Any, Any]) -> None:
    """The comparison can fail: another seed gives other bytes."""
    text = world.study.file.read_text(encoding="utf-8")
    world.study.edit('id = "tiny"', 'id = "tiny"\nseed = 5')
    try:
        tables, stated = run(world, CODE, {}, "other")
    finally:
        world.study.file.write_text(text, encoding="utf-8")
    assert stated["digests"]["spec"] != first[1]["digests"]["spec"]
    assert tables["events.csv"] == first[0]["events.csv"]
