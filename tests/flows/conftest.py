"""A small study on made-up prices: fast, and the same on every machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from flows.cli import main
from signals.sessions import trading_calendar

STUDY = """\
[study]
id = "tiny"
title = "A tiny study"
event_window = [-3, 3]
car_windows = [[0, 0], [0, 1], [-3, 3]]
statistics = "auto"

[estimation]
length = 60
min_returns = 40

[calibration]
draws = 0

[prices]
source = "csv"
path = "prices"

[market]
benchmark = "MKT"

[events]
files = ["events.csv"]

[[assets]]
ticker = "AAA"
group = "subject"

[[assets]]
ticker = "BBB"
group = "peers"
"""

EVENTS = """\
event_id,announced_at,precision,category,subject,headline,source,url
first,2024-05-06T10:00:00-04:00,minute,deal,Firm A,A deal,press,
second,2024-06-10T16:05:00-04:00,minute,earnings_call,Firm A,Results,press,
third,2024-07-16,day,policy_shift,Firm B,A change of policy,press,
"""


@dataclass(frozen=True, slots=True)
class Study:
    """A study folder of its own for one test."""

    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "study.toml"

    @property
    def events(self) -> Path:
        return self.folder / "events.csv"

    def price_file(self, ticker: str) -> Path:
        return self.folder / "prices" / f"{ticker}.csv"

    def edit(self, old: str, new: str) -> None:
        text = self.file.read_text(encoding="utf-8")
        assert old in text
        self.file.write_text(text.replace(old, new, 1), encoding="utf-8")

    def add_event(self, row: str) -> None:
        with self.events.open("a", encoding="utf-8") as file:
            file.write(row + "\n")


def write_study(folder: Path) -> Study:
    """STUDY, EVENTS, and a price file for each of its three series."""
    (folder / "prices").mkdir(parents=True)
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    (folder / "events.csv").write_text(EVENTS, encoding="utf-8")
    sessions = trading_calendar("XNYS").sessions
    sessions = sessions[
        (sessions >= np.datetime64("2024-01-02")) & (sessions <= np.datetime64("2024-08-30"))
    ]
    draw = np.random.default_rng(7)
    market = draw.normal(0.0003, 0.008, len(sessions))
    returns = {
        "MKT": market,
        "AAA": 1.2 * market + draw.normal(0, 0.01, len(sessions)),
        "BBB": 0.8 * market + draw.normal(0, 0.01, len(sessions)),
    }
    returns["AAA"][sessions == np.datetime64("2024-06-11")] += 0.09
    for ticker, values in returns.items():
        close = 100 * np.cumprod(1 + values)
        rows = [f"{d},{c:.6f}" for d, c in zip(sessions, close, strict=True)]
        text = "date,close\n" + "\n".join(rows) + "\n"
        (folder / "prices" / f"{ticker}.csv").write_text(text, encoding="utf-8")
    return Study(folder)


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """A study folder; the test runs in its parent, so default output lands there too."""
    monkeypatch.chdir(tmp_path)
    return write_study(tmp_path / "study")


@dataclass(frozen=True, slots=True)
class Run:
    """What one command did."""

    code: int
    out: str
    err: str


Command = Callable[..., Run]


@pytest.fixture
def signals(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run one command in this process; ``run`` makes no page unless the test asks for it."""

    def run(*arguments: object) -> Run:
        capsys.readouterr()
        words = [str(a) for a in arguments]
        if "run" in words and "--page" not in words:
            words.append("--no-page")
        code = main(words)
        caught = capsys.readouterr()
        return Run(code, caught.out, caught.err)

    return run


def reports(folder: Path) -> dict[str, bytes]:
    """The CSV reports of a run by name, but for ``changes.csv``, which compares two runs."""
    found = sorted(folder.glob("*.csv"))
    return {p.name: p.read_bytes() for p in found if p.name != "changes.csv"}
