"""A study file is checked to its last key, and every fault names its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signals.errors import SignalsError, SpecError
from signals.spec import read_study

GOOD = """
[study]
id = "a-study"
event_window = [-2, 2]
car_windows = [[0, 0], [0, 1]]

[events]
files = ["events.csv"]

[market]
benchmark = "SPY"

[[assets]]
ticker = "META"
group = "subject"
symbol = { yahoo = "META" }
"""


def study(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "study.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_defaults_are_those_of_the_contract(tmp_path: Path) -> None:
    spec = read_study(study(tmp_path, GOOD))
    assert (spec.model, spec.returns, spec.missing, spec.overlap) == (
        "market",
        "simple",
        "strict",
        "flag",
    )
    assert (spec.estimation.length, spec.estimation.gap, spec.estimation.min_returns) == (
        250,
        0,
        120,
    )
    assert spec.alpha == 0.05
    assert spec.seed == 20250730
    assert spec.prices.source == "yahoo"
    assert spec.prices.field == "auto"
    assert spec.primary == (0, 1)
    assert spec.estimation_window == (-252, -3)
    assert spec.calibration.draws == 500


def test_the_shipped_studies_are_good(root: Path) -> None:
    for file in sorted((root / "configs").glob("*.toml")):
        spec = read_study(file)
        assert spec.id == file.stem.replace("_", "-")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("event_window = [-2, 2]", "event_windw = [-2, 2]"), ["event_windw", "did you mean 'event_window'", ":4"]),
        (("[market]", "[markets]"), ["markets", "did you mean 'market'"]),
        (('group = "subject"', 'grup = "subject"'), ["grup", "did you mean 'group'", "assets.0.grup"]),
        (("benchmark =", "benchmarc ="), ["market.benchmarc", "did you mean 'benchmark'"]),
        (('id = "a-study"', 'id = "A study"'), ["study.id", "'A study'"]),
        (('id = "a-study"', "id = 3"), ["study.id", "found 3"]),
        (('files = ["events.csv"]', "files = []"), ["events.files"]),
        (("[[0, 0], [0, 1]]", "[[1, 0]]"), ["car_windows", "first stands after last"]),
        (("[[0, 0], [0, 1]]", "[[0, 9]]"), ["[0, 9]", "outside event_window"]),
        (("[-2, 2]", "[2, -2]"), ["event_window", "first 2 stands after last -2"]),
        (("[-2, 2]", '["a", 2]'), ["study.event_window", "'a'"]),
        (('[study]\nid = "a-study"', '[study]\nid = "a-study"\nalpha = 2.0'), ["study.alpha", "found 2.0"]),
        (('[study]\nid = "a-study"', '[study]\nid = "a-study"\nmissing = "guess"'), ["study.missing", "'guess'", "'strict'"]),
        (('ticker = "META"', 'ticker = "../../etc/passwd"'), ["assets.0.ticker"]),
        (('id = "a-study"', 'id = "a-study'), ["not valid TOML", ":3"]),
        (("[study]", "[estimation]\nlength = 10\nmin_returns = 20\n[study]"), ["min_returns", "more than"]),
        (('[[assets]]\nticker = "META"', '[[assets]]\nticker = "META"\n[[assets]]\nticker = "META"'), ["META is listed twice"]),
        (('[study]\nid = "a-study"', "[other]\nx = 1"), ["other"]),
    ],
)  # fmt: skip
def test_a_fault_names_file_key_value_and_what_is_allowed(
    tmp_path: Path, change: tuple[str, str], expected: list[str]
) -> None:
    assert change[0] in GOOD
    file = study(tmp_path, GOOD.replace(*change))
    with pytest.raises(SpecError) as caught:
        read_study(file)
    assert str(file) in str(caught.value)
    for part in expected:
        assert part in str(caught.value)
    assert caught.value.exit_code == 2


def test_files_that_are_no_study_files(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="no such study file"):
        read_study(tmp_path / "none.toml")
    with pytest.raises(SpecError, match="is a folder"):
        read_study(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b'[study]\nid = "\xe9"')
    with pytest.raises(SpecError, match="not UTF-8"):
        read_study(tmp_path / "latin.toml")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda t: t.encode("utf-8", "replace")))
def test_no_text_makes_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    file = tmp_path_factory.mktemp("fuzz") / "study.toml"
    file.write_bytes(content)
    with pytest.raises(SignalsError):
        read_study(file)
