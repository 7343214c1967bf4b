"""Factor tables: the CSV door, alignment to sessions, the cache before French's library."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from signals.errors import DataError, SpecError, TransientError
from signals.providers import NoSuchSeries
from signals.providers.french import FILES, FrenchAnswer
from signals.returns.factor_source import load_factors
from signals.returns.factors import factors_for, read_factor_csv, table_of
from signals.spec import StudySpec

NOW = dt.datetime(2026, 2, 2, 12, tzinfo=dt.UTC)


def days(first, count):
    return np.datetime64(first, "D") + np.arange(count)


def csv_file(tmp_path, text):
    path = tmp_path / "factors.csv"
    path.write_text(text)
    return path


GOOD = "rf,date,hml,mkt_rf,note\n0.01,2025-01-02,0.5,-1.25,x\n0.01,2025-01-03,,2.5,y\n\n"


def test_percent_becomes_decimal_once(tmp_path):
    table = read_factor_csv(csv_file(tmp_path, GOOD), "percent")
    np.testing.assert_array_equal(table.sessions, days("2025-01-02", 2))
    np.testing.assert_allclose(table.columns["mkt_rf"], [-0.0125, 0.025], rtol=1e-15)
    np.testing.assert_allclose(table.columns["rf"], 0.0001, rtol=1e-15)
    assert np.isnan(table.columns["hml"][1])
    assert set(table.columns) == {"mkt_rf", "hml", "rf"}
    decimal = read_factor_csv(csv_file(tmp_path, GOOD), "decimal")
    assert decimal.columns["mkt_rf"][0] == -1.25
    assert table.digest != decimal.digest
    assert read_factor_csv(csv_file(tmp_path, GOOD), "percent").digest == table.digest
    assert table.last == "2025-01-03"


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("date,mkt_rf\n2025-01-02,1.0\n2025-01-03,abc\n", 3, "mkt_rf", "not a number"),
        ("date,mkt_rf\n2025-01-02,inf\n", 2, "mkt_rf", "not a number"),
        ("date,mkt_rf\n2025-01-02,-99.99\n", 2, "mkt_rf", "missing-value code"),
        ("date,mkt_rf\n02/01/2025,1.0\n", 2, "date", "not a date"),
        ("date,mkt_rf\n2025-02-30,1.0\n", 2, "date", "not a date"),
        ("date,mkt_rf\n2025-01-02,1\n2025-01-02,1\n", 3, "date", "stands twice"),
        ("date,mkt_rf\n2025-01-03,1\n2025-01-02,1\n", 3, "date", "out of order"),
        ("date,mkt_rf\n2025-01-03,1,2\n", 2, None, "3 cells"),
        ("date,mkt_rf,mkt_rf\n2025-01-03,1,2\n", 1, "mkt_rf", "stands twice"),
        ("day,mkt_rf\n2025-01-03,1\n", 1, None, "no column date"),
        ("date,Mkt-RF\n2025-01-03,1\n", 1, None, "did you mean mkt_rf"),
        ("date,mkt_rf\n", None, None, "no rows"),
        ("", 1, None, "no column date"),
    ],
)
def test_a_bad_file_names_line_and_column(tmp_path, text, line, column, said):
    path = csv_file(tmp_path, text)
    with pytest.raises(DataError, match=said) as caught:
        read_factor_csv(path, "percent")
    assert (caught.value.line, caught.value.column, caught.value.file) == (line, column, str(path))


def test_a_file_that_is_no_text(tmp_path):
    path = tmp_path / "factors.csv"
    path.write_bytes(b"\xff\xfe\x00date")
    with pytest.raises(DataError, match="UTF-8"):
        read_factor_csv(path, "percent")


def test_the_unit_is_stated_and_checked(tmp_path):
    with pytest.raises(SpecError) as caught:
        read_factor_csv(csv_file(tmp_path, GOOD), None)
    assert caught.value.key == "factors.unit"
    rng = np.random.default_rng(1)
    percent = {"mkt_rf": rng.normal(0, 1.0, 250)}
    with pytest.raises(SpecError, match="that is percent") as caught:
        table_of(days("2025-01-01", 250), percent, unit="decimal", source="f.csv")
    assert (caught.value.key, caught.value.allowed) == ("factors.unit", "percent")
    decimal = {"mkt_rf": percent["mkt_rf"] / 100}
    with pytest.raises(SpecError, match="that is decimal"):
        table_of(days("2025-01-01", 250), decimal, unit="percent", source="f.csv")
    right = table_of(days("2025-01-01", 250), percent, unit="percent", source="f.csv")
    np.testing.assert_allclose(right.columns["mkt_rf"], decimal["mkt_rf"], rtol=1e-15)


def test_factors_stand_on_the_assets_own_sessions_only():
    columns = {"mkt_rf": np.array([1.0, 2.0, 3.0]), "rf": np.array([0.1, 0.2, 0.3])}
    table = table_of(
        np.array(["2025-01-03", "2025-01-06", "2025-01-07"], dtype="datetime64[D]"),
        columns, unit="percent", source="t",
    )  # fmt: skip
    x, rf = factors_for(table, ("mkt_rf",), days("2025-01-02", 8))
    np.testing.assert_allclose(
        x[:, 0], [np.nan, 0.01, np.nan, np.nan, 0.02, 0.03, np.nan, np.nan], rtol=1e-15
    )
    np.testing.assert_allclose(rf[[1, 4, 5]], [0.001, 0.002, 0.003], rtol=1e-15)
    assert np.isnan(np.delete(rf, [1, 4, 5])).all()
    x, rf = factors_for(table, (), days("2025-01-02", 2))
    assert x.shape == (2, 0)
    with pytest.raises(SpecError, match="smb, hml") as caught:
        factors_for(table, ("mkt_rf", "smb", "hml"), days("2025-01-02", 2))
    assert caught.value.key == "factors.path"
    with pytest.raises(SpecError, match="bars"):
        factors_for(table, ("mkt_rf",), days("2025-01-02", 2).astype("datetime64[s]"))


def study(tmp_path, **factors):
    return StudySpec(
        id="x", events={"files": ["e.csv"]}, file=tmp_path / "s.toml", model="ff3",
        factors=factors or None,
    )  # fmt: skip


class Library:
    """Stands for the provider: counts what it is asked, fails when told to."""

    def __init__(self, last="2025-12-31", shift=0.0):
        self.asked, self.failure, self.shift = [], None, shift
        self.sessions = np.arange(np.datetime64("2025-01-01"), np.datetime64(last) + 1)

    def __call__(self, dataset):
        self.asked.append(dataset)
        if self.failure is not None:
            raise self.failure
        rng = np.random.default_rng(len(dataset))
        sessions = self.sessions if dataset != "momentum" else self.sessions[2:]
        return FrenchAnswer(
            dataset,
            sessions,
            {c: rng.normal(self.shift, 1, len(sessions)) for c in FILES[dataset][1]},
        )


def load(tmp_path, library, names=("mkt_rf", "smb", "hml"), last="2025-12-01", now=NOW, **options):
    return load_factors(
        study(tmp_path, source="french"), names, cache_dir=tmp_path / "cache",
        last=last, now=now, fetch=library, **options,
    )  # fmt: skip


def test_the_library_is_asked_once_and_stored(tmp_path):
    library = Library()
    first = load(tmp_path, library)
    again = load(tmp_path, library, now=NOW + dt.timedelta(days=90))
    assert library.asked == ["three"]
    assert first.digest == again.digest
    np.testing.assert_allclose(
        first.columns["mkt_rf"], library("three").columns["mkt_rf"] / 100, rtol=1e-15
    )
    assert (tmp_path / "cache" / "factors" / "french" / "three.parquet").exists()
    load(tmp_path, library, refresh=True)
    assert library.asked == ["three", "three", "three"]


def test_five_factors_and_momentum_are_joined_by_session(tmp_path):
    library = Library()
    table = load(tmp_path, library, ("mkt_rf", "smb", "hml", "rmw", "cma", "mom"))
    assert library.asked == ["five", "momentum"]
    assert np.isnan(table.columns["mom"][:2]).all()
    np.testing.assert_allclose(
        table.columns["mom"][2:], library("momentum").columns["mom"] / 100, rtol=1e-15
    )
    assert "momentum" in table.source


def test_a_table_that_ends_too_early_is_asked_for_again_once_a_day(tmp_path):
    library = Library(last="2025-11-28")
    load(tmp_path, library)
    load(tmp_path, library, now=NOW + dt.timedelta(hours=20))
    assert len(library.asked) == 1
    library.sessions = Library().sessions
    longer = load(tmp_path, library, now=NOW + dt.timedelta(hours=25))
    assert len(library.asked) == 2
    assert longer.last == "2025-12-31"


def test_a_library_that_is_down(tmp_path):
    library = Library(last="2025-11-28")
    library.failure = TransientError("french", "HTTP 503")
    with pytest.raises(TransientError):
        load(tmp_path, library)
    library.failure = None
    load(tmp_path, library)
    library.failure = TransientError("french", "HTTP 503")
    later = NOW + dt.timedelta(days=3)
    with pytest.raises(TransientError):
        load(tmp_path, library, now=later)
    kept = load(tmp_path, library, now=later, max_age=5)
    assert kept.last == "2025-11-28"
    assert kept.fetched_at.startswith("2026-02-02")
    with pytest.raises(TransientError):
        load(tmp_path, library, now=later, max_age=2)


def test_a_file_that_is_gone_stops_the_study(tmp_path):
    library = Library()
    library.failure = NoSuchSeries("three", "no_prices", "HTTP 404")
    with pytest.raises(DataError, match="HTTP 404"):
        load(tmp_path, library)


def test_a_damaged_store_is_fetched_anew(tmp_path):
    library = Library()
    first = load(tmp_path, library)
    path = tmp_path / "cache" / "factors" / "french" / "three.parquet"
    path.write_bytes(path.read_bytes()[:-200])
    assert load(tmp_path, library).digest == first.digest
    assert len(library.asked) == 2


@pytest.mark.parametrize(
    ("factors", "key"),
    [
        ({}, "factors"),
        ({"source": "csv", "unit": "percent"}, "factors.path"),
        ({"source": "csv", "path": "none.csv", "unit": "percent"}, "factors.path"),
        ({"source": "csv", "path": "f.csv"}, "factors.unit"),
        ({"source": "csv", "path": "f.csv", "unit": "percent"}, "factors.path"),
        ({"source": "french", "unit": "decimal"}, "factors.unit"),
    ],
)
def test_what_is_missing_names_the_key_to_set(tmp_path, factors, key):
    (tmp_path / "f.csv").write_text("date,mkt_rf,rf\n2025-01-02,1,0\n")
    with pytest.raises(SpecError) as caught:
        load_factors(
            study(tmp_path, **factors), ("mkt_rf", "smb"),
            cache_dir=tmp_path, last="2025-01-02", now=NOW, fetch=Library(),
        )  # fmt: skip
    assert caught.value.key == key
    assert caught.value.file == str(tmp_path / "s.toml") or key == "factors.unit"


@pytest.mark.shared
def test_real_factors_in_percent(shared):
    path = shared / "market" / "factors" / "ff5_mom_daily_1963_2026-01-30_percent.csv"
    table = read_factor_csv(path, "percent")
    assert (str(table.sessions[0]), table.last) == ("1963-07-01", "2026-01-30")
    assert table.columns["mkt_rf"][0] == pytest.approx(-0.0067, rel=1e-12)
    assert 0.009 < np.nanstd(table.columns["mkt_rf"]) < 0.012
    with pytest.raises(SpecError, match="that is percent"):
        read_factor_csv(path, "decimal")
    x, rf = factors_for(table, ("mkt_rf", "mom"), days("2026-01-29", 5))
    assert np.isfinite(x[:2]).all()
    assert np.isnan(x[2:]).all()
    assert np.isnan(rf[2:]).all()
