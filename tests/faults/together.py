"""Eight runs at the same time, on one cache and into one folder."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from tests.faults.kills import Runs, Tally, arena
from tests.faults.world import half_written, litter, manifest, same


def concurrent_runs(folder: Path, *, rounds: int, at_once: int) -> Tally:
    """``rounds`` times ``at_once`` runs of two studies in turn. What stands in the folder afterwards must be one of the two studies, whole."""
    tally = Tally(verbs=("killed", "ended well"))
    with arena(folder) as (world, forge):
        runs = Runs(world, forge, "--direct")
        for turn in range(rounds):
            world.clear()
            jobs = [runs.job(n % 2, *(["--refresh"] if n % 3 == 0 else [])) for n in range(at_once)]
            for ended in forge.together(jobs):
                if ended.code == 0 and not ended.hung:
                    tally.finished_first += 1
                else:
                    tally.wrong.append(f"round {turn}: ended {ended.code}: {ended.err[-400:]}")
            tally.wrong += [f"round {turn}: half-written {n}" for n in half_written(world)]
            tally.wrong += [f"round {turn}: {n} is left" for n in litter(world)]
            stated = json.loads((world.out / "manifest.json").read_text(encoding="utf-8"))
            mixed = [
                name
                for name, digest in stated["files"].items()
                if hashlib.sha256((world.out / name).read_bytes()).hexdigest() != digest
            ]
            tally.wrong += [f"round {turn}: {n} is of another run" for n in mixed]
            which = next(
                (n for n in (0, 1) if manifest(world.out) == runs.expected[n][1]), None
            )  # fmt: skip
            if which is None:
                tally.wrong.append(f"round {turn}: the report is neither study's")
            else:
                differs = same(world.out, *runs.expected[which])
                tally.wrong += [f"round {turn}: {n} differs" for n in differs]
            kept = list(world.cache.glob("studies/tiny/2*"))
            if not 1 <= len(kept) <= at_once:
                tally.wrong.append(f"round {turn}: {len(kept)} runs are kept")
    return tally
