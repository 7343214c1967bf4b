"""The second stage against statsmodels' arrays, and formulas that may not run."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from signals.errors import SpecError
from signals.inference.second_stage import COLUMNS, check_formula, second_stage


def data(n: int = 60, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "car": rng.normal(0, 0.02, n),
            "category": np.resize(["a", "b", "c"], n),
            "size": rng.uniform(1, 9, n),
            "day_zero": [f"2024-01-{i % 20 + 1:02d}" for i in range(n)],
        }
    )


def test_agrees_with_arrays_by_hand() -> None:
    frame = data()
    table, remarks = second_stage(frame, "car ~ C(category) + log(size)", (0, 1), 0.05)
    assert remarks == []
    assert list(table.columns) == list(COLUMNS)
    x = np.column_stack(
        [np.ones(60), frame["category"] == "b", frame["category"] == "c", np.log(frame["size"])]
    ).astype(float)
    y = frame["car"].to_numpy()
    b = np.linalg.solve(x.T @ x, x.T @ y)
    e = y - x @ b
    bread = np.linalg.inv(x.T @ x)
    h = np.einsum("ij,jk,ik->i", x, bread, x)
    hc3 = bread @ (x.T * (e / (1 - h)) ** 2) @ x @ bread
    found = table[table["covariance"] == "HC3"]
    assert list(found["term"]) == ["Intercept", "C(category)[T.b]", "C(category)[T.c]", "log(size)"]
    np.testing.assert_allclose(found["coefficient"], b, rtol=1e-10)
    np.testing.assert_allclose(found["std_error"], np.sqrt(np.diag(hc3)), rtol=1e-10)
    assert set(found["df"]) == {56}

    groups = pd.factorize(frame["day_zero"])[0]
    meat = sum(np.outer(s, s) for s in (x[groups == g].T @ e[groups == g] for g in range(20)))
    clustered = bread @ meat @ bread * (20 / 19) * (59 / 56)
    found = table[table["covariance"] == "date_clustered"]
    np.testing.assert_allclose(found["std_error"], np.sqrt(np.diag(clustered)), rtol=1e-10)
    assert set(found["df"]) == {19}
    by_library = sm.OLS(y, x).fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    np.testing.assert_allclose(found["p_value"], by_library.pvalues, rtol=1e-9)


@pytest.mark.parametrize(
    "formula",
    [
        "car ~ __import__('os').system('true')",
        "car ~ size; import os",
        "car ~ exec(size)",
        "car ~ size.__class__",
        "size ~ car",
        "car ~ ",
        "car ~ C(open('x'))",
        "car ~ size[0]",
        "car ~ `size`",
        "car",
    ],
)
def test_formulas_cannot_run_code(formula: str) -> None:
    with pytest.raises(SpecError, match=r"regression\.formula"):
        check_formula(formula)


def test_what_cannot_be_estimated_is_said() -> None:
    frame = data().assign(same=lambda d: 2 * d["size"], zero=0.0)
    for formula, words in [
        ("car ~ size + same", "collinear"),
        ("car ~ log(zero)", "not positive"),
    ]:
        table, remarks = second_stage(frame, formula, (0, 1), 0.05)
        assert table.empty
        assert words in remarks[0]
    holes = data().assign(size=lambda d: d["size"].where(d.index > 4))
    table, remarks = second_stage(holes, "car ~ size", (0, 1), 0.05)
    assert set(table["n_obs"]) == {55}
    assert "5 of 60 rows" in remarks[0]
    with pytest.raises(SpecError, match="no such column"):
        second_stage(data(), "car ~ weight", (0, 1), 0.05)


def test_few_dates_refuse_the_clustered_errors() -> None:
    frame = data().assign(day_zero=lambda d: np.resize(["x", "y"], len(d)))
    table, remarks = second_stage(frame, "car ~ size", (0, 1), 0.05)
    assert set(table["covariance"]) == {"HC3"}
    assert "2 dates" in remarks[0]
