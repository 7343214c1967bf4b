"""Studies of more pairs than fit in memory with all their rows: the same tables, in chunks.

Each pair's tables are made chunk by chunk from the batched engine's panel; group statistics are
streamed (``signals.inference.streaming``). Two things differ from a small study, and the manifest
says so: groups are ``all``, ``category`` and ``group`` only (a statistic for each of thousands of
events and tickers is a study of its own), and placebo calibration is left out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy import special

from signals.eligibility import Ready
from signals.estimate_batched import batch_failures
from signals.events import Catalogue
from signals.frames import Bools, Ints, table
from signals.inference import Settings
from signals.inference.streaming import ScaleStudy, study_at_scale
from signals.inference.streaming_panel import panel_chunks
from signals.models.batched import BatchFit
from signals.models.batched_diagnostics import diagnose_batch
from signals.panel import AbnormalPanel
from signals.plan import StudyPlan
from signals.reports.calibration_tables import family_facts, with_detectable, with_families
from signals.reports.columns import FlagLists, iso, rows_of_text, text
from signals.reports.events_table import Studied, pairs_table
from signals.reports.group_tables import statistic_row
from signals.reports.manifest import manifest
from signals.reports.result import StudyResult
from signals.reports.tables import (
    abnormal_returns_table,
    car_table,
    coefficients,
    excluded_table,
)
from signals.returns import EventReturns
from signals.spec import StudySpec

LARGE: Final = 20_000
"""Event-asset pairs from which a study is done in chunks."""
THREADS: Final = 2
RECOMMENDED: Final = ("adjusted_bmp_t", "corrado_rank_z", "grank_t", "generalized_sign_z")


def run_large(
    spec: StudySpec, catalogue: Catalogue, ready: Ready, as_of: str | None
) -> StudyResult:
    """The study of ``ready.returns`` in chunks of ``[runner] chunk`` pairs.

    Memory is bounded by the rows of one chunk beside the tables themselves.
    """
    plan, returns, closed = ready.plan, ready.returns, ready.closed
    failures = list(ready.failures)
    settings = Settings(alpha=spec.alpha, seed=spec.seed)
    parts: dict[str, list[pd.DataFrame]] = {"models": [], "abnormal_returns": [], "car": []}
    studied = Studied.none(len(plan.session_events))
    flagged = _flags(plan, ready.rows, dummies=spec.overlap == "dummy")
    chunks = panel_chunks(
        returns,
        spec.model,
        spec.runner.chunk,
        min_returns=spec.estimation.min_returns,
        missing=spec.missing,
    )

    def tabled(panel: AbnormalPanel, fit: BatchFit) -> dict[str, pd.DataFrame]:
        flags = flagged.take(fit.index[fit.usable])
        return {
            "models": _models(returns, fit, panel),
            "abnormal_returns": abnormal_returns_table(panel),
            "car": car_table(panel, spec.windows, settings, closed, flags),
        }

    for (panel, fit), made in in_threads(tabled, chunks):
        failures += batch_failures(returns, fit)
        if panel is None or made is None:
            continue
        for name, frame in made.items():
            parts[name].append(frame)
        studied.add(ready.rows[fit.index[fit.usable]], panel, closed)
    tables = {
        name: table(name, pd.concat(found, ignore_index=True) if found else [])
        for name, found in parts.items()
    }
    parts.clear()
    tables["events"] = pairs_table(plan.session_events, plan.overlaps, studied, failures)
    tables["excluded"] = excluded_table(failures)
    tables |= _group_tables(spec, returns, settings)
    tables["car"] = with_families(with_detectable(tables["car"], spec.alpha), spec, None, None)
    return StudyResult(
        spec=spec,
        tables=tables,
        manifest=manifest(
            spec,
            catalogue,
            ready.prices,
            tables,
            as_of=as_of,
            engine="batched",
            remarks=REMARKS,
            family=family_facts(tables["car"], spec),
        ),
        prices=ready.prices,
        panel=None,
    )


Chunk = tuple[AbnormalPanel | None, BatchFit]


def in_threads(
    function: Callable[[AbnormalPanel, BatchFit], dict[str, pd.DataFrame]], chunks: Iterable[Chunk]
) -> Iterator[tuple[Chunk, dict[str, pd.DataFrame] | None]]:
    """``function`` of every chunk in order, two at a time; never more than three are held."""
    with ThreadPoolExecutor(THREADS) as pool:
        waiting: deque[tuple[Chunk, Future[dict[str, pd.DataFrame]] | None]] = deque()
        for chunk in chunks:
            panel, fit = chunk
            waiting.append((chunk, None if panel is None else pool.submit(function, panel, fit)))
            if len(waiting) > THREADS:
                yield _done(*waiting.popleft())
        while waiting:
            yield _done(*waiting.popleft())


def _done(
    chunk: Chunk, future: Future[dict[str, pd.DataFrame]] | None
) -> tuple[Chunk, dict[str, pd.DataFrame] | None]:
    return chunk, None if future is None else future.result()


REMARKS: Final = (
    f"more than {LARGE} pairs: groups are all, category and group; no placebo calibration, "
    "sensitivity or Romano-Wolf; statistics that need all rows at once are left out",
)


def _flags(plan: StudyPlan, rows: Ints, *, dummies: bool) -> FlagLists:
    before = plan.overlaps.contaminating.any[rows]
    return FlagLists.where(
        confounded=plan.overlaps.confounding.any[rows],
        contaminated_estimation=np.zeros_like(before) if dummies else before,
    )


def _models(returns: EventReturns, fit: BatchFit, panel: AbnormalPanel) -> pd.DataFrame:
    """``models.csv`` rows of a chunk, from its arrays."""
    use = np.flatnonzero(fit.usable)
    used = np.isfinite(panel.residuals)
    first = np.argmax(used, axis=1)
    last = used.shape[1] - 1 - np.argmax(used[:, ::-1], axis=1)
    row = np.arange(len(use))
    named = coefficients(fit.names, np.arange(len(fit.names), dtype=float))
    fields = [s.price_field for s in returns.series]
    data: dict[str, Any] = {
        "event_id": rows_of_text(panel.event_id),
        "ticker": rows_of_text(panel.ticker),
        "model": fit.model,
        "engine": rows_of_text(fit.engine[use]),
        "n_obs": panel.n_obs,
        "df_resid": panel.df,
        "alpha": np.nan,
        "beta": np.nan,
        "sigma": panel.sigma,
        "r_squared": fit.r_squared[use],
        "price_field": text(fields, returns.series_index[fit.index[use]]),
        "estimation_first": iso(panel.est_sessions[row, first].astype("datetime64[D]")),
        "estimation_last": iso(panel.est_sessions[row, last].astype("datetime64[D]")),
        **{name: fit.params[use, int(place)] for name, place in named.items()},
        **diagnose_batch(panel.residuals, panel.est_design, fit.names),
    }
    return table("models", data)


def _group_tables(
    spec: StudySpec, returns: EventReturns, settings: Settings
) -> dict[str, pd.DataFrame]:
    members: dict[str, Bools] = {"all\x1fall": np.ones(len(returns), dtype=bool)}
    for by, labels in (("category", returns.category), ("group", returns.group)):
        for label in sorted({str(v) for v in labels if str(v)}):
            members[f"{by}\x1f{label}"] = np.asarray(labels == label)
    at_scale = study_at_scale(
        returns,
        spec.model,
        spec.windows,
        chunk=spec.runner.chunk,
        groups={k: m for k, m in members.items() if m.sum() > 1},
        min_returns=spec.estimation.min_returns,
        missing=spec.missing,
        settings=settings,
        workers=THREADS,
    )
    return {
        "statistics": _statistics(at_scale),
        "caar": _caar(at_scale, spec.alpha),
        "aar": _aar(at_scale),
    }


def _statistics(found: ScaleStudy) -> pd.DataFrame:
    rows = []
    for cell in found.cells:
        by, label = cell.group.split("\x1f")
        for result in cell.statistics:
            ok = result.status == "ok"
            advised = ok and result.name in RECOMMENDED
            rows.append(statistic_row(by, label, cell.window, result, advised))
    return table("statistics", rows)


def _caar(found: ScaleStudy, alpha: float) -> pd.DataFrame:
    """CAAR with an error clustered by r̄: sd(CAR)·√((1 + (N−1)r̄)/N), t_{N−1}."""
    rows = []
    for cell in found.cells:
        by, label = cell.group.split("\x1f")
        w = found.windows.index(cell.window)
        car = found.cars.car[cell.members, w]
        car = car[np.isfinite(car)]
        count = len(car)
        error, method = _caar_error(car, cell.correlation.r_bar, cell.correlation.overlapping)
        mean = float(car.mean()) if count else np.nan
        half = float(special.stdtrit(max(count - 1, 1), 1 - alpha / 2)) * error
        rows.append(
            {
                "group_by": by,
                "group": label,
                "first": cell.window[0],
                "last": cell.window[1],
                "n_events": count,
                "caar": mean,
                "median": float(np.median(car)) if count else np.nan,
                "share_positive": float((car > 0).mean()) if count else np.nan,
                "std_error": error,
                "std_error_method": method,
                "ci_low": mean - half,
                "ci_high": mean + half,
            }
        )
    return table("caar", rows)


def _caar_error(car: np.ndarray, r_bar: float, overlapping: int) -> tuple[float, str]:
    count = len(car)
    if count < 2:
        return np.nan, "not_applicable: fewer than 2 events"
    plain = float(car.std(ddof=1)) / np.sqrt(count)
    if not overlapping:
        return plain, "cross_sectional"
    inflation = 1.0 + (count - 1) * r_bar
    if not inflation > 0 or not r_bar < 1:
        return np.nan, "not_applicable: r̄ is undefined"
    # sd(CAR) of correlated events falls short of one event's by √(1 − r̄).
    return plain * float(np.sqrt(inflation / (1.0 - r_bar))), "r_bar"


def _aar(found: ScaleStudy) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for average in found.aar:
        by, label = average.group.split("\x1f")
        running = np.nancumsum(average.aar)
        for k, tau in enumerate(average.tau):
            rows.append(
                {
                    "group_by": by,
                    "group": label,
                    "tau": int(tau),
                    "n_events": int(average.n_events[k]),
                    "aar": float(average.aar[k]),
                    "caar": float(running[k]),
                    "std_error": np.nan,
                    "std_error_method": "not_applicable: large study",
                }
            )
    return table("aar", rows)


__all__: Sequence[str] = ("LARGE", "run_large")
