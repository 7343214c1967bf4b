"""The least-squares family for many events at once: the same numbers as the statsmodels path.

``fit_batch`` returns a struct of arrays with everything that an ``AbnormalPanel`` holds. It agrees
with ``signals.models.ols`` to 1e-10 (tests/models/test_batched.py) and says for every event how it
was solved (``engine``: ``batched``, or ``qr`` for the ill-conditioned) and why it could not be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signals.frames import Bools, Floats, Ints, Labels, frozen
from signals.models.batched_cars import drop_rows, predict
from signals.models.batched_failures import failures, require_day_zero
from signals.models.batched_rows import FORMS, ModelForm, RowStore, form_of, row_store
from signals.models.batched_solve import Solved, solve
from signals.returns.record import EventReturns

__all__ = ["FORMS", "BatchFit", "ModelForm", "RowStore", "fit_batch", "row_store"]


@dataclass(frozen=True, slots=True, eq=False)
class BatchFit:
    """n fits of one model, as arrays: T estimation rows, W event rows, k coefficients.

    ================ ============ ==============================================================
    field            shape        meaning
    ================ ============ ==============================================================
    index            (n,)         positions of the events in their ``EventReturns``
    names            (k,)         coefficient names, ``const`` first where there is one
    params inverse   (n,k) (n,k,k) b and (X₀'X₀)⁻¹
    sigma df n_obs   (n,)         √(e'e/ν), ν = M − k, M complete rows
    r_squared        (n,)         centred where the model has a constant; NaN for k = 0
    condition        (n,)         condition number of X₀ with columns scaled to length one
    engine           (n,)         ``batched`` or ``qr``
    failure detail   (n,)         why the event has no fit (a ``FitError`` code), or ""
    actual expected  (n, W)       returns as given, and E[R]; NaN where missing
    ar               (n, W)       actual − expected
    design           (n, W, k)    event rows X₁
    residuals        (n, T)       NaN on rows not used; likewise leverage, est_actual,
    leverage …       (n, T …)     est_design (n, T, k). All None unless they were asked for
    ================ ============ ==============================================================

    A failed event is NaN in every float array (``zero_variance`` keeps its coefficients).
    """

    model: str
    index: Ints
    names: tuple[str, ...]
    params: Floats
    inverse: Floats
    sigma: Floats
    df: Ints
    n_obs: Ints
    r_squared: Floats
    condition: Floats
    engine: Labels
    failure: Labels
    detail: Labels
    actual: Floats
    expected: Floats
    ar: Floats
    design: Floats
    residuals: Floats | None = None
    leverage: Floats | None = None
    est_actual: Floats | None = None
    est_design: Floats | None = None

    def __len__(self) -> int:
        return len(self.index)

    @property
    def usable(self) -> Bools:
        """(n,) True where the event has a fit."""
        return np.asarray(self.failure == "", dtype=bool)


def fit_batch(
    returns: EventReturns,
    model: ModelForm | str,
    index: Ints | None = None,
    *,
    keep_residuals: bool = True,
    min_returns: int = 1,
    day_zero: bool = False,
    rows: RowStore | None = None,
) -> BatchFit:
    """Fit ``model`` to the events ``index`` (positions, default all) of ``returns``.

    ``min_returns`` complete estimation rows are required (never fewer than k + 1); with
    ``day_zero`` the returns of day zero are, too. ``rows`` is the layout that :func:`row_store`
    gives for the same ``returns`` and model; pass it when calling for many chunks. Rows that
    ``returns.dropped`` names are incomplete. Memory: about 8·n·(T(p + 4) + W(k + 4)) bytes, so
    call it by chunks.

    Failure codes: those of ``FAILURES`` and ``missing_regressor``, ``missing_risk_free``. An
    infinite value among an event's rows is ``not_finite``; a missing one is an incomplete row.
    """
    form = form_of(model)
    store = row_store(returns, form) if rows is None else rows
    at = np.arange(len(returns)) if index is None else np.asarray(index, dtype=np.int64)
    zero, series = returns.zero[at], returns.series_index[at]
    y, xs = store.estimation(zero, series)
    if returns.dropped:
        _drop(y, returns, at, store.first)
    solved = solve(y, xs, form, min_returns)
    y1, actual, x1, risk_free = store.events(zero, series)
    expected, infinite = _expected(solved, form, x1, store.width)
    if risk_free is not None:
        expected = expected + risk_free
    failure, detail = failures(solved, form, store.lacks[series], infinite, min_returns)
    if day_zero:
        require_day_zero(returns, store, at, y1, x1, failure, detail)
    lost = (failure != "") & (failure != "zero_variance")
    df, sigma, r_squared = _spread(solved, form, lost)
    expected = np.where((failure != "")[:, None], np.nan, expected)
    with np.errstate(invalid="ignore"):
        ar = np.asarray(actual - expected)
    for array in (solved.params, solved.inverse):
        array[lost] = np.nan
    kept = _kept(solved, form, y, xs, lost) if keep_residuals else {}
    return BatchFit(
        model=form.name,
        index=at,
        names=form.names,
        params=frozen(solved.params),
        inverse=frozen(solved.inverse),
        sigma=frozen(sigma),
        df=frozen(df),
        n_obs=frozen(solved.count),
        r_squared=frozen(r_squared),
        condition=frozen(solved.condition),
        engine=frozen(np.where(solved.qr, "qr", "batched").astype(object)),
        failure=frozen(failure),
        detail=frozen(detail),
        actual=frozen(actual),
        expected=frozen(expected),
        ar=frozen(ar),
        design=frozen(_design(x1, form, y1)),
        **kept,
    )


def _spread(solved: Solved, form: ModelForm, lost: Bools) -> tuple[Ints, Floats, Floats]:
    """(n,) ν, √(e'e/ν) and R²."""
    df = np.where(lost, 0, solved.count - form.k)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        sigma = np.where(lost, np.nan, np.sqrt(solved.ssr / np.maximum(df, 1)))
        r_squared = np.where(lost | form.fixed, np.nan, 1.0 - solved.ssr / solved.total)
    return df, sigma, r_squared


def _drop(y: Floats, returns: EventReturns, at: Ints, first: int) -> None:
    """Estimation rows that a dummy absorbs become incomplete rows."""
    for row, event in enumerate(at.tolist()):
        if event in returns.dropped:
            drop_rows(y[row], returns.dropped[event], int(returns.zero[event]) + first)


def _design(xs: list[Floats], form: ModelForm, like: Floats) -> Floats:
    """(n, rows, k) the columns beside each other, the constant first."""
    if form.fixed or not form.k:
        return np.empty((*like.shape, 0))
    lead = [np.ones_like(like)] if form.constant else []
    return np.stack([*lead, *xs], axis=-1)


def _expected(
    solved: Solved, form: ModelForm, x1: list[Floats], width: int
) -> tuple[Floats, Bools]:
    """(n, W) x_t'b, and which events have an infinite regressor or prediction."""
    infinite = np.zeros(len(solved.count), dtype=bool)
    for x in x1:
        infinite |= np.isinf(x).any(axis=1)
    with np.errstate(invalid="ignore", over="ignore"):
        expected = predict(solved.params, x1, form, (len(infinite), width))
    return expected, infinite | np.isinf(expected).any(axis=1)


def _kept(
    solved: Solved, form: ModelForm, y: Floats, xs: list[Floats], lost: Bools
) -> dict[str, Floats]:
    """Residuals, leverage and rows of the estimation window, NaN on rows not used."""
    design = _design(xs, form, y)
    leverage = np.zeros(y.shape)
    if form.k:
        clean = np.where(np.isfinite(design), design, 0.0)
        inverse = np.where(np.isfinite(solved.inverse), solved.inverse, 0.0)
        leverage = np.einsum("ntk,ntk->nt", clean @ inverse, clean)
    unused = np.broadcast_to(lost[:, None], y.shape)
    if solved.used is not None:
        unused = unused | ~solved.used
    residuals = solved.residuals
    if unused.any():
        residuals = np.where(unused, np.nan, residuals)
        leverage = np.where(unused, np.nan, leverage)
        y = np.where(unused, np.nan, y)
        design = np.where(unused[:, :, None], np.nan, design)
    return {
        "residuals": frozen(residuals),
        "leverage": frozen(leverage),
        "est_actual": frozen(y),
        "est_design": frozen(design),
    }
