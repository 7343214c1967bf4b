"""The correlations that cannot be summed by date: pairs with an event whose rows are incomplete,
or whose calendar is not the main one. They are added one by one, on common sessions, as in
``correlation.py``; how many there may be is bounded, and beyond that r̄ is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from signals.frames import Bools, Floats, Ints
from signals.inference.correlation import FEWEST_COMMON_SESSIONS
from signals.inference.streaming_calendar import ABSENT

ROWS_AT_ONCE = 64
PARTNERS_AT_ONCE = 2048
FEWEST_PARTNERS = 256


@dataclass(frozen=True, slots=True, eq=False)
class Pairing:
    """n events of one cell. ``first``, ``last`` (n,) labels of their window's ends; ``regular``
    (n,) whose pairs with each other are counted elsewhere; ``window(i)`` (m, L) and ``rows(i)``
    (m, T) labels of sessions; ``residuals(i)`` (m, T), NaN on rows not used."""

    first: Ints
    last: Ints
    regular: Bools
    window: Callable[[Ints], Ints]
    rows: Callable[[Ints], Ints]
    residuals: Callable[[Ints], Floats]


@dataclass(frozen=True, slots=True, eq=False)
class PairSum:
    """Σ w_ij ρ_ij over the pairs, their number, and the first pair without a correlation:
    (i, j, common sessions), or None. ``total`` is NaN and ``pairs`` too many when the limit is
    passed."""

    total: float
    pairs: int
    undefined: tuple[int, int, int] | None = None


def pair_sum(events: Pairing, limit: int) -> PairSum:
    """Add every pair with an irregular event whose windows share a session, each once."""
    odd = np.flatnonzero(~events.regular)
    if not odd.size:
        return PairSum(0.0, 0)
    order = np.argsort(events.first, kind="stable")
    reach = np.maximum.accumulate(events.last[order])
    odd = odd[np.argsort(events.first[odd], kind="stable")]
    begin = np.searchsorted(reach, events.first[odd], side="left")
    stop = np.searchsorted(events.first[order], events.last[odd], side="right")
    bound = int((stop - begin).sum())
    if bound > limit:
        return PairSum(float("nan"), bound)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    total, pairs = 0.0, 0
    for part in _near_each_other(begin, stop):
        rows = odd[part]
        low, high = int(begin[part].min()), int(stop[part].max())
        left = _Side.of(events, rows)
        for begin_at in range(low, high, PARTNERS_AT_ONCE):
            partners = order[begin_at : min(begin_at + PARTNERS_AT_ONCE, high)]
            counted = events.regular[partners][None, :] | (
                rank[partners][None, :] > rank[rows][:, None]
            )
            found = _block(left, _Side.of(events, partners), counted)
            if found.undefined is not None:
                i, j, common = found.undefined
                return PairSum(float("nan"), pairs, (int(rows[i]), int(partners[j]), common))
            total, pairs = total + found.total, pairs + found.pairs
    return PairSum(total, pairs)


def _near_each_other(begin: Ints, stop: Ints) -> Iterator[slice]:
    """Runs of up to ``ROWS_AT_ONCE`` events whose partners, ``begin`` to ``stop`` (m,) in order of
    date, are mostly the same: of a block of all with all little is then computed in vain."""
    at = 0
    while at < len(begin):
        own = int(stop[at] - begin[at])
        most = int(begin[at]) + max(2 * own, FEWEST_PARTNERS)
        further = np.maximum.accumulate(stop[at : at + ROWS_AT_ONCE]) <= most
        end = at + max(1, len(further) if further.all() else int(np.argmin(further)))
        yield slice(at, end)
        at = end


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    window: Ints
    rows: Ints
    residuals: Floats

    @classmethod
    def of(cls, events: Pairing, index: Ints) -> _Side:
        residuals = events.residuals(index)
        used = np.isfinite(residuals)
        largest = np.abs(np.where(used, residuals, 0.0)).max(axis=1)
        scaled = residuals / np.where(largest > 0, largest, 1.0)[:, None]
        return cls(events.window(index), np.where(used, events.rows(index), ABSENT), scaled)


def _block(left: _Side, right: _Side, counted: Bools) -> PairSum:
    ones_left, ones_right = np.ones(left.window.shape), np.ones(right.window.shape)
    grid = _grid(left.window)
    shared = _lay(left.window, ones_left, grid) @ _lay(right.window, ones_right, grid).T
    wanted = counted & (shared > 0)
    if not wanted.any():
        return PairSum(0.0, 0)
    grid = _grid(left.rows)
    z, m = _lay(left.rows, left.residuals, grid), _lay(left.rows, np.ones(left.rows.shape), grid)
    v, k = (
        _lay(right.rows, right.residuals, grid),
        _lay(right.rows, np.ones(right.rows.shape), grid),
    )
    n = m @ k.T
    common = np.maximum(n, 1.0)
    sum_left, sum_right = z @ k.T, m @ v.T
    length_left = z**2 @ k.T - sum_left**2 / common
    length_right = m @ (v**2).T - sum_right**2 / common
    floor = 1e-20 * common
    valid = (n >= FEWEST_COMMON_SESSIONS) & (length_left > floor) & (length_right > floor)
    if (wanted & ~valid).any():
        i, j = np.argwhere(wanted & ~valid)[0].tolist()
        return PairSum(float("nan"), 0, (i, j, int(n[i, j])))
    rho = (z @ v.T - sum_left * sum_right / common) / np.sqrt(
        np.where(valid, length_left * length_right, 1.0)
    )
    size = np.sqrt(
        np.outer((left.window != ABSENT).sum(axis=1), (right.window != ABSENT).sum(axis=1))
    )
    weight = np.where(wanted, shared / np.maximum(size, 1.0), 0.0)
    return PairSum(float((weight * np.where(wanted, rho, 0.0)).sum()), int(wanted.sum()))


def _grid(labels: Ints) -> Ints:
    found = np.unique(labels)
    return np.asarray(found[found != ABSENT])


def _lay(labels: Ints, values: Floats, grid: Ints) -> Floats:
    """Rows of ``values`` laid on the columns of ``grid``; labels not on it fall away."""
    out = np.zeros((len(labels), max(len(grid), 1)))
    place = np.minimum(np.searchsorted(grid, labels), max(len(grid) - 1, 0))
    row, column = np.nonzero((grid[place] == labels) & (labels != ABSENT))
    out[row, place[row, column]] = values[row, column]
    return out
