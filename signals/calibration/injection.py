"""An effect put into placebo studies that are already computed, without fitting anything again."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np

from signals.calibration.drawn import DrawnGroup
from signals.calibration.vectorized_rows import at_or_below, ranks_above
from signals.frames import Floats, Ints


class Injection(Protocol):
    """``injection(index, effect)``: the draws ``index`` with ``effect`` (decimal) in them."""

    def __call__(self, index: Ints, effect: float) -> DrawnGroup: ...


def injection_for(name: str, drawn: DrawnGroup) -> Injection:
    """How an effect enters the draws for one statistic: Corrado's ranks every session, all others
    (GRANK too, which ranks the CAR itself) look at the CARs only."""
    if name == "corrado_rank_z" and drawn.cells.rows is not None and drawn.sums is not None:
        return OnRows(drawn)
    return OnCars(drawn)


class OnCars:
    """The effect on every CAR."""

    def __init__(self, drawn: DrawnGroup) -> None:
        self._drawn = drawn

    def __call__(self, index: Ints, effect: float) -> DrawnGroup:
        return chosen_draws(self._drawn, index).shifted(effect)


class OnRows:
    """The effect on the return of day zero, before anything is ranked.

    Day zero's abnormal return moves past some of the other rows: each of these falls by one rank,
    and it rises by as many. For a window without day zero the effect stands on its first session.
    A row that equals the moved one exactly counts as below it.
    Checked by tests/calibration/test_power.py against cells computed anew with the effect.
    """

    def __init__(self, drawn: DrawnGroup) -> None:
        rows, sums = drawn.cells.rows, drawn.sums
        assert rows is not None
        assert sums is not None
        first, last = drawn.window
        session = (0 if first <= 0 <= last else first) - drawn.cells.first_tau
        event = rows.seen[drawn.at, -rows.ar.shape[1] :]
        seen = drawn.seen & event[:, :, session]
        values = drawn.cells.n_obs[drawn.at] + event.sum(axis=2) + 1.0
        self._drawn, self._rows, self._u, self._session = drawn, rows, sums.u, session
        self._weight = np.where(seen, 1.0 / values, 0.0)
        self._old = np.where(seen, rows.ar[drawn.at, session], np.nan)
        self._sigma = np.where(drawn.seen, drawn.cells.sigma[drawn.at], np.nan)
        self._others = np.where(event, rows.ar[drawn.at], np.nan)
        self._others[:, :, session] = np.nan
        self._below, self._above = self._residuals(np.arange(len(drawn)), 0.0)

    def __call__(self, index: Ints, effect: float) -> DrawnGroup:
        moved = chosen_draws(self._drawn, index).shifted(effect)
        assert moved.sums is not None
        weight, old = self._weight[index], self._old[index][:, :, None]
        below, above = self._residuals(index, effect)
        with np.errstate(invalid="ignore"):
            upto = self._others[index] <= old + effect
            beside = upto.astype(np.float64) - (self._others[index] <= old)
        passed = below - self._below[index] + beside.sum(axis=2)
        u = self._u[index]
        length = above.shape[1]
        u[:, :length] -= self._above[index] - above
        u[:, length:] -= np.einsum("dnw,dn->dw", beside, weight)
        u[:, length + self._session] += (passed * weight).sum(axis=1)
        return replace(moved, sums=replace(moved.sums, u=u))

    def _residuals(self, index: Ints, effect: float) -> tuple[Floats, Floats]:
        """(d, n) how many residuals lie at or below the moved value, and (d, T) Σ weight of the
        pairs whose residual lies above it."""
        part = self._drawn.chosen(index, sums=False)
        weight = self._weight[index]
        moved = (self._old[index] + effect) / self._sigma[index]
        below = np.where(weight > 0, at_or_below(self._rows, part, moved), 0.0)
        return below, ranks_above(self._rows, part, below, weight)


def chosen_draws(drawn: DrawnGroup, index: Ints) -> DrawnGroup:
    """The draws ``index``, without a copy where they are all."""
    return drawn if len(index) == len(drawn) else drawn.chosen(index)
