"""From sums over events to statistics: the in-memory functions where CARs suffice, their formulas
on summed ranks and residuals where they do not. Agreement with the in-memory versions to 1e-10:
tests/inference/test_streaming.py."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from signals.frames import Floats, Ints, Labels
from signals.inference.cross_section import cross_sectional_t
from signals.inference.evidence import Evidence, gather, spread
from signals.inference.inference import (
    Correlation,
    GroupStatistic,
    Inference,
    Settings,
    refuse,
)
from signals.inference.ranks import FEW_GRANK, wilcoxon
from signals.inference.signs import FEW_SIGNS, sign_binomial, sign_z
from signals.inference.standardized import adjusted_bmp_t, adjusted_patell_z, bmp_t, patell_z
from signals.inference.tails import normal_p, t_p
from signals.panel import AbnormalPanel

WINDOW = (0, 0)
"""The window of a slim panel: its one column is the CAR."""


@dataclass(frozen=True, slots=True, eq=False)
class CellSums:
    """One group over one window: ``panel`` slim (see :func:`slim_panel`), ``correlation`` r̄,
    ``columns`` the window's event rows, and the sums of ``streaming_residuals`` for this cell
    (``positive`` scalar, ``rank``, ``residual``, ``seen`` (T+W,), ``place``, ``above`` (T,),
    ``event`` scalar)."""

    panel: AbnormalPanel
    correlation: Correlation
    rows: int
    columns: slice
    positive: float
    rank: Floats
    residual: Floats
    seen: Floats
    place: Floats
    above: Floats
    event: float


CAR_ONLY: Final[Mapping[str, GroupStatistic]] = {
    "cross_sectional_t": cross_sectional_t,
    "patell_z": patell_z,
    "bmp_t": bmp_t,
    "wilcoxon": wilcoxon,
    "sign_z": sign_z,
    "sign_binomial": sign_binomial,
}
NEEDS_R_BAR: Final[Mapping[str, GroupStatistic]] = {
    "adjusted_patell_z": adjusted_patell_z,
    "adjusted_bmp_t": adjusted_bmp_t,
}


def slim_panel(
    event_id: Labels, ticker: Labels, car: Floats, variance: Floats, df: Ints, n_obs: Ints,
    day: Ints, model: str,
) -> AbnormalPanel:  # fmt: skip
    """N events with one column, the CAR, and its variance: what CAR statistics are functions of.

    The in-memory statistics run on it unchanged, refusals and flags included. It has no
    estimation rows: ranks, signs of residuals and r̄ come from sums instead.
    """
    n = len(car)
    none = np.empty((n, 0))
    blank = np.full(n, "", dtype=object)
    ones = np.ones((n, 1))
    return AbnormalPanel(
        event_id=event_id, ticker=ticker, group=blank, category=blank, calendar=blank,
        benchmark=blank, tau=np.array([0]), sessions=day[:, None].astype("datetime64[s]"),
        actual=car[:, None], expected=none, ar=car[:, None], variance=variance[:, None],
        design=np.empty((n, 1, 0)), inverse=np.empty((n, 0, 0)), sigma=ones[:, 0], df=df,
        n_obs=n_obs, residuals=ones, leverage=none, est_sessions=none.astype("datetime64[s]"),
        est_actual=ones, est_design=np.empty((n, 1, 0)), model=model,
    )  # fmt: skip


def statistic(name: str, cell: CellSums, settings: Settings) -> Inference:
    """The named statistic of one cell."""
    if name in CAR_ONLY:
        return CAR_ONLY[name](cell.panel, WINDOW, settings)
    if name in NEEDS_R_BAR:
        return NEEDS_R_BAR[name](cell.panel, WINDOW, settings)
    return SUMMED[name](cell, settings)


def brown_warner_t(cell: CellSums, settings: Settings) -> Inference:
    """``cross_section.brown_warner_t`` from Σ residuals and ΣAR by row."""
    name = "brown_warner_t"
    used = gather(name, cell.panel, WINDOW)
    if isinstance(used, Inference):
        return used
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(cell.seen > 0, cell.residual / cell.seen, np.nan)
    aar, inside = mean[: cell.rows], mean[cell.rows :][cell.columns]
    aar, inside = aar[np.isfinite(aar)], inside[np.isfinite(inside)]
    sd, df = spread(aar), len(aar) - 1
    if sd == 0:
        return refuse(name, "zero_variance: the AAR do not vary", n_events=len(used))
    total = float(inside.sum())
    t = total / (math.sqrt(len(inside)) * sd)
    return _done(name, total, t, "t", float(t_p(t, df)), used, df=df)


def corrado_rank_z(cell: CellSums, settings: Settings) -> Inference:
    """``ranks.corrado_rank_z`` from Σ rank/(T_i+1) by row."""
    name = "corrado_rank_z"
    used = gather(name, cell.panel, WINDOW)
    if isinstance(used, Inference):
        return used
    u = cell.rank - 0.5 * cell.seen
    rows = cell.seen > 0
    mean = u / np.sqrt(np.maximum(cell.seen, 1))
    total = int(rows.sum())
    s = math.sqrt(float((mean[rows] ** 2).mean()))
    if s <= 1e-12:
        return refuse(name, "zero_variance: the ranks do not vary", n_events=len(used))
    chosen = np.arange(cell.rows, len(u))[cell.columns]
    chosen = chosen[rows[chosen]]
    length = len(chosen)
    factor = 1 - (length - 1) / (total - 1)
    z = float(mean[chosen].sum()) / s / math.sqrt(length * factor)
    estimate = float(u[chosen].sum() / cell.seen[chosen].sum())
    return _done(name, estimate, z, "normal", float(normal_p(z)), used)


def generalized_sign_z(cell: CellSums, settings: Settings) -> Inference:
    """``signs.generalized_sign_z`` from Σ of the events' shares of positive residuals."""
    name = "generalized_sign_z"
    used = gather(name, cell.panel, WINDOW)
    if isinstance(used, Inference):
        return used
    count = len(used)
    w = int((used.panel.car(WINDOW) > 0).sum())
    expected = cell.positive / count
    if not 0 < expected < 1:
        return refuse(name, "zero_variance: all residuals have one sign", n_events=count)
    z = (w - count * expected) / math.sqrt(count * expected * (1 - expected))
    flags = (*used.flags, "few_events") if count < FEW_SIGNS else used.flags
    return _done(name, w / count - expected, z, "normal", float(normal_p(z)), used, flags=flags)


def grank_t(cell: CellSums, settings: Settings) -> Inference:
    """``ranks.grank_t`` from Σ rank/(M_i+2) by estimation row and of SCAR*."""
    name = "grank_t"
    used = gather(name, cell.panel, WINDOW, at_least=5, standardized=True)
    if isinstance(used, Inference):
        return used
    count, r_bar = len(used), cell.correlation.r_bar
    if not math.isfinite(r_bar) or r_bar >= 1:
        reason = cell.correlation.reason or "1 − r̄ is not positive"
        return refuse(name, f"r_bar: {reason}", n_events=count, r_bar=r_bar)
    if spread(used.panel.scar(WINDOW)) == 0:
        return refuse(name, "zero_variance: the SCARs do not differ", n_events=count)
    n = np.append(cell.seen[: cell.rows], count)
    rows = n > 0
    ranks = np.append(cell.place + cell.above, cell.event)
    mean = ranks[rows] / n[rows] - 0.5
    total = int(rows.sum())
    s = math.sqrt(float((mean**2 * n[rows] / count).mean()))
    estimate = float(mean[-1])
    z = estimate / s if s > 0 else math.inf
    if total - 1 - z**2 <= 0:
        return refuse(name, "zero_variance: the mean ranks do not vary", n_events=count)
    t = z * math.sqrt((total - 2) / (total - 1 - z**2))
    p = float(t_p(t, total - 2))
    return _done(name, estimate, t, "t", p, used, df=total - 2, flags=_few(used), r_bar=r_bar)


def grank_z(cell: CellSums, settings: Settings) -> Inference:
    """``ranks.grank_z`` from Σ rank/(M_i+2) of SCAR*."""
    name = "grank_z"
    used = gather(name, cell.panel, WINDOW, at_least=5, standardized=True)
    if isinstance(used, Inference):
        return used
    count = len(used)
    if cell.correlation.overlapping:
        return refuse(name, "overlapping_windows: events are not independent", n_events=count)
    if spread(used.panel.scar(WINDOW)) == 0:
        return refuse(name, "zero_variance: the SCARs do not differ", n_events=count)
    total = used.panel.n_obs + 1
    summed = cell.event - 0.5 * count
    z = float(summed / np.sqrt(((total - 1) / (12.0 * (total + 1))).sum()))
    flags = _few(used)
    return _done(name, summed / count, z, "normal", float(normal_p(z)), used, flags=flags)


SUMMED: Final[Mapping[str, Callable[[CellSums, Settings], Inference]]] = {
    "brown_warner_t": brown_warner_t,
    "corrado_rank_z": corrado_rank_z,
    "generalized_sign_z": generalized_sign_z,
    "grank_t": grank_t,
    "grank_z": grank_z,
}
STREAMED: Final = (*CAR_ONLY, *NEEDS_R_BAR, *SUMMED)


def _few(used: Evidence) -> tuple[str, ...]:
    return (*used.flags, "few_events") if len(used) < FEW_GRANK else used.flags


def _done(
    name: str,
    estimate: float,
    statistic: float,
    law: str,
    p: float,
    used: Evidence,
    *,
    df: float = math.nan,
    r_bar: float = math.nan,
    flags: tuple[str, ...] | None = None,
) -> Inference:
    return Inference(
        name, float(estimate), float(statistic), law, df=df, p_value=p, n_events=len(used),
        r_bar=r_bar, reason=used.reason, flags=used.flags if flags is None else flags,
    )  # fmt: skip
