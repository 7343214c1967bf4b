"""Commands killed at any moment: after the next run, is all as if nothing had happened?"""

from __future__ import annotations

import contextlib
import random
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.forge import Ended, Forge, Job
from tests.faults.world import World, half_written, litter, make_world, manifest, same
from tests.faults.yahoo_server import YahooServer
from tests.flows.conftest import reports

ARTICLES = {
    "meta-results.txt": "Published: 2024-08-01T08:00:00-04:00\n"
    "Meta Platforms reported quarterly results on Wednesday. Revenue rose 22% to $39.07 billion.\n",
    "meta-fall.txt": "Published: 2025-10-31T20:30:00-04:00\n"
    "Meta shares tumbled 11.3% on Thursday after it raised its capital expenditure guidance.\n",
    "anduril.txt": "Published: 2025-05-29T12:00:00-04:00\n"
    "Anduril and Meta announced a partnership today to build headsets for soldiers.\n",
    "llama.txt": "Published: 2024-07-23T11:00:00-04:00\n"
    "Meta released Llama 3.1 on Tuesday, its largest open AI model so far.\n",
    "undated.txt": "Meta is said to plan a restructuring of its artificial intelligence division.\n",
}
NEWS = str(Path(__file__).resolve().parents[2] / "configs" / "news")


@dataclass
class Tally:
    """What a campaign has seen. ``wrong`` must stay empty."""

    kills: int = 0
    finished_first: int = 0
    operations: int = 0
    wrong: list[str] = field(default_factory=list)
    verbs: tuple[str, str] = ("killed", "done before the kill")

    def note(self, done: int, count: int) -> None:
        """Twenty lines on stderr in a long campaign, so that one that is stopped tells how far."""
        if count >= 100 and done % (count // 20) == 0:
            print(f"  {done} of {count}: {self}", *self.wrong[-3:], file=sys.stderr, flush=True)

    def __str__(self) -> str:
        told = [f"{self.kills} {self.verbs[0]}", f"{self.finished_first} {self.verbs[1]}"]
        if self.operations:
            told.append(f"{self.operations} operations of an undisturbed command")
        return ", ".join([*told, f"{len(self.wrong)} wrong"])


def aim(job: Job, draw: random.Random, whole: Ended) -> Job:
    """A kill somewhere in ``job``: at one of its file operations, or at one of its moments."""
    if draw.random() < 0.5 and whole.operations:
        job.kill_operation = draw.randint(1, whole.operations)
    else:
        job.kill_seconds = draw.uniform(0.0, whole.seconds)
    return job


def where(job: Job) -> str:
    if job.kill_operation is not None:
        return f"operation {job.kill_operation}"
    return f"{job.kill_seconds:.3f} s"


@contextlib.contextmanager
def arena(folder: Path, *, prefect: str = "") -> Iterator[tuple[World, Forge]]:
    """A world whose study takes a second, its Yahoo and a forge. ``prefect``: URL of an API."""
    world = make_world(folder)
    text = world.study.file.read_text(encoding="utf-8")
    other = text.replace("length = 60", "length = 50")
    (world.study.folder / "other.toml").write_text(other, encoding="utf-8")
    with YahooServer(world.listings()) as server:
        environment = {**world.environment, **server.environment}
        if prefect:
            environment |= dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost")
            environment["PREFECT_API_URL"] = prefect
        with Forge(environment, folder, prefect=bool(prefect)) as forge:
            yield world, forge


class Runs:
    """Two studies that take turns in one folder, so that every run has something to replace."""

    def __init__(self, world: World, forge: Forge, *more: str) -> None:
        self.world, self.forge, self.more = world, forge, ("--no-page", *more)
        self.whole: list[Ended] = []
        self.expected = []
        self.behind = world.folder / "cache-behind"
        for number in (0, 1):
            world.clear()
            ended = forge.run(self.job(number))
            assert ended.code == 0, ended.err
            self.whole.append(ended)
            self.expected.append((reports(world.out), manifest(world.out)))
        self._store_behind()

    def job(self, number: int, *more: str) -> Job:
        study = self.world.study.folder / ("study.toml", "other.toml")[number]
        argv = ["run", str(study), "--out", str(self.world.out), *self.more, *more]
        return Job(argv, world=str(self.world.folder))

    def _store_behind(self) -> None:
        """A cache as an earlier event left it, so that a run fetches tails and joins them."""
        events = self.world.study.events
        every = events.read_text(encoding="utf-8")
        events.write_text("\n".join(every.splitlines()[:2]) + "\n", encoding="utf-8")
        self.world.clear()
        assert self.forge.run(self.job(0)).code == 0
        events.write_text(every, encoding="utf-8")
        shutil.copytree(self.world.cache, self.behind, dirs_exist_ok=True)

    def prepare(self, draw: random.Random) -> list[str]:
        """The state that the killed command begins with; what it is told beyond."""
        state = draw.choice(("cold", "warm", "behind", "refresh"))
        if state == "cold":
            self.world.clear()
        if state == "behind":
            shutil.rmtree(self.world.cache, ignore_errors=True)
            shutil.copytree(self.behind, self.world.cache)
        return ["--refresh"] if state == "refresh" else []

    def check(self, number: int, what: str, tally: Tally) -> None:
        """Nothing half-written is to be seen, and the next run ends as an undisturbed one."""
        tally.wrong += [f"{what}: half-written {name}" for name in half_written(self.world)]
        again = self.forge.run(self.job(number))
        if again.code or again.hung:
            tally.wrong.append(f"{what}: the next run ended {again.code}: {again.err[-600:]}")
            return
        tables, stated = self.expected[number]
        tally.wrong += [f"{what}: {n} differs" for n in same(self.world.out, tables, stated)]
        tally.wrong += [f"{what}: {n} is left" for n in litter(self.world)]


def kill_runs(folder: Path, kills: int, seed: int, *, direct: bool, prefect: str = "") -> Tally:
    """``signals run`` killed ``kills`` times."""
    draw, tally = random.Random(seed), Tally()
    more = ("--direct",) if direct else ()
    with arena(folder, prefect=prefect) as (world, forge):
        runs = Runs(world, forge, *more)
        tally.operations = runs.whole[0].operations
        for turn in range(kills):
            number = turn % 2
            extra = runs.prepare(draw)
            job = aim(runs.job(number, *extra), draw, runs.whole[number])
            _count(forge.run(job), tally)
            runs.check(number, f"run {turn} {extra} at {where(job)}", tally)
            tally.note(turn + 1, kills)
    return tally


def kill_prices(folder: Path, kills: int, seed: int) -> Tally:
    """``signals prices --refresh`` killed, one alone or two at the same time."""
    draw, tally = random.Random(seed), Tally()
    with arena(folder) as (world, forge):
        runs = Runs(world, forge, "--direct")
        command = ["prices", str(world.study.file), "--refresh"]
        whole = forge.run(Job(command, world=str(folder)))
        assert whole.code == 0, whole.err
        tally.operations = whole.operations
        for turn in range(kills):
            runs.prepare(draw)
            jobs = [
                aim(Job(command, world=str(folder)), draw, whole)
                for _ in range(draw.choice((1, 2)))
            ]
            tally.note(turn, kills)
            for ended in forge.together(jobs):
                _count(ended, tally)
            what = f"prices {turn} at {' and '.join(map(where, jobs))}"
            if turn % 4 and not world.out.exists():
                tally.wrong += [f"{what}: half-written {n}" for n in half_written(world)]
                continue
            runs.check(turn // 4 % 2, what, tally)
    return tally


def kill_collect(folder: Path, kills: int, seed: int) -> Tally:
    """``signals collect`` killed; then two at the same time, one of them killed."""
    draw, tally = random.Random(seed), Tally()
    texts = folder / "articles"
    texts.mkdir()
    for name, text in ARTICLES.items():
        (texts / name).write_text(text, encoding="utf-8")
    parts = {"all": list(ARTICLES), "left": list(ARTICLES)[:2], "right": list(ARTICLES)[2:]}
    events = folder / "collected" / "events.csv"
    events.parent.mkdir()

    def job(part: str) -> Job:
        files = [str(texts / name) for name in parts[part]]
        argv = ["collect", "--articles", *files, "--into", str(events), "--tables", NEWS]
        return Job(argv, world=str(folder))

    def found() -> dict[str, bytes]:
        return {p.name: p.read_bytes() for p in sorted(events.parent.glob("*.csv"))}

    def rows() -> dict[str, list[bytes]]:
        return {name: sorted(content.split(b"\n")) for name, content in found().items()}

    def restart() -> None:
        for file in events.parent.iterdir():
            file.unlink()

    with Forge({"SIGNALS_CACHE": str(folder / "cache")}, folder) as forge:
        whole = forge.run(job("all"))
        assert whole.code == 0, whole.err
        expected, expected_rows, tally.operations = found(), rows(), whole.operations
        assert len(expected) >= 2, "events and what waits for review"
        for turn in range(kills):
            if turn % 3 == 0:
                restart()
            together = turn % 2 == 1
            jobs = [job("left"), job("right")] if together else [job("all")]
            jobs[0] = aim(jobs[0], draw, whole)
            ended = forge.together(jobs)
            _count(ended[0], tally)
            what = f"collect {turn} ({len(jobs)}) at {where(jobs[0])}"
            if any(e.code for e in ended[1:]):
                tally.wrong.append(f"{what}: the other ended {ended[1].code}: {ended[1].err}")
            again = forge.run(job("all"))
            if again.code:
                tally.wrong.append(f"{what}: the next ended {again.code}: {again.err}")
            kept = turn % 3 or together  # rows may then stand in another order
            good = rows() == expected_rows if kept else found() == expected
            if not good:
                tally.wrong.append(f"{what}: other rows than undisturbed")
            left = [p.name for p in events.parent.glob(".*") if p.suffix != ".lock"]
            tally.wrong += [f"{what}: {name} is left" for name in left]
            tally.note(turn + 1, kills)
    return tally


def _count(ended: Ended, tally: Tally) -> None:
    if ended.signal == 9 and not ended.hung:
        tally.kills += 1
    elif ended.hung:
        tally.wrong.append(f"hung for {ended.seconds} s: {ended.err[-300:]}")
    elif ended.code == 0:
        tally.finished_first += 1
    else:
        tally.wrong.append(f"ended {ended.code}: {ended.err[-600:]}")
