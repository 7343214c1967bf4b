"""The documentation says what the program does: its numbers are measured again here."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from signals import load_study, run_study
from signals.frames import TABLES
from signals.inference import STATISTICS
from signals.models import MODELS
from signals.prices import gather, open_source
from signals.reports.figures.power_lines import power_lines
from signals.reports.prose.numbers import fixed
from signals.reports.prose.power import power_sentences
from signals.reports.result import StudyResult
from signals.study import plan_study


@pytest.fixture(scope="module")
def tutorial(root: Path, tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    pytest.importorskip("bokeh_sampledata")
    study = load_study(root / "configs" / "facebook_2012.toml")
    now = datetime(2026, 11, 21, tzinfo=UTC)
    cache = tmp_path_factory.mktemp("cache")
    source = open_source(study.spec, cache_dir=cache, now=lambda: now)
    requests = plan_study(study.spec, study.events, now=now).requests
    return run_study(study.spec, study.events, gather(source, requests), now=now)


def test_the_tutorials_table_is_what_the_study_gives(root: Path, tutorial: StudyResult) -> None:
    text = (root / "docs" / "tutorial.md").read_text(encoding="utf-8")
    car = tutorial.car.set_index(["event_id", "ticker", "first", "last"])
    zero = tutorial.events.set_index(["event_id", "ticker"])["day_zero"]
    rows = re.findall(r"^\| (fb-[\w-]+) \| ([\d-]+) \| (.+) \|$", text, flags=re.MULTILINE)
    assert len(rows) == 4
    for event, day, rest in rows:
        row = car.loc[(event, "FB", 0, 1)]
        assert zero[event, "FB"] == day
        shown = [cell.strip() for cell in rest.split("|")]
        ends = (fixed(100 * row["ci_low"], 2), fixed(100 * row["ci_high"], 2))
        assert shown == [
            f"{fixed(100 * row['car'], 2, sign=True)} %",
            f"[{ends[0]}, {ends[1]}]",
            f"{row['headline_p_value']:.3f}",
            f"{100 * row['min_detectable']:.1f} %",
        ]


def test_the_tutorials_sentences_hold(tutorial: StudyResult) -> None:
    counts = tutorial.manifest["counts"]
    assert (counts["requested"], counts["used"], counts["excluded"]) == (25, 24, 1)
    gone = tutorial.excluded.iloc[0]
    assert (gone["event_id"], gone["ticker"]) == ("fb-q2-2012", "FB")
    assert gone["detail"].startswith("42 estimation returns; the study requires 50")
    day = tutorial.abnormal_returns.set_index(["event_id", "ticker", "tau"]).loc[
        ("fb-q3-2012", "FB", 0)
    ]
    assert round(100 * day["actual_return"], 2) == 19.13
    assert round(100 * day["expected_return"], 2) == -0.66
    assert round(100 * day["ar"], 2) == 19.79
    one = tutorial.car.set_index(["event_id", "ticker", "first", "last"]).loc[
        ("fb-q3-2012", "FB", 0, 0)
    ]
    assert one["rank_p_value"] == pytest.approx(1 / 105)


def test_the_power_that_the_docs_quote_is_the_study_s(root: Path, tutorial: StudyResult) -> None:
    said = power_sentences(tutorial)[0].replace("\u00a0", " ")
    text = (root / "docs" / "calibration.md").read_text(encoding="utf-8")
    assert said in re.sub(r"\s*\n> ?", " ", text)
    lines = [line for line in power_lines(tutorial) if line.shown]
    sizes = [f"{100 * line.smallest:.1f} %" for line in lines]
    caption = re.search(r"80 % is reached between ([\d.]+ %) and ([\d.]+ %)", text)
    assert caption is not None
    assert caption.groups() == (min(sizes), max(sizes))
    advised = sorted(f"{100 * x.smallest:.1f}" for x in lines if x.recommended)
    tutorial_page = (root / "docs" / "tutorial.md").read_text(encoding="utf-8")
    assert f"a mean of {advised[0]} to {advised[-1]} %" in tutorial_page


def test_generated_tables_name_everything(root: Path) -> None:
    sys.path.insert(0, str(root / "docs"))
    try:
        import hooks  # type: ignore[import-not-found]
    finally:
        sys.path.remove(str(root / "docs"))
    for name in MODELS:
        assert f"`{name}`" in hooks.models()
    for name in STATISTICS:
        assert f"`{name}`" in hooks.statistics()
    for name in TABLES:
        assert f"`{name}.csv`" in hooks.files()
    assert hooks.table(("a",), [("x|y <b>",)]).endswith("| x\\|y &lt;b> |")


@pytest.mark.slow
def test_the_site_builds_without_a_warning(root: Path, tmp_path: Path) -> None:
    pytest.importorskip("mkdocs")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", str(tmp_path)]
    done = subprocess.run(
        command, cwd=root, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > 12
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r'<(script|link|img)[^>]+(src|href)="https?://', text), page.name
