"""Mean cross-correlation r̄ of estimation residuals, on common calendar sessions.

For a window,

    r̄ = Σ_{i<j} w_ij ρ_ij / (N(N−1)/2),   w_ij = shared_ij / √(L_i L_j),

with shared_ij the calendar sessions that the two windows share and ρ_ij the Pearson correlation
of the two estimation residual series on at least 30 common *calendar* sessions. Events are never
aligned in event time here: residuals of events on different dates would look independent.

Only pairs whose windows share a session are looked at. Events are sorted by the start of their
window, so the partners of a block of events are a contiguous run; each block's residuals are laid
on a calendar grid and all its correlations come from four masked matrix products.
Kolari & Pynnönen (2010). Checked by tests/inference/test_correlation.py (plain loops).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from signals.frames import Bools, Floats, Ints
from signals.inference.inference import Correlation, Settings
from signals.panel import AbnormalPanel, Window

FEWEST_COMMON_SESSIONS = 30
_BLOCK = 256


@dataclass(frozen=True, slots=True, eq=False)
class PairBlock:
    """Pairs (row, partner) of events, B rows × P partners.

    ``rows`` (B,) and ``partners`` (P,) are positions in the panel; ``wanted`` (B, P) marks the
    pairs counted here (each pair of events whose windows share a session exactly once);
    ``shared`` (B, P) counts their common window sessions, ``rho`` (B, P) is ρ_ij, NaN where it
    is undefined; ``member_rows`` (B, G), ``member_partners`` (P, G) say which of the block's G
    window sessions each event's window holds, ``grid`` (G,) their index in the union.
    """

    rows: Ints
    partners: Ints
    wanted: Bools
    shared: Floats
    rho: Floats
    member_rows: Floats
    member_partners: Floats
    grid: Ints


def mean_correlation(panel: AbnormalPanel, window: Window) -> float:
    """r̄ of the panel's events over ``window``; NaN when undefined (see :func:`correlation`)."""
    return correlation(panel, window).r_bar


def correlation_of(panel: AbnormalPanel, window: Window, settings: Settings) -> Correlation:
    """The correlation that came with the settings, if it is this panel's; else computed."""
    given = settings.correlation
    if given is not None and given.n_events == len(panel):
        return given
    return correlation(panel, window)


def correlation(panel: AbnormalPanel, window: Window) -> Correlation:
    """r̄ over ``window``, with the reason when it is undefined.

    Undefined: N = 1; a pair whose windows share a session has fewer than 30 common estimation
    sessions, or residuals that do not vary there. Pairs without a shared session count 0.
    """
    count = len(panel)
    if count < 2:
        return Correlation(math.nan, "one event has no cross-correlation", 0, count)
    lengths = window_membership(panel, window).sum(axis=1)
    total, overlapping = 0.0, 0
    index, inside = window_positions(panel, window)
    covariance = np.zeros(int(index[inside].max()) + 1 if inside.any() else 0)
    for block in pair_blocks(panel, window):
        bad = block.wanted & ~np.isfinite(block.rho)
        if bad.any():
            row, partner = np.argwhere(bad)[0]
            reason = _undefined(panel, block.rows[row], block.partners[partner])
            return Correlation(math.nan, reason, overlapping, count)
        rho = np.where(block.wanted, block.rho, 0.0)
        size = np.sqrt(np.outer(lengths[block.rows], lengths[block.partners]))
        total += float((rho * block.shared / size).sum())
        overlapping += int(block.wanted.sum())
        rho *= np.outer(panel.sigma[block.rows], panel.sigma[block.partners])
        by_session = (rho @ block.member_partners) * block.member_rows
        covariance[block.grid] += by_session.sum(axis=0)
    r_bar = total / (count * (count - 1) / 2)
    return Correlation(r_bar, "", overlapping, count, covariance)


def window_membership(panel: AbnormalPanel, window: Window) -> Bools:
    """(N, L) True where the window has a session (its columns beyond the data are NaT)."""
    return ~np.isnat(panel.sessions[:, panel.columns(window)])


def window_positions(panel: AbnormalPanel, window: Window) -> tuple[Ints, Bools]:
    """(N, L) index of each window session in the union of all of them, and which exist."""
    inside = window_membership(panel, window)
    return _positions(panel.sessions[:, panel.columns(window)], inside), inside


def pair_blocks(panel: AbnormalPanel, window: Window) -> Iterator[PairBlock]:
    """All pairs of events whose windows share a session, block by block, with their ρ."""
    index, inside = window_positions(panel, window)
    first = np.where(inside, index, np.iinfo(np.int64).max).min(axis=1)
    last = np.where(inside, index, -1).max(axis=1)
    order = np.argsort(first, kind="stable")
    starts, ends = first[order], last[order]
    grid_of: tuple[Bools, Ints] | None = None  # made when two windows meet: often none do
    for begin, stop in _runs(panel, starts, ends):
        until = int(np.searchsorted(starts, ends[begin:stop].max(), side="right"))
        if until <= begin + 1:
            continue
        rows, partners = order[begin:stop], order[begin : max(until, stop)]
        low = int(first[rows].min())
        width = int(last[partners].max()) - low + 1
        exists = inside[partners]
        _, member = _scatter(exists.astype(float), index[partners], exists, low, width)
        shared = member[: len(rows)] @ member.T
        after = np.arange(len(partners))[None, :] > np.arange(len(rows))[:, None]
        wanted = (shared > 0) & after
        if not wanted.any():
            continue
        if grid_of is None:
            used = np.isfinite(panel.residuals)
            grid_of = used, _positions(panel.est_sessions, used)
        rho = _pearson(panel, grid_of[1], grid_of[0], partners, len(rows))
        grid = np.arange(low, low + width)
        yield PairBlock(
            rows, partners, wanted, shared, rho, member[: len(rows)], member, grid
        )  # fmt: skip


def _runs(panel: AbnormalPanel, starts: Ints, ends: Ints) -> Iterator[tuple[int, int]]:
    """Blocks of events in order of their windows; intraday, where a calendar grid has a column for
    every bar, one for each set of windows that hang together."""
    cuts = np.zeros(0, dtype=np.int64)
    if panel.slot is not None and len(starts):
        cuts = np.flatnonzero(starts[1:] > np.maximum.accumulate(ends)[:-1]) + 1
    for low, high in zip([0, *cuts], [*cuts, len(starts)], strict=True):
        for begin in range(int(low), int(high), _BLOCK):
            yield begin, min(begin + _BLOCK, int(high))


def _pearson(panel: AbnormalPanel, days: Ints, used: Bools, partners: Ints, n_rows: int) -> Floats:
    """(B, P) correlations of the first ``n_rows`` partners with all, on common sessions."""
    mask = used[partners]
    where = days[partners]
    scale = panel.sigma[partners][:, None]
    if panel.slot is not None and panel.est_variance is not None:
        scale = np.sqrt(panel.est_variance[partners])  # bars of different hours count alike
    scale = np.where(scale > 0, scale, 1.0)
    values = np.where(mask, panel.residuals[partners], 0.0) / scale
    seen = where[mask]
    low = int(seen.min()) if seen.size else 0
    width = (int(seen.max()) - low + 1) if seen.size else 1
    z, m = _scatter(values, where, mask, low, width)
    filled = m.any(axis=0)
    if not filled.all():
        z, m = np.ascontiguousarray(z[:, filled]), np.ascontiguousarray(m[:, filled])
    zb, mb = z[:n_rows], m[:n_rows]
    if filled.any() and bool(m.all()):  # one grid without a gap: one product instead of six
        return _complete_pearson(z, n_rows)
    n = mb @ m.T
    sum_row, sum_col = zb @ m.T, mb @ z.T
    square_row, square_col = zb**2 @ m.T, mb @ (z**2).T
    common = np.maximum(n, 1.0)
    cross = zb @ z.T - sum_row * sum_col / common
    var_row = square_row - sum_row**2 / common
    var_col = square_col - sum_col**2 / common
    floor = 1e-20 * common
    valid = (n >= FEWEST_COMMON_SESSIONS) & (var_row > floor) & (var_col > floor)
    size = np.sqrt(np.where(valid, var_row * var_col, 1.0))
    return np.where(valid, cross / size, np.nan)


def _complete_pearson(z: Floats, n_rows: int) -> Floats:
    """The same correlations where every series has every session."""
    off = z - z.mean(axis=1)[:, None]
    size = np.sqrt((off**2).sum(axis=1))
    valid = (size > 1e-10 * math.sqrt(z.shape[1])) & (z.shape[1] >= FEWEST_COMMON_SESSIONS)
    off /= np.where(valid, size, 1.0)[:, None]
    both = valid[:n_rows, None] & valid[None, :]
    return np.where(both, off[:n_rows] @ off.T, np.nan)


def _positions(sessions: np.ndarray, chosen: Bools) -> Ints:
    """Index of each chosen session in the sorted union of all chosen ones; 0 elsewhere."""
    out = np.zeros(sessions.shape, dtype=np.int64)
    numbers = sessions[chosen].astype(np.int64)
    if not numbers.size:
        return out
    low, high = int(numbers.min()), int(numbers.max())
    if high - low < 1_000_000:  # days: a lookup table instead of a sort
        present = np.zeros(high - low + 1, dtype=bool)
        present[numbers - low] = True
        out[chosen] = (np.cumsum(present) - 1)[numbers - low]
    else:
        out[chosen] = np.unique(numbers, return_inverse=True)[1]
    return out


def _scatter(
    values: Floats, where: Ints, mask: Bools, low: int, width: int
) -> tuple[Floats, Floats]:
    """Rows of ``values`` laid on columns ``where − low``, and 1 where something is; else 0."""
    place = (where - low + width * np.arange(len(values))[:, None])[mask]
    laid, there = np.zeros((len(values), width)), np.zeros((len(values), width))
    laid.ravel()[place] = values[mask]
    there.ravel()[place] = 1.0
    return laid, there


def _undefined(panel: AbnormalPanel, i: int, j: int) -> str:
    common = np.intersect1d(
        panel.est_sessions[i][np.isfinite(panel.residuals[i])],
        panel.est_sessions[j][np.isfinite(panel.residuals[j])],
    ).size
    pair = f"{panel.event_id[i]} / {panel.ticker[i]} and {panel.event_id[j]} / {panel.ticker[j]}"
    if common < FEWEST_COMMON_SESSIONS:
        return f"{pair} share {common} estimation sessions; r̄ needs {FEWEST_COMMON_SESSIONS}"
    return f"{pair}: residuals that do not vary on common sessions"
