"""Every kind of bad input of the contract: exit 2 with its place, or an exclusion; no traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.flows.conftest import Command, Study, reports


def _unknown_key(study: Study) -> None:
    study.edit('title = "A tiny study"', 'titel = "A tiny study"')


def _unknown_table(study: Study) -> None:
    study.edit("[estimation]", "[estimaton]")


def _wrong_type(study: Study) -> None:
    study.edit("length = 60", 'length = "sixty"')


def _not_toml(study: Study) -> None:
    study.edit("[estimation]", "[estimation")


def _missing_events(study: Study) -> None:
    study.events.unlink()


def _missing_folder(study: Study) -> None:
    study.edit('path = "prices"', 'path = "no-such-folder"')


def _bad_row(study: Study) -> None:
    study.add_event("fourth,2024-13-45,day,deal,Firm A,No such day,press,")


def _no_offset(study: Study) -> None:
    study.add_event("fourth,2024-06-03T10:00:00,minute,deal,Firm A,No offset,press,")


def _unknown_calendar(study: Study) -> None:
    study.edit('benchmark = "MKT"', 'benchmark = "MKT"\ncalendar = "XNYZ"')


def _unknown_model(study: Study) -> None:
    study.edit('title = "A tiny study"', 'model = "markt"')


def _unknown_statistic(study: Study) -> None:
    study.edit('statistics = "auto"', 'statistics = ["bmp", "patel"]')


def _unknown_ticker(study: Study) -> None:
    text = study.events.read_text(encoding="utf-8").splitlines()
    rows = [text[0] + ",tickers", *(line + "," for line in text[1:]),
            "fourth,2024-06-03,day,deal,Firm A,Wrong ticker,press,,AAB"]  # fmt: skip
    study.events.write_text("\n".join(rows) + "\n", encoding="utf-8")


def _window_outside(study: Study) -> None:
    study.edit("[0, 1]", "[0, 9]")


def _window_longer_than_data(study: Study) -> None:
    study.edit("length = 60", "length = 4000")
    study.edit("min_returns = 40", "min_returns = 3000")


def _duplicate_id(study: Study) -> None:
    study.add_event("first,2024-06-03,day,deal,Firm A,Again,press,")


def _empty_events(study: Study) -> None:
    study.events.write_text("", encoding="utf-8")


def _header_only(study: Study) -> None:
    header = study.events.read_text(encoding="utf-8").splitlines()[0]
    study.events.write_text(header + "\n", encoding="utf-8")


def _missing_column(study: Study) -> None:
    text = study.events.read_text(encoding="utf-8")
    study.events.write_text(text.replace("announced_at", "when"), encoding="utf-8")


def _text_price(study: Study) -> None:
    path = study.price_file("AAA")
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[20] = lines[20].split(",")[0] + ",about a hundred"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _no_usable_event(study: Study) -> None:
    for ticker in ("AAA", "BBB"):
        study.price_file(ticker).unlink()


def _event_after_the_calendar(study: Study) -> None:
    header = study.events.read_text(encoding="utf-8").splitlines()[0]
    row = "first,1901-06-03,day,deal,Firm A,Long ago,press,"
    study.events.write_text(f"{header}\n{row}\n", encoding="utf-8")


STOPS: dict[str, tuple[Callable[[Study], None], tuple[str, ...]]] = {
    "unknown key": (_unknown_key, ("study.toml:3", "titel", "did you mean 'title'", "allowed:")),
    "unknown table": (_unknown_table, ("study.toml", "estimaton", "did you mean 'estimation'")),
    "wrong type": (_wrong_type, ("study.toml", "estimation.length", "sixty")),
    "not TOML": (_not_toml, ("study.toml", "not valid TOML")),
    "missing events file": (_missing_events, ("events.csv", "no such")),
    "missing price folder": (_missing_folder, ("prices.path", "no such folder of price files")),
    "bad row": (_bad_row, ("events.csv:5", "announced_at", "2024-13-45", "allowed:")),
    "instant without offset": (_no_offset, ("events.csv:5", "announced_at", "2024-06-03T10:00:00")),
    "unknown calendar": (_unknown_calendar, ("calendar", "XNYZ", "did you mean", "allowed:")),
    "unknown model": (_unknown_model, ("study.model", "markt", "did you mean 'market'")),
    "unknown statistic": (_unknown_statistic, ("study.statistics", "patel", "patell")),
    "unknown ticker": (_unknown_ticker, ("events.csv", "AAB", "did you mean 'AAA'")),
    "window outside": (_window_outside, ("study.toml", "car_windows", "[0, 9]", "[-3, 3]")),
    "window longer than the data": (_window_longer_than_data, ("no event of this study",)),
    "duplicate event id": (_duplicate_id, ("events.csv:5", "event_id", "first")),
    "empty events file": (_empty_events, ("events.csv",)),
    "header only": (_header_only, ("events.csv",)),
    "missing column": (_missing_column, ("events.csv", "announced_at")),
    "text where a price belongs": (_text_price, ("AAA.csv:21", "close", "about a hundred")),
    "no usable event": (_no_usable_event, ("no event of this study can be used", "no_prices")),
    "before every calendar": (_event_after_the_calendar, ("no event",)),
}


@pytest.mark.parametrize("case", STOPS)
def test_exit_2_with_its_place_and_no_traceback(
    case: str, study: Study, signals: Command, tmp_path: Path
) -> None:
    signals("run", "--direct", study.file, "--out", tmp_path / "out")
    before = reports(tmp_path / "out")
    assert "car.csv" in before
    spoil, words = STOPS[case]
    spoil(study)
    run = signals("run", "--direct", study.file, "--out", tmp_path / "out")
    assert run.code == 2, run.err
    message = run.err[run.err.index("error:") :]
    for word in words:
        assert word in message
    assert "Traceback" not in run.err
    assert run.out == ""
    assert reports(tmp_path / "out") == before, "files already written stay whole"


def test_an_asset_without_prices_is_excluded(
    study: Study, signals: Command, tmp_path: Path
) -> None:
    study.price_file("BBB").unlink()
    run = signals("run", "--direct", study.file, "--out", tmp_path / "out")
    assert run.code == 0
    excluded = (tmp_path / "out" / "excluded.csv").read_text(encoding="utf-8").splitlines()
    assert len(excluded) == 1 + 3
    assert all("BBB" in row and "no_prices" in row for row in excluded[1:])
    assert "excluded 3 (no_prices; BBB)" in run.out


def test_an_event_before_the_first_price_is_excluded(
    study: Study, signals: Command, tmp_path: Path
) -> None:
    study.add_event("early,2024-01-10T10:00:00-05:00,minute,deal,Firm A,Too early,press,")
    run = signals("run", "--direct", study.file, "--out", tmp_path / "out")
    assert run.code == 0
    rows = (tmp_path / "out" / "excluded.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert {row.split(",")[0] for row in rows} == {"early"}
    assert "early" not in (tmp_path / "out" / "car.csv").read_text(encoding="utf-8")


def test_strict_exits_4_with_exclusions_only(
    study: Study, signals: Command, tmp_path: Path
) -> None:
    assert signals("run", "--direct", "--strict", study.file).code == 0
    study.price_file("BBB").unlink()
    run = signals("run", "--direct", "--strict", study.file)
    assert run.code == 4
    assert "3 event-asset pairs were excluded" in run.err
    assert (tmp_path / "reports" / "tiny" / "car.csv").is_file()


def test_skip_bad_rows_uses_the_others(study: Study, signals: Command) -> None:
    _bad_row(study)
    run = signals("run", "--direct", "--skip-bad-rows", "--json", study.file)
    assert run.code == 0
    assert '"bad_rows_skipped": 1' in run.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--as-of", "yesterday"), ("--as-of", "yesterday", "YYYY-MM-DD")),
        (("--as-of", "2024-02-30"), ("--as-of", "2024-02-30")),
        (("--tables", "csv,docx"), ("--tables", "docx", "parquet")),
        (("--max-age", "-1"), ("--max-age", "-1")),
        (("--prices", "bloomberg"), ("bloomberg", "yahoo")),
        (("--prices", "csv:nowhere"), ("nowhere",)),
        (("--wrong",), ("--wrong",)),
    ],
)
def test_bad_options(
    arguments: tuple[str, ...], words: tuple[str, ...], study: Study, signals: Command
) -> None:
    run = signals("run", "--direct", study.file, *arguments)
    assert run.code == 2
    for word in words:
        assert word in run.err
    assert "Traceback" not in run.err


def test_no_such_study_file(signals: Command) -> None:
    run = signals("check", "nowhere.toml")
    assert run.code == 2
    assert "nowhere.toml: there is no such study file" in run.err


def test_out_that_is_a_file(study: Study, signals: Command, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine", encoding="utf-8")
    run = signals("run", "--direct", study.file, "--out", tmp_path / "taken")
    assert run.code == 2
    assert "--out" in run.err
    assert (tmp_path / "taken").read_text(encoding="utf-8") == "mine"


def test_a_bug_is_one_line_and_debug_shows_where(
    study: Study, signals: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr("flows.steps.estimate", broken)
    run = signals("run", "--direct", study.file)
    assert run.code == 1
    assert "a bug: ZeroDivisionError: by nothing" in run.err
    assert "--debug" in run.err
    assert "Traceback" not in run.err
    with pytest.raises(ZeroDivisionError):
        signals("--debug", "run", "--direct", study.file)
