"""Published numbers on data that come with the installed packages (no recorded prices needed)."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from signals.models import Sample, fit_model
from signals.models.linear import least_squares


def test_longley_certified_values():
    """NIST StRD Longley (1967), certified to 15 digits, public domain; the data as shipped with
    statsmodels (public domain)."""
    data = sm.datasets.longley.load().data
    names = ("GNPDEFL", "GNP", "UNEMP", "ARMED", "POP", "YEAR")
    X = np.column_stack([np.ones(16), *(data[n].to_numpy(float) for n in names)])
    fit = least_squares(data["TOTEMP"].to_numpy(float), X, ("const", *names))
    certified = [
        (-3482258.63459582, 890420.383607373),
        (15.0618722713733, 84.9149257747669),
        (-0.358191792925910e-1, 0.334910077722432e-1),
        (-2.02022980381683, 0.488399681651699),
        (-1.03322686717359, 0.214274163161675),
        (-0.511041056535807e-1, 0.226073200069370),
        (1829.15146461355, 455.478499142212),
    ]
    errors = fit.sigma * np.sqrt(np.diag(fit.inverse))
    np.testing.assert_allclose(fit.params, [c[0] for c in certified], rtol=1e-11)
    np.testing.assert_allclose(errors, [c[1] for c in certified], rtol=1e-11)
    assert fit.sigma == pytest.approx(304.854073561965, rel=1e-12)
    assert fit.r_squared == pytest.approx(0.995479004577296, rel=1e-12)


def test_engel_median_regression():
    """Koenker's quantreg (R, GPL ≥ 2), ``rq(foodexp ~ income, tau = .5)`` on Engel's data:
    intercept 81.48225, slope 0.56018 (Koenker & Hallock 2001). Data as shipped with statsmodels
    (public domain). Least squares on the same data: 147.47539, 0.48518."""
    data = sm.datasets.engel.load().data
    x, y = data["income"].to_numpy(float), data["foodexp"].to_numpy(float)
    s = Sample(y, x[:, None], y[:3], x[:3, None], ("market",), np.arange(3.0))
    lad, ols = fit_model("lad", s), fit_model("market", s)
    np.testing.assert_allclose(lad.params, [81.48225, 0.56018], atol=5e-6)
    np.testing.assert_allclose(ols.params, [147.47539, 0.48518], atol=5e-6)
