"""Two runs side by side, from results and from folders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from signals.errors import DataError
from signals.reports.compare import (
    car_differences,
    compare_html,
    moved,
    price_differences,
    read_report,
    setting_differences,
    statistic_differences,
)
from signals.reports.write import write
from tests.reports import samples


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(samples.hostile(), tmp_path / "a")
    return tmp_path / "a"


def test_a_folder_says_what_its_result_says(folder: Path) -> None:
    here, there = read_report(samples.hostile()), read_report(folder)
    assert moved(car_differences(here, there, (0, 1))).empty
    assert statistic_differences(here, there, (0, 1)).empty
    assert setting_differences(here, there) == []
    assert price_differences(here, there).empty
    assert there.primary == (0, 1)


def test_differences_are_found_and_sorted_by_size() -> None:
    result = samples.hostile()
    other = samples.with_car(result, car=result.car["car"] * 1.5)
    rows = moved(car_differences(read_report(result), read_report(other), (0, 1)))
    assert len(rows) == 15
    assert (rows["difference"].abs().diff().dropna() <= 0).all()
    assert rows["event_id"].iloc[0] in ("e1", "e3")


def test_pairs_of_one_side_are_kept() -> None:
    left, right = read_report(samples.hostile()), read_report(samples.plain())
    rows = moved(car_differences(left, right, (0, 1)))
    assert rows["car_a"].isna().sum() == 6
    assert rows["car_b"].isna().sum() == 15
    assert any(key == "spec.events.files" or "study" in key or "title" in key
               for key, _, _ in setting_differences(left, right))  # fmt: skip


def test_the_page_stands_alone_and_escapes(folder: Path) -> None:
    text = compare_html(folder, samples.plain())
    assert "A &lt;b&gt;bold&lt;/b&gt;" in text
    assert "<b>bold" not in text
    assert "default-src &#39;none&#39;" in text
    assert 'id="plotly"' not in text
    assert "CARs over [0, +1]" in text


def test_what_is_no_report_is_said_so(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(DataError, match="no report is in this folder"):
        read_report(tmp_path / "nowhere")
    (folder / "manifest.json").write_text("[1", encoding="utf-8")
    with pytest.raises(DataError, match="manifest cannot be read"):
        read_report(folder)
    (folder / "manifest.json").write_text("[]", encoding="utf-8")
    with pytest.raises(DataError, match="not an object"):
        read_report(folder)
    (folder / "manifest.json").write_text(json.dumps({"study": "s"}), encoding="utf-8")
    (folder / "car.csv").write_text("a,b\r\n1,2\r\n", encoding="utf-8")
    with pytest.raises(DataError, match="columns are missing"):
        read_report(folder)
