"""The commands, as a user or a program calls them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from flows.cli.app import app
from tests.flows.conftest import Command, Study, reports

HEAVY = ("prefect", "statsmodels", "matplotlib", "yfinance", "plotly", "scipy.stats", "arch")
TABLES = ("events", "models", "abnormal_returns", "car", "caar", "aar", "statistics", "excluded")


def test_run_direct_writes_every_table(study: Study, signals: Command, tmp_path: Path) -> None:
    run = signals("run", "--direct", study.file)
    assert run.code == 0
    out = tmp_path / "reports" / "tiny"
    assert {f"{name}.csv" for name in TABLES} <= set(reports(out))
    assert "CAR [0, +1]" in run.out
    assert "second" in run.out.splitlines()[2], "the strongest finding is shown first"
    assert "6 requested = 6 used + 0 pending + 0 excluded" in run.out
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["run"]["runner"] == "direct"
    assert manifest["run"]["timings"]["study_s"] > 0


def test_run_json_is_one_document(study: Study, signals: Command) -> None:
    run = signals("run", "--direct", "--json", study.file)
    document = json.loads(run.out)
    assert document["study"] == "tiny"
    assert document["counts"]["used"] == 6
    strongest = document["findings"][0]
    assert (strongest["event_id"], strongest["ticker"]) == ("second", "AAA")
    assert strongest["day_zero"] == "2024-06-11"
    car = pd.read_csv(Path(document["out"]) / "car.csv")
    row = car[(car["event_id"] == "second") & (car["ticker"] == "AAA") & (car["last"] == 1)]
    assert strongest["car"] == row["car"].iloc[0]


def test_reruns_are_byte_identical(study: Study, signals: Command, tmp_path: Path) -> None:
    signals("run", "--direct", study.file, "--out", tmp_path / "a")
    signals("run", "--direct", study.file, "--out", tmp_path / "b")
    assert reports(tmp_path / "a") == reports(tmp_path / "b")
    whole = [json.loads((tmp_path / x / "manifest.json").read_bytes()) for x in "ab"]
    for manifest in whole:
        manifest.pop("run")
    assert whole[0] == whole[1]


def test_as_of_knows_nothing_later(study: Study, signals: Command) -> None:
    run = signals("run", "--direct", "--json", "--as-of", "2024-06-12", study.file)
    document = json.loads(run.out)
    assert run.code == 0
    assert {f["event_id"] for f in document["findings"]} == {"first", "second"}


def test_another_source_on_the_command_line(study: Study, signals: Command, tmp_path: Path) -> None:
    study.edit('source = "csv"\npath = "prices"', 'source = "yahoo"')
    run = signals(
        "run", "--direct", study.file, "--prices", f"csv:{study.folder / 'prices'}", "--json"
    )
    assert run.code == 0
    assert json.loads(run.out)["counts"]["used"] == 6


def test_check_shows_where_events_land_and_why(study: Study, signals: Command) -> None:
    run = signals("check", study.file)
    assert run.code == 0
    told = {part.split(":")[0]: part for part in run.out.split("\n\n")}
    assert "2024-05-06 " in told["first"]
    assert "AAA, BBB: before the close" in told["first"]
    assert "2024-06-11 " in told["second"]
    assert "after the close" in told["second"]
    assert "2024-07-16 or 2024-07-17" in told["third"], "a date alone has two readings"
    assert "date_only" in told["third"]
    assert "3 events on 2 assets, 6 pairs; 3 price series from csv" in run.out


def test_check_json(study: Study, signals: Command) -> None:
    document = json.loads(signals("check", "--json", study.file).out)
    assert document["price_series"] == ["AAA", "BBB", "MKT"]
    first = document["pairs"][0]
    assert first["event_id"] == "first"
    assert first["rule"] == "before_close"


def test_check_names_what_an_overlap_will_exclude(study: Study, signals: Command) -> None:
    study.edit('statistics = "auto"', 'overlap = "exclude"')
    study.add_event("near,2024-05-08T10:00:00-04:00,minute,deal,Firm A,Two days later,press,")
    run = signals("check", study.file)
    assert "excluded: first / AAA (overlap): event window holds near" in run.out


def test_check_loads_nothing_heavy(study: Study) -> None:
    code = (
        "import sys\nfrom flows.cli import main\n"
        f"code = main(['check', {str(study.file)!r}])\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules])\nsys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_help_loads_no_pandas() -> None:
    code = (
        "import sys\nfrom flows.cli import main\nmain(['--help'])\n"
        "print([m for m in ('pandas', 'numpy', 'prefect') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", app.registered_commands, ids=lambda c: c.name)
def test_every_command_and_option_has_help(command: object) -> None:
    import typer

    shown = typer.main.get_command(app).commands[command.name]  # type: ignore[attr-defined]
    assert shown.help
    assert len(shown.help) > 20
    for parameter in shown.params:
        assert parameter.help, f"{shown.name}: {parameter.name} has no help"


@pytest.mark.parametrize("registry", ["models", "statistics", "sources", "calendars"])
def test_list_has_every_row_and_no_empty_cell(registry: str, signals: Command) -> None:
    rows = json.loads(signals("list", registry, "--json").out)
    assert len(rows) >= 3
    assert all(value for row in rows for value in row.values())
    plain = signals("list", registry).out
    assert len(plain.splitlines()) == len(rows) + 1


def test_list_knows_what_the_study_file_may_name(signals: Command) -> None:
    names = {row["model"] for row in json.loads(signals("list", "models", "--json").out)}
    assert {"market", "constant_mean", "market_adjusted"} <= names
    names = {row["calendar"] for row in json.loads(signals("list", "calendars", "--json").out)}
    assert {"XNYS", "XPAR", "24/7"} <= names


def test_list_refuses_another_word(signals: Command) -> None:
    run = signals("list", "colours")
    assert run.code == 2
    assert "colours" in run.err


def test_init_writes_a_study_that_check_accepts(signals: Command, tmp_path: Path) -> None:
    folder = tmp_path / "My First Study"
    run = signals("init", folder)
    assert run.code == 0
    assert "signals check" in run.err
    checked = signals("check", folder / "study.toml", "--json")
    assert checked.code == 0, checked.err
    document = json.loads(checked.out)
    assert document["study"] == "my-first-study"
    landed = {(p["event_id"], p["ticker"]): p["day_zero"] for p in document["pairs"]}
    assert landed["meta-q2-2025", "META"] == "2025-07-31"
    assert landed["scale-ai-talks", "META"] == "2025-06-09"
    assert landed["scale-ai-talks", "FET-USD"] == "2025-06-08"


def test_init_overwrites_nothing(signals: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    run = signals("init", tmp_path)
    assert run.code == 2
    assert "not empty" in run.err
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_prices_shows_each_series(study: Study, signals: Command) -> None:
    study.price_file("BBB").unlink()
    run = signals("prices", study.file, "--json")
    rows = {row["ticker"]: row for row in json.loads(run.out)["series"]}
    assert run.code == 0
    assert rows["AAA"]["status"] == "ok"
    assert rows["AAA"]["sessions"] > 100
    assert rows["BBB"]["status"] == "no_prices"


def test_doctor_without_network(signals: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.cli.doctor.YAHOO", "http://127.0.0.1:9/nobody")
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    run = signals("doctor", "--json", "--timeout", "1")
    rows = {row["what"]: row for row in json.loads(run.out)}
    assert run.code == 0
    assert rows["yahoo"]["state"] == "note"
    assert rows["prefect api"]["state"] == "note"
    assert rows["prefect"]["state"] == "ok"
    assert rows["price cache"]["state"] in ("ok", "note")


def test_doctor_finds_a_package_that_breaks_prefect(
    signals: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.cli.doctor.CAPS", {"fastapi": (0, 1)})
    monkeypatch.setattr("flows.cli.doctor.YAHOO", "http://127.0.0.1:9/nobody")
    run = signals("doctor", "--timeout", "1")
    assert run.code == 1
    assert "needs < 0.1" in run.out


def test_version_and_no_arguments(signals: Command) -> None:
    assert signals("--version").out.startswith("signals ")
    run = signals()
    assert run.code == 2
    assert "run" in run.out + run.err


@pytest.mark.parametrize(
    ("set_by_user", "found"),
    [({}, "1"), ({"OPENBLAS_NUM_THREADS": "3"}, "3"), ({"OMP_NUM_THREADS": "2"}, "")],
    ids=["nothing", "its own", "another variable"],
)
def test_matrix_products_are_on_one_thread_unless_told(
    set_by_user: dict[str, str], found: str
) -> None:
    code = (
        "import os, sys; sys.argv = ['signals', '--version']; from flows.cli import main; main(); "
        "assert 'numpy' not in sys.modules; print(os.environ.get('OPENBLAS_NUM_THREADS', ''))"
    )
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")
    environment = {k: v for k, v in os.environ.items() if k not in names} | set_by_user
    ended = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split("\n")[1] == found
