"""Collections and reviews at the same time, killed anywhere: nothing is lost, nothing is doubled."""

from __future__ import annotations

import contextlib
import multiprocessing as mp
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from signals.errors import DataError, TransientError
from signals.events.claims import read_claims
from signals.events.read import read_catalogue
from signals.events.review import Decided, accept, edit, read_review, reject, waiting
from signals.news import store
from signals.news.files import change_review, collect_files
from signals.news.store import alone, write_together

WAITING = 12  # rows that a person decides on
ARRIVING = 12  # dated stories that are collected meanwhile
FORK = mp.get_context("fork")


def _forked(target: Callable[..., None], *arguments: object) -> mp.process.BaseProcess:
    return FORK.Process(target=_alone_in_it, args=(target, *arguments))


def _alone_in_it(target: Callable[..., None], *arguments: object) -> None:
    """The end of the test process (Prefect's threads, after flow tests) is not its child's."""
    target(*arguments)
    sys.stderr.flush()
    os._exit(0)


def _accepted(state: Decided, row: str, day: str) -> Decided:
    tables = (state.events, state.review, state.claims, state.review_claims)
    return accept(*tables, row, day)


def _undated(number: int) -> str:
    return f"Meta shares fell {number}%. Meta is in talks to invest in firm number {number}."


def _start(folder: Path, news: Path) -> Path:
    """A catalogue beside which ``WAITING`` undated stories wait, each with a claim."""
    for number in range(1, WAITING + 1):
        (folder / f"undated-{number}.txt").write_text(_undated(number), encoding="utf-8")
    collect_files(sorted(folder.glob("undated-*.txt")), folder / "events.csv", news=news)
    return folder / "events.review.csv"


def _days() -> list[str]:
    return [f"{day:%Y-%m-%d}" for day in pd.date_range("2025-01-06", periods=WAITING, freq="7D")]


def _review_all(review: Path, rows: list[str]) -> None:
    for row, day in zip(rows, _days(), strict=True):
        change_review(review, lambda state, row=row, day=day: _accepted(state, row, day))


def _collect_each(folder: Path, news: Path) -> None:
    for number, day in enumerate(pd.date_range("2023-01-02", periods=ARRIVING, freq="7D"), 1):
        text = f"Published: {day:%Y-%m-%d}\n\nMeta shares tumbled {number}% after a partnership."
        (folder / f"dated-{number}.txt").write_text(text, encoding="utf-8")
        collect_files([folder / f"dated-{number}.txt"], folder / "events.csv", news=news)


def test_a_review_and_a_collection_at_once_lose_nothing(tmp_path: Path, news: Path) -> None:
    review = _start(tmp_path, news)
    rows = [str(r) for r in waiting(read_review(review))["event_id"]]
    assert len(rows) == WAITING
    jobs = [
        _forked(_review_all, review, rows),
        _forked(_collect_each, tmp_path, news),
    ]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join(120)
    assert [job.exitcode for job in jobs] == [0, 0]
    catalogue = read_catalogue([tmp_path / "events.csv"])
    sources = "; ".join(catalogue.frame["source"])
    named = [f"dated-{n}.txt" for n in range(1, ARRIVING + 1)]
    named += [f"undated-{n}.txt" for n in range(1, WAITING + 1)]
    assert [name for name in named if name not in sources] == []
    assert len(waiting(read_review(review))) == 0
    stated = sorted(round(-float(s) * 100) for s in catalogue.claims["stated"])
    assert stated == sorted([*range(1, WAITING + 1), *range(1, ARRIVING + 1)])
    assert len(read_claims(review)) == 0


def test_two_reviews_of_one_row_accept_it_once(tmp_path: Path, news: Path) -> None:
    review = _start(tmp_path, news)
    row = str(read_review(review)["event_id"].iloc[0])
    change_review(review, lambda state: _accepted(state, row, "2025-01-06"))
    before = {p.name: p.read_bytes() for p in tmp_path.glob("*.csv")}
    for again in (
        lambda state: _accepted(state, row, "2025-02-03"),
        lambda s: reject(s.events, s.review, s.claims, s.review_claims, row),
    ):
        with pytest.raises(DataError, match="accepted already"):
            change_review(review, again)
    assert {p.name: p.read_bytes() for p in tmp_path.glob("*.csv")} == before


def test_killed_at_each_of_its_steps_an_acceptance_is_whole_or_not_begun(
    tmp_path: Path, news: Path
) -> None:
    """Four files change; whichever of their renames it dies before, the next one to hold the
    lock finds all of the old or makes all of the new."""
    review = _start(tmp_path, news)
    original = {p: p.read_bytes() for p in tmp_path.glob("*.csv")}
    row = str(read_review(review)["event_id"].iloc[0])
    change_review(review, lambda state: _accepted(state, row, "2025-01-06"))
    done = {p: p.read_bytes() for p in tmp_path.glob("*.csv")}
    outcomes = []
    for step in range(1, 20):
        for path in done:
            path.unlink(missing_ok=True)
        for path, content in original.items():
            path.write_bytes(content)
        child = _forked(_dies, step, review, row)
        child.start()
        child.join(60)
        with alone(tmp_path / "events.csv", patience=0):  # the lock of the dead is free
            found = {p: p.read_bytes() for p in tmp_path.glob("*.csv")}
        assert found in (original, done), f"killed before step {step}"
        left = {p.name for p in tmp_path.glob(".*")}
        assert left <= {".events.csv.lock"}
        outcomes.append((child.exitcode, found == done))
        if child.exitcode == 0:
            break
    assert outcomes[0] == (-signal.SIGKILL, False)
    assert (-signal.SIGKILL, True) in outcomes, "ended by the next one"
    assert outcomes[-1] == (0, True)


def _dies(step: int, review: Path, row: str) -> None:
    real, count = os.replace, [0]

    def replace(*names: object) -> None:
        count[0] += 1
        if count[0] == step:
            os.kill(os.getpid(), signal.SIGKILL)
        real(*names)  # type: ignore[arg-type]

    store.os.replace = replace  # type: ignore[attr-defined]
    change_review(review, lambda state: _accepted(state, row, "2025-01-06"))


def test_who_waits_in_vain_is_told(tmp_path: Path) -> None:
    into = tmp_path / "events.csv"
    holder = _forked(_holds, into, tmp_path / "held")
    holder.start()
    try:
        while not (tmp_path / "held").exists():
            time.sleep(0.01)
        with pytest.raises(TransientError, match="has held it"), alone(into, patience=0.05):
            pass
    finally:
        holder.kill()
        holder.join()
    with alone(into, patience=5):
        assert True, "free as soon as its holder is gone"


def _holds(into: Path, sign: Path) -> None:
    with alone(into):
        sign.touch()
        time.sleep(60)


def test_what_cannot_be_written_leaves_every_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    into, other = tmp_path / "events.csv", tmp_path / "events.review.csv"
    into.write_text("old\n")
    other.write_text("old\n")
    frame = pd.DataFrame({"a": ["new"]})
    calls = [0]

    def full(frame: pd.DataFrame) -> str:
        calls[0] += 1
        if calls[0] == 2:
            raise OSError(28, "No space left on device")
        return "new\n"

    monkeypatch.setattr(store, "csv_text", full)
    with alone(into), pytest.raises(DataError, match="No space left"):
        write_together(into, [(frame, into), (frame, other)])
    assert (into.read_text(), other.read_text()) == ("old\n", "old\n")
    assert not list(tmp_path.glob(".*.tmp"))


@pytest.mark.parametrize(
    "text",
    ["nonsense", "[1]", '[["../x.tmp", "events.csv"]]', '[[".events.csv.1.tmp", "../y"]]',
     '[["/etc/passwd", "events.csv"]]', '[["notes.txt", "events.csv"]]'],
)  # fmt: skip
def test_a_list_that_is_not_ours_moves_nothing(text: str, tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text("old\n")
    (tmp_path / "notes.txt").write_text("mine\n")
    (tmp_path / ".events.csv.new").write_text(text)
    with pytest.raises(DataError, match="not ours"), alone(tmp_path / "events.csv"):
        pass
    assert (tmp_path / "events.csv").read_text() == "old\n"
    assert (tmp_path / "notes.txt").read_text() == "mine\n"


def test_edits_of_one_row_do_not_undo_another_hand(tmp_path: Path, news: Path) -> None:
    """Two people with one file: each change is made on the file as it stands."""
    review = _start(tmp_path, news)
    first, second = (str(r) for r in read_review(review)["event_id"].iloc[:2])

    def noted(row: str, note: str) -> None:
        with contextlib.suppress(TransientError):
            change_review(review, lambda s: _edited(s, row, note))

    jobs = [_forked(noted, r, f"by {r}") for r in (first, second)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join(60)
    notes = read_review(review).set_index("event_id")["note"]
    assert [notes[first], notes[second]] == [f"by {first}", f"by {second}"]


def _edited(state: Decided, row: str, note: str) -> Decided:
    from dataclasses import replace

    return replace(state, review=edit(state.review, row, {"note": note}))
