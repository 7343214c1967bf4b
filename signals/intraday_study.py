"""The whole method of an intraday study on one screen: bars in, :class:`StudyResult` out.

What a daily study does on sessions is done here on bars; tables, statistics and records are the
same. A window that ends with the ``"close"`` ends with day zero's session: in the reports ``last``
is then the number of bars to it, and pairs are pooled where that number is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from signals.breadth import breadth_table
from signals.eligibility import exclude_confounded
from signals.errors import DataError, EventError
from signals.events import Catalogue
from signals.frames import TABLES, Ints, table
from signals.inference import Settings
from signals.intraday import BarPairs, align_bars, measure
from signals.intraday.evidence import evidence_table
from signals.intraday.reaction import reaction_table
from signals.panel import AbnormalPanel, Window
from signals.plan import StudyPlan
from signals.prices import PriceBook
from signals.reports.calibration_tables import family_facts, with_detectable, with_families
from signals.reports.events_table import events_table
from signals.reports.flags import pair_flags
from signals.reports.group_tables import aar_table, caar_table, groups, statistics_table
from signals.reports.manifest import manifest
from signals.reports.result import StudyResult
from signals.reports.tables import (
    abnormal_returns_table,
    car_table,
    excluded_table,
    models_table,
)
from signals.returns.bars import ended_by
from signals.sessions import SessionEvents
from signals.spec import StudySpec
from signals.spec.defaults import CLOSE, window_text
from signals.spillovers import spillovers_table

# Blocks of placebo dates keep no hour of the day: single events have their own placebo, by the same
# hours of the estimation sessions, and the statistics of groups have none.
NOT_CALIBRATED: Final = "not_calibrated: intraday studies have no placebo study"


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """A window and the pairs ``index`` whose window it is; ``to_close`` where the study says so."""

    window: Window
    index: Ints
    to_close: bool


def run_intraday(
    spec: StudySpec,
    catalogue: Catalogue,
    plan: StudyPlan,
    prices: PriceBook,
    clock: np.datetime64,
    as_of: str | None,
) -> StudyResult:
    """Run an intraday study as planned, on the bars that have ended by ``clock`` (UTC).

    Raises :class:`DataError` when no pair of the study can be used.
    """
    prices = _ended(prices, spec.prices.interval, clock)
    frame = plan.session_events.frame
    confounded: list[EventError] = []
    if spec.overlap == "exclude":
        _, confounded = exclude_confounded(frame, plan)
    out = {(e.event_id, e.ticker) for e in confounded}
    keys = zip(frame["event_id"], frame["ticker"], strict=True)
    skip = frozenset(int(i) for i, key in zip(frame.index, keys, strict=True) if key in out)
    pairs = align_bars(spec, frame, prices, clock, skip)
    measured = measure(spec, pairs, _contaminated(spec, plan, pairs))
    estimation = measured.estimation
    failures = [*confounded, *pairs.failures, *estimation.failures]
    if estimation.panel is None and not len(pairs.waiting):
        codes = ", ".join(sorted({f.code for f in failures})) or "no events"
        first = f"; first of {len(failures)}: {failures[0]}" if failures else ""
        raise DataError(f"no event of this study can be used ({codes}){first}", file=spec.file)
    flags = pair_flags(
        estimation, pairs.rows[estimation.index], plan.overlaps, plan.tickers_of_event(),
        dummies=spec.overlap == "dummy",
    )  # fmt: skip
    matched = SessionEvents(pairs.frame)
    panel = estimation.panel
    tables: dict[str, pd.DataFrame] = {
        "events": events_table(matched, plan.overlaps, panel, failures, pairs.closed, "s"),
        "models": models_table(estimation, pairs),
        "abnormal_returns": abnormal_returns_table(panel),
        "excluded": excluded_table(failures),
    }
    if panel is not None:
        tables |= _tables(spec, catalogue, panel, pairs, flags, prices)
        tables["evidence"] = evidence_table(pairs, estimation)
    remarks = _remarks(measured.alignment, panel, spec)
    family: dict[str, Any] = {}
    if panel is not None:
        tables["car"], family = _families(tables["car"], spec, panel)
    return StudyResult(
        spec=_resolved(spec, panel),
        tables=tables,
        manifest=manifest(
            spec,
            catalogue,
            prices,
            tables,
            as_of=as_of,
            remarks=remarks,
            family=family,
            calibration={"draws": 0, "effective_draws": 0, "reason": NOT_CALIBRATED},
        ),
        prices=prices,
        panel=panel,
    )


def _resolved(spec: StudySpec, panel: AbnormalPanel | None) -> StudySpec:
    """The study with numbers of bars for every ``"close"``, as its tables have them: the reports'
    primary window is that of the most pairs. The manifest keeps the study as it was written."""
    if panel is None or panel.close is None:
        return spec
    lengths, counts = np.unique(panel.close, return_counts=True)
    usual = int(lengths[np.argmax(counts)])
    first, last = spec.primary
    windows = dict.fromkeys(cell.window for cell in cells(panel, spec.windows))
    changed = {
        "primary_window": (first, max(usual, first) if last == CLOSE else last),
        "car_windows": tuple(windows),
        "event_window": (int(panel.tau[0]), int(panel.tau[-1])),
    }
    return spec.model_copy(update=changed)


def cells(panel: AbnormalPanel, windows: Sequence[Window]) -> list[Cell]:
    """The study's windows as numbers of bars, each with the pairs that it applies to."""
    found: list[Cell] = []
    for first, last in windows:
        if last != CLOSE or panel.close is None:
            found.append(Cell((first, last), np.arange(len(panel)), False))
            continue
        for bars in np.unique(panel.close[panel.close >= first]):
            found.append(Cell((first, int(bars)), np.flatnonzero(panel.close == bars), True))
    return found


def _tables(
    spec: StudySpec, catalogue: Catalogue, panel: AbnormalPanel, pairs: BarPairs,
    flags: list[tuple[str, ...]], prices: PriceBook,
) -> dict[str, pd.DataFrame]:  # fmt: skip
    settings = Settings(alpha=spec.alpha, seed=spec.seed)
    subject = dict(zip(catalogue.frame["event_id"], catalogue.frame["subject"], strict=True))
    announced = {
        (str(e), str(t)): at
        for e, t, at in zip(
            pairs.frame["event_id"], pairs.frame["ticker"], pairs.frame["instant_used"], strict=True
        )
    }
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in ("car", "caar", "statistics")}
    for cell in cells(panel, spec.windows):
        some, windows = panel.take(cell.index), (cell.window,)
        own = [(*flags[i], "to_close") if cell.to_close else flags[i] for i in cell.index]
        found = list(groups(some, subject))
        parts["car"].append(car_table(some, windows, settings, pairs.closed, own))
        parts["caar"].append(caar_table(some, found, windows, spec.alpha))
        parts["statistics"].append(
            statistics_table(some, found, windows, spec.statistics, settings)
        )
    tables = {name: _joined(name, frames) for name, frames in parts.items()}
    tables["statistics"] = _told(tables["statistics"])
    tables["aar"] = aar_table(panel, list(groups(panel, subject)))
    tables |= tables_beyond(spec, catalogue, panel, prices, settings)
    tables["reaction"] = reaction_table(panel, announced, spec.windows, settings)
    return tables


def _told(statistics: pd.DataFrame) -> pd.DataFrame:
    """statistics.csv whose blank verdicts say why, beside what else a row says."""
    bare = (statistics["status"] == "ok").to_numpy()
    said = [
        ";".join(x for x in (old, NOT_CALIBRATED if ok else "") if x)
        for old, ok in zip(statistics["reason"].fillna(""), bare, strict=True)
    ]
    return statistics.assign(reason=said)


def tables_beyond(
    spec: StudySpec,
    catalogue: Catalogue,
    panel: AbnormalPanel,
    prices: PriceBook,
    settings: Settings,
) -> dict[str, pd.DataFrame]:
    """breadth.csv and spillovers.csv of a study (daily or intraday) whose assets have groups."""
    subject = dict(zip(catalogue.frame["event_id"], catalogue.frame["subject"], strict=True))
    parts: dict[str, list[pd.DataFrame]] = {"breadth": [], "spillovers": []}
    if not any(str(g) for g in panel.group) or panel.returns not in ("simple", "log"):
        return {}
    for cell in cells(panel, spec.windows):
        some, windows = panel.take(cell.index), (cell.window,)
        parts["breadth"].append(breadth_table(some, windows, subject, prices, spec.shares))
        parts["spillovers"].append(spillovers_table(some, windows, subject, settings))
    return {name: _joined(name, frames) for name, frames in parts.items()}


def _families(
    car: pd.DataFrame, spec: StudySpec, panel: AbnormalPanel
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """car.csv with the smallest detectable effects and the corrections over the primary window,
    and what the manifest says of these."""
    last, to_close = car["last"], car["flags"].str.contains("to_close", regex=False)
    named = car.assign(last=last.where(~to_close | (spec.primary[1] != CLOSE), CLOSE))
    named = with_families(with_detectable(named, spec.alpha), spec, panel, None)
    facts = family_facts(named, spec)
    window = list(_resolved(spec, panel).primary)
    return named.assign(last=last), {
        **facts,
        "window": window,
        "written": window_text(spec.primary),
    }


def _joined(name: str, frames: list[pd.DataFrame]) -> pd.DataFrame:
    """One table of several; a window that stands twice (as a number and as the close) once."""
    filled = [f for f in frames if len(f)]
    if not filled:
        return table(name, [])
    whole = pd.concat(filled, ignore_index=True)
    return table(name, whole.drop_duplicates(list(TABLES[name].key), keep="last"))


def _ended(prices: PriceBook, interval: str, clock: np.datetime64) -> PriceBook:
    """The price book as it stood at ``clock``: no bar that had not ended."""
    histories = {}
    for ticker, history in prices.histories.items():
        rows = ended_by(history, interval, clock)
        if len(rows) == len(history.sessions):
            histories[ticker] = history
            continue
        columns = {name: values[rows] for name, values in history.columns.items()}
        histories[ticker] = replace(history, sessions=history.sessions[rows], columns=columns)
    return replace(prices, histories=histories)


def _contaminated(spec: StudySpec, plan: StudyPlan, pairs: BarPairs) -> dict[int, Ints]:
    """``overlap = "dummy"``: whole sessions of the asset's other events leave the estimation."""
    if spec.overlap != "dummy":
        return {}
    place = plan.session_events.frame["position"].to_numpy(np.int64)
    out: dict[int, Any] = {}
    for i, row in enumerate(pairs.rows):
        bars = pairs.series[pairs.series_index[i]].bars
        own = int(bars.session[pairs.zero[i]]) - int(place[row])
        others = plan.overlaps.contaminating[int(row)]
        out[i] = np.asarray([int(place[j]) + own for j in others], dtype=np.int64)
    return out


def _remarks(alignment: tuple[str, ...], panel: AbnormalPanel | None, spec: StudySpec) -> list[str]:
    said = []
    for kind, words in (("open", "from the open"), ("clock", "by the clock")):
        count = alignment.count(kind)
        if count:
            said.append(f"{count} pairs on {spec.prices.interval} bars cut {words}")
    for first, last in spec.windows if panel is not None else ():
        short = 0 if panel is None or panel.close is None else int((panel.close < first).sum())
        if last == CLOSE and short:
            said.append(f"the window [{first}, close] is empty for {short} pairs: closed before")
    return said
