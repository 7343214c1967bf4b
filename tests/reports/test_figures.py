"""Figures: the same bytes each time, the right names, the numbers of the tables."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from signals.reports.figures import default_figures, draw
from signals.reports.figures.style import encoded
from tests.reports import samples


def test_default_figures_are_few_and_named() -> None:
    names = [name for name, _ in default_figures(samples.hostile())]
    assert names[:3] == ["timeline", "forest", "caar"]
    assert names[3:] == [f"car_path_e{i}" for i in range(1, 6)]


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_same_result_same_bytes(kind: str) -> None:
    first, second = (encoded(samples.hostile().plot.car_path("e1"), kind) for _ in range(2))
    assert first == second
    assert first[:4] == (b"\x89PNG" if kind == "png" else b"<?xm")


def test_svg_holds_no_date() -> None:
    text = encoded(samples.hostile().plot.forest(), "svg").decode()
    assert "<dc:date>" not in text


def test_png_is_twice_a_screens_size() -> None:
    figure = samples.plain().plot.caar()
    content = encoded(figure, "png")
    width = int.from_bytes(content[16:20], "big")
    assert width == round(200 * figure.get_figwidth())


def test_car_path_draws_the_panels_numbers() -> None:
    result = samples.hostile()
    line = result.plot.car_path("e1").axes[0].lines[-1]
    rows = result.abnormal_returns.set_index(["event_id", "ticker"]).loc[("e1", "A")]
    np.testing.assert_allclose(line.get_ydata(), 100 * rows["ar"].cumsum(), rtol=1e-9)


def test_forest_is_in_order_of_time_or_of_size() -> None:
    result = samples.hostile()
    labels = [t.get_text() for t in result.plot.forest().axes[0].get_yticklabels()]
    assert labels == ["e1", "e2", "e3", "e4", "e5"]
    assets = [t.get_text() for t in result.plot.forest(event="e1").axes[0].get_yticklabels()]
    assert assets[-1] == "A"


def test_forest_keeps_the_strongest_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draw, "MOST_ROWS", 2)
    labels = [t.get_text() for t in samples.hostile().plot.forest().axes[0].get_yticklabels()]
    assert labels == ["e1", "e3"]


def test_placebo_marks_the_event() -> None:
    result = samples.hostile()
    figure = result.plot.placebo("e1")
    marked = figure.axes[0].lines[0].get_xdata()[0]
    first, last = result.spec.primary
    car = result.car.set_index(["event_id", "ticker", "first", "last"])["car"]
    assert marked == pytest.approx(100 * car["e1", "A", first, last])
    assert sum(bar.get_height() for bar in figure.axes[0].patches) == 99


def test_specification_curve_is_sorted_and_marks_the_study() -> None:
    result = samples.hostile()
    rows = [
        {"event_id": "e1", "ticker": "A", "first": 0, "last": 1, "model": m, "field": "close",
         "estimation_length": 100, "day_zero_choice": "", "car": c, "std_error": 0.01}
        for m, c in (("market", -0.05), ("constant_mean", -0.08), ("capm", -0.02))
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    figure = replace(result, tables={**result.tables, "sensitivity": table})
    offsets = figure.plot.specification_curve("e1").axes[0].collections[1].get_offsets()
    np.testing.assert_allclose(offsets[:, 1], [-8.0, -5.0, -2.0])
    main = figure.plot.specification_curve("e1").axes[0].collections[2].get_offsets()
    np.testing.assert_allclose(main[:, 1], [-5.0])


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("car_path", ("nope",)), ("car_path", ("e1", "ZZZ")), ("placebo", ("nope",)),
        ("specification_curve", ("e1",)), ("caar", ("nope",)), ("timeline", ("ZZZ",)),
    ],
)  # fmt: skip
def test_what_was_not_studied_is_named(name: str, arguments: tuple[str, ...]) -> None:
    result = samples.hostile()
    tables = {k: v for k, v in result.tables.items() if k != "sensitivity"}
    bare = replace(result, tables=tables)
    with pytest.raises(KeyError, match=r"nope|ZZZ|e1"):
        getattr(bare.plot, name)(*arguments)


def test_a_dollar_in_a_name_is_no_formula() -> None:
    result = samples.renamed(samples.hostile(), "A", "$A_x$")
    content = encoded(result.plot.car_path("e1", "$A_x$"), "svg")
    assert content.startswith(b"<?xml")


def test_a_notebook_shows_figure_and_result() -> None:
    result = samples.hostile()
    assert result.plot.timeline()._repr_png_()[:4] == b"\x89PNG"
    html = result._repr_html_()
    assert "A fell" in html.replace("\u00a0", " ")
    assert "<b>bold</b>" not in html
    assert "&lt;b&gt;bold&lt;/b&gt;" in html


def test_drawing_leaves_matplotlibs_settings_alone() -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    encoded(samples.plain().plot.timeline(), "png")
    assert dict(mpl.rcParams) == before
