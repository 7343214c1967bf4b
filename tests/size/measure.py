"""Rejection rates of every statistic on panels of true nulls: ``python -m tests.size.measure``.

Prints the tables of docs/sizes.md; tests/size/test_sizes.py measures the same and compares.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from signals.inference import STATISTICS, Settings, correlation
from signals.models.fit import Sample
from signals.models.synthetic import space_p_value, space_placebo
from signals.panel import AbnormalPanel
from tests.size.generator import DESIGNS, Design, disturbances, null_panels

ALPHA = 0.05
SEED = 20250730
PANELS = 2_500
# Statistics that draw random numbers: fewer panels, fewer draws (stated in the table).
DRAWN = ("skewness_adjusted_t", "bhar_skewness_t", "stationary_bootstrap")
DRAWN_PANELS, DRAWN_DRAWS = 1_000, 299
POWER_PANELS, POWER_EFFECT = 500, 0.5  # half a standard deviation of each asset's own returns
LONG_PANELS = 1_000  # windows of five sessions
# Of bars only: its size is measured in tests/intraday/test_time_of_day.py.
BARS_ONLY = "same_hours_portfolio_p"
GROUP = tuple(n for n, row in STATISTICS.items() if row.scope == "group" and n != BARS_ONLY)
# The placebo in space needs donors: measured apart, by ``synthetic_rates``.
SPACE = "synthetic_control_p"
SINGLE = tuple(n for n, row in STATISTICS.items() if row.scope == "event" and n != SPACE)

Rates = dict[str, dict[str, float]]


def group_rates(
    designs: Iterable[Design] = DESIGNS,
    panels: int = PANELS,
    *,
    names: tuple[str, ...] = GROUP,
    effect: float = 0.0,
    length: int = 1,
    n: int = 20,
) -> Rates:
    """Share of panels rejected at 5 %, by statistic and design; NaN where it does not apply."""
    rates: Rates = {name: {} for name in names}
    for design in designs:
        p: dict[str, list[float]] = {name: [] for name in names}
        simulated = null_panels(design, panels, seed=SEED, effect=effect, length=length, n=n)
        window = (0, length - 1)
        for k, panel in enumerate(simulated):
            settings = Settings(
                seed=SEED + k, draws=DRAWN_DRAWS, correlation=correlation(panel, window)
            )
            for name in names:
                if name in DRAWN and k >= DRAWN_PANELS:
                    continue
                found = STATISTICS[name].function(panel, window, settings)
                p[name].append(found.p_value)
        for name in names:
            rates[name][design.name] = rejected(p[name])
    return rates


def power_rates() -> Rates:
    """Share of panels rejected at 5 % when every event moves by half its own σ."""
    names = tuple(n for n in GROUP if n not in DRAWN)
    return group_rates(panels=POWER_PANELS, names=names, effect=POWER_EFFECT)


def rejected(p_values: Iterable[float], alpha: float = ALPHA) -> float:
    """Share of p ≤ alpha; NaN when any panel was refused (then all of a design are)."""
    p = np.asarray(list(p_values), dtype=float)
    return float("nan") if np.isnan(p).any() else float((p <= alpha + 1e-12).mean())


SINGLE_CASES = {
    "normal": Design("normal"),
    "t₃": Design("t₃", law="t3"),
    "skewed": Design("skewed", law="skewed"),
    "event variance ×4": Design("×4", event_variance=4.0),
}


def single_panel(case: str, n: int, m: int, length: int) -> AbnormalPanel:
    """One panel of ``n`` independent one-event studies."""
    design = SINGLE_CASES[case]
    return next(null_panels(design, 1, seed=SEED + 1, n=n, m=m, length=length))


def single_rates(n: int = 40_000, m: int = 99, length: int = 1) -> dict[str, dict[str, tuple]]:
    """(5 %, 1 %) rejection rates of the single-event statistics, by case."""
    out: dict[str, dict[str, tuple]] = {name: {} for name in SINGLE}
    for case in SINGLE_CASES:
        panel = single_panel(case, n, m, length)
        for name in SINGLE:
            found = STATISTICS[name].function(panel, (0, length - 1), Settings())
            if np.isnan(found.p_value).any():
                out[name][case] = (math.nan, math.nan)
            else:
                out[name][case] = tuple(rejected(found.p_value, a) for a in (0.05, 0.01))
    return out


def synthetic_rates(panels: int = 1_000, donors: int = 19, m: int = 60, length: int = 5) -> dict:
    """(5 %, 10 %) rejection rates of the placebo in space among 20 units, by case.

    Units share a market with weight U(0.5, 1.5) and have disturbances of σ U(1 %, 3 %); in the
    case of raised variance it is raised for the treated unit's event rows only.
    """
    out: dict[str, dict[str, tuple]] = {SPACE: {}}
    for case, design in SINGLE_CASES.items():
        random = np.random.default_rng([SEED, len(out[SPACE])])
        p = []
        for _ in range(panels):
            shape = (1, donors + 1, m + length)
            noise = disturbances(random, shape, design.law)[0]
            noise[0, m:] *= math.sqrt(design.event_variance)
            market = random.normal(0.0, 0.01, m + length)
            scale = random.uniform(0.01, 0.03, (donors + 1, 1))
            y = random.uniform(0.5, 1.5, (donors + 1, 1)) * market + scale * noise
            sample = Sample(
                y_est=y[0, :m], x_est=y[1:, :m].T, y_event=y[0, m:], x_event=y[1:, m:].T,
                names=tuple(f"D{j}" for j in range(donors)), tau=np.arange(float(length)),
            )  # fmt: skip
            p.append(space_p_value(space_placebo(sample)))
        out[SPACE][case] = tuple(rejected(p, a) for a in (0.05, 0.10))
    return out


def group_table(rates: Rates) -> str:
    head = [""] + [d.name for d in DESIGNS]
    rows = [
        [name] + [percent(rates[name].get(d.name, math.nan)) for d in DESIGNS] for name in rates
    ]
    return markdown(head, rows)


def single_table(rates: dict[str, dict[str, tuple]]) -> str:
    rows = [
        [name] + [" / ".join(percent(v) for v in by[case]) for case in SINGLE_CASES]
        for name, by in rates.items()
    ]
    return markdown(["", *SINGLE_CASES], rows)


def percent(rate: float) -> str:
    return "–" if math.isnan(rate) else f"{100 * rate:.1f}"


def markdown(head: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def corrado_factor_rates(panels: int = PANELS) -> tuple[float, float]:
    """Size of Corrado's z over L = 21 without and with the finite-population factor."""
    factor = math.sqrt(1 - 20 / (100 + 21 - 1))
    z = np.array(
        [
            STATISTICS["corrado_rank_z"].function(panel, (0, 20), Settings()).statistic
            for panel in null_panels(replace(DESIGNS[0]), panels, seed=SEED + 2, length=21)
        ]
    )
    return tuple(float((np.abs(v) > 1.959963984540054).mean()) for v in (z * factor, z))


if __name__ == "__main__":
    print(group_table(group_rates()), "\n")
    print(group_table(group_rates(panels=LONG_PANELS, length=5)), "\n")
    print(single_table(single_rates()), "\n")
    print(single_table(single_rates(n=20_000, m=250, length=5)), "\n")
    print(single_table(synthetic_rates()), "\n")
    print(group_table(power_rates()), "\n")
    print("Corrado L = 21 without, with the factor:", corrado_factor_rates())
