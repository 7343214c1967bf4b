"""Studies that mature: what a run redoes, what it keeps, and what it says has changed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from flows.direct import run_direct
from flows.options import RunOptions
from flows.outcome import Outcome
from tests.flows.conftest import Command, Study, reports


def run(
    study: Study, day: str = "2024-09-15", *, out: str = "out", as_of: str | None = None
) -> Outcome:
    """A run at noon UTC of ``day``."""
    clock = datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC)
    return run_direct(
        RunOptions(study=study.file, out=Path(out), as_of=as_of, page=False), now=clock
    )


def changes(outcome: Outcome) -> pd.DataFrame:
    """The table of what a run changed, as it was written."""
    return pd.read_csv(outcome.out / "changes.csv", keep_default_na=False)


def cut_prices(study: Study, last: str) -> dict[str, str]:
    """Keep each price file up to ``last``; returns the whole texts."""
    whole = {}
    for path in sorted((study.folder / "prices").glob("*.csv")):
        whole[path.stem] = path.read_text(encoding="utf-8")
        lines = [r for r in whole[path.stem].splitlines() if r[:10] <= last or r[:4] == "date"]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return whole


def test_the_first_run_is_all_new(study: Study) -> None:
    table = changes(run(study))
    assert list(table["kind"]) == ["new"] * 6
    assert set(table["cause"]) == {"first run"}


def test_a_run_with_nothing_to_do_writes_nothing(study: Study, signals: Command) -> None:
    run(study)
    before = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in Path("out").iterdir()}
    again = run(study, "2024-09-16")
    assert again.unchanged
    assert {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in Path("out").iterdir()} == before
    told = signals("run", "--direct", study.file, "--out", "out")
    assert "nothing has changed since run" in told.out
    assert "second" in told.out, "the findings are shown all the same"


@pytest.mark.parametrize("damage", ["deleted", "edited"])
def test_reports_that_were_damaged_are_written_again(study: Study, damage: str) -> None:
    first = reports(run(study).out)
    victim = Path("out/car.csv")
    victim.unlink() if damage == "deleted" else victim.write_text("mine", encoding="utf-8")
    again = run(study)
    assert not again.unchanged
    assert reports(again.out) == first


def test_an_event_matures_from_pending_to_partial_to_complete(study: Study) -> None:
    whole = cut_prices(study, "2024-07-15")
    first = run(study, "2024-07-16")  # noon UTC: New York has not opened
    assert first.result.manifest["counts"]["pending"] == 2
    for ticker, text in whole.items():
        study.price_file(ticker).write_text(text, encoding="utf-8")
    cut_prices(study, "2024-07-17")
    second = run(study, "2024-07-18")
    status = second.result.events.set_index(["event_id", "ticker"])["status"]
    assert set(status["third"]) == {"partial"}
    moved = changes(second)
    assert set(moved[moved["column"] == "status"]["new"]) == {"partial"}
    assert set(moved["kind"]) == {"matured"}
    assert set(moved["event_id"]) == {"third"}
    for ticker, text in whole.items():
        study.price_file(ticker).write_text(text, encoding="utf-8")
    third = run(study, "2024-08-20")
    moved = changes(third)
    assert set(moved["event_id"]) == {"third"}
    assert set(moved[moved["column"] == "status"]["new"]) == {"complete"}
    assert set(moved["cause"]) == {"sessions closed"}


def test_closed_results_do_not_move_while_others_mature(study: Study) -> None:
    whole = cut_prices(study, "2024-07-15")
    before = reports(run(study, "2024-07-16").out)["car.csv"].splitlines()
    for ticker, text in whole.items():
        study.price_file(ticker).write_text(text, encoding="utf-8")
    after = reports(run(study, "2024-08-20").out)["car.csv"].splitlines()
    settled = [line for line in before if line.startswith((b"first,", b"second,"))]
    assert len(settled) == 12

    def own(lines: list[bytes]) -> list[list[bytes]]:
        # q-values and the like belong to the family of all events: they may move.
        return [line.split(b",")[:15] for line in lines if line.startswith((b"first,", b"second,"))]

    assert own(after) == own(before)


def test_restated_prices_are_named(study: Study) -> None:
    run(study)
    path = study.price_file("AAA")
    frame = pd.read_csv(path)
    frame.loc[frame["date"] == "2024-06-11", "close"] *= 1.01
    frame.to_csv(path, index=False)
    moved = changes(run(study))
    assert set(moved["kind"]) == {"revised"}
    assert set(moved["ticker"]) == {"AAA"}
    assert "second" in set(moved["event_id"])
    assert set(moved["cause"]) == {"prices of AAA"}
    car = moved[(moved["column"] == "car") & (moved["event_id"] == "second")].iloc[0]
    assert float(car["old"]) != float(car["new"])


def test_a_changed_study_file_is_named(study: Study) -> None:
    run(study)
    study.edit("length = 60", "length = 55")
    moved = changes(run(study))
    assert set(moved["kind"]) == {"revised"}
    assert set(moved["cause"]) == {"study file: estimation"}


def test_new_and_gone_events_are_told(study: Study) -> None:
    run(study)
    study.add_event("fourth,2024-06-25T10:00:00-04:00,minute,deal,Firm A,Another,press,")
    text = study.events.read_text(encoding="utf-8")
    rows = [r for r in text.splitlines() if not r.startswith("third")]
    study.events.write_text("\n".join(rows) + "\n", encoding="utf-8")
    moved = changes(run(study))
    pairs = moved[moved["column"] == "status"].set_index("event_id")
    assert set(pairs.loc["fourth", "cause"]) == {"new event"}
    assert set(pairs.loc["third", "cause"]) == {"event gone"}


def test_an_event_that_was_dated_anew_is_told(study: Study) -> None:
    run(study)
    text = study.events.read_text(encoding="utf-8")
    study.events.write_text(text.replace("2024-05-06T10:00", "2024-05-07T10:00"), encoding="utf-8")
    moved = changes(run(study))
    assert set(moved["event_id"]) == {"first"}
    assert "day_zero: 2024-05-06 → 2024-05-07" in moved["cause"].iloc[0]


def test_as_of_says_what_the_study_would_have_said_then(study: Study) -> None:
    whole = cut_prices(study, "2024-07-17")
    then = reports(run(study, "2024-07-18", out="then").out)
    for ticker, text in whole.items():
        study.price_file(ticker).write_text(text, encoding="utf-8")
    later = run(study, "2024-09-15", out="later", as_of="2024-07-17")
    assert reports(later.out) == then


def test_history_lists_runs_and_diff_shows_what_moved(study: Study, signals: Command) -> None:
    run(study, "2024-09-15")
    study.edit("length = 60", "length = 55")
    run(study, "2024-09-16")
    rows = json.loads(signals("history", study.file, "--json").out)
    assert len(rows) == 2
    assert rows[0]["new"] == 6
    assert rows[1]["revised"] > 0
    shown = signals("diff", rows[0]["run"], rows[1]["run"])
    assert "revised: study file: estimation" in shown.out
    assert "first / AAA [0, +1]: car " in shown.out
    same = signals("diff", rows[0]["run"], rows[0]["run"])
    assert "nothing moved" in same.out
    document = json.loads(signals("diff", "--json", rows[0]["run"], rows[1]["run"]).out)
    assert len(document["changes"]) == rows[1]["revised"]


def test_diff_of_a_run_that_is_not_kept(study: Study, signals: Command) -> None:
    run(study)
    told = signals("diff", "20990101", "20990102")
    assert told.code == 2
    assert "no run that was kept" in told.err


def test_old_runs_are_pruned_but_each_months_last_stays(
    study: Study, monkeypatch: pytest.MonkeyPatch, signals: Command
) -> None:
    monkeypatch.setenv("SIGNALS_KEEP_RUNS", "2")
    for n, day in enumerate(("2024-07-01", "2024-07-20", "2024-08-01", "2024-09-01", "2024-09-02")):
        study.edit("length = 6" if n == 0 else f"length = 5{n - 1}", f"length = 5{n}")
        if n == 0:
            study.edit("length = 500", "length = 50")
        run(study, day)
    kept = [row["run"][:8] for row in json.loads(signals("history", study.file, "--json").out)]
    assert kept == ["20240720", "20240801", "20240901", "20240902"]


def test_a_number_of_runs_that_is_none(
    study: Study, monkeypatch: pytest.MonkeyPatch, signals: Command
) -> None:
    monkeypatch.setenv("SIGNALS_KEEP_RUNS", "few")
    told = signals("run", "--direct", study.file)
    assert told.code == 2
    assert "SIGNALS_KEEP_RUNS" in told.err


def test_compare_puts_two_runs_side_by_side(study: Study, signals: Command) -> None:
    run(study, "2024-09-15", out="left")
    study.edit("length = 60", "length = 55")
    run(study, "2024-09-16", out="right")
    told = signals("compare", "left", "right", "--html", "both.html")
    assert told.code == 0
    assert "estimation.length" in told.out
    assert "6 of 6 pairs differ" in told.out
    assert Path("both.html").read_text(encoding="utf-8").startswith("<!")
    ids = [row["run"] for row in json.loads(signals("history", study.file, "--json").out)]
    document = json.loads(signals("compare", *ids, "--json").out)
    assert len(document["car"]) == 6
    assert "0 of 6 pairs differ" in signals("compare", "left", ids[0]).out
    assert signals("compare", "left", "nowhere").code == 2
