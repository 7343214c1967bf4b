"""``signals collect`` and ``signals review`` as a user calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.cli import main
from flows.cli.collect import spread


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (["--earnings", "META", "NVDA"], ["--earnings", "META", "--earnings", "NVDA"]),
        (["s.toml", "--articles", "a", "b", "--into", "e.csv"],
         ["s.toml", "--articles", "a", "--articles", "b", "--into", "e.csv"]),
        (["--articles", "a", "s.toml"], ["--articles", "a", "s.toml"]),
        (["--json", "s.toml"], ["--json", "s.toml"]),
    ],
)  # fmt: skip
def test_an_option_takes_all_that_follows(given: list[str], read: list[str]) -> None:
    assert spread(given) == read


def _run(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    try:
        code = main(arguments)
    except SystemExit as stop:
        code = stop.code
    out = capsys.readouterr()
    return int(code or 0), out.out, out.err


def test_collect_then_review(
    tmp_path: Path, news: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.txt").write_text(
        "Published: 2025-07-30\n\nMeta shares fell 12%.", encoding="utf-8"
    )
    (tmp_path / "b.txt").write_text("Meta is in talks to invest in Scale AI.", encoding="utf-8")
    (tmp_path / "c.bin").write_bytes(b"\0")
    into = tmp_path / "out" / "events.csv"
    asked = ["collect", "--articles", str(tmp_path / "a.txt"), str(tmp_path / "b.txt"),
             str(tmp_path / "c.bin"), "--into", str(into), "--tables", str(news), "--json"]  # fmt: skip
    code, out, _ = _run(asked, capsys)
    told = json.loads(out)
    assert code == 0
    assert told["added"] == ["meta-market-commentary-2025-07-30"]
    assert (told["claims"], len(told["review"]), len(told["skipped"])) == (1, 1, 1)
    review = str(into.with_name("events.review.csv"))
    (row,) = json.loads(_run(["review", review, "--json"], capsys)[1])
    code, out, _ = _run(["review", review, "--accept", f"{row['event_id']}@2025-06-08"], capsys)
    assert (code, out.strip().endswith("meta-investment-talks-2025-06-08")) == (0, True)
    assert json.loads(_run(["review", review, "--json"], capsys)[1]) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["collect"], ["collect", "--articles", "no-such-folder"],
        ["collect", "--articles", ".", "--since", "yesterday"],
        ["review", "events.csv"], ["review", "none.review.csv"],
    ],
)  # fmt: skip
def test_a_users_mistake_is_exit_2(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, news: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    code, _, err = _run(arguments, capsys)
    assert code == 2
    assert "error" in err
    assert "Traceback" not in err
