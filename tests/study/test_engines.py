"""The engines agree: statsmodels pair by pair, batched arrays, and chunks of a large study."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from signals import run_study
from signals.errors import SpecError
from signals.reports.result import StudyResult
from tests.study.prices import market_book, sessions, study, with_missing

NOW = datetime(2024, 6, 1, tzinfo=UTC)
DAYS = ("2023-03-15", "2023-05-10", "2023-06-14", "2023-06-15", "2023-09-13", "2023-11-08")
ROWS = [
    f"e{i},{day},day,{'deal' if i % 2 else 'other'},A,,,,pre_open,A;B;C"
    for i, day in enumerate(DAYS)
] + ["old,2022-02-01,day,deal,A,,,,pre_open,A"]
BETAS = {"A": 1.2, "B": 0.8, "C": 0.0}


def run(tmp_path: Path, **settings: object) -> StudyResult:
    book = with_missing(market_book(BETAS), "B", "2023-05-11")
    spec, events = study(tmp_path, ROWS, study=settings)
    return run_study(spec, events, book, now=NOW)


def agree(ours: pd.DataFrame, theirs: pd.DataFrame, key: list[str], rtol: float = 1e-10) -> None:
    ours, theirs = ours.set_index(key).sort_index(), theirs.set_index(key).sort_index()
    assert list(ours.index) == list(theirs.index)
    for column in ours.columns.intersection(theirs.columns):
        if ours[column].dtype.kind == "f":
            np.testing.assert_allclose(
                ours[column], theirs[column].astype(float), rtol=rtol, atol=1e-13, err_msg=column
            )
        elif column != "engine":
            assert ours[column].fillna("").tolist() == theirs[column].fillna("").tolist(), column


@pytest.mark.parametrize("model", ["market", "constant_mean", "market_adjusted"])
def test_batched_agrees_with_statsmodels(tmp_path: Path, model: str) -> None:
    one = run(tmp_path, engine="statsmodels", model=model)
    many = run(tmp_path, engine="batched", model=model)
    assert set(one.models["engine"]) == {"statsmodels"}
    assert set(many.models["engine"]) == {"batched"}
    assert many.manifest["engine"] == "batched"
    for name in ("events", "models", "abnormal_returns", "car", "caar", "aar", "excluded"):
        key = [c for c in ("group_by", "group", "event_id", "ticker", "tau", "first", "last")
               if c in one.table(name).columns and not (c == "group" and name in ("car", "events"))]  # fmt: skip
        agree(many.table(name), one.table(name), key)
    same = ["group_by", "group", "first", "last", "statistic_name"]
    agree(many.statistics, one.statistics, same, rtol=1e-8)


def test_auto_takes_statsmodels_for_few_pairs_and_keeps_what_it_took(tmp_path: Path) -> None:
    assert set(run(tmp_path, engine="auto").models["engine"]) == {"statsmodels"}
    book = market_book(BETAS)
    spec, events = study(tmp_path, ROWS, study={"engine": "auto"})
    kept = run_study(spec, events, book, now=NOW, engine="batched")
    assert set(kept.models["engine"]) == {"batched"}


def test_what_has_no_batched_form_is_refused(tmp_path: Path) -> None:
    for settings in ({"model": "lad"}, {"missing": "trade_to_trade"}):
        with pytest.raises(SpecError, match=r"study\.engine"):
            run(tmp_path, engine="batched", **settings)


def test_a_large_study_is_the_same_study_in_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = run(tmp_path, engine="batched")
    monkeypatch.setattr("signals.study.LARGE", 0)
    large = run(tmp_path, engine="batched")
    for name in ("events", "models", "abnormal_returns", "excluded"):
        key = [c for c in ("event_id", "ticker", "tau") if c in small.table(name).columns]
        agree(large.table(name), small.table(name), key)
    car = large.car.drop(columns=["romano_wolf_p"])
    agree(car, small.car, ["event_id", "ticker", "first", "last"])
    key = ["group_by", "group", "first", "last", "statistic_name"]
    streamed = large.statistics.set_index(key)
    whole = small.statistics.set_index(key).loc[streamed.index]
    assert set(large.statistics["group_by"]) == {"all", "category", "group"}
    assert len(streamed) > 50
    for column in ("estimate", "statistic", "p_value", "df", "r_bar"):
        np.testing.assert_allclose(
            streamed[column].astype(float), whole[column].astype(float), rtol=1e-8, atol=1e-12
        )
    assert streamed["status"].tolist() == whole["status"].tolist()
    groups = ["group_by", "group", "first", "last"]
    caar = large.caar.set_index(groups)
    np.testing.assert_allclose(
        caar["caar"], small.caar.set_index(groups).loc[caar.index, "caar"], rtol=1e-10
    )
    aar = large.aar.set_index(["group_by", "group", "tau"])
    np.testing.assert_allclose(
        aar["aar"],
        small.aar.set_index(["group_by", "group", "tau"]).loc[aar.index, "aar"],
        rtol=1e-9,
    )
    assert (
        "in chunks" in large.manifest["remarks"][0] or "no placebo" in large.manifest["remarks"][0]
    )


def test_a_large_study_of_variances_measures_variances(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = run(tmp_path, engine="batched", quantity="variance")
    monkeypatch.setattr("signals.study.LARGE", 0)
    large = run(tmp_path, engine="batched", quantity="variance")
    pd.testing.assert_frame_equal(large.car, small.car)
    pd.testing.assert_frame_equal(large.statistics, small.statistics)


def test_a_chunk_too_small_is_refused(tmp_path: Path) -> None:
    for chunk in (0, -5, 100):
        with pytest.raises(SpecError, match=r"runner\.chunk"):
            study(tmp_path, ROWS, runner={"chunk": chunk})


def test_chunks_whose_windows_leave_out_different_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In early chunks no windows overlap and all cells have the same members; in later ones some
    do. What chunks add up to must not depend on which cells happened to agree in a chunk."""
    tickers = [f"T{i:02d}" for i in range(30)]
    days = sessions("2022-09-01", "2023-12-01")
    early = [(t, days[k]) for t in tickers for k in range(0, 110, 11)]
    late = [(t, days[k]) for t in tickers for k in range(120, 300, 3)]
    rows = [f"e{i:04d},{day},day,deal,x,,,,pre_open,{t}" for i, (t, day) in enumerate(early + late)]
    book = market_book(dict.fromkeys(tickers, 1.0))
    assets = [{"ticker": t} for t in tickers]
    spec, events = study(
        tmp_path, rows, study={"engine": "batched"}, assets=assets, runner={"chunk": 256}
    )
    small = run_study(spec, events, book, now=NOW)
    monkeypatch.setattr("signals.study.LARGE", 0)
    large = run_study(spec, events, book, now=NOW)
    key = ["group_by", "group", "first", "last", "statistic_name"]
    streamed = large.statistics.set_index(key)
    whole = small.statistics.set_index(key).loc[streamed.index]
    for column in ("statistic", "p_value", "r_bar", "n_events"):
        np.testing.assert_allclose(
            streamed[column].astype(float), whole[column].astype(float), rtol=1e-7, atol=1e-12
        )
