"""Everything a run leaves in its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from signals.errors import DataError
from signals.reports.publish import publish
from tests.reports import samples


def test_publish_writes_tables_page_and_figures(tmp_path: Path) -> None:
    paths = publish(samples.plain(), tmp_path, tables=("csv", "md"), command="signals run x.toml")
    names = {str(p.relative_to(tmp_path)) for p in paths}
    assert {"car.csv", "manifest.json", "main.md", "report.html", "figures/timeline.png"} <= names
    assert "figures/car_path_quiet-1.svg" in names
    assert all(p.is_file() and p.stat().st_size for p in paths)
    assert "signals run x.toml" in (tmp_path / "report.html").read_text("utf-8")


def test_page_and_figures_can_be_left_out(tmp_path: Path) -> None:
    publish(samples.plain(), tmp_path, html=False, figures=False)
    assert not (tmp_path / "report.html").exists()
    assert not (tmp_path / "figures").exists()
    assert (tmp_path / "car.csv").exists()


def test_figures_of_an_earlier_run_go_and_others_stay(tmp_path: Path) -> None:
    folder = tmp_path / "figures"
    folder.mkdir()
    (folder / "car_path_gone.png").write_bytes(b"old")
    (folder / "mine.png").write_bytes(b"kept")
    samples.plain().write(tmp_path, html=False)
    assert not (folder / "car_path_gone.png").exists()
    assert (folder / "mine.png").read_bytes() == b"kept"


def test_two_runs_leave_the_same_page_and_figures(tmp_path: Path) -> None:
    for name in ("a", "b"):
        samples.plain().write(tmp_path / name)
    for file in sorted((tmp_path / "a").rglob("*")):
        if file.is_file():
            other = tmp_path / "b" / file.relative_to(tmp_path / "a")
            assert file.read_bytes() == other.read_bytes(), file.name


def test_a_folder_that_is_a_file_is_said_so(tmp_path: Path) -> None:
    blocked = tmp_path / "out"
    blocked.write_text("x")
    with pytest.raises(DataError, match="cannot be written"):
        publish(samples.plain(), blocked)
