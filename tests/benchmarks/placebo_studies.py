"""``python -m tests.benchmarks.placebo_studies``: the two speed goals of calibration.

1. 2,000 placebo studies of a study of 15 events on 20 assets (the mission study's shape: single
   days, clusters, five windows, groups by event, ticker and category), made-up returns with enough
   history for 2,000 different offsets. Goal: below 20 s.
2. Brown and Warner's experiment, 10,000 draws of 50 events, on the recorded panel of 498 stocks
   where it stands beside the checkout, else on made-up returns of the same size. Goal: below 60 s.

Prints wall and CPU seconds and peak memory as Markdown; each in a process of its own.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from signals.calibration import calibrate
from signals.calibration.brown_warner import Experiment, brown_warner
from signals.estimate import estimate
from signals.spec import parse_study
from tests.calibration.worlds import World, known_days, pairs_on, series_of
from tests.size.panel_sizes import MARKET, panel

WINDOWS = [[-10, 10], [-1, 1], [0, 0], [0, 1], [0, 5]]


def placebo_studies(draws: int = 2_000) -> str:
    """Placebo studies of 15 events × 20 assets, all groups, windows and statistics."""
    series = series_of(World(assets=20, sessions=2_700, rho=0.3, tail=4.0, first="2015-01-02"))
    sessions = series[0].sessions
    # Fifteen dates in the last two years: clusters of neighbouring days as in an earnings season.
    places = np.asarray([0, 1, 30, 62, 63, 95, 125, 127, 190, 220, 250, 252, 315, 350, 351])
    days = [str(d) for d in sessions[len(sessions) - 400 + places]]
    pairs = pairs_on(series, days, event_window=(-10, 10), length=250)
    found = estimate(pairs, "market", min_returns=120, missing="strict")
    assert found.panel is not None
    groups = {("all", "all"): np.arange(len(pairs))}
    for name, labels in (
        ("event", pairs.event_id),
        ("ticker", np.asarray([series[s].ticker for s in pairs.series_index], dtype=object)),
        ("category", np.asarray([f"c{s % 5}" for s in pairs.series_index], dtype=object)),
    ):
        for label in sorted(set(labels.tolist())):
            groups[name, label] = np.flatnonzero(labels == label)
    spec = parse_study(
        {
            "study": {"id": "bench", "car_windows": WINDOWS},
            "events": {"files": ["e.csv"]},
            "market": {"benchmark": "SPY"},
        },
        file=Path("bench.toml"),
    )
    done = calibrate(
        spec, pairs, found.panel, groups, known=known_days(pairs), draws=draws,
        most_placed=8_000_000, everywhere=True,
    )  # fmt: skip
    rows = sum(len(by_window) for by_window in done.statistics.values())
    return (
        f"{len(done.dates):,} placebo studies of {len(pairs)} pairs "
        f"({done.dates.possible:,} possible), {len(groups)} groups × {len(WINDOWS)} windows, "
        f"{rows:,} verdicts"
    )


def brown_warner_experiment(draws: int = 10_000) -> str:
    """Brown and Warner's experiment on dates of their own and on one date for all."""
    if MARKET.exists():
        series, what = panel("2023"), "recorded panel"
    else:
        series, what = series_of(World(assets=498, sessions=800, rho=0.3, tail=4.0)), "made up"
    found = brown_warner(series, Experiment(draws, 50, clustered=False))
    return f"{draws:,} draws of 50 events on {len(series)} stocks ({what}), {len(found)} statistics"


BENCHMARKS = {"placebo": placebo_studies, "brown_warner": brown_warner_experiment}


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--one"]:
        wall, cpu = time.perf_counter(), time.process_time()
        said = BENCHMARKS[arguments[1]]()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"| {said} | {wall:.1f} | {cpu:.1f} | {peak:,.0f} |")
        return
    print("| what | seconds | CPU s | peak MB |\n|---|---|---|---|")
    for name in BENCHMARKS:
        command = [sys.executable, "-m", "tests.benchmarks.placebo_studies", "--one", name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        print(done.stdout.strip() or done.stderr.strip().splitlines()[-1], flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
