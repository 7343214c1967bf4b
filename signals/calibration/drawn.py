"""One group and window in all its placebo studies, as arrays of draws × pairs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from signals.calibration.cells import CellRows, Cells
from signals.frames import Bools, Floats, Ints
from signals.panel import Window

AT_ONCE = 1_000_000  # row values gathered at a time: what the processor caches
MOST_PRODUCTS = 4_000_000  # D·n² kept; larger groups' products are made where they are needed


@dataclass(frozen=True, slots=True, eq=False)
class RowSums:
    """Sums over a group's placed pairs in each of D draws, of T estimation and W event rows.

    ``n`` (D, T+W) pairs with a return in the row; ``u`` (D, T+W) ΣU of Corrado; ``residual``
    (D, T) Σe; ``rank`` (D, T) Σ rank/(M+2), average ranks; ``placed`` (D, C) which cells.
    """

    n: Floats
    u: Floats
    residual: Floats
    rank: Floats
    placed: sparse.csr_array | None = None


@dataclass(frozen=True, slots=True, eq=False)
class CrossProducts:
    """Of the n pairs' residuals in each of D draws: ``scale`` (D, n) √Σe², and ``gram`` (D, n, n)
    Σe_ie_j/(scale_i·scale_j)."""

    gram: Floats
    scale: Floats


@dataclass(frozen=True, slots=True, eq=False)
class DrawnGroup:
    """D placebo studies of one group of n pairs over one window of L sessions.

    ``car`` ``scar`` ``error`` ``df`` (D, n) as in ``Cells``, NaN where a pair is left out of a
    draw; ``at`` (D, n) the cells, −1 likewise; ``r_bar`` (D,) the mean cross-correlation of
    METHODS, NaN where undefined or not computed. ``independent``: no two of the group's windows
    share a session. ``one_asset``: one date, calendar and benchmark, so that the portfolio is
    one asset. ``sums`` is None without rows, ``cross`` also for groups of several dates and for
    large ones. Draws that place fewer than half as many pairs as
    the best one are NaN throughout.
    """

    window: Window
    cells: Cells
    at: Ints
    car: Floats
    scar: Floats
    error: Floats
    df: Floats
    r_bar: Floats
    independent: bool
    one_asset: bool
    sums: RowSums | None = None
    cross: CrossProducts | None = None

    def __len__(self) -> int:
        return len(self.car)

    @property
    def length(self) -> int:
        return self.window[1] - self.window[0] + 1

    @property
    def seen(self) -> Bools:
        """(D, n) pairs placed in each draw."""
        return np.isfinite(self.car)

    def shifted(self, effect: float | Floats) -> DrawnGroup:
        """The same draws with ``effect`` (decimal) added to every CAR: an injected effect."""
        with np.errstate(invalid="ignore"):
            return replace(self, car=self.car + effect, scar=self.scar + effect / self.error)

    def first(self, draws: int) -> DrawnGroup:
        """``draws`` of the draws, evenly spread over all of them (these are in order of time)."""
        if draws >= len(self):
            return self
        return self.chosen(spread_over(len(self), draws))

    def chosen(self, index: Ints, *, sums: bool = True) -> DrawnGroup:
        """The draws ``index``; with ``sums`` False without their sums of rows."""
        held, cross = self.sums if sums else None, self.cross
        return replace(
            self, at=self.at[index], car=self.car[index], scar=self.scar[index],
            error=self.error[index], df=self.df[index], r_bar=self.r_bar[index],
            sums=None if held is None else RowSums(
                held.n[index], held.u[index], held.residual[index], held.rank[index]
            ),
            cross=None if cross is None else CrossProducts(cross.gram[index], cross.scale[index]),
        )  # fmt: skip


def spread_over(count: int, wanted: int) -> Ints:
    """``wanted`` of the positions 0 … ``count`` − 1, evenly spaced."""
    return np.asarray(np.arange(wanted) * count // wanted, dtype=np.int64)


def drawn_group(
    cells: Cells,
    at: Ints,
    window: Window,
    r_bar: Floats,
    *,
    independent: bool,
    one_asset: bool,
    like: DrawnGroup | None = None,
) -> DrawnGroup:
    """Gather the cells ``at`` (D, n) of a group; ``like``, the group over another window, lends
    its sums of rows."""
    column = cells.windows.index(window)
    placed = np.where(at >= 0, np.isfinite(cells.car[at, column]), False)
    count = placed.sum(axis=1)
    thin = count < 0.5 * count.max(initial=0)
    at = np.where(placed & ~thin[:, None], at, -1)

    def gather(values: Floats) -> Floats:
        return np.where(at >= 0, values[at], np.nan)

    sums = row_sums(cells, at, None if like is None else like.sums)
    cross = None
    if one_asset and cells.rows is not None and at.size * at.shape[1] <= MOST_PRODUCTS:
        same = like is not None and like.at.shape == at.shape and bool((like.at == at).all())
        cross = like.cross if like is not None and same else cross_products(cells.rows, at)
    return DrawnGroup(
        window, cells, at, gather(cells.car[:, column]), gather(cells.scar[:, column]),
        gather(cells.error[:, column]), gather(cells.df), np.where(thin, np.nan, r_bar),
        independent, one_asset, sums, cross,
    )  # fmt: skip


def cross_products(rows: CellRows, at: Ints) -> CrossProducts:
    """Products of the residuals of every draw's pairs ``at`` (D, n), a few draws at a time."""
    scale = np.sqrt((rows.residual**2).sum(axis=1))[at]
    gram = np.empty((*at.shape, at.shape[1]))
    step = max(1, AT_ONCE // max(at.shape[1] * rows.residual.shape[1], 1))
    for begin in range(0, len(at), step):
        part = slice(begin, begin + step)
        e = rows.residual[at[part]] / np.where(scale[part] > 0, scale[part], 1.0)[:, :, None]
        gram[part] = e @ e.transpose(0, 2, 1)
    return CrossProducts(gram, scale)


def row_sums(cells: Cells, at: Ints, like: RowSums | None = None) -> RowSums | None:
    """Sums of rows as sparse products, (draws × cells) @ (cells × sessions).

    Where ``like``, the sums of another window, differs in few cells, only these are added and
    taken away.
    """
    rows = cells.rows
    if rows is None:
        return None
    draw, pair = np.nonzero(at >= 0)
    used = at[draw, pair]
    shape = (len(at), len(cells))
    placed = sparse.csr_array((np.ones(len(draw)), (draw, used)), shape=shape)
    change, before = placed, None
    if like is not None and like.placed is not None:
        difference = placed - like.placed
        difference.eliminate_zeros()
        if difference.nnz < placed.nnz:
            change, before = difference, like

    def total(values: Floats, old: Floats | None) -> Floats:
        added = np.asarray(change @ values) if change.nnz else np.zeros((len(at), values.shape[1]))
        return added if old is None else old + added

    return RowSums(
        _counts(rows, draw, used, len(at)),
        total(rows.u, None if before is None else before.u),
        total(rows.residual, None if before is None else before.residual),
        total(rows.share, None if before is None else before.rank),
        placed,
    )


def _counts(rows: CellRows, draw: Ints, used: Ints, draws: int) -> Floats:
    """(D, T+W) pairs with a return in each row: all of them, less those with a hole there."""
    count = np.bincount(draw, minlength=draws).astype(np.float64)
    n = np.repeat(count[:, None], rows.seen.shape[1], axis=1)
    holes = ~rows.whole[used]
    if holes.any():
        partial, place = np.unique(used[holes], return_inverse=True)
        shape = (draws, len(partial))
        once = sparse.csr_array((np.ones(len(place)), (draw[holes], place)), shape=shape)
        n -= np.asarray(once @ (~rows.seen[partial]).astype(np.float64))
    return n
