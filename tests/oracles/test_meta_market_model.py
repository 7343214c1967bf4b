"""META on SPY against numbers worked out apart from this code (see ../shared/market/README.md).

Close, simple returns, OLS, the 250 returns τ −260 … −11. The alignment is written out by hand
here: a return exists where META and SPY both have a close on neighbouring New York sessions.
"""

from __future__ import annotations

import csv

import numpy as np
import pytest

from signals import abnormal
from signals.models import Sample, fit_model

pytestmark = pytest.mark.shared

# day zero, alpha, beta, sigma, AR %, AR/sigma
REFERENCE = [
    ("2024-08-01", 0.000281, 1.8011, 0.01937, 7.347, 3.79),
    ("2025-06-09", 0.000867, 1.3669, 0.01543, -0.733, -0.48),
    ("2025-07-31", 0.001049, 1.3649, 0.01479, 11.660, 7.89),
    ("2025-08-19", 0.001093, 1.3615, 0.01562, -1.441, -0.92),
    ("2025-10-30", 0.000215, 1.3698, 0.01584, -9.850, -6.22),
]


@pytest.fixture(scope="module")
def returns(shared):
    closes = {}
    for ticker in ("META", "SPY"):
        with (shared / "market" / "daily" / f"{ticker}.csv").open() as lines:
            closes[ticker] = {r["date"]: float(r["close"]) for r in csv.DictReader(lines)}
    days = sorted(set(closes["META"]) & set(closes["SPY"]))
    meta = np.array([closes["META"][d] for d in days])
    spy = np.array([closes["SPY"][d] for d in days])
    return days[1:], meta[1:] / meta[:-1] - 1, spy[1:] / spy[:-1] - 1


@pytest.mark.parametrize(("day", "alpha", "beta", "sigma", "ar", "ratio"), REFERENCE)
def test_reference_numbers(returns, day, alpha, beta, sigma, ar, ratio):
    days, y, x = returns
    zero = days.index(day)
    est, event = slice(zero - 260, zero - 10), slice(zero - 10, zero + 11)
    fit = fit_model(
        "market",
        Sample(y[est], x[est, None], y[event], x[event, None], ("market",), np.arange(-10.0, 11.0)),
    )
    assert fit.params[0] == pytest.approx(alpha, abs=5e-7)
    assert fit.params[1] == pytest.approx(beta, abs=5e-5)
    assert fit.sigma == pytest.approx(sigma, abs=5e-6)
    abnormal_return = y[zero] - fit.expected[10]
    assert 100 * abnormal_return == pytest.approx(ar, abs=5e-4)
    assert abnormal_return / fit.sigma == pytest.approx(ratio, abs=5e-3)
    # The same by covariance and variance, without any regression code.
    slope = np.cov(x[est], y[est])[0, 1] / np.var(x[est], ddof=1)
    rest = y[est] - y[est].mean() - slope * (x[est] - x[est].mean())
    assert fit.params[1] == pytest.approx(slope, rel=1e-12)
    assert fit.sigma == pytest.approx(np.sqrt(rest @ rest / 248), rel=1e-12)
    variance = abnormal.session_variance(
        fit.variance[None], fit.design[None], fit.inverse[None], np.array([fit.sigma])
    )[0, 10]
    sxx = ((x[est] - x[est].mean()) ** 2).sum()
    by_hand = fit.sigma**2 * (1 + 1 / 250 + (x[zero] - x[est].mean()) ** 2 / sxx)
    assert variance == pytest.approx(by_hand, rel=1e-12)
