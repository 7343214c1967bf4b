"""The prices that come with installed packages."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from signals.errors import DataError
from signals.prices import PriceUnavailable, SampleSource, sample_source

from .making import asked, codes


def test_facebook_from_its_first_day() -> None:
    history = SampleSource().load(asked("FB", "2012-01-01", "2013-12-31"))
    assert str(history.sessions[0]) == "2012-05-18"
    close = dict(zip(history.sessions.astype(str), history.column("close"), strict=True))
    # Closes as printed in the newspapers of the day after.
    assert close["2012-05-18"] == pytest.approx(38.23, abs=0.005)
    assert close["2012-07-27"] == pytest.approx(23.70, abs=0.02)
    assert history.issues == ()


def test_closes_are_those_of_the_day_not_of_today() -> None:
    goog = SampleSource().load(asked("GOOG", "2012-07-19", "2012-07-20"))
    assert goog.column("close")[-1] == pytest.approx(610.82, abs=0.05), "before the split of 2014"
    aapl = SampleSource().load(asked("AAPL", "2000-03-01", "2013-03-01"))
    assert codes(aapl.issues) == {"jump": 3}, "two 2:1 splits, and a warning that halved it"
    assert aapl.issues[0].session == "2000-06-21"


def test_the_index_reaches_over_the_stocks() -> None:
    index = SampleSource().load(asked("^GSPC", "2012-05-18", "2013-03-01"))
    stock = SampleSource().load(asked("FB", "2012-05-18", "2013-03-01"))
    assert (index.sessions == stock.sessions).all()
    assert np.isfinite(index.column("adj_close")).all()


def test_what_it_has_not_it_names() -> None:
    with pytest.raises(PriceUnavailable, match="AAPL, FB, GOOG, IBM, MSFT") as caught:
        SampleSource().load(asked("META"))
    assert caught.value.code == "no_prices"
    with pytest.raises(PriceUnavailable, match="daily"):
        SampleSource().load(asked("FB", interval="5m"))


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample_source.importlib.util, "find_spec", lambda name: None)
    sample_source._stocks.cache_clear()
    try:
        with pytest.raises(DataError, match=r"signals-eventstudy\[sample\]"):
            SampleSource().load(asked("FB", "2012-05-18", "2013-03-01"))
    finally:
        sample_source._stocks.cache_clear()


def test_it_imports_neither_package_and_is_quick() -> None:
    code = """
import sys, time
from signals.prices import PriceRequest, SampleSource
start = time.process_time()
for t in ("AAPL", "FB", "GOOG", "IBM", "MSFT", "^GSPC"):
    SampleSource().load(PriceRequest(t, t, "XNYS", "1999-01-01", "2019-12-31"))
assert time.process_time() - start < 2.0, time.process_time() - start
assert not {"arch", "bokeh_sampledata", "yfinance", "prefect"} & set(sys.modules), "heavy import"
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
