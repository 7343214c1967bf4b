"""CARs of many events with their forecast variance, a block of gathered rows at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from signals.frames import Bools, Floats, Ints
from signals.models.batched_rows import ModelForm, RowStore
from signals.models.batched_solve import solve

Windows = Sequence[tuple[int, int]]
BLOCK = 1024


@dataclass(frozen=True, slots=True, eq=False)
class CarBatch:
    """n events × w windows, no rows kept.

    ``params`` (n, k), ``sigma``, ``df``, ``n_obs`` (n,) as in ``BatchFit``; ``code`` (n,) index
    into ``FAILURES``; ``qr`` (n,) solved by QR; ``car`` (n, w) decimal, NaN where undefined;
    ``variance`` (n, w) its forecast variance s²(L + u'(X₀'X₀)⁻¹u); ``seen`` (n, w) sessions that
    the sum is over.
    """

    params: Floats
    sigma: Floats
    df: Ints
    n_obs: Ints
    code: Ints
    qr: Bools
    car: Floats
    variance: Floats
    seen: Ints

    def put(self, rows: Ints | slice, part: CarBatch) -> None:
        """Store ``part`` at ``rows``: only for batches under construction."""
        for f in fields(self):
            getattr(self, f.name)[rows] = getattr(part, f.name)

    @property
    def scar(self) -> Floats:
        """(n, w) CAR/√Var(CAR), ~ t_ν under the null."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.variance > 0, self.car / np.sqrt(self.variance), np.nan)


def empty_cars(n: int, form: ModelForm, n_windows: int) -> CarBatch:
    """A batch of n events to be filled: NaN and zeros."""
    return CarBatch(
        params=np.full((n, form.k), np.nan),
        sigma=np.full(n, np.nan),
        df=np.zeros(n, dtype=np.int64),
        n_obs=np.zeros(n, dtype=np.int64),
        code=np.zeros(n, dtype=np.int64),
        qr=np.zeros(n, dtype=bool),
        car=np.full((n, n_windows), np.nan),
        variance=np.full((n, n_windows), np.nan),
        seen=np.zeros((n, n_windows), dtype=np.int64),
    )


def cars_from_rows(
    store: RowStore,
    zero: Ints,
    series: Ints,
    windows: Windows,
    *,
    min_returns: int = 1,
    missing: str = "strict",
    dropped: Mapping[int, Ints] | None = None,
) -> CarBatch:
    """CAR and Var(CAR) of n events over ``windows`` from their gathered rows, ``BLOCK`` at a time.

    ``dropped`` maps a row of this call to series positions that its estimation leaves out.
    ``missing``: ``strict`` or ``available``, as in ``AbnormalPanel.car``.
    """
    out = empty_cars(len(zero), store.form, len(windows))
    for begin in range(0, len(zero), BLOCK):
        part = slice(begin, min(begin + BLOCK, len(zero)))
        y, xs = store.estimation(zero[part], series[part])
        for row in range(part.start, part.stop) if dropped else ():
            if dropped and row in dropped:
                drop_rows(y[row - begin], dropped[row], int(zero[row]) + store.first)
        _block(store, zero[part], series[part], y, xs, windows, min_returns, missing, out, part)
    return out


def drop_rows(y: Floats, positions: Ints, first: int) -> None:
    """Make the rows at series ``positions`` incomplete; row 0 of ``y`` (T,) is at ``first``."""
    offset = np.asarray(positions) - first
    y[offset[(offset >= 0) & (offset < len(y))]] = np.nan


def _block(
    store: RowStore,
    zero: Ints,
    series: Ints,
    y: Floats,
    xs: list[Floats],
    windows: Windows,
    min_returns: int,
    missing: str,
    out: CarBatch,
    part: slice,
) -> None:
    form = store.form
    solved = solve(y, xs, form, min_returns)
    y1, _, x1, _ = store.events(zero, series)
    code = solved.code.copy()
    for x in x1:
        code[np.isinf(x).any(axis=1)] = 4
    fine = code == 0
    df = np.where(fine, solved.count - form.k, 0)
    params = np.where(fine[:, None], solved.params, np.nan)
    with np.errstate(invalid="ignore", over="ignore"):
        sigma = np.where(fine, np.sqrt(solved.ssr / np.maximum(df, 1)), np.nan)
        ar = y1 - predict(params, x1, form, y1.shape)
    inverse = np.where(fine[:, None, None], solved.inverse, np.nan)
    out.params[part], out.sigma[part], out.df[part] = params, sigma, df
    out.n_obs[part], out.code[part], out.qr[part] = solved.count, code, solved.qr
    seen = np.isfinite(ar)
    for w, (first, last) in enumerate(windows):
        columns = slice(first - store.event, last - store.event + 1)
        here = seen[:, columns]
        count = here.sum(axis=1)
        usable = count == here.shape[1] if missing == "strict" else count > 0
        car = np.where(here, ar[:, columns], 0.0).sum(axis=1)
        sums = [np.where(here, x[:, columns], 0.0).sum(axis=1) for x in x1]
        u = np.stack(([count.astype(float)] if form.constant else []) + sums, axis=1)
        quadratic = np.zeros(len(count))
        if form.k:
            quadratic = np.einsum("nk,nkj,nj->n", u, inverse, u)
        out.car[part, w] = np.where(usable, car, np.nan)
        out.variance[part, w] = np.where(usable, sigma**2 * (count + quadratic), np.nan)
        out.seen[part, w] = count


def predict(
    params: Floats,
    xs: list[Floats],
    form: ModelForm,
    shape: tuple[int, ...],
    *,
    scratch: bool = False,
) -> Floats:
    """(n, rows) x_t'b, without the risk-free rate; written over ``xs`` if these are ``scratch``."""
    if form.fixed:
        return xs[0]
    lead = int(form.constant)
    if not xs:
        return np.repeat(params[:, :1], shape[1], axis=1)
    out = np.multiply(params[:, lead, None], xs[0], out=xs[0] if scratch else None)
    for j in range(1, len(xs)):
        out += np.multiply(params[:, lead + j, None], xs[j], out=xs[j] if scratch else None)
    if form.constant:
        out += params[:, :1]
    return out
