"""Second-stage regression: CARs on events' own characteristics.

The formula is read by a grammar of our own (names, C(name), log(name), sums, products and
interactions): a study file is data and must not be able to run code.
"""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np
import pandas as pd

from signals.errors import SpecError

COLUMNS: Final = (
    "covariance", "term", "coefficient", "std_error", "statistic", "df", "p_value", "ci_low",
    "ci_high", "n_obs", "n_clusters", "r_squared", "first", "last", "formula",
)  # fmt: skip
_TERM = r"(?:[A-Za-z_][A-Za-z0-9_]*|C\([A-Za-z_][A-Za-z0-9_]*\)|log\([A-Za-z_][A-Za-z0-9_]*\)|[01])"
_FORMULA = re.compile(rf"^\s*car\s*~\s*{_TERM}(?:\s*[-+:*]\s*{_TERM})*\s*$")


def check_formula(formula: str, file: object = None) -> None:
    """Raise :class:`SpecError` unless the formula is one that we would run."""
    if not _FORMULA.fullmatch(formula):
        raise SpecError(
            "is not a regression formula",
            file=None if file is None else str(file),
            key="regression.formula",
            value=formula,
            allowed="car ~ terms joined by + - : *, each a column, C(column) or log(column)",
        )


def second_stage(
    data: pd.DataFrame, formula: str, window: tuple[int, int], alpha: float
) -> tuple[pd.DataFrame, list[str]]:
    """Ordinary least squares of ``car`` on the events' columns, with two sets of errors.

    ``data`` has one row for each complete pair: ``car``, ``day_zero`` and the events' own columns
    (numbers where every value is one). Returns the table (a row for each covariance and term)
    and remarks: rows left out because a column is empty, errors that could not be formed.
    ``HC3``: MacKinnon & White (1985), t with n − k. ``date_clustered``: clusters are day zeros,
    t with G − 1. Estimated by statsmodels. Checked by tests/inference/test_second_stage.py.
    """
    check_formula(formula)
    names = _columns_of(formula)
    missing = [n for n in names if n not in data.columns]
    if missing:
        raise SpecError(
            "the events have no such column",
            key="regression.formula",
            value=missing[0],
            allowed=sorted(map(str, data.columns)),
        )
    used = data.dropna(subset=["car", *names])
    remarks: list[str] = []
    if len(used) < len(data):
        remarks.append(f"{len(data) - len(used)} of {len(data)} rows have an empty column")
    fits = _fits(used, formula, remarks)
    rows: list[dict[str, Any]] = []
    for covariance, (fit, df, clusters) in fits.items():
        interval = fit.conf_int(alpha=alpha)
        for term in fit.params.index:
            rows.append(
                {
                    "covariance": covariance,
                    "term": re.sub(r"log_of_(\w+)", r"log(\1)", str(term)),
                    "coefficient": float(fit.params[term]),
                    "std_error": float(fit.bse[term]),
                    "statistic": float(fit.tvalues[term]),
                    "df": df,
                    "p_value": float(fit.pvalues[term]),
                    "ci_low": float(interval.loc[term, 0]),
                    "ci_high": float(interval.loc[term, 1]),
                    "n_obs": int(fit.nobs),
                    "n_clusters": clusters,
                    "r_squared": float(fit.rsquared),
                    "first": window[0],
                    "last": window[1],
                    "formula": formula,
                }
            )
    return pd.DataFrame(rows, columns=list(COLUMNS)), remarks


def _fits(used: pd.DataFrame, formula: str, remarks: list[str]) -> dict[str, tuple[Any, int, int]]:
    from statsmodels.formula.api import ols

    clusters = used["day_zero"].astype("str")
    count = int(clusters.nunique())
    fits: dict[str, tuple[Any, int, int]] = {}
    if used.empty:
        remarks.append("no complete pair to regress on")
        return fits
    # Logarithms are taken here, as columns: the formula that is run holds names only.
    logs = {name: f"log_of_{name}" for name in re.findall(r"log\((\w+)\)", formula)}
    with np.errstate(divide="ignore", invalid="ignore"):
        used = used.assign(**{new: np.log(used[old]) for old, new in logs.items()})
    finite = np.isfinite(used[list(logs.values())].to_numpy(float)).all()
    if not finite:
        remarks.append(f"log of a value that is not positive in {', '.join(logs)}")
        return fits
    model = ols(re.sub(r"log\((\w+)\)", r"log_of_\1", formula), used)
    matrix = np.asarray(model.exog)
    if int(np.linalg.matrix_rank(matrix)) < matrix.shape[1]:
        remarks.append(f"the regressors of {formula!r} are collinear")
        return fits
    if len(used) <= matrix.shape[1]:
        remarks.append(f"{len(used)} rows are too few for {matrix.shape[1]} coefficients")
        return fits
    plain = model.fit()
    # HC3 divides by 1 − h: an observation that is alone in its category has h = 1.
    if float(plain.get_influence().hat_matrix_diag.max()) < 1 - 1e-10:
        robust = model.fit(cov_type="HC3", use_t=True)
        fits["HC3"] = (robust, int(plain.df_resid), 0)
    else:
        remarks.append("HC3: an observation is fitted exactly (alone in its category)")
    if count > matrix.shape[1]:
        groups = pd.factorize(clusters)[0]
        clustered = model.fit(
            cov_type="cluster", cov_kwds={"groups": groups, "df_correction": True}, use_t=True
        )
        fits["date_clustered"] = (clustered, count - 1, count)
    else:
        remarks.append(f"date_clustered: {count} dates for {matrix.shape[1]} coefficients")
    return fits


def _columns_of(formula: str) -> list[str]:
    right = formula.split("~", 1)[1]
    words = re.findall(r"[A-Za-z_][A-Za-z0-9_]*", right)
    return [w for w in dict.fromkeys(words) if w not in ("C", "log")]
