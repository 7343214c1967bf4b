"""Mean cross-correlation r̄ of placebo studies of many assets on one calendar.

Two events whose day zeros are δ sessions apart have exactly T − δ estimation sessions in common:
the last ones of the earlier event, the first ones of the later. With ẑ the residuals there,
centred and of length one, all correlations of the events of one date with those of another are one
product of two sums, (Σẑ)'(Σẑ): N·T operations for each δ that occurs instead of N²·T. Nothing is
approximated; a draw in which a pair that counts has a missing return there has no r̄.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from signals.calibration.cells import CellRows, Cells
from signals.calibration.correlate import PairCorrelations
from signals.frames import Bools, Floats, Ints
from signals.inference.correlation import FEWEST_COMMON_SESSIONS
from signals.inference.inference import Correlation
from signals.models.batched import FORMS
from signals.panel import AbnormalPanel, Window
from signals.returns import EventReturns


@dataclass(frozen=True, slots=True, eq=False)
class DatedCorrelations:
    """``at`` (D, n) the cells of each draw's pairs; ``place`` (C,) the session of each cell's day
    zero on the calendar that all share; ``rows`` of the cells; ``unit`` (C, T) their residuals
    centred and of length one, 0 where ``undefined`` (C,) is 1."""

    at: Ints
    place: Ints
    rows: CellRows
    unit: Floats
    undefined: Floats

    def mean(self, window: Window, members: Ints, placed: Bools) -> Floats:
        """(D,) r̄ of the pairs ``members``; ``placed`` (D, n) who is in a draw's study.

        r̄ = Σ w_ij ρ_ij / (N(N−1)/2), w = (L−δ)/L; NaN where N < 2 or a ρ_ij with w_ij > 0 is
        undefined. Checked by tests/calibration/test_correlate.py.
        """
        length = window[1] - window[0] + 1
        draw, pair = np.nonzero(placed[:, members] & (self.at[:, members] >= 0))
        cell = self.at[draw, members[pair]]
        count = np.bincount(draw, minlength=len(self.at)).astype(np.float64)
        total, lost = np.zeros(len(count)), np.zeros(len(count), dtype=bool)
        width = int(self.place.max(initial=0)) + length + 1
        dates, where = np.unique(draw * width + self.place[cell], return_inverse=True)
        for delta in range(length):
            partner = np.searchsorted(dates, dates + delta)
            met = partner < len(dates)
            met[met] = dates[partner[met]] == dates[met] + delta
            if delta == 0:
                met &= np.bincount(where, minlength=len(dates)) > 1
            if not met.any():
                continue
            earlier = np.flatnonzero(met)
            found, undefined = self._products(cell, where, earlier, partner[earlier], delta)
            weight = (length - delta) / length
            np.add.at(total, dates[earlier] // width, weight * found)
            np.logical_or.at(lost, dates[earlier] // width, undefined)
        out = np.full(len(count), np.nan)
        fine = (count >= 2) & ~lost
        out[fine] = total[fine] / (count[fine] * (count[fine] - 1) / 2)
        return out

    def chosen(self, index: Ints) -> DatedCorrelations:
        """Those of the draws ``index``, which are counted anew."""
        return replace(self, at=self.at[index])

    def of_draw(
        self, d: int, members: Ints, panel: AbnormalPanel, window: Window
    ) -> Correlation | None:
        """None: single correlations are not known here."""
        return None

    def _products(
        self, cell: Ints, where: Ints, earlier: Ints, later: Ints, delta: int
    ) -> tuple[Floats, Bools]:
        """Σρ between the events of the dates ``earlier`` and ``later`` (k,), ``delta`` sessions
        after them, and where one of them is undefined; ``where`` (m,) the date of each ``cell``."""
        shape = (int(where.max()) + 1, len(self.place))
        events = sparse.csr_array((np.ones(len(cell)), (where, cell)), shape=shape)
        if delta == 0:
            here = events[earlier]
            first = np.asarray(here @ self.unit)
            number: Floats = np.asarray(here.sum(axis=1), dtype=np.float64)
            return ((first**2).sum(axis=1) - number) / 2, np.asarray(here @ self.undefined) > 0
        size = self.rows.residual.shape[1]
        first, lost = self._sums(events[earlier], delta, size)
        second, too = self._sums(events[later], 0, size - delta)
        return (first * second).sum(axis=1), lost | too

    def _sums(self, events: sparse.csr_array, begin: int, end: int) -> tuple[Floats, Bools]:
        """Σẑ over each date's events (k, C) on the estimation rows from ``begin`` to ``end``, and
        where one of them is undefined."""
        used = np.unique(events.indices).astype(np.int64)
        unit, undefined = _unit(self.rows, used, begin, end)
        mine = events[:, used]
        return np.asarray(mine @ unit), np.asarray(mine @ undefined) > 0


Correlations = PairCorrelations | DatedCorrelations


def _unit(rows: CellRows, used: Ints, begin: int, end: int) -> tuple[Floats, Floats]:
    """(U, end − begin) residuals of the cells ``used``, centred and of length one, 0 where that
    is impossible or a return is missing; and (U,) 1.0 where it is."""
    residual = rows.residual[used, begin:end]
    complete = rows.whole[used].copy()
    holes = np.flatnonzero(~complete)
    complete[holes] = rows.seen[used[holes], begin:end].all(axis=1)
    off = residual - residual.mean(axis=1, keepdims=True)
    size = np.sqrt((off**2).sum(axis=1))
    spread = size > 1e-10 * np.sqrt((residual**2).sum(axis=1))
    fine = complete & spread & (residual.shape[1] >= FEWEST_COMMON_SESSIONS)
    off[fine] /= size[fine, None]
    off[~fine] = 0.0
    return off, (~fine).astype(np.float64)


def dated_correlations(
    returns: EventReturns, model: str, cells: Cells, at: Ints
) -> DatedCorrelations | None:
    """The same of any number of assets, where all trade on one calendar; else None."""
    used = np.unique(returns.series_index)
    if model not in FORMS or cells.rows is None or not len(at):
        return None
    if len({returns.series[s].calendar for s in used}) != 1:
        return None
    days = [returns.series[s].sessions.astype("datetime64[D]") for s in used]
    axis = np.unique(np.concatenate(days))
    place = np.empty(len(cells), dtype=np.int64)
    for s, own in zip(used, days, strict=True):
        begin = int(np.searchsorted(axis, own[0]))
        if not np.array_equal(axis[begin : begin + len(own)], own):
            return None  # a series with gaps of its own: T − δ sessions would not be the same ones
        mine = cells.series == s
        place[mine] = begin + cells.zero[mine]
    unit, undefined = _unit(cells.rows, np.arange(len(cells)), 0, cells.rows.residual.shape[1])
    return DatedCorrelations(at, place, cells.rows, unit, undefined)
