"""What the residuals of many fits say about their assumptions: statsmodels' tests as arrays."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import chdtrc

from signals.frames import Bools, Floats, Ints
from signals.models.batched_rows import ModelForm
from signals.models.batched_solve import solve
from signals.models.diagnose import LJUNG_BOX_LAGS


def diagnose_batch(
    residuals: Floats, est_design: Floats, names: tuple[str, ...]
) -> Mapping[str, Floats]:
    """(n,) ``durbin_watson``, ``ljung_box_p``, ``breusch_pagan_p``, ``jarque_bera_p``.

    ``residuals`` (n, T) and ``est_design`` (n, T, k) as in ``BatchFit`` (NaN on rows not used),
    ``names`` (k,). Definitions, lags and NaN rules are those of ``diagnose``:

        DW = Σ(e_t − e_{t−1})²/Σe²,  Q = M(M+2)Σ_{k≤K} r_k²/(M−k) ~ χ²_K, K = min(10, M//5),
        JB = M/6·(S² + (κ−3)²/4) ~ χ²_2,  BP = M·R² of e² on the regressors ~ χ²_p.

    Test: tests/models/test_batched_diagnostics.py (against statsmodels).
    """
    used = np.isfinite(residuals)
    count = used.sum(axis=1)
    e, inside = _packed(residuals, used)
    largest = np.abs(e).max(axis=1, initial=0.0)
    idle = (count < 3) | (largest == 0)
    e = e / np.where(largest > 0, largest, 1.0)[:, None]
    mean = e.sum(axis=1) / np.maximum(count, 1)
    off = np.where(inside, e - mean[:, None], 0.0)
    squares = (off**2).sum(axis=1)
    safe = np.where(squares > 0, squares, 1.0)
    steps = np.where(inside[:, 1:], e[:, 1:] - e[:, :-1], 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        watson = (steps**2).sum(axis=1) / (e**2).sum(axis=1)
    bera = _jarque_bera(off, safe, count)
    box = _ljung_box(off, safe, count)
    pagan = _breusch_pagan(residuals, used, largest, est_design, names, count)
    return {
        "durbin_watson": np.where(idle, np.nan, watson),
        "ljung_box_p": np.where(idle, np.nan, box),
        "breusch_pagan_p": np.where(idle, np.nan, pagan),
        "jarque_bera_p": np.where(idle, np.nan, bera),
    }


def _packed(values: Floats, used: Bools) -> tuple[Floats, Bools]:
    """Used rows moved to the front in their order, zeros behind; and which entries are rows."""
    if used.all():
        return values, used
    order = np.argsort(~used, axis=1, kind="stable")
    inside = np.take_along_axis(used, order, axis=1)
    return np.where(inside, np.take_along_axis(values, order, axis=1), 0.0), inside


def _jarque_bera(off: Floats, squares: Floats, count: Ints) -> Floats:
    n = np.maximum(count, 1)
    variance = squares / n
    square = off * off  # numpy's general power costs fifty times a product
    skew = np.einsum("nt,nt->n", square, off) / n / variance**1.5
    kurtosis = np.einsum("nt,nt->n", square, square) / n / variance**2
    return np.asarray(chdtrc(2, n / 6.0 * (skew**2 + (kurtosis - 3.0) ** 2 / 4.0)))


def _ljung_box(off: Floats, squares: Floats, count: Ints) -> Floats:
    lags = np.minimum(LJUNG_BOX_LAGS, count // 5)
    total = np.zeros(len(off))
    for k in range(1, min(LJUNG_BOX_LAGS, off.shape[1] - 1) + 1):
        r = np.einsum("nt,nt->n", off[:, k:], off[:, :-k]) / squares
        total += np.where(k <= lags, r**2 / np.maximum(count - k, 1), 0.0)
    q = count * (count + 2.0) * total
    p: Floats = np.full(len(off), np.nan)
    enough = lags >= 2
    p[enough] = chdtrc(lags[enough], q[enough])
    return p


def _breusch_pagan(
    residuals: Floats, used: Bools, largest: Floats, design: Floats, names: tuple[str, ...],
    count: Ints,
) -> Floats:  # fmt: skip
    columns = [design[:, :, j] for j, name in enumerate(names) if name != "const"]
    if not columns:
        return np.full(len(residuals), np.nan)
    scaled = residuals / np.where(largest > 0, largest, 1.0)[:, None]
    form = ModelForm("breusch_pagan", tuple(n for n in names if n != "const"))
    fitted = solve(scaled**2, columns, form, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        r_squared = 1.0 - fitted.ssr / fitted.total
    enough = count > len(columns) + 1
    p: Floats = np.full(len(residuals), np.nan)
    p[enough] = chdtrc(len(columns), (count * np.maximum(r_squared, 0.0))[enough])
    for i in np.flatnonzero((fitted.code != 0) & enough).tolist():
        p[i] = _one_by_one(scaled[i][used[i]], [c[i][used[i]] for c in columns])
    return p


def _one_by_one(e: Floats, columns: list[Floats]) -> float:
    """Regressors that are constant on these rows are left out, as ``diagnose`` does."""
    from statsmodels.stats.diagnostic import het_breuschpagan

    varying = [c / np.abs(c).max() for c in columns if np.ptp(c) > 0]
    if not varying or len(e) <= len(varying) + 1:
        return float("nan")
    return float(het_breuschpagan(e, np.column_stack([np.ones(len(e)), *varying]))[1])
