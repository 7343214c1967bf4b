"""The whole study on made-up prices: numbers against statsmodels and plain numpy, counts, policies."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from signals import run_study
from signals.errors import DataError, SpecError
from signals.prices import PriceBook, PriceFailure
from signals.reports.result import StudyResult
from tests.study.prices import history, market_book, sessions, study, with_missing

ROWS = [
    "e1,2023-03-15,day,deal,A,,,,pre_open,",
    "e2,2023-06-14,day,deal,A,,,,post_close,",
    "e3,2023-09-13,day,other,A,,,,pre_open,",
]
BETAS = {"A": 1.2, "B": 0.8, "C": 0.0}
NOW = datetime(2024, 6, 1, tzinfo=UTC)


def returns_of(book: PriceBook, ticker: str) -> pd.Series:
    h = book.histories[ticker]
    return pd.Series(h.columns["close"], index=pd.DatetimeIndex(h.sessions)).pct_change()


def test_numbers_agree_with_statsmodels_by_hand(tmp_path: Path) -> None:
    """An independent road: pandas returns, sm.OLS, get_prediction's own forecast errors."""
    spec, events = study(tmp_path, ROWS)
    book = market_book(BETAS)
    result = run_study(spec, events, book, now=NOW)
    y, x = returns_of(book, "A"), returns_of(book, "SPY")
    zero = y.index.get_loc(pd.Timestamp("2023-06-15"))
    est, event = slice(zero - 102, zero - 2), slice(zero - 2, zero + 3)
    fit = sm.OLS(y.iloc[est], sm.add_constant(x.iloc[est])).fit()
    ahead = fit.get_prediction(sm.add_constant(x.iloc[event]))
    ar = y.iloc[event] - ahead.predicted_mean

    found = result.abnormal_returns.query("event_id == 'e2' and ticker == 'A'")
    np.testing.assert_allclose(found["ar"], ar, rtol=1e-11)
    np.testing.assert_allclose(found["std_error"], ahead.se_obs, rtol=1e-11)
    assert list(found["session"]) == [f"{d:%Y-%m-%d}" for d in y.index[event]]

    row = result.car.query("event_id == 'e2' and ticker == 'A' and first == -2").iloc[0]
    design = sm.add_constant(x.iloc[event]).to_numpy()
    v = fit.mse_resid * (np.eye(5) + design @ fit.normalized_cov_params.to_numpy() @ design.T)
    assert row["car"] == pytest.approx(ar.sum(), rel=1e-11)
    assert row["std_error"] == pytest.approx(np.sqrt(v.sum()), rel=1e-11)
    assert row["df"] == 98
    model = result.models.query("event_id == 'e2' and ticker == 'A'").iloc[0]
    np.testing.assert_allclose(
        model[["alpha", "beta", "sigma", "r_squared"]].astype(float),
        [*fit.params, np.sqrt(fit.mse_resid), fit.rsquared],
        rtol=1e-10,
    )


def test_every_pair_is_accounted_for(tmp_path: Path) -> None:
    rows = [*ROWS, "early,2022-02-01,day,other,A,,,,pre_open,", "old,2021-02-01,day,other,A,,,,,"]
    spec, events = study(tmp_path, rows)
    book = market_book({"A": 1.0, "B": 1.0})
    book = PriceBook(book.histories, {"C": PriceFailure("C", "no_prices", "no C.csv")})
    result = run_study(spec, events, book, now=NOW)
    counts = result.manifest["counts"]
    assert counts["requested"] == 15 == counts["used"] + counts["pending"] + counts["excluded"]
    assert len(result.events) == 15
    codes = result.excluded.groupby("code")["event_id"].count().to_dict()
    assert codes == {"no_prices": 5, "before_first_price": 2, "too_few_returns": 2}
    detail = result.excluded.query("code == 'too_few_returns'")["detail"].iloc[0]
    assert detail == "17 estimation returns; the study requires 60"


def test_pending_partial_complete(tmp_path: Path) -> None:
    rows = ["e1,2023-06-14,day,deal,A,,,,pre_open,A", "e2,2023-06-15,day,deal,A,,,,post_close,A"]
    spec, events = study(tmp_path, rows)
    book = market_book(BETAS)
    states = {}
    for moment in ("2023-06-14T19:59", "2023-06-14T20:01", "2023-06-16T20:01", "2023-06-22T20:01"):
        now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        states[moment] = list(
            run_study(spec, events, _known_at(book, now), now=now).events["status"]
        )
    assert states == {
        "2023-06-14T19:59": ["pending", "pending"],
        "2023-06-14T20:01": ["partial", "pending"],
        "2023-06-16T20:01": ["complete", "partial"],
        "2023-06-22T20:01": ["complete", "complete"],
    }


def _known_at(book: PriceBook, now: datetime) -> PriceBook:
    """What a source would have returned: no bar of a session that has not closed (20:00 UTC)."""
    last = np.datetime64(now.date() if now.hour >= 20 else now.date() - pd.Timedelta(days=1), "D")
    return PriceBook(
        {
            t: type(h)(
                h.ticker, h.calendar, h.sessions[h.sessions <= last],
                {k: v[h.sessions <= last] for k, v in h.columns.items()},
            )
            for t, h in book.histories.items()
        }
    )  # fmt: skip


def test_as_of_equals_the_study_of_that_day(tmp_path: Path) -> None:
    spec, events = study(tmp_path, ROWS)
    book = market_book(BETAS)
    then = run_study(spec, events, book, as_of="2023-06-16", now=NOW)
    assert set(then.events["event_id"]) == {"e1", "e2"}
    open_rows = then.car.query("event_id == 'e2' and first == -2 and ticker == 'A'")
    assert list(open_rows["status"]) == ["incomplete"]
    assert open_rows["reason"].iloc[0].startswith("window_open: 2023-06-20")
    full = run_study(spec, events, book, now=NOW)
    key = "event_id == 'e1'"
    # Families of tests and placebo dates are properties of the whole study of a day.
    whole = ["q_value", "holm_p", "romano_wolf_p", "calibrated_p_value", "calibration_verdict"]
    pd.testing.assert_frame_equal(
        then.car.query(key).drop(columns=whole),
        full.car.query(key).reset_index(drop=True).drop(columns=whole),
    )


def test_missing_returns_are_never_filled(tmp_path: Path) -> None:
    book = with_missing(market_book(BETAS), "A", "2023-06-16")
    spec, events = study(tmp_path, ROWS)
    strict = run_study(spec, events, book, now=NOW).car.query("event_id == 'e2' and ticker == 'A'")
    assert list(strict["status"]) == ["incomplete", "complete", "incomplete"]
    assert strict["car"].isna().tolist() == [True, False, True]
    assert strict["reason"].iloc[0].startswith("missing_return: 2023-06-16")
    spec, events = study(tmp_path, ROWS, study={"missing": "available"})
    free = run_study(spec, events, book, now=NOW)
    row = free.car.query("event_id == 'e2' and ticker == 'A' and first == 0 and last == 1").iloc[0]
    one = free.car.query("event_id == 'e2' and ticker == 'A' and first == 0 and last == 0").iloc[0]
    assert (row["status"], row["n_returns"]) == ("partial", 1)
    assert row["flags"] == "missing_return;contaminated_estimation"
    assert row["car"] == one["car"]
    assert row["std_error"] == one["std_error"]


def test_a_missing_day_zero_excludes_the_pair(tmp_path: Path) -> None:
    spec, events = study(tmp_path, ROWS)
    asset = run_study(spec, events, with_missing(market_book(BETAS), "A", "2023-06-15"), now=NOW)
    assert asset.excluded[["event_id", "ticker", "code"]].to_numpy().tolist() == [
        ["e2", "A", "missing_day_zero"]
    ]
    bench = run_study(spec, events, with_missing(market_book(BETAS), "SPY", "2023-06-15"), now=NOW)
    assert bench.excluded["code"].unique().tolist() == ["missing_benchmark"]
    assert len(bench.excluded) == 3


def test_overlap_policies(tmp_path: Path) -> None:
    rows = [
        "e1,2023-06-13,day,deal,A,,,,pre_open,A",
        "e2,2023-06-15,day,deal,A,,,,pre_open,A",
        "e3,2023-09-13,day,other,A,,,,pre_open,A",
    ]
    book = market_book(BETAS)
    result = {}
    for policy in ("flag", "exclude", "dummy"):
        spec, events = study(tmp_path, rows, study={"overlap": policy})
        result[policy] = run_study(spec, events, book, now=NOW)
    assert result["flag"].events["overlaps"].tolist() == [
        "event:e2", "event:e1", "estimation:e1;estimation:e2",
    ]  # fmt: skip
    assert result["exclude"].excluded["code"].tolist() == ["overlap", "overlap"]
    plain, dummy = (result[p].models.set_index("event_id") for p in ("flag", "dummy"))
    # [0, 1] of e1 and of e2 are 13, 14, 15 and 16 June: four rows leave e3's estimation.
    assert plain.loc["e3", "n_obs"] - dummy.loc["e3", "n_obs"] == 4
    assert plain.loc["e1", "n_obs"] == dummy.loc["e1", "n_obs"]


def test_a_dummy_and_a_dropped_row_are_the_same_estimate(tmp_path: Path) -> None:
    rows = ["e1,2023-06-13,day,deal,A,,,,pre_open,A", "e3,2023-09-13,day,other,A,,,,pre_open,A"]
    spec, events = study(tmp_path, rows, study={"overlap": "dummy"})
    book = market_book(BETAS)
    ours = run_study(spec, events, book, now=NOW).models.set_index("event_id").loc["e3"]
    y, x = returns_of(book, "A"), returns_of(book, "SPY")
    zero = y.index.get_loc(pd.Timestamp("2023-09-13"))
    est = slice(zero - 102, zero - 2)
    design = sm.add_constant(x.iloc[est]).assign(
        d0=(x.iloc[est].index == "2023-06-13") * 1.0, d1=(x.iloc[est].index == "2023-06-14") * 1.0
    )
    fit = sm.OLS(y.iloc[est], design).fit()
    assert ours["alpha"] == pytest.approx(fit.params["const"], rel=1e-10)
    assert ours["sigma"] == pytest.approx(np.sqrt(fit.mse_resid), rel=1e-10)
    assert ours["df_resid"] == fit.df_resid


def test_scaling_and_sign_leave_inference_unchanged(tmp_path: Path) -> None:
    spec, events = study(tmp_path, ROWS)
    days = sessions("2022-01-03", "2023-12-29")
    rng = np.random.default_rng(7)
    market = rng.normal(0, 0.01, len(days))
    raw = {t: b * market + rng.normal(0, 0.01, len(days)) for t, b in BETAS.items()}

    def run(scale: float) -> StudyResult:
        book = {"SPY": history("SPY", days, scale * market)}
        book |= {t: history(t, days, scale * r) for t, r in raw.items()}
        return run_study(spec, events, PriceBook(book), now=NOW)

    base, half, minus = run(1.0), run(0.5), run(-1.0)
    np.testing.assert_allclose(half.car["car"], 0.5 * base.car["car"], rtol=1e-9)
    np.testing.assert_allclose(minus.car["car"], -base.car["car"], rtol=1e-9)
    for other in (half, minus):
        for column in ("p_value", "rank_p_value", "conformal_p_value"):
            np.testing.assert_allclose(other.car[column], base.car[column], rtol=1e-6, atol=1e-12)
        same = base.statistics["status"] == "ok"
        assert (other.statistics["status"] == base.statistics["status"]).all()
        randomised = base.statistics["statistic_name"].isin(
            ["stationary_bootstrap", "sign_flip", "skewness_adjusted_t"]
        )
        np.testing.assert_allclose(
            other.statistics.loc[same & ~randomised, "p_value"].astype(float),
            base.statistics.loc[same & ~randomised, "p_value"].astype(float),
            rtol=1e-6,
        )


def test_event_order_is_irrelevant(tmp_path: Path) -> None:
    book = market_book(BETAS)
    one = run_study(*study(tmp_path, ROWS), book, now=NOW)
    two = run_study(*study(tmp_path, ROWS[::-1]), book, now=NOW)
    for name in one.tables:
        pd.testing.assert_frame_equal(one.table(name), two.table(name))


def test_other_calendars_and_closed_benchmarks(tmp_path: Path) -> None:
    """A token on New York's benchmark has no weekend rows; Paris never has a New York close of
    the same date before its own."""
    days = sessions("2022-01-03", "2023-12-29", "24/7")
    paris = sessions("2022-01-03", "2023-12-29", "XPAR")
    rng = np.random.default_rng(3)
    book = dict(market_book(BETAS).histories)
    book["T-USD"] = history("T-USD", days, rng.normal(0, 0.02, len(days)), "24/7")
    book["P.PA"] = history("P.PA", paris, rng.normal(0, 0.02, len(paris)), "XPAR")
    assets = [{"ticker": "T-USD", "calendar": "24/7"}, {"ticker": "P.PA", "calendar": "XPAR"}]
    rows = ["wed,2023-06-14,day,deal,A,,,,pre_open,T-USD", "sat,2023-06-17,day,deal,A,,,,,T-USD",
            "p,2023-06-14,day,deal,A,,,,pre_open,P.PA"]  # fmt: skip
    spec, events = study(tmp_path, rows, assets=assets, estimation={"length": 140})
    result = run_study(spec, events, PriceBook(book), now=NOW)
    codes = result.excluded.set_index("event_id")["code"].to_dict()
    assert codes == {"p": "too_few_returns", "sat": "benchmark_closed"}
    # Complete rows: Tuesday to Friday of each week, less holidays and the day after each.
    found = result.models.iloc[0]
    market = np.isin(days, book["SPY"].sessions)
    usable = market & np.r_[False, market[:-1]]
    zero = int(np.flatnonzero(days == np.datetime64("2023-06-14"))[0])
    assert found["n_obs"] == usable[zero - 142 : zero - 2].sum()


def test_refusals_name_the_key(tmp_path: Path) -> None:
    book = market_book(BETAS)
    for tables, words in [
        ({"study": {"model": "markt"}}, ["study.model", "did you mean 'market'"]),
        ({"study": {"statistics": ["bmp"]}}, ["study.statistics", "bmp_t"]),
        ({"market": {"benchmark": None}}, ["market.benchmark", "A, B, C"]),
    ]:
        spec, events = study(tmp_path, ROWS, **tables)
        with pytest.raises(SpecError) as caught:
            run_study(spec, events, book, now=NOW)
        assert all(w in str(caught.value) for w in words), str(caught.value)
    spec, events = study(tmp_path, ["old,2019-02-01,day,other,A,,,,,"])
    with pytest.raises(DataError, match="no event of this study can be used"):
        run_study(spec, events, book, now=NOW)


def test_price_column_is_chosen_for_the_whole_series(tmp_path: Path) -> None:
    spec, events = study(tmp_path, ROWS)
    book = market_book(BETAS)
    full = {t: h.columns["close"] * 0.9 for t, h in book.histories.items()}

    def with_adjusted(tickers: str, gap: bool = False) -> PriceBook:
        out = dict(book.histories)
        for t in tickers.split():
            adjusted = full[t].copy()
            if gap:
                adjusted[300] = np.nan
            h = out[t]
            out[t] = type(h)(t, h.calendar, h.sessions, {**h.columns, "adj_close": adjusted})
        return PriceBook(out)

    def fields(b: PriceBook) -> dict[str, str]:
        found = run_study(spec, events, b, now=NOW).models
        return dict(zip(found["ticker"], found["price_field"], strict=True))

    assert set(fields(book).values()) == {"close"}
    assert fields(with_adjusted("A")) == {"A": "close", "B": "close", "C": "close"}
    assert fields(with_adjusted("SPY A")) == {"A": "adj_close", "B": "close", "C": "close"}
    assert fields(with_adjusted("SPY A", gap=True)) == {"A": "close", "B": "close", "C": "close"}


def test_the_subject_is_left_out_of_its_spillover_group(tmp_path: Path) -> None:
    result = run_study(*study(tmp_path, ROWS), market_book(BETAS), now=NOW)
    sizes = result.caar.query("first == 0 and last == 0").set_index(["group_by", "group"])[
        "n_events"
    ]
    assert sizes["event", "e1"] == 2
    assert sizes["all", "all"] == 9
    assert sizes["ticker", "A"] == 3
    assert ("group", "g") in sizes.index
