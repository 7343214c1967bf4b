"""The rules of the house, checked by machine."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

CODE = ("signals", "flows")


def modules(root: Path) -> list[Path]:
    return [p for name in CODE for p in sorted((root / name).rglob("*.py"))]


def test_rooms_stay_small(root: Path) -> None:
    long = {
        str(p.relative_to(root)): n
        for p in modules(root)
        if (n := p.read_text(encoding="utf-8").count("\n")) > 320
    }
    assert long == {}


def test_functions_fit_on_a_screen(root: Path) -> None:
    long = {}
    for path in modules(root):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                size = (node.end_lineno or 0) - node.lineno
                if size > 75:
                    long[f"{path.relative_to(root)}:{node.name}"] = size
    assert long == {}


def test_no_drawer_for_odds_and_ends(root: Path) -> None:
    named = {p.stem for p in modules(root)} | {p.parent.name for p in modules(root)}
    assert named.isdisjoint({"utils", "util", "helpers", "common", "misc"})


def test_public_names_do_not_look_like_tests(root: Path) -> None:
    found = [
        f"{path.name}:{node.name}"
        for path in modules(root)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name.lower().startswith("test")
    ]
    assert found == []


def test_upper_tails_use_sf(root: Path) -> None:
    bad = [p for p in modules(root) if "1 - stats" in (t := p.read_text()) or "1.0 - stats" in t]
    assert bad == []


def test_public_functions_are_documented(root: Path) -> None:
    silent = [
        f"{path.relative_to(root)}:{node.name}"
        for path in modules(root)
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


@pytest.mark.parametrize("heavy", ["prefect", "yfinance", "statsmodels", "matplotlib", "plotly"])
def test_importing_the_package_is_cheap(heavy: str) -> None:
    code = (
        "import sys, signals, signals.spec, signals.events, signals.sessions, signals.prices; "
        f"sys.exit({heavy!r} in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_import_contracts(root: Path) -> None:
    """Data flows one way: the layers of pyproject.toml, by import-linter."""
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_machine_paths_hosts_or_leftovers(root: Path) -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    # Written in two parts, so that this file does not find itself.
    forbidden = [
        "/wo" + "rk/",
        "/ro" + "ot/",
        "pypi" + ".org",
        "python" + "hosted.org",
        "TO" + "DO",
        "FIX" + "ME",
    ]
    found = []
    for name in tracked:
        path = root / name
        if not path.is_file() or path.suffix in {".png", ".parquet", ".gz", ".svg", ".js"}:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{name}: {word}" for word in forbidden if word in text]
    assert found == []
