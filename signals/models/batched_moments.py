"""Fits and CARs of many events from sums of products, wherever the sums come from.

With M rows, sums of y, x and their products (about any centre c),

    S = Σzz' − M·z̄z̄',  b = S_xx⁻¹S_xy,  e'e = S_yy − b'S_xy,
    CAR = Σ_w(y − ȳ) − b'Σ_w(x − x̄),  Var = s²(L + L²/M + d'S_xx⁻¹d),  d = Σ_w(x − x̄).

One subtraction instead of two passes over the rows: fast, and exact enough exactly when nothing
large cancels. ``hard`` says where something does; such events are solved from their rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from signals.frames import Bools, Floats, Ints, frozen
from signals.models.batched_cars import CarBatch, empty_cars
from signals.models.batched_rows import ModelForm
from signals.models.batched_solve import FAILURES, invert, size_of_terms
from signals.models.linear import ZERO_VARIANCE

MAX_LEVEL: Final = 1e3
"""Sums this much larger than the centred one that is taken from them leave it 12 digits."""
MAX_SUM_CONDITION: Final = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """n events: ``count`` (n,) complete estimation rows; ``first`` (q, n) sums of y, x₁ … less
    ``centre`` (q, n) or (q, 1); ``products`` (m, n) of their products in the order of
    ``np.triu_indices(q)``; ``level`` (q, n) the size of the sums of squares they were computed
    from; ``unfit`` (n,) events that touch an infinite value."""

    count: Ints
    first: Floats
    products: Floats
    level: Floats
    centre: Floats
    unfit: Bools


@dataclass(frozen=True, slots=True, eq=False)
class WindowSums:
    """Over one event window: ``seen`` (n,) complete sessions, ``sums`` (q, n) of y, x₁ … less the
    centre of the ``Moments``."""

    seen: Floats
    sums: Floats


@cache
def pairs(q: int) -> tuple[Ints, Ints]:
    """``np.triu_indices(q)``, kept: finding them takes as long as a sum over a thousand events."""
    left, right = np.triu_indices(q)
    return frozen(left), frozen(right)


def cars_from_moments(
    moments: Moments,
    windows: list[WindowSums],
    lengths: list[int],
    form: ModelForm,
    min_returns: int,
    missing: str,
) -> tuple[CarBatch, Bools]:
    """CARs of n events, and which of them need their rows (``hard``)."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        fit = _fit(moments, form)
        out = empty_cars(len(moments.count), form, len(windows))
        few = moments.count < max(min_returns, form.k + 1)
        out.n_obs[:] = moments.count
        out.code[few] = FAILURES.index("too_few_returns")
        out.df[:] = np.where(few, 0, moments.count - form.k)
        out.params[:] = np.where(few[:, None], np.nan, fit.params)
        out.sigma[:] = np.where(few, np.nan, np.sqrt(fit.ssr / np.maximum(out.df, 1)))
        for w, (window, length) in enumerate(zip(windows, lengths, strict=True)):
            _window(window, length, w, missing, form.constant, fit, out)
    return out, (fit.hard & ~few) | moments.unfit


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """``y_mean`` (n,), ``x_mean`` (n, p) about the centre; ``params`` (n, k) about zero."""

    count: Ints
    y_mean: Floats
    x_mean: Floats
    slope: Floats
    core: Floats
    params: Floats
    ssr: Floats
    hard: Bools


def _fit(moments: Moments, form: ModelForm) -> _Fit:
    constant, (q, n) = form.constant, moments.first.shape
    rows = np.maximum(moments.count, 1)
    means = moments.first / rows if constant else np.zeros((q, n))
    left, right = pairs(q)
    products = np.empty((q, q, n))
    products[left, right] = moments.products - rows * means[left] * means[right]
    products[right, left] = products[left, right]
    cross, against = np.moveaxis(products[1:, 1:], 2, 0), products[0, 1:].T
    spread = np.einsum("jjn->nj", products)
    true = (moments.centre + means)[1:].T
    squares = spread[:, 1:] + rows[:, None] * true**2
    core, condition = invert(np.ascontiguousarray(cross), true, rows, squares, constant)
    slope = np.einsum("npq,nq->np", core, against)
    total = spread[:, 0]
    ssr = total - np.einsum("np,np->n", slope, against)
    y_mean = (moments.centre + means)[0]
    params = slope
    if constant:
        params = np.column_stack([y_mean - np.einsum("np,np->n", slope, true), slope])
    terms = size_of_terms(total, y_mean, squares, params, rows, constant)
    safe = (
        (moments.level[0] <= MAX_LEVEL * ssr)
        & (moments.level[1:] <= MAX_LEVEL * spread[:, 1:].T).all(axis=0)
        & (ssr > 1e-3 * total)
        & (np.sqrt(ssr) > 1e2 * ZERO_VARIANCE * terms)
        & (condition <= MAX_SUM_CONDITION)
    )
    return _Fit(moments.count, means[0], means[1:].T, slope, core, params, ssr, ~safe)


def _window(
    window: WindowSums, length: int, w: int, missing: str, constant: bool, fit: _Fit, out: CarBatch
) -> None:
    seen = window.seen
    apart = window.sums[1:].T - seen[:, None] * fit.x_mean
    car = window.sums[0] - seen * fit.y_mean - np.einsum("np,np->n", fit.slope, apart)
    factor = seen + np.einsum("np,npq,nq->n", apart, fit.core, apart)
    if constant:
        factor += seen**2 / np.maximum(fit.count, 1)
    usable = (seen == length if missing == "strict" else seen > 0) & (out.code == 0)
    out.car[:, w] = np.where(usable, car, np.nan)
    out.variance[:, w] = np.where(usable, out.sigma**2 * factor, np.nan)
    out.seen[:, w] = np.where(out.code == 0, seen, 0)
