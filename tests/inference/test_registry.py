"""The registry as a document: every statistic says what it is, and the test it names exists."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from signals.inference import STATISTICS


@pytest.mark.parametrize("name", sorted(STATISTICS))
def test_the_docstring_names_a_test_that_exists(name: str, root: Path) -> None:
    text = inspect.getdoc(STATISTICS[name].function) or ""
    named = re.findall(r"tests/[\w/]+(?:\.py)?", text)
    assert named, f"{name}: the docstring names no test"
    for path in named:
        assert (root / path).exists(), f"{name}: {path} does not exist"
    first = text.splitlines()[0]
    assert first.endswith((".", ";", ":")) or ";" in first or len(text.splitlines()) > 1


@pytest.mark.parametrize("name", sorted(STATISTICS))
def test_the_function_lives_in_its_family(name: str) -> None:
    row = STATISTICS[name]
    assert row.function.__module__.rsplit(".", 1)[1] == row.family
    assert list(inspect.signature(row.function).parameters)[:3] == ["panel", "window", "settings"]


def test_papers_have_a_year() -> None:
    for name, row in STATISTICS.items():
        assert re.search(r"\b(19|20)\d\d\b", row.paper), name
