"""Synthetic control: the mix of donors that moved like the asset before the event."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from signals.frames import Floats
from signals.models.fit import FitError, ModelFit, Sample, SpacePlacebo
from signals.models.linear import is_zero_variance, refuse_zero_variance
from signals.models.ols import refuse_overflow, sample_flags
from signals.models.rows import regression_rows, require_rows


def simplex_weights(y: Floats, donors: Floats) -> Floats:
    """w = argmin |y − Dw|² with w ≥ 0 and Σw = 1; ``y`` (M,), ``donors`` (M, J) → (J,).

    With Σw = 1 the residual is Pw for P = y1' − D, and the shortest Pw is the direction of the
    non-negative least-squares problem min_u |Pu|² + (1'u − 1)²: for u = s·w its value at the best
    s is |Pw|²/(1 + |Pw|²), which grows with |Pw|². So one exact active-set solution (Lawson &
    Hanson 1974, scipy ``nnls``) gives w = u/Σu: no iterative tolerance, no start value.
    """
    from scipy.optimize import nnls

    gaps = y[:, None] - donors
    size = float(np.linalg.norm(gaps, axis=0).min())
    if size == 0:  # a donor that is the asset
        same = np.zeros(donors.shape[1])
        same[int(np.linalg.norm(gaps, axis=0).argmin())] = 1.0
        return same
    stacked = np.vstack([gaps / size, np.ones(donors.shape[1])])
    target = np.zeros(len(stacked))
    target[-1] = 1.0
    u, _ = nnls(stacked, target)
    return np.asarray(u / u.sum())


def fit_synthetic_control(sample: Sample) -> ModelFit:
    """E[R_t] = Σ_j w_j R_jt with simplex weights from the estimation rows.

    ``sample.x_*`` hold one column per donor; complete rows only. ``weights`` name the shares;
    ``design`` (W, 1) is the synthetic return itself with coefficient one, so that events with
    different numbers of donors share a shape. σ = √(e'e/M), ν = M (the weights are constrained,
    not free: no count of coefficients is agreed). Inference: placebo in space
    (:func:`space_placebo`) or ranks; no closed prediction variance. R² is centred.
    Abadie, Diamond & Hainmueller (2010). Test: tests/models/test_synthetic.py.
    """
    if not sample.names:
        raise FitError("no_donors", "the synthetic control has no donors")
    rows = regression_rows(sample, constant=False)
    y, D = rows.y_used, rows.design_used
    require_rows(len(y), 1)
    with np.errstate(over="ignore", invalid="ignore"):
        refuse_overflow(np.append((D**2).sum(axis=0), (y**2).sum()))
    w = simplex_weights(y, D)
    residuals = y - D @ w
    if is_zero_variance(y, D, w, residuals):
        raise refuse_zero_variance()
    synthetic = rows.design_event @ w
    n, total = len(y), float(((y - y.mean()) ** 2).sum())
    return ModelFit(
        model="synthetic_control",
        engine="scipy",
        names=("synthetic",),
        params=np.ones(1),
        inverse=np.full((1, 1), np.nan),
        sigma=float(np.sqrt(residuals @ residuals / n)),
        df_resid=n,
        n_obs=n,
        r_squared=1.0 - float(residuals @ residuals) / total if total > 0 else float("nan"),
        residuals=rows.spread(residuals),
        leverage=rows.spread(np.zeros(n)),
        expected=synthetic,
        design=synthetic[:, None],
        variance=np.full(len(synthetic), np.nan),
        prediction="rank_only",
        flags=sample_flags(sample),
        est_actual=rows.spread(y),
        est_design=rows.spread((D @ w)[:, None]),
        weights={name: float(v) for name, v in zip(sample.names, w, strict=True)},
        placebo=space_placebo(sample) if len(sample.names) > 1 else None,
    )


def synthetic_control_p(before: Floats, after: Floats) -> float:
    """Placebo in space: share of units whose RMSPE after/before is at least the treated one's.

    ``before`` (U, M) and ``after`` (U, L) are the gaps (actual − synthetic) of U units, the treated
    one first and counted, so p ≥ 1/U. NaN when a needed gap is missing or U < 2. A unit that its
    donors fit perfectly before and not after has an infinite ratio.
    Assumes that any unit was as likely to be treated. Abadie, Diamond & Hainmueller (2010).
    """
    if len(before) < 2 or not (np.isfinite(before).all() and np.isfinite(after).all()):
        return float("nan")
    pre, post = np.sqrt((before**2).mean(axis=1)), np.sqrt((after**2).mean(axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(post > 0, post / pre, 0.0)
    return float((ratio >= ratio[0]).mean())


def space_placebo(sample: Sample, asset: str = "treated") -> SpacePlacebo:
    """Every donor in turn as if it had been treated, its synthetic built from the other donors
    (never from the treated asset, whose event may have moved it). Needs two donors at least."""
    if len(sample.names) < 2:
        raise FitError("no_donors", "a placebo in space needs two donors at least")
    rows = regression_rows(sample, constant=False)
    require_rows(int(rows.used.sum()), 1)
    y, D, D1 = rows.y_used, rows.design_used, rows.design_event
    w = simplex_weights(y, D)
    before, after = [y - D @ w], [sample.y_event - D1 @ w]
    for j in range(D.shape[1]):
        others = np.delete(np.arange(D.shape[1]), j)
        w = simplex_weights(D[:, j], D[:, others])
        before.append(D[:, j] - D[:, others] @ w)
        after.append(D1[:, j] - D1[:, others] @ w)
    return SpacePlacebo((asset, *sample.names), np.array(before), np.array(after))


def space_p_value(placebo: SpacePlacebo, columns: slice | None = None) -> float:
    """``synthetic_control_p`` of a fit over the event columns given (default: all)."""
    return synthetic_control_p(placebo.before, placebo.after[:, columns or slice(None)])


def treated_donors(weights: Mapping[str, float], hit: Collection[str]) -> tuple[str, ...]:
    """The flag ``donors_treated:A;B`` for donors with a weight that the event concerns too: their
    share of the reaction is subtracted from the asset's. Empty where there is none."""
    found = [name for name, weight in weights.items() if weight > 0 and name in hit]
    return (f"donors_treated:{';'.join(found)}",) if found else ()
