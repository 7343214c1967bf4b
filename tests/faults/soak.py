"""Many scheduled cycles in accelerated time: a session more each cycle, one fault in ten.

Each cycle is the run that a schedule would start, with its own clock. What must hold: the outcome
is the one that the fault asks for, the counts add up, memory and open files stay where they were.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import gc
import random
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from flows.direct import run_direct
from flows.options import RunOptions
from signals.errors import TransientError
from signals.sessions import trading_calendar
from tests.faults.kills import Tally
from tests.faults.world import make_world
from tests.faults.yahoo_server import Listing, YahooServer
from tests.flows.conftest import reports

FAULTS = ("http_503", "rate_limited", "truncated_json", "html", "reset_mid_body", "empty_result",
          "not_found", "http_500", "bad_crumb")  # fmt: skip
WARM_UP = 10
GROWTH = 1.05


def _until(listing: Listing, day: np.datetime64) -> Listing:
    n = int(np.searchsorted(np.array(listing.days, dtype="datetime64[D]"), day, side="right"))
    columns = {k: v[:n] for k, v in listing.columns.items()}
    return replace(listing, days=listing.days[:n], columns=columns)


def _memory() -> float:
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    return float(psutil.Process().memory_info().rss)


def soak(folder: Path, *, cycles: int, seed: int) -> Tally:
    """``cycles`` runs. ``kills`` counts cycles with a fault, ``finished_first`` those without."""
    draw, tally = random.Random(seed), Tally(verbs=("cycles with a fault", "without"))
    world = make_world(folder)
    whole = {x.symbol: x for x in world.listings()}
    calendar = trading_calendar("XNYS")
    start = int(np.searchsorted(calendar.sessions, np.datetime64("2024-05-01")))
    last = int(np.searchsorted(calendar.sessions, np.datetime64("2024-08-30")))
    options = RunOptions(world.study.file, out=world.out)
    memory, files = [], []
    with pytest.MonkeyPatch.context() as patch, YahooServer([]) as server, server.reached():
        for name, value in {**world.environment, "SIGNALS_RETRY_SECONDS": "0"}.items():
            patch.setenv(name, value)
        patch.setenv("SIGNALS_KEEP_RUNS", "5")
        for cycle in range(cycles):
            if start + cycle % (last - start) == start:
                world.clear()  # the season begins anew
            at = start + cycle % (last - start)
            server.listings = {k: _until(v, calendar.sessions[at]) for k, v in whole.items()}
            close = dt.datetime.fromisoformat(f"{calendar.closes[at]}+00:00")
            now = close + dt.timedelta(hours=2)
            fault = draw.choice(FAULTS) if draw.random() < 0.1 else ""
            for_good = draw.random() < 0.5
            if fault:
                server.inject("BBB", fault, times=float("inf") if for_good else 1)
            wrong = _cycle(options, now, fault, for_good)
            tally.wrong += [f"cycle {cycle} ({fault or 'no fault'}): {w}" for w in wrong]
            server.heal()
            server.requests.clear()
            if fault:
                tally.kills += 1
            else:
                tally.finished_first += 1
            tally.note(cycle + 1, cycles)
            if cycle >= min(WARM_UP, cycles // 3):
                memory.append(_memory())
                files.append(psutil.Process().num_fds())
        _as_if_fresh(world.out, options, now, patch, folder, tally)
    half = max(len(memory) // 4, 1)
    first, final = float(np.median(memory[:half])), float(np.median(memory[-half:]))
    if final > first * GROWTH:
        tally.wrong.append(f"memory grew from {first / 2**20:.1f} to {final / 2**20:.1f} MB")
    if max(files[-half:]) > max(files[:half]) + 2:
        tally.wrong.append(f"open files grew from {max(files[:half])} to {max(files[-half:])}")
    told = f"memory {first / 2**20:.0f} → {final / 2**20:.0f} MB, files {files[0]} → {files[-1]}"
    tally.verbs = (tally.verbs[0], f"without, {told}")
    return tally


def _cycle(options: RunOptions, now: dt.datetime, fault: str, for_good: bool) -> list[str]:
    try:
        outcome = run_direct(options, now=now)
    except TransientError as error:
        return [] if fault and for_good else [f"down: {error}"]
    counts = outcome.result.manifest["counts"]
    wrong = []
    if counts["requested"] != counts["used"] + counts["pending"] + counts["excluded"]:
        wrong.append(f"counts do not add up: {counts}")
    down = {f.ticker for f in outcome.down}
    # `not_found` of a series that is stored is a delisting: what is stored is used.
    expected = {"BBB"} if fault and for_good and fault != "not_found" else set()
    if down not in (expected, set()) or (down and not expected):
        wrong.append(f"down: {down}, expected {expected}")
    if not fault and counts["excluded"]:
        wrong.append(f"excluded without a fault: {outcome.result.excluded.to_dict('records')}")
    return wrong


def _as_if_fresh(
    out: Path, options: RunOptions, now: dt.datetime, patch: pytest.MonkeyPatch, folder: Path,
    tally: Tally,
) -> None:  # fmt: skip
    """After all cycles: the tables are those of a run that has seen none of them."""
    run_direct(options, now=now)
    found = reports(out)
    patch.setenv("SIGNALS_CACHE", str(folder / "fresh"))
    run_direct(replace(options, out=folder / "fresh-out"), now=now)
    fresh = reports(folder / "fresh-out")
    tally.wrong += [f"{n}: not as in a fresh run" for n in fresh if fresh[n] != found.get(n)]
