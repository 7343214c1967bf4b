"""Models that need more than a benchmark, through the whole study: factors, peers, donors, flags."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm

from signals import run_study
from signals.errors import SpecError
from signals.prices import PriceBook
from signals.returns.factors import FactorTable
from tests.study.prices import history, market_book, sessions, study

ROWS = ["e1,2023-03-15,day,deal,A,,,,pre_open,", "e2,2023-09-13,day,deal,A,,,,pre_open,"]
NOW = datetime(2024, 6, 1, tzinfo=UTC)
BETAS = {"A": 1.2, "B": 0.8, "C": 0.5, "D": 1.1, "E": 0.9}


def factor_table(last: str = "2023-12-29", seed: int = 4) -> FactorTable:
    rng = np.random.default_rng(seed)
    days = sessions("2022-01-03", last)
    columns = {n: rng.normal(0, 0.008, len(days)) for n in ("mkt_rf", "smb", "hml")}
    columns["rf"] = np.full(len(days), 0.0001)
    return FactorTable(sessions=days, columns=columns, source="made up", digest="f")


def test_three_factors_by_hand(tmp_path: Path) -> None:
    book, factors = market_book(BETAS), factor_table()
    spec, events = study(tmp_path, ROWS, study={"model": "ff3"})
    result = run_study(spec, events, book, factors=factors, now=NOW)
    close = book.histories["B"].columns["close"]
    days = book.histories["B"].sessions
    y = np.r_[np.nan, close[1:] / close[:-1] - 1] - factors.columns["rf"]
    x = sm.add_constant(np.column_stack([factors.columns[n] for n in ("mkt_rf", "smb", "hml")]))
    zero = int(np.flatnonzero(days == np.datetime64("2023-09-13"))[0])
    fit = sm.OLS(y[zero - 102 : zero - 2], x[zero - 102 : zero - 2]).fit()
    row = result.models.query("event_id == 'e2' and ticker == 'B'").iloc[0]
    found = row[["alpha", "beta", "beta_smb", "beta_hml"]].astype(float)
    np.testing.assert_allclose(found, fit.params, rtol=1e-9)
    assert row["df_resid"] == 96
    day = result.abnormal_returns.query("event_id == 'e2' and ticker == 'B' and tau == 0").iloc[0]
    assert day["ar"] == pytest.approx(y[zero] - x[zero] @ fit.params, rel=1e-9)
    assert day["actual_return"] == pytest.approx(close[zero] / close[zero - 1] - 1, rel=1e-12)


def test_events_past_the_factors_end_are_excluded_with_that_reason(tmp_path: Path) -> None:
    spec, events = study(tmp_path, ROWS, study={"model": "ff3"})
    result = run_study(
        spec, events, market_book(BETAS), factors=factor_table("2023-06-30"), now=NOW
    )
    assert set(result.excluded["event_id"]) == {"e2"}
    assert set(result.excluded["code"]) == {"after_last_factor"}
    assert result.excluded["detail"].iloc[0] == "the factor returns end with 2023-06-30"


def test_missing_ingredients_name_the_key(tmp_path: Path) -> None:
    for settings, words in [
        ({"model": "ff3"}, "key factors|factors:"),
        ({"model": "ff3", "returns": "log"}, r"study\.returns"),
        ({"model": "synthetic_control"}, r"donors\.A"),
    ]:
        spec, events = study(tmp_path, ROWS, study=settings)
        with pytest.raises(SpecError, match=words):
            run_study(spec, events, market_book(BETAS), now=NOW)


def test_synthetic_control_has_placebo_in_space(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    days = sessions("2022-01-03", "2023-12-29")
    common = rng.normal(0, 0.01, len(days))
    names = [f"D{i}" for i in range(9)]
    own = {n: common + rng.normal(0, 0.004, len(days)) for n in names}
    own["A"] = np.mean([own["D0"], own["D1"]], axis=0) + rng.normal(0, 0.002, len(days))
    zero = int(np.flatnonzero(days == np.datetime64("2023-09-13"))[0])
    own["A"][zero] += 0.10
    book = PriceBook({t: history(t, days, r) for t, r in {"SPY": common, **own}.items()})
    assets = [{"ticker": t} for t in ("A", "D0")]
    spec, events = study(
        tmp_path, ["e2,2023-09-13,day,deal,A,,,,pre_open,A;D0", "e1,2023-03-15,day,deal,A,,,,pre_open,A"],
        study={"model": "synthetic_control"}, assets=assets,
        donors={"A": names, "D0": names[1:]},
    )  # fmt: skip
    result = run_study(spec, events, book, now=NOW)
    car = result.car.set_index(["event_id", "ticker", "first", "last"])
    row = car.loc[("e2", "A", 0, 0)]
    assert row["car"] == pytest.approx(0.10, abs=0.02)
    assert (row["headline_test"], row["headline_p_value"]) == ("synthetic_control_p", 0.1)
    assert "donors_treated:D0" in row["flags"]
    assert np.isnan(row["std_error"])
    quiet = car.loc[("e1", "A", 0, 0)]
    assert quiet["headline_p_value"] >= 0.1
    assert "donors_treated" not in quiet["flags"]


@pytest.mark.parametrize(
    "model", ["constant_mean", "market_adjusted", "scholes_williams", "dimson", "huber", "lad",
              "theil_sen", "peer_index", "garch"]
)  # fmt: skip
def test_every_model_gives_a_whole_study(tmp_path: Path, model: str) -> None:
    spec, events = study(tmp_path, ROWS, study={"model": model})
    result = run_study(spec, events, market_book(BETAS), now=NOW)
    assert result.manifest["counts"]["used"] == 6
    assert result.car["car"].notna().all()
    one = result.car.query("first == 0 and last == 0")
    assert one["headline_test"].eq("rank_p").all()
    assert one["headline_p_value"].between(0, 1).all()
    rank_only = model in ("scholes_williams", "dimson", "huber", "lad", "theil_sen")
    assert one["std_error"].isna().all() == rank_only


def test_flags_tell_what_to_know_of_a_row(tmp_path: Path) -> None:
    rows = [
        "e1,2023-06-13,day,deal,A,,,,pre_open,A",
        "e2,2023-06-15,day,deal,A,,,,pre_open,A",
        "e3,2023-09-13,day,deal,A,,,,pre_open,A",
    ]
    spec, events = study(tmp_path, rows, estimation={"length": 50, "min_returns": 30})
    flags = run_study(spec, events, market_book(BETAS), now=NOW).car.query(
        "first == 0 and last == 0"
    )
    found = dict(zip(flags["event_id"], flags["flags"], strict=True))
    assert found["e1"] == "confounded;short_estimation"
    assert found["e3"] == "short_estimation"
    spec, events = study(tmp_path, rows)
    flags = run_study(spec, events, market_book(BETAS), now=NOW).car.query(
        "first == 0 and last == 0"
    )
    assert (
        dict(zip(flags["event_id"], flags["flags"], strict=True))["e3"] == "contaminated_estimation"
    )
