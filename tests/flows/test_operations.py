"""The operations guide and prefect.yaml say what the program does."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import yaml

from flows.cli.app import app


def test_every_variable_of_ours_is_in_the_guide(root: Path) -> None:
    guide = (root / "docs" / "operations.md").read_text(encoding="utf-8")
    used = set()
    for path in (root / "flows").rglob("*.py"):
        used |= set(re.findall(r'"(SIGNALS_[A-Z_]+)"', path.read_text(encoding="utf-8")))
    assert len(used) >= 5
    assert sorted(name for name in used if name not in guide) == []


def test_every_command_of_the_guide_exists(root: Path) -> None:
    guide = (root / "docs" / "operations.md").read_text(encoding="utf-8")
    known = {c.name for c in app.registered_commands}
    named = set(re.findall(r"^signals ([a-z]+)|`signals ([a-z]+)", guide, flags=re.MULTILINE))
    words = {a or b for a, b in named}
    assert len(words) >= 5
    assert words <= known


def test_pictures_of_the_guide_are_there_and_small(root: Path) -> None:
    guide = (root / "docs" / "operations.md").read_text(encoding="utf-8")
    pictures = re.findall(r"\]\((images/[^)]+)\)", guide)
    assert len(pictures) >= 2
    for name in pictures:
        assert 5_000 < (root / "docs" / name).stat().st_size < 150_000


def test_deployments_of_prefect_yaml_fit_their_flows(root: Path) -> None:
    from flows.news_flow import news_flow
    from flows.prices_flow import prices_flow
    from flows.study_flow import study_flow

    known = {f.fn.__name__: f for f in (study_flow, prices_flow, news_flow)}
    listed = yaml.safe_load((root / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    assert len(listed) >= 2
    for deployment in listed:
        file, name = deployment["entrypoint"].split(":")
        assert (root / file).is_file()
        parameters = inspect.signature(known[name].fn).parameters
        assert set(deployment["parameters"]) <= set(parameters)
        assert (root / deployment["parameters"]["study"]).is_file()
