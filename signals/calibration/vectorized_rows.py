"""Group statistics of all placebo studies that read rows: ranks, portfolios, the joint F."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from signals.calibration.cells import CellRows
from signals.calibration.drawn import AT_ONCE, CrossProducts, DrawnGroup, cross_products
from signals.frames import Bools, Floats
from signals.inference.evidence import ROUNDING
from signals.inference.tails import f_p, normal_p, t_p


def brown_warner_p(drawn: DrawnGroup) -> Floats:
    """p of ``brown_warner_t`` in each draw (D,)."""
    if drawn.sums is None:
        return np.full(len(drawn), np.nan)
    total = drawn.sums.residual
    n = drawn.sums.n[:, : total.shape[1]]
    here = n > 0
    aar = np.where(here, total / np.maximum(n, 1), 0.0)
    m = here.sum(axis=1)
    mean = aar.sum(axis=1) / np.maximum(m, 1)
    off = np.where(here, aar - mean[:, None], 0.0)
    sd = np.sqrt((off**2).sum(axis=1) / np.maximum(m - 1, 1))
    fine = (drawn.seen.sum(axis=1) >= 2) & (sd > ROUNDING * np.abs(aar).max(axis=1, initial=0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = _mean_car(drawn) / (np.sqrt(drawn.length) * sd)
    return np.where(fine, t_p(np.where(fine, t, np.nan), m - 1.0), np.nan)


def corrado_p(drawn: DrawnGroup) -> Floats:
    """p of ``corrado_rank_z`` in each draw (D,)."""
    if drawn.sums is None:
        return np.full(len(drawn), np.nan)
    n = drawn.sums.n
    here = n > 0
    mean = drawn.sums.u / np.sqrt(np.maximum(n, 1))
    count = here.sum(axis=1)
    s = np.sqrt((mean**2).sum(axis=1) / np.maximum(count, 1))
    start = drawn.sums.residual.shape[1] + drawn.window[0] - drawn.cells.first_tau
    inside = slice(start, start + drawn.length)
    length = here[:, inside].sum(axis=1)
    factor = 1 - (length - 1) / np.maximum(count - 1, 1)
    fine = (drawn.seen.sum(axis=1) >= 2) & (s > 1e-12) & (length > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = mean[:, inside].sum(axis=1) / s / np.sqrt(length * factor)
    return np.where(fine, normal_p(np.where(fine, z, np.nan)), np.nan)


def grank_t_p(drawn: DrawnGroup) -> Floats:
    """p of ``grank_t`` in each draw (D,)."""
    rows, sums = drawn.cells.rows, drawn.sums
    if rows is None or sums is None:
        return np.full(len(drawn), np.nan)
    with np.errstate(invalid="ignore"):
        keep = np.where(drawn.r_bar < 1, np.sqrt(1 - np.clip(drawn.r_bar, 0.0, 1.0)), np.nan)
    event, fine = _event_values(drawn, keep)
    if not fine.any():
        return np.full(len(drawn), np.nan)
    count = np.maximum(drawn.seen.sum(axis=1), 1)
    below = at_or_below(rows, drawn, event)
    weight = np.where(drawn.seen, 1 / (drawn.cells.n_obs[drawn.at] + 2), 0.0)
    u0 = np.where(drawn.seen, (below + 1) * weight - 0.5, 0.0).sum(axis=1) / count
    n = sums.n[:, : sums.rank.shape[1]]
    raised = sums.rank + ranks_above(rows, drawn, below, weight)
    mean = np.where(n > 0, raised / np.maximum(n, 1) - 0.5, 0.0)
    total = (n > 0).sum(axis=1) + 1
    square = (mean**2 * n).sum(axis=1) / count + u0**2
    with np.errstate(divide="ignore", invalid="ignore"):
        z = u0 / np.sqrt(square / total)
        room = total - 1 - z**2
        t = z * np.sqrt((total - 2) / np.where(room > 0, room, np.nan))
    fine &= np.isfinite(t)
    return np.where(fine, t_p(np.where(fine, t, np.nan), total - 2.0), np.nan)


def grank_z_p(drawn: DrawnGroup) -> Floats:
    """p of ``grank_z`` in each draw (D,); windows must not share a session."""
    rows = drawn.cells.rows
    if rows is None or not drawn.independent:
        return np.full(len(drawn), np.nan)
    event, fine = _event_values(drawn, np.ones(len(drawn)))
    if not fine.any():
        return np.full(len(drawn), np.nan)
    below = at_or_below(rows, drawn, event)
    size = np.where(drawn.seen, drawn.cells.n_obs[drawn.at], 0.0) + 1
    u = np.where(drawn.seen, (below + 1) / (size + 1) - 0.5, 0.0)
    spread = np.where(drawn.seen, (size - 1) / (12 * (size + 1)), 0.0).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = u.sum(axis=1) / np.sqrt(spread)
    return np.where(fine, normal_p(np.where(fine, z, np.nan)), np.nan)


def portfolio_t_p(drawn: DrawnGroup) -> Floats:
    """p of ``portfolio_t`` in each draw (D,), for groups of one date, calendar and benchmark.

    Draws in which members miss different estimation rows are NaN: there the registry's function
    estimates anew on the common rows.
    """
    found = _portfolio(drawn)
    if found is None:
        return np.full(len(drawn), np.nan)
    _, sigma, fine = found
    ratio = _first(drawn, drawn.error / drawn.cells.sigma[drawn.at])
    df = _first(drawn, drawn.df)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = _mean_car(drawn) / (sigma * ratio)
    return np.where(fine, t_p(np.where(fine, t, np.nan), df), np.nan)


def portfolio_rank(drawn: DrawnGroup) -> Floats:
    """p of ``portfolio_rank_p`` in each draw (D,); one-session windows."""
    rows = drawn.cells.rows
    found = _portfolio(drawn)
    if found is None or rows is None or drawn.length > 1:
        return np.full(len(drawn), np.nan)
    residual, _, fine = found
    cell = _first(drawn, drawn.at.astype(np.float64), -1.0).astype(np.int64)
    leverage, seen = rows.leverage[cell], rows.seen[cell][:, : residual.shape[1]]
    deleted = residual / (1 - leverage)
    beyond = seen & (np.abs(deleted) >= np.abs(_mean_car(drawn))[:, None])
    p = (1 + beyond.sum(axis=1)) / (seen.sum(axis=1) + 1)
    return np.where(fine, p, np.nan)


def hotelling_p(drawn: DrawnGroup) -> Floats:
    """p of ``hotelling_f`` in each draw (D,), for groups of one date, calendar and benchmark
    whose members miss no different rows and all of whose pairs are placed."""
    rows = drawn.cells.rows
    out = np.full(len(drawn), np.nan)
    found = _portfolio(drawn)
    count = drawn.at.shape[1]
    if found is None or rows is None or np.nanmin(drawn.df, initial=np.inf) < count:
        return out
    fine = found[2] & drawn.seen.all(axis=1)
    ratio = _first(drawn, drawn.error / drawn.cells.sigma[drawn.at])
    df = _first(drawn, drawn.df)
    for part in _blocks(drawn):
        here = np.flatnonzero(fine[part]) + part.start
        if not len(here):
            continue
        if drawn.cross is None:
            cross = cross_products(rows, drawn.at[here])
        else:
            cross = CrossProducts(drawn.cross.gram[here], drawn.cross.scale[here])
        a = drawn.car[here] / cross.scale
        distance = np.einsum("dn,dn->d", a, np.linalg.solve(cross.gram, a[:, :, None])[:, :, 0])
        within = df[here] - count + 1
        out[here] = f_p(within / count * distance / ratio[here] ** 2, count, within)
    return out


def _mean_car(drawn: DrawnGroup) -> Floats:
    count = np.maximum(drawn.seen.sum(axis=1), 1)
    return np.asarray(np.where(drawn.seen, drawn.car, 0.0).sum(axis=1) / count)


def _event_values(drawn: DrawnGroup, factor: Floats) -> tuple[Floats, Bools]:
    """(D, n) SCAR/sd(SCAR)·factor, and (D,) where GRANK applies (N ≥ 5)."""
    seen = np.isfinite(drawn.scar)
    count = seen.sum(axis=1)
    safe = np.maximum(count, 2)
    held = np.where(seen, drawn.scar, 0.0)
    mean = held.sum(axis=1) / safe
    off = np.where(seen, drawn.scar - mean[:, None], 0.0)
    sd = np.sqrt((off**2).sum(axis=1) / (safe - 1))
    fine = (count >= 5) & (sd > ROUNDING * np.abs(held).max(axis=1, initial=0.0))
    fine &= np.isfinite(factor)
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = held / np.where(fine, sd, np.nan)[:, None] * factor[:, None]
    return np.where(seen, scaled, np.nan), fine


def at_or_below(rows: CellRows, drawn: DrawnGroup, event: Floats) -> Floats:
    """(D, n) number of standardised residuals ≤ the event's value, by bisection."""
    width = rows.ordered.shape[1]  # a power of two: every step halves what is left
    values = rows.ordered.ravel()
    before = drawn.at * width - 1
    below = np.zeros(event.shape, dtype=np.int64)
    step = width // 2
    while step:
        with np.errstate(invalid="ignore"):
            below += step * (values[before + below + step] <= event)
        step //= 2
    return below.astype(np.float64)


def ranks_above(rows: CellRows, drawn: DrawnGroup, below: Floats, weight: Floats) -> Floats:
    """(D, T) Σ of the weights of the pairs whose residual is above their event's value: each of
    these ranks one place higher once the event is ranked with them."""
    total = np.empty((len(drawn), rows.rank.shape[1]))
    for part in _blocks(drawn):
        edge = np.where(drawn.seen[part], 2 * below[part], np.iinfo(np.int16).max)
        above = rows.rank[drawn.at[part]] > edge.astype(np.int16)[:, :, None]
        total[part] = _weighted(above, weight[part])
    return total


def _weighted(marked: Bools, weight: Floats) -> Floats:
    """(d, T) Σ over pairs of weight (d, n) where ``marked`` (d, n, T; never at weight 0).

    Most pairs have the same M and so the same weight: their marks are counted as small integers,
    and only the columns of the others are multiplied out.
    """
    used = weight[weight > 0]
    if not used.size:
        return np.zeros((len(marked), marked.shape[2]))
    usual = float(np.median(used))
    total = marked.sum(axis=1, dtype=np.int32 if marked.shape[1] > 30_000 else np.int16) * usual
    others = ((weight > 0) & (weight != usual)).any(axis=0)
    if others.any():
        more = np.where(weight > 0, weight - usual, 0.0)[:, others]
        total += np.matmul(more[:, None, :], marked[:, others].astype(np.float64))[:, 0]
    return np.asarray(total)


def _portfolio(drawn: DrawnGroup) -> tuple[Floats, Floats, Bools] | None:
    """(D, T) residuals of the equal-weighted portfolio, (D,) its σ, (D,) where both hold."""
    if drawn.sums is None or not drawn.one_asset:
        return None
    total = drawn.sums.residual
    n = drawn.sums.n[:, : total.shape[1]]
    count = drawn.seen.sum(axis=1)
    common = (n == 0) | (n == count[:, None])
    fine = (count >= 2) & common.all(axis=1)
    residual = total / np.maximum(count, 1)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        sigma = np.sqrt((residual**2).sum(axis=1) / _first(drawn, drawn.df))
    return residual, sigma, fine & (sigma > 0)


def _first(drawn: DrawnGroup, values: Floats, blank: float = np.nan) -> Floats:
    """(D,) the value of the first placed pair of each draw."""
    where = np.argmax(drawn.seen, axis=1)
    found = np.take_along_axis(values, where[:, None], axis=1)[:, 0]
    return np.where(drawn.seen.any(axis=1), found, blank)


def _blocks(drawn: DrawnGroup) -> Iterator[slice]:
    """Draws a few at a time, so that gathered rows stay within ``AT_ONCE`` values."""
    rows = drawn.cells.rows
    width = rows.rank.shape[1] if rows is not None else 1
    step = max(1, AT_ONCE // max(drawn.at.shape[1] * width, 1))
    for begin in range(0, len(drawn), step):
        yield slice(begin, min(begin + step, len(drawn)))
