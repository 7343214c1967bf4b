"""The disk is full, read-only, emptied under a run, or lies; the clock goes backwards."""

from __future__ import annotations

import datetime as dt
import os
import random
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows.direct import run_direct
from flows.options import RunOptions
from signals.prices import verify
from signals.prices.series import digest_of
from signals.prices.store import CorruptSeries, read_series
from tests.faults.world import World, manifest
from tests.flows.conftest import Command, reports

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
Mount = Callable[[Path, str], None]


@pytest.fixture
def undisturbed(world: World, signals: Command) -> dict[str, bytes]:
    assert signals(*world.run("--direct", "--no-page")).code == 0
    found = reports(world.out)
    world.clear()
    return found


@pytest.fixture
def mount() -> Iterator[Mount]:
    """Mount a small file system of memory; again on the same folder: with other options."""
    mounted: list[Path] = []

    def at(folder: Path, options: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        again = ["remount,"] if folder in mounted else [""]
        command = ["mount", "-t", "tmpfs", "-o", again[0] + options, "tmpfs", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no right to mount: {done.stderr.strip()}")
        if folder not in mounted:
            mounted.append(folder)

    yield at
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=False)


@pytest.mark.parametrize("kilobytes", [4, 12, 24, 48, 96, 160])
def test_the_cache_is_full(
    kilobytes: int, world: World, undisturbed: dict[str, bytes], signals: Command, mount: Mount
) -> None:
    mount(world.cache, f"size={kilobytes}k")
    ended = signals(*world.run("--direct", "--no-page"))
    assert ended.code in (0, 2), ended.err
    assert "Traceback" not in ended.err
    assert "a bug" not in ended.err
    assert {s.status for s in verify(world.cache)} <= {"ok"}
    if ended.code == 2:
        assert "No space left" in ended.err
    assert reports(world.out) in (undisturbed, {})
    mount(world.cache, "size=64m")
    again = signals(*world.run("--direct", "--no-page"))
    assert again.code == 0, again.err
    assert reports(world.out) == undisturbed


def test_the_cache_can_only_be_read(
    world: World, undisturbed: dict[str, bytes], signals: Command, mount: Mount
) -> None:
    mount(world.cache, "size=64m")
    assert signals(*world.run("--direct", "--no-page")).code == 0
    mount(world.cache, "ro")
    shutil.rmtree(world.out)
    ended = signals(*world.run("--direct", "--no-page"))
    assert "Traceback" not in ended.err
    assert "a bug" not in ended.err
    assert reports(world.out) == undisturbed, "what is stored can be used"
    assert ended.code == 0 or "Read-only" in ended.err


@pytest.mark.parametrize("seed", range(4))
def test_the_cache_is_deleted_under_a_run(
    seed: int, world: World, undisturbed: dict[str, bytes], signals: Command
) -> None:
    draw, over = random.Random(seed), threading.Event()

    def delete() -> None:
        while not over.wait(draw.uniform(0.02, 0.3)):
            shutil.rmtree(world.cache, ignore_errors=True)

    deleting = threading.Thread(target=delete)
    deleting.start()
    try:
        ended = signals(*world.run("--direct", "--no-page"))
    finally:
        over.set()
        deleting.join()
    assert ended.code in (0, 2), ended.err
    assert "a bug" not in ended.err
    assert signals(*world.run("--direct", "--no-page")).code == 0
    assert reports(world.out) == undisturbed


def _flip(content: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(content))
    return content[:at] + bytes([content[at] ^ 1 << draw.randrange(8)]) + content[at + 1 :]


def _cut(content: bytes, draw: random.Random) -> bytes:
    return content[: draw.randrange(len(content))]


@pytest.mark.parametrize("damage", [_flip, _cut])
@pytest.mark.parametrize("what", ["prices", "studies"])
def test_what_is_stored_is_damaged(
    what: str,
    damage: Callable[[bytes, random.Random], bytes],
    world: World,
    undisturbed: dict[str, bytes],
    signals: Command,
) -> None:
    assert signals(*world.run("--direct", "--no-page")).code == 0
    draw = random.Random(7)
    for _ in range(3):
        files = [p for p in (world.cache / what).rglob("*") if p.suffix in {".parquet", ".json"}]
        assert files
        for file in files:
            file.write_bytes(damage(file.read_bytes(), draw))
        if what == "prices":
            bad = {s.status for s in verify(world.cache)} - {"ok"}
            assert bad <= {"corrupt", "other_format"}
            assert signals("prices", world.study.file, "--verify").code == (1 if bad else 0)
            shutil.rmtree(world.out)
        ended = signals(*world.run("--direct", "--no-page"))
        assert ended.code == 0, ended.err
        assert reports(world.out) == undisturbed
        assert signals("history", world.study.file).code == 0
        world.study.file.touch()


def test_every_flipped_bit_of_a_series_is_seen(world: World, signals: Command) -> None:
    assert signals("prices", world.study.file).code == 0
    file = next((world.cache / "prices").rglob("AAA.parquet"))
    whole, draw = file.read_bytes(), random.Random(11)
    sound = read_series(file)
    assert sound is not None
    seen = 0
    for _ in range(400):
        file.write_bytes(_flip(whole, draw))
        try:
            found = read_series(file)
        except CorruptSeries:
            seen += 1
            continue
        # Bits of parquet's own bookkeeping may fall without a trace: every value is the same.
        assert found is not None
        assert digest_of(found.sessions, found.columns) == digest_of(sound.sessions, sound.columns)
        assert (found.through, found.symbol) == (sound.through, sound.symbol)
    assert seen > 200
    file.write_bytes(whole)
    assert {s.status for s in verify(world.cache)} == {"ok"}


def test_the_clock_goes_backwards(world: World) -> None:
    """A cache from the future: a run of an earlier moment sees no session of after it."""
    early = dt.datetime(2024, 6, 12, 22, tzinfo=dt.UTC)
    late = dt.datetime(2024, 8, 30, 22, tzinfo=dt.UTC)
    options = RunOptions(world.study.file, out=world.out)
    run_direct(options, now=early)
    expected, stated = reports(world.out), manifest(world.out)
    world.clear()
    run_direct(options, now=late)
    assert reports(world.out) != expected
    run_direct(options, now=early)
    assert reports(world.out) == expected
    assert manifest(world.out) == stated
    run_direct(options, now=late)
    future = os.stat(world.cache).st_mtime + 10**6
    for file in world.cache.rglob("*"):
        os.utime(file, (future, future))
    again = run_direct(options, now=late)
    assert again.result.manifest["counts"]["used"] == 6
