"""Public examples of other programs, recomputed by plain numpy and by our models.

Data: ``../shared/oracles`` (see its README for sources and licences). What the programs print is
stated beside the number; where a program's convention differs from METHODS its formula is written
out and both numbers are shown.
"""

from __future__ import annotations

import csv
from datetime import datetime

import numpy as np
import pytest

from signals import abnormal
from signals.models import FitError, Sample, fit_model

pytestmark = pytest.mark.shared


def rows(path):
    with path.open() as lines:
        return list(csv.DictReader(lines))


def plain_line(y, x):
    """a, b, e of y = a + bx by sums."""
    b = ((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum()
    a = y.mean() - b * x.mean()
    return a, b, y - a - b * x


def sample(y, x, est, event):
    tau = np.arange(float(event.stop - event.start))
    return Sample(y[est], x[est, None], y[event], x[event, None], ("market",), tau)


def test_r_eventstudy_sp500_additions(shared):
    """R EventStudy 0.50 (EventStudyTools/api-wrapper.r, MIT), market model on log returns,
    [−2, 2], 120 returns [−130, −11]: AAR(+1) 0.060687, cross-sectional t 5.758;
    CAAR[−2, 2] 0.058076, t 3.961."""
    folder = shared / "oracles" / "sp500_additions"
    firms: dict[str, dict[str, float]] = {}
    for r in rows(folder / "firm_prices.csv"):
        firms.setdefault(r["symbol"], {})[r["date"]] = float(r["adjusted"])
    index = {r["date"]: float(r["adjusted"]) for r in rows(folder / "market_prices.csv")}
    ours, plain = [], []
    for event in rows(folder / "events.csv"):
        firm = firms[event["firm_symbol"]]
        days = [d for d in sorted(firm) if d in index and firm[d] > 0]
        y = np.diff(np.log([firm[d] for d in days]))
        x = np.diff(np.log([index[d] for d in days]))
        zero = days.index(event["event_date"]) - 1
        est, window = slice(zero - 130, zero - 10), slice(zero - 2, zero + 3)
        a, b, _ = plain_line(y[est], x[est])
        plain.append(y[window] - a - b * x[window])
        ours.append(y[window] - fit_model("market", sample(y, x, est, window)).expected)
    ar = np.array(ours)
    np.testing.assert_allclose(ar, plain, rtol=1e-10, atol=1e-14)

    def mean_and_t(values):
        return values.mean(), values.mean() / (values.std(ddof=1) / np.sqrt(len(values)))

    assert len(ar) == 16
    assert mean_and_t(ar[:, 3]) == (
        pytest.approx(0.060687, abs=5e-7),
        pytest.approx(5.758, abs=5e-4),
    )
    assert mean_and_t(ar.sum(axis=1)) == (
        pytest.approx(0.058076, abs=5e-7),
        pytest.approx(3.961, abs=5e-4),
    )


def test_estudy2_divides_by_one_too_few(shared):
    """R estudy2 0.10 (irudnyts/estudy2, GPL-3): continuous returns, single-index model, estimation
    2019-04-02 … 2020-03-13, event 2020-03-16 … 2020-03-20. Its residual deviation is ``sd`` of
    the residuals, √(e'e/(M − 1)); ours √(e'e/(M − 2)). The abnormal returns are the same. ZM and
    UBER list inside the sample: fewer rows, never filled ones."""
    folder = shared / "oracles" / "estudy2"
    prices, index = rows(folder / "prices_close.csv"), rows(folder / "index_close_GSPC.csv")
    days = [r["date"] for r in prices]
    assert days == [r["date"] for r in index]
    x = np.diff(np.log([float(r["^GSPC"]) for r in index]))
    est = slice(0, days.index("2020-03-13"))
    event = slice(days.index("2020-03-16") - 1, days.index("2020-03-20"))
    counts = {}
    for ticker in ("AMZN", "ZM", "UBER", "NFLX", "SHOP", "FB", "UPWK"):
        y = np.diff(np.log([float(r[ticker]) if r[ticker] else np.nan for r in prices]))
        there = np.isfinite(y[est])
        a, b, e = plain_line(y[est][there], x[est][there])
        fit = fit_model("market", sample(y, x, est, event))
        np.testing.assert_allclose(fit.expected, a + b * x[event], rtol=1e-10, atol=1e-14)
        theirs, m = e.std(ddof=1), len(e)
        assert fit.sigma == pytest.approx(theirs * np.sqrt((m - 1) / (m - 2)), rel=1e-12)
        assert fit.sigma > theirs
        counts[ticker] = fit.n_obs
    assert counts["AMZN"] == 240
    assert counts["UBER"] < counts["ZM"] < 240


def gafam(shared):
    folder = shared / "oracles" / "gafam"
    table = rows(folder / "returns_GAFAM.csv")
    days = [r["date"] for r in table]
    factors = {
        f"{r['date'][:4]}-{r['date'][4:6]}-{r['date'][6:]}": r
        for r in rows(folder / "famafrench_daily_pct_2000on.csv")
    }
    events = [
        (r["security_ticker"], datetime.strptime(r["event_date"], "%d/%m/%Y").date().isoformat())
        for r in rows(folder / "events_10K.csv")
    ]
    returns = {
        t: np.array([float(r[t]) if r[t] else np.nan for r in table])
        for t in ("AAPL", "AMZN", "FB", "GOOG", "MSFT", "SPY")
    }
    return days, returns, factors, events


def test_gafam_market_model(shared):
    """Python eventstudy (LemaireJean-Baptiste, GPL-3): simple returns, window [−5, 5], 300 returns
    ending 30 sessions before it. It takes SSR/M for the residual variance, L·SSR/M for a CAR and
    t with M − 1 degrees of freedom; ours SSR/(M − 2), the full forecast variance and M − 2."""
    days, returns, _, events = gafam(shared)
    x, studied, wider = returns["SPY"], 0, []
    for ticker, day in events:
        if day not in days:
            continue
        zero = days.index(day)
        est, window = slice(zero - 335, zero - 35), slice(zero - 5, zero + 6)
        y = returns[ticker]
        if zero + 6 > len(days) or zero < 335 or not np.isfinite(y[est]).all():
            continue
        a, b, e = plain_line(y[est], x[est])
        fit = fit_model("market", sample(y, x, est, window))
        ar = y[window] - fit.expected
        np.testing.assert_allclose(ar, y[window] - a - b * x[window], rtol=1e-9, atol=1e-14)
        assert fit.sigma**2 == pytest.approx((e**2).mean() * 300 / 298, rel=1e-12)
        assert fit.df_resid == 298
        theirs = ar.sum() / np.sqrt(11 * (e**2).mean())
        error = np.sqrt(
            abnormal.window_variance(
                fit.variance[None], fit.design[None], fit.inverse[None], np.array([fit.sigma])
            )[0]
        )
        deviation = x[window] - x[est].mean()
        by_hand = np.sqrt(
            (e @ e / 298)
            * (11 + 121 / 300 + deviation.sum() ** 2 / ((x[est] - x[est].mean()) ** 2).sum())
        )
        assert error == pytest.approx(by_hand, rel=1e-11)
        assert abs(ar.sum() / error) < abs(theirs)
        wider.append(theirs / (ar.sum() / error))
        studied += 1
    assert studied >= 25
    assert 1.015 < np.mean(wider) < 1.05  # their t is about 2–3 % too large here


def test_gafam_three_factors(shared):
    """The same program's Fama–French model: excess returns on three factors, against lstsq."""
    days, returns, factors, events = gafam(shared)
    names = ("mkt_rf", "smb", "hml")
    table = np.array(
        [
            [float(factors[d][k]) / 100 for k in ("Mkt-RF", "SMB", "HML", "RF")]
            if d in factors
            else [np.nan] * 4
            for d in days
        ]
    )
    studied = beyond = 0
    for ticker, day in events:
        if day not in days or days.index(day) < 335:
            continue
        zero = days.index(day)
        est, window = slice(zero - 335, zero - 35), slice(zero - 5, zero + 6)
        y, f, rf = returns[ticker], table[:, :3], table[:, 3]
        there = np.isfinite(y[est]) & np.isfinite(table[est]).all(axis=1)
        s = Sample(
            y[est], f[est], y[window], f[window], names, np.arange(float(len(y[window]))),
            risk_free_est=rf[est], risk_free_event=rf[window],
        )  # fmt: skip
        if there.sum() <= 4:
            with pytest.raises(FitError):
                fit_model("ff3", s)
            continue
        X = np.c_[np.ones(there.sum()), f[est][there]]
        b = np.linalg.lstsq(X, (y - rf)[est][there], rcond=None)[0]
        fit = fit_model("ff3", s)
        np.testing.assert_allclose(fit.params, b, rtol=1e-9, atol=1e-13)
        by_hand = rf[window] + b[0] + f[window] @ b[1:]
        np.testing.assert_allclose(fit.expected, by_hand, rtol=1e-9, atol=1e-13)
        beyond += int(np.isnan(fit.expected).any())
        studied += 1
    assert studied >= 30
    assert beyond >= 1  # events past the end of the factors have no expected return
