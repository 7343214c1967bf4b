"""Why an event has no fit: the codes and words of the statsmodels path, for many events."""

from __future__ import annotations

import numpy as np

from signals.frames import Bools, Floats, Ints, Labels
from signals.models.batched_rows import ModelForm, RowStore
from signals.models.batched_solve import FAILURES, Solved
from signals.returns.record import AssetSeries, EventReturns


def failures(
    solved: Solved, form: ModelForm, lacks: Labels, infinite: Bools, min_returns: int
) -> tuple[Labels, Labels]:
    """(n,) codes and details of the fits; ``lacks`` what an event's series has not got,
    ``infinite`` events with an infinite value among their event rows."""
    failure = np.array(FAILURES, dtype=object)[solved.code]
    failure[infinite] = "not_finite"
    failure[lacks != ""] = lacks[lacks != ""]
    detail = np.full(len(failure), "", dtype=object)
    for i in np.flatnonzero(failure != "").tolist():
        count = int(solved.count[i])
        detail[i] = solved.details.get(i) or _words(failure[i], count, form, min_returns)
    return failure, detail


def require_day_zero(
    returns: EventReturns, store: RowStore, at: Ints, y: Floats, xs: list[Floats],
    failure: Labels, detail: Labels,
) -> None:  # fmt: skip
    """Mark events without their day-zero return: without it there is nothing to study.

    Only a series without regressors and a short estimation window come before it. ``y``, ``xs``
    (n, W) event rows.
    """
    column = -store.event
    if not 0 <= column < store.width:
        return
    missing = ~np.isfinite(sum((x[:, column] for x in xs), start=y[:, column]))
    before = np.isin(failure, ("too_few_returns", "missing_regressor", "missing_risk_free"))
    for i in np.flatnonzero(missing & ~before).tolist():
        series = returns.series[returns.series_index[at[i]]]
        zero = int(returns.zero[at[i]])
        failure[i], detail[i] = _no_day_zero(series, zero, bool(np.isfinite(y[i, column])))


def _no_day_zero(series: AssetSeries, zero: int, has_return: bool) -> tuple[str, str]:
    inside = 0 <= zero < len(series.sessions)
    when = f"day zero {series.sessions[zero]}" if inside else "day zero"
    if not has_return:
        return "missing_day_zero", f"no return of {series.ticker} on {when}"
    if inside and series.benchmark_closed[zero]:
        return (
            "benchmark_closed",
            f"{series.benchmark} has no close of the same date on {when}",
        )
    what = "factors" if len(series.names) > 1 else (series.benchmark or "regressors")
    return "missing_benchmark", f"no return of {what} on {when}"


def _words(code: str, count: int, form: ModelForm, min_returns: int) -> str:
    if code == "too_few_returns" and count < min_returns:
        return f"{count} estimation returns; the study requires {min_returns}"
    if code == "too_few_returns":
        return (
            f"{count} complete estimation returns; the model estimates {form.k} coefficients"
            if form.k
            else "no complete estimation return"
        )
    return {
        "missing_regressor": f"the model needs {', '.join(form.regressors)}",
        "missing_risk_free": "the model needs a risk-free rate",
        "not_finite": "an infinite return among its rows",
        "zero_variance": "the estimation residuals do not vary (a frozen price, or an asset that "
        "is its benchmark)",
    }.get(code, code)
