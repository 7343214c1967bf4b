"""Two runs on one folder wait for each other."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from flows.lock import folder_lock
from signals.errors import SpecError, TransientError


def test_the_second_run_waits_and_says_so(tmp_path: Path) -> None:
    out = tmp_path / "reports" / "study"
    order: list[str] = []
    notes: list[str] = []
    holding, finish = threading.Event(), threading.Event()

    def first() -> None:
        with folder_lock(out, notes.append):
            holding.set()
            finish.wait(10)
            order.append("first")

    def told(text: str) -> None:
        notes.append(text)
        finish.set()

    def second() -> None:
        with folder_lock(out, told):
            order.append("second")

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    threads[0].start()
    assert holding.wait(10)
    threads[1].start()
    for thread in threads:
        thread.join(10)
    assert order == ["first", "second"]
    assert len(notes) == 1
    assert "another run is writing" in notes[0]


def test_patience_ends(tmp_path: Path) -> None:
    out = tmp_path / "study"
    with (
        folder_lock(out, lambda _: None),
        pytest.raises(TransientError, match="still locked"),
        folder_lock(out, lambda _: None, patience=0.05),
    ):
        pass


def test_the_lock_is_not_among_the_reports(tmp_path: Path) -> None:
    out = tmp_path / "study"
    out.mkdir()
    with folder_lock(out, lambda _: None):
        assert list(out.iterdir()) == []


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    out = tmp_path / "study"
    out.write_text("", encoding="utf-8")
    with pytest.raises(SpecError, match=r"--out.*file, not a folder"), folder_lock(out, print):
        pass
