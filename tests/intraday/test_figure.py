"""The figure of a reaction shows the path that the table describes."""

from __future__ import annotations

import numpy as np
import pytest

from signals.reports.figures.reaction import reaction
from signals.reports.figures.style import encoded
from tests.intraday.making import bars_between, made_up_study, market_book

BARS = bars_between("2024-01-02", "2024-06-28")
ROW = "e,2024-04-16T16:05:00-04:00,minute,deal,A,x,s,,,"


def test_the_path_its_marks_and_its_bytes(tmp_path):
    book = market_book({"A": 1.0}, BARS, moves={("A", "2024-04-16T20:00"): 0.1})
    result = made_up_study(tmp_path, book, [ROW])
    figure = reaction(result, "e", "A")
    axes = figure.axes[0]
    line = axes.get_lines()[1]
    bars = result.abnormal_returns.query("0 <= tau <= 7")["ar"]
    np.testing.assert_allclose(line.get_ydata(), 100 * np.r_[0, np.cumsum(bars)])
    assert {t.get_text() for t in axes.texts} == {"50%", "90%"}
    assert axes.get_xlabel() == "bars of 1h after the news"
    assert encoded(figure, "svg") == encoded(reaction(result, "e", "A"), "svg")
    with pytest.raises(KeyError):
        reaction(result, "e", "B")
