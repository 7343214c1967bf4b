"""Least squares of many events at once: centred sums where they are safe, QR where they are not.

For one event with complete rows y, X (p regressors beside the constant), M rows:

    b = S_xx⁻¹ S_xy,  a = ȳ − x̄'b,  e = (y − ȳ) − (X − x̄)b,  s² = e'e/(M − k)

with S the sums of products about the event's own means (two passes, so nothing cancels), one step
of iterative refinement where R² > 0.99 or the regressors are correlated, and Householder QR where
the condition number of X₀ (constant included, columns scaled to length one; Belsley, Kuh & Welsch
1980) exceeds ``MAX_CONDITION``. NIST's Norris and Pontius hold 11 digits without QR, all other
sets with it: tests/models/test_batched.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from signals.frames import Bools, Floats, Ints
from signals.models.batched_rows import ModelForm
from signals.models.fit import FitError
from signals.models.linear import ZERO_VARIANCE, least_squares

MAX_CONDITION: Final = 1e3
"""From here an event is solved by QR. (Stricter than the 1e4 that the methods demand: at 2e3 sums
hold only 6 digits of NIST's Wampler5, QR 9.)"""
FAILURES: Final = (
    "",
    "too_few_returns",
    "rank_deficient",
    "zero_variance",
    "not_finite",
    "missing_day_zero",
    "benchmark_closed",
    "missing_benchmark",
)
_TOO_FEW, _RANK, _ZERO, _INFINITE = 1, 2, 3, 4


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """n fits. ``used`` (n, T) complete rows or None when all are; ``count`` (n,) M; ``x_mean``
    (n, p) (zero for models without a constant); ``core`` (n, p, p) = S_xx⁻¹; ``params`` (n, k)
    constant first; ``inverse`` (n, k, k) = (X₀'X₀)⁻¹; ``residuals`` (n, T), zero on rows not
    used; ``ssr`` (n,) e'e; ``total`` (n,) Σ(y − ȳ)² (Σy² without a constant); ``condition``
    (n,); ``qr`` (n,) solved by QR; ``code`` (n,) index into ``FAILURES``; ``details`` what more is
    known of a failure, by row."""

    used: Bools | None
    count: Ints
    x_mean: Floats
    core: Floats
    params: Floats
    inverse: Floats
    residuals: Floats
    ssr: Floats
    total: Floats
    condition: Floats
    qr: Bools
    code: Ints
    details: dict[int, str]


def solve(y: Floats, xs: list[Floats], form: ModelForm, min_returns: int) -> Solved:
    """Fit ``form`` to n events' rows: ``y`` (n, T), ``xs`` p arrays (n, T), NaN where missing."""
    with np.errstate(over="ignore", invalid="ignore"):
        return _solve(y, xs, form, min_returns)


def _solve(y: Floats, xs: list[Floats], form: ModelForm, min_returns: int) -> Solved:
    n, p = len(y), len(xs)
    used, infinite = _complete(y, xs)
    count = np.full(n, y.shape[1]) if used is None else used.sum(axis=1)
    code = np.zeros(n, dtype=np.int64)
    code[count < max(min_returns, form.k + 1)] = _TOO_FEW
    code[infinite] = _INFINITE
    details: dict[int, str] = {}
    if form.fixed:
        return _fixed(y, xs[0], used, count, code, details)
    rows = np.maximum(count, 1)
    y_mean, y_centred = _centre(y, used, rows, form.constant)
    pairs = [_centre(x, used, rows, form.constant) for x in xs]
    x_mean = np.stack([m for m, _ in pairs], axis=1) if p else np.empty((n, 0))
    centred = [x for _, x in pairs]
    cross = np.empty((n, p, p))
    for i in range(p):
        for j in range(i, p):
            cross[:, i, j] = cross[:, j, i] = _dot(centred[i], centred[j])
    squares = np.einsum("npp->np", cross) + rows[:, None] * x_mean**2
    core, condition = invert(cross, x_mean, rows, squares, form.constant)
    slope, residuals = _slopes(y_centred, centred, core)
    total = _dot(y_centred, y_centred)
    ssr = _dot(residuals, residuals)
    if p:
        hard = np.flatnonzero((ssr < 1e-2 * total) | (condition > 10.0))
        if hard.size:
            _refine(hard, centred, core, slope, residuals, ssr)
    params, inverse = _assemble(slope, core, y_mean, x_mean, rows, form.constant)
    solved = Solved(
        used, count, x_mean, core, params, inverse, residuals, ssr, total, condition,
        np.zeros(n, dtype=bool), code, details,
    )  # fmt: skip
    for at in np.flatnonzero((condition > MAX_CONDITION) & (code == 0)).tolist():
        detail = _solve_by_qr(solved, at, y[at], [x[at] for x in xs], form)
        if detail:
            details[at] = detail
    _mark(solved, size_of_terms(total, y_mean, squares, params, rows, form.constant))
    return solved


def _complete(y: Floats, xs: list[Floats]) -> tuple[Bools | None, Bools]:
    """Which rows are complete (None: all of them), and which events hold an infinite value."""
    with np.errstate(invalid="ignore", over="ignore"):
        total = y
        for x in xs:
            total = total + x
    used = np.isfinite(total)
    if used.all():
        return None, np.zeros(len(y), dtype=bool)
    infinite = np.zeros(len(y), dtype=bool)
    for values in (y, *xs):
        infinite |= np.isinf(values).any(axis=1)
    return used, infinite


def _centre(
    values: Floats, used: Bools | None, rows: Ints, constant: bool
) -> tuple[Floats, Floats]:
    """Mean over complete rows and values less it, zero on rows not used."""
    if used is None:
        if not constant:
            return np.zeros(len(values)), values
        mean = values.sum(axis=1) / rows
        return mean, values - mean[:, None]
    filled = np.where(used, values, 0.0)
    if not constant:
        return np.zeros(len(values)), filled
    mean = filled.sum(axis=1) / rows
    return mean, np.where(used, filled - mean[:, None], 0.0)


def _dot(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.einsum("nt,nt->n", a, b))


def invert(
    cross: Floats, mean: Floats, rows: Ints, squares: Floats, constant: bool
) -> tuple[Floats, Floats]:
    """S_xx⁻¹ (NaN where singular) and the scaled condition number of X₀ (inf where singular)."""
    n, p = mean.shape
    if p == 0:
        return cross, np.ones(n)
    spread = np.einsum("npp->np", cross)
    flat = (spread <= (rows[:, None] * np.finfo(float).eps) ** 2 * squares).any(axis=1)
    if p == 1:
        with np.errstate(divide="ignore", invalid="ignore"):
            core = np.where(flat, np.nan, 1.0 / spread[:, 0])[:, None, None]
            apart = np.where(flat, 0.0, spread[:, 0] / squares[:, 0])  # 1 − r²
            near = (1.0 + np.sqrt(1.0 - apart)) / np.sqrt(apart)
        return core, near if constant else np.where(flat, np.inf, 1.0)
    scale = np.sqrt(np.where(flat[:, None], 1.0, spread))
    safe = np.where(flat[:, None, None], np.eye(p), cross / (scale[:, :, None] * scale[:, None, :]))
    condition = np.where(flat, np.inf, _scaled_condition(cross, mean, rows, squares, constant))
    singular = condition > 1e7  # eigenvalues of a Gram matrix see no further
    safe[singular] = np.eye(p)
    core = np.linalg.inv(safe) / (scale[:, :, None] * scale[:, None, :])
    core[singular] = np.nan
    return core, condition


def _scaled_condition(
    cross: Floats, mean: Floats, rows: Ints, squares: Floats, constant: bool
) -> Floats:
    n, p = mean.shape
    length = np.sqrt(np.where(squares > 0.0, squares, 1.0))
    lead = int(constant)
    gram = np.ones((n, p + lead, p + lead))
    full = cross + rows[:, None, None] * mean[:, :, None] * mean[:, None, :]
    gram[:, lead:, lead:] = full / (length[:, :, None] * length[:, None, :])
    if constant:
        gram[:, 0, 1:] = gram[:, 1:, 0] = np.sqrt(rows)[:, None] * mean / length
    values = np.linalg.eigvalsh(gram)
    return np.asarray(np.sqrt(values[:, -1] / np.maximum(values[:, 0], np.finfo(float).tiny)))


def _slopes(y: Floats, xs: list[Floats], core: Floats) -> tuple[Floats, Floats]:
    """Coefficients and residuals about the means; a singular event (NaN core) gets slope NaN and
    keeps its centred y as residuals, so that it raises no floating-point warning."""
    if not xs:
        return np.empty((len(y), 0)), y
    against = np.stack([_dot(x, y) for x in xs], axis=1)
    slope = np.einsum("npq,nq->np", core, against)
    usable = np.where(np.isfinite(slope), slope, 0.0)
    residuals = y - usable[:, 0, None] * xs[0]
    for j in range(1, len(xs)):
        residuals -= usable[:, j, None] * xs[j]
    return slope, residuals


def _refine(
    rows: Ints, xs: list[Floats], core: Floats, slope: Floats, residuals: Floats, ssr: Floats
) -> None:
    """One step of iterative refinement in place: b += S_xx⁻¹X'e."""
    step, after = _slopes(residuals[rows], [x[rows] for x in xs], core[rows])
    slope[rows] += step
    residuals[rows] = after
    ssr[rows] = _dot(after, after)


def _assemble(
    slope: Floats, core: Floats, y_mean: Floats, x_mean: Floats, rows: Ints, constant: bool
) -> tuple[Floats, Floats]:
    if not constant:
        return slope, core
    n, p = slope.shape
    params = np.empty((n, p + 1))
    params[:, 0] = y_mean - np.einsum("np,np->n", slope, x_mean)
    params[:, 1:] = slope
    inverse = np.empty((n, p + 1, p + 1))
    lean = np.einsum("npq,nq->np", core, x_mean)
    inverse[:, 0, 0] = 1.0 / rows + np.einsum("np,np->n", lean, x_mean)
    inverse[:, 0, 1:] = inverse[:, 1:, 0] = -lean
    inverse[:, 1:, 1:] = core
    return params, inverse


def _solve_by_qr(solved: Solved, i: int, y: Floats, xs: list[Floats], form: ModelForm) -> str:
    """Replace event ``i`` by the statsmodels path's own QR; the detail of a failure, or ''."""
    keep = np.ones(len(y), dtype=bool) if solved.used is None else solved.used[i]
    columns = ([np.ones(len(y))] if form.constant else []) + xs
    design = np.stack(columns, axis=1)[keep]
    solved.qr[i] = True
    try:
        fit = least_squares(np.ascontiguousarray(y[keep]), design, form.names)
    except FitError as error:
        solved.code[i] = FAILURES.index(error.code)
        return error.detail
    solved.params[i] = fit.params
    solved.inverse[i] = fit.inverse
    lead = int(form.constant)
    solved.core[i] = fit.inverse[lead:, lead:]
    solved.residuals[i] = 0.0
    solved.residuals[i, keep] = fit.residuals
    solved.ssr[i] = fit.residuals @ fit.residuals
    return ""


def _fixed(
    y: Floats, x: Floats, used: Bools | None, count: Ints, code: Ints, details: dict[int, str]
) -> Solved:
    """k = 0: the residual is y − x and nothing is estimated."""
    n = len(y)
    filled, market = (y, x) if used is None else (np.where(used, y, 0.0), np.where(used, x, 0.0))
    residuals = filled - market
    empty = np.empty((n, 0, 0))
    solved = Solved(
        used, count, np.empty((n, 0)), empty, np.empty((n, 0)), empty, residuals,
        _dot(residuals, residuals), _dot(filled, filled), np.ones(n), np.zeros(n, dtype=bool),
        code, details,
    )  # fmt: skip
    _mark(solved, np.sqrt(solved.total) + np.sqrt(_dot(market, market)))
    return solved


def size_of_terms(
    total: Floats, y_mean: Floats, squares: Floats, params: Floats, rows: Ints, constant: bool
) -> Floats:
    """|y| + Σ|b_j||x_j|, the size of the terms that the residuals are the difference of."""
    slope = params[:, 1:] if constant else params
    size = np.sqrt(total + rows * y_mean**2) + (np.abs(slope) * np.sqrt(squares)).sum(axis=1)
    if constant:
        size += np.abs(params[:, 0]) * np.sqrt(rows)
    return np.asarray(size)


def _mark(solved: Solved, size: Floats) -> None:
    """A fit whose residuals are rounding has no variance to judge an event by; one whose squares
    overflow has no numbers at all."""
    fine = solved.code == 0
    solved.code[fine & (np.sqrt(solved.ssr) <= ZERO_VARIANCE * size)] = _ZERO
    solved.code[fine & ~np.isfinite(solved.ssr)] = _INFINITE
