"""The labelled set: precision and recall per field are printed, and bounded."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.news.scoring import score, shown

HERE = Path(__file__).parent


@pytest.mark.parametrize("name", ["labelled", "harder", "held_out", "held_out_2", "held_out_3"])
def test_labelled_set(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    scores, surely_wrong = score(HERE / f"{name}.toml")
    with capsys.disabled():
        print(f"\n{name}.toml\n{shown(scores)}")
    notes = [n for s in scores.values() for n in s.notes]
    assert scores["language"].precision == 1.0, notes
    assert scores["entity"].precision >= 0.97, notes
    assert scores["entity"].recall >= 0.95, notes
    assert scores["category"].f1 >= 0.85, notes
    assert scores["claims"].precision >= 0.95, notes
    assert scores["claims"].recall >= 0.9, notes
    assert scores["reason"].precision >= 0.9, notes
    assert surely_wrong == []


def test_the_set_is_large_and_half_of_it_are_traps() -> None:
    import tomllib

    items = tomllib.loads((HERE / "labelled.toml").read_text(encoding="utf-8"))["item"]
    traps = [i for i in items if i["kind"] not in {"plain", "digits", "undated"}]
    assert len(items) >= 60
    assert len(traps) >= len(items) * 0.45
    assert {i["id"][:2] for i in items} >= {"en", "hi", "ar"}
