"""What placebo studies add to the reports: calibrated p, verdicts, families, power."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from signals.calibration import (
    Calibration,
    GroupKey,
    Size,
    Trust,
    adjust,
    min_detectable,
    romano_wolf,
)
from signals.frames import Bools, Floats, Ints, table
from signals.panel import AbnormalPanel
from signals.reports.group_tables import Group
from signals.spec import StudySpec

ALL: GroupKey = ("all", "all")


def group_positions(found: Sequence[Group]) -> dict[GroupKey, Ints]:
    """The report's groups as ``calibrate`` takes them."""
    return {(group.by, group.label): group.index for group in found}


def with_detectable(car: pd.DataFrame, alpha: float) -> pd.DataFrame:
    """car.csv with ``min_detectable``: needs no placebo study."""
    smallest = min_detectable(
        car["std_error"].to_numpy(np.float64), car["df"].to_numpy(np.float64), alpha
    )
    finite = np.isfinite(car["car"].to_numpy(np.float64))
    return car.assign(min_detectable=np.where(finite, smallest, np.nan))


def with_families(
    car: pd.DataFrame,
    spec: StudySpec,
    panel: AbnormalPanel | None,
    calibration: Calibration | None,
) -> pd.DataFrame:
    """car.csv with ``q_value`` (Benjamini–Hochberg), ``holm_p`` and ``romano_wolf_p`` over the
    family: the complete rows of the primary window that have a headline p."""
    family = _family(car, spec)
    p_values = np.where(family, car["headline_p_value"].to_numpy(np.float64), np.nan)
    adjusted = adjust(p_values)
    together = np.full(len(car), np.nan)
    if calibration is not None and panel is not None and family.any():
        place = _pair_of_rows(car, panel)
        rows = np.flatnonzero(family)
        members = place[rows]
        together[rows] = romano_wolf(
            calibration.observed[members], calibration.scaled[:, members], calibration.seed
        )
    return car.assign(q_value=adjusted.bh, holm_p=adjusted.holm, romano_wolf_p=together)


def family_facts(car: pd.DataFrame, spec: StudySpec) -> dict[str, Any]:
    """The manifest's ``family``: which rows were counted, and how many each correction rejects
    at the study's α (Benjamini–Yekutieli holds under any dependence)."""
    family = _family(car, spec)
    adjusted = adjust(np.where(family, car["headline_p_value"].to_numpy(np.float64), np.nan))
    together = car["romano_wolf_p"].to_numpy(np.float64)
    found = {"holm": adjusted.holm, "bh": adjusted.bh, "by": adjusted.by, "romano_wolf": together}
    with np.errstate(invalid="ignore"):
        rejected = {name: int((p <= spec.alpha).sum()) for name, p in found.items()}
    return {
        "window": list(spec.primary),
        "rows": int(family.sum()),
        "p_value": "headline_p_value",
        "members": "complete rows of the primary window with a headline p-value",
        "rejected": rejected,
    }


def _family(car: pd.DataFrame, spec: StudySpec) -> Bools:
    return np.asarray(
        (car["first"] == spec.primary[0])
        & (car["last"] == spec.primary[1])
        & (car["status"] == "complete")
        & car["headline_p_value"].notna(),
        dtype=bool,
    )


def with_placebo(
    car: pd.DataFrame, spec: StudySpec, panel: AbnormalPanel, calibration: Calibration
) -> pd.DataFrame:
    """car.csv with ``calibrated_p_value`` and the headline test's ``calibration_verdict``."""
    place = _pair_of_rows(car, panel)
    windows = {window: j for j, window in enumerate(spec.windows)}
    column = np.asarray(
        [windows[int(a), int(b)] for a, b in zip(car["first"], car["last"], strict=True)],
        dtype=np.int64,
    )
    events = calibration.events
    complete = (car["status"] != "incomplete").to_numpy()
    return car.assign(
        calibrated_p_value=np.where(complete, events.p_value[place, column], np.nan),
        calibration_verdict=np.where(complete, events.verdict[place, column], ""),
    )


def calibrated_statistics(statistics: pd.DataFrame, calibration: Calibration) -> pd.DataFrame:
    """statistics.csv with empirical p-values, verdicts and smallest detectable effects.

    A recommended statistic that is liberal on these placebo dates is recommended no longer where
    another one is left; ``reason`` says so with its rejection rate.
    """
    p_value = np.full(len(statistics), np.nan)
    smallest = np.full(len(statistics), np.nan)
    rate = np.full(len(statistics), np.nan)
    verdict = np.full(len(statistics), "", dtype=object)
    columns = ["group_by", "group", "first", "last", "statistic_name", "p_value"]
    for i, (by, label, first, last, name, p) in enumerate(
        statistics[columns].itertuples(index=False, name=None)
    ):
        found = calibration.statistics.get((by, label), {}).get(((int(first), int(last)), name))
        if found is None or not np.isfinite(p):
            continue
        p_value[i] = empirical_p(float(p), found.p_values)
        verdict[i] = found.size.verdict
        smallest[i] = found.min_detectable
        rate[i] = found.size.rate
    judged = statistics.assign(
        calibrated_p_value=p_value, calibration_verdict=verdict, min_detectable=smallest
    )
    return _demoted(judged, rate)


def _demoted(statistics: pd.DataFrame, rate: Floats) -> pd.DataFrame:
    advised = statistics["recommended"].to_numpy(bool)
    liberal = advised & (statistics["calibration_verdict"] == "liberal").to_numpy()
    keys = [statistics[k] for k in ("group_by", "group", "first", "last")]
    left = pd.Series(advised & ~liberal).groupby(keys).transform("any").to_numpy(bool)
    fallen = liberal & left
    words = [
        f"demoted: rejects {r:.1%} of placebo studies" if d else ""
        for r, d in zip(rate, fallen, strict=True)
    ]
    reason = [
        ";".join(x for x in (old, new) if x)
        for old, new in zip(statistics["reason"], words, strict=True)
    ]
    return statistics.assign(recommended=advised & ~fallen, reason=reason)


def empirical_p(observed: float, placebo: Floats) -> float:
    """(1 + #{placebo p ≤ observed})/(D + 1); ``placebo`` (D,) ascending."""
    below = int(np.searchsorted(placebo, observed * (1 + 1e-9), side="right"))
    return (1 + below) / (len(placebo) + 1)


def calibration_table(calibration: Calibration) -> pd.DataFrame:
    """calibration.csv: the size of every statistic of the group ``all``, and of the single-event
    tests over all assets; ``level`` is the attainable level that the verdict is judged by."""
    return table("calibration", list(_calibration_rows(calibration)))


def _calibration_rows(calibration: Calibration) -> Iterator[dict[str, Any]]:
    alpha = calibration.alpha
    for (window, name), found in calibration.statistics.get(ALL, {}).items():
        row = _row(name, window, found.size, alpha, len(calibration.dates))
        if calibration.effect is not None:
            row.update(effect=calibration.effect, power=found.power)
        yield {**row, "min_detectable": found.min_detectable}
    for (name, window), size in calibration.single.items():
        if size.draws:  # the t test of a model without a forecast error never applied
            yield _row(name, window, size, alpha, len(calibration.dates))


def _row(
    name: str, window: tuple[int, int], size: Size, alpha: float, draws: int
) -> dict[str, Any]:
    return {
        "statistic_name": name,
        "first": window[0],
        "last": window[1],
        "alpha": alpha,
        "draws": size.draws,
        "effective_draws": size.effective,
        "rejection_rate": size.rate,
        "ci_low": size.low,
        "ci_high": size.high,
        "verdict": size.verdict,
        "level": size.level,
    }


def calibration_facts(calibration: Calibration | None, asked: int) -> dict[str, Any]:
    """The manifest's ``calibration``: how many draws, from when, with which seed."""
    if calibration is None:
        return {"draws": asked, "effective_draws": 0}
    dates = calibration.dates
    eligible = dates.eligible
    return {
        "draws": dates.asked,
        "effective_draws": len(dates),
        "possible_draws": dates.possible,
        "seed": calibration.seed,
        "eligible_sessions": len(eligible),
        "eligible_first": str(eligible[0]) if len(eligible) else "",
        "eligible_last": str(eligible[-1]) if len(eligible) else "",
    }


def _pair_of_rows(car: pd.DataFrame, panel: AbnormalPanel) -> Ints:
    """(rows,) the panel's pair of each row of car.csv."""
    place = {key: i for i, key in enumerate(zip(panel.event_id, panel.ticker, strict=True))}
    keys = zip(car["event_id"], car["ticker"], strict=True)
    return np.asarray([place[key] for key in keys], dtype=np.int64)


def trusted_tables(
    tables: Mapping[str, pd.DataFrame],
    spec: StudySpec,
    panel: AbnormalPanel,
    found: Trust,
) -> dict[str, pd.DataFrame]:
    """The tables with what placebo studies add to car.csv and statistics.csv, and the tables
    calibration and sensitivity."""
    calibration = found.calibration
    car = with_families(with_detectable(tables["car"], spec.alpha), spec, panel, calibration)
    added = {"sensitivity": table("sensitivity", list(found.sensitivity))}
    if calibration is not None:
        car = with_placebo(car, spec, panel, calibration)
        added["statistics"] = table(
            "statistics", calibrated_statistics(tables["statistics"], calibration)
        )
        added["calibration"] = calibration_table(calibration)
    return {**tables, **added, "car": table("car", car)}
