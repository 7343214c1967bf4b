"""Texts of others (headlines, ids, names) stay texts: in CSV, HTML, on a terminal, in file names."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from flows.cli import screen
from signals.prices import CsvSource, PriceRequest, PriceUnavailable
from signals.prices.store import series_path
from tests.flows.conftest import Command, Study

NASTY = {
    "script": "<script>alert(1)</script>",
    "closing": "</script><img src=x onerror=alert(2)>",
    "attribute": '" onmouseover="alert(3)',
    "template": "{{ 7 * 7 }}{% include '/etc/passwd' %}",
    "escape": "\x1b[2J\x1b]0;owned\x07",
    "csi": "\x9b31m",
    "bidi": "\u202egnp.exe\u2066",
    "markup": "[red]not red[/red] [link=file:///etc/passwd]x[/link]",
    "formula": "=cmd|' /C calc'!A0",
    "plus": "+1+1",
    "minus": "-2+3",
    "at": "@SUM(1)",
    "tab": "\t=1+1",
}  # fmt: skip
IDS = ["../../evil", "CON", "a" * 300, "МЕТА", "a/b\\c", "..", "<b>id</b>"]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reports of a study whose every text is hostile."""
    from flows.cli import main
    from tests.flows.conftest import write_study

    folder = tmp_path_factory.mktemp("nasty")
    study = write_study(folder / "deep" / "er" / "study")
    header = study.events.read_text(encoding="utf-8").splitlines()[0].split(",")
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(header)
    for n, headline in enumerate(NASTY.values()):
        key = f"e{n}"
        day = f"2024-0{5 + n // 5}-{6 + 2 * (n % 5):02d}"
        rows.writerow(
            [key, day, "day", "deal", headline, headline, headline, "javascript:alert(4)"]
        )
    study.events.write_text(text.getvalue(), encoding="utf-8", newline="")
    study.edit('title = "A tiny study"', "title = '<script>alert(5)</script>'")
    before = os.environ.get("SIGNALS_CACHE")
    os.environ["SIGNALS_CACHE"] = str(folder / "deep" / "er" / "cache")
    try:
        assert main(["run", "--direct", str(study.file), "--out", str(folder / "deep/er/out")]) == 0
    finally:
        os.environ.pop("SIGNALS_CACHE")
        if before is not None:
            os.environ["SIGNALS_CACHE"] = before
    return folder


def test_nothing_is_written_outside_of_its_folder(written: Path) -> None:
    assert [p.name for p in written.iterdir()] == ["deep"]
    assert [p.name for p in (written / "deep").iterdir()] == ["er"]
    inside = {p.name for p in (written / "deep/er").iterdir()}
    assert inside == {"study", "cache", "out", ".out.lock"}
    for file in (written / "deep/er/out").rglob("*"):
        assert len(file.name) < 250
        assert re.fullmatch(r"[\w.\-~]+", file.name), file.name


def test_no_cell_is_run_by_a_spreadsheet(written: Path) -> None:
    seen = 0
    for file in (written / "deep/er/out").glob("*.csv"):
        with file.open(encoding="utf-8", newline="") as stream:
            for row in csv.reader(stream):
                for cell in row:
                    seen += cell.startswith("'=")
                    number = re.fullmatch(r"-?[\d.]+(e-?\d+)?|-inf", cell)
                    assert number or not cell.startswith(("=", "+", "-", "@", "\t", "\r")), cell
    assert seen


def test_the_page_shows_texts_and_runs_none(written: Path) -> None:
    page = (written / "deep/er/out/report.html").read_text(encoding="utf-8")
    for bad in ("<script>alert", "<img src=x", "</script><img", '" onmouseover="alert',
                "<b>id</b>", 'href="javascript:'):  # fmt: skip
        assert bad not in page, bad
    assert "&lt;script&gt;alert(1)" in page or "\\u003cscript\\u003ealert(1)" in page
    assert "7 * 7" in page, "no template is filled from a headline"


def test_figures_carry_texts_only(written: Path) -> None:
    for file in (written / "deep/er/out/figures").glob("*.svg"):
        assert "<script>alert" not in file.read_text(encoding="utf-8")


def test_the_manifest_is_json(written: Path) -> None:
    stated = json.loads((written / "deep/er/out/manifest.json").read_text(encoding="utf-8"))
    assert stated["title"] == "<script>alert(5)</script>"


@pytest.mark.parametrize("name", ["escape", "csi", "bidi", "markup"])
def test_a_terminal_is_not_commanded_by_a_headline(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    screen.out(NASTY[name])
    screen.note(NASTY[name])
    screen.error(NASTY[name])
    screen.table(["headline"], [[NASTY[name]]])
    screen.cards([{"a": NASTY[name], "b": NASTY[name], "c": "x"}])
    caught = capsys.readouterr()
    for text in (caught.out, caught.err):
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    if name == "markup":
        assert "[red]not red[/red]" in caught.out


def test_nor_is_a_real_one(root: Path) -> None:
    """Under a pseudo-terminal: our own colours, and no sequence of a headline's."""
    code = (
        "from flows.cli import screen\n"
        f"bad = {NASTY['escape'] + NASTY['csi'] + NASTY['markup']!r}\n"
        "screen.table(['a', 'b', 'c'], [[bad, bad, bad]])\n"
        "screen.cards([dict.fromkeys('abc', bad)])\n"
        "screen.error(bad)\n"
    )
    master, slave = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdout=slave, stderr=slave, stdin=slave, cwd=root,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "200"},
    )  # fmt: skip
    os.close(slave)
    text = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        if not part:
            break
        text += part
    os.close(master)
    assert child.wait() == 0
    assert b"\x1b[2J" not in text
    assert b"\x1b]" not in text
    assert b"\x07" not in text
    assert b"\xc2\x9b" not in text
    assert b"[red]not red[/red]" in text


SYMBOLS = ["../../etc/passwd", "CON", "a\0b", "x" * 300, "МЕТА", "..", ".", "a/b", "C:\\x", "~root",
           "nul.csv", "", " ", "-rf", "|ls", "a\nb", "\u202eATEM"]  # fmt: skip


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_a_symbol_stays_in_its_folder(symbol: str, tmp_path: Path) -> None:
    path = series_path(tmp_path, "yahoo", symbol)
    assert path.resolve().parent == (tmp_path / "prices/yahoo").resolve()
    assert len(path.name.encode()) < 200
    outside = tmp_path / "passwd.csv"
    outside.write_text("date,close\n2024-01-02,1\n", encoding="utf-8")
    (tmp_path / "inside").mkdir()
    request = PriceRequest("A", symbol, "XNYS", "2024-01-01", "2024-12-31")
    with pytest.raises(PriceUnavailable):
        CsvSource(tmp_path / "inside").load(request)
    with pytest.raises(PriceUnavailable):
        CsvSource(tmp_path / "inside").load(
            PriceRequest("A", "../passwd", "XNYS", "2024-01-01", "2024-12-31")
        )


@pytest.mark.parametrize("identity", [i for i in IDS if i != "CON"])
def test_an_event_id_is_a_plain_name(identity: str, study: Study, signals: Command) -> None:
    study.add_event(f"{identity},2024-06-03,day,deal,Firm A,x,press,")
    ended = signals("check", study.file)
    assert ended.code == 2
    assert "events.csv:5: column event_id" in ended.err


@pytest.mark.parametrize("identity", ["../evil", "CON/..", "a b", "МЕТА", "x" * 300, "", "A"])
def test_a_study_id_is_a_plain_name(identity: str, study: Study, signals: Command) -> None:
    study.edit('id = "tiny"', f"id = {json.dumps(identity, ensure_ascii=False)}")
    ended = signals("check", study.file)
    assert ended.code == 2
    assert "study.id" in ended.err
