"""What the code may not contain: shells, eval, pickles of foreign data, unsafe parsers."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

FORBIDDEN_CALLS = {
    "eval", "exec", "compile", "__import__", "os.system", "os.popen", "pickle.load",
    "pickle.loads", "marshal.loads", "shelve.open", "yaml.load", "pd.read_pickle",
    "pandas.read_pickle", "joblib.load", "dill.loads", "cloudpickle.loads", "tempfile.mktemp",
    "xml.etree.ElementTree.parse", "xml.etree.ElementTree.fromstring", "ET.fromstring", "ET.parse",
    "etree.fromstring", "etree.parse", "etree.XML", "ssl._create_unverified_context",
    "zipfile.ZipFile.extractall", "tarfile.open", "shutil.unpack_archive", "os.execv", "os.spawnl",
    "input",
}  # fmt: skip
FORBIDDEN_IMPORTS = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "telnetlib"}
# What is allowed, and why.
EXCEPTIONS: dict[tuple[str, str], str] = {
    ("flows/cli/review.py", "input"): "a person answers at the terminal",
}


def sources(root: Path) -> Iterator[tuple[str, ast.Module]]:
    for package in ("signals", "flows"):
        for file in sorted((root / package).rglob("*.py")):
            name = str(file.relative_to(root))
            yield name, ast.parse(file.read_text(encoding="utf-8"), filename=name)


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def test_no_forbidden_call(root: Path) -> None:
    found = [
        f"{name}:{node.lineno}: {dotted(node.func)}"
        for name, tree in sources(root)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and dotted(node.func) in FORBIDDEN_CALLS
        and (name, dotted(node.func)) not in EXCEPTIONS
    ]
    assert found == []


def test_no_forbidden_import(root: Path) -> None:
    found = []
    for name, tree in sources(root):
        for node in ast.walk(tree):
            named = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            named += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [f"{name}: {n}" for n in named if n.split(".")[0] in FORBIDDEN_IMPORTS]
    assert found == []


def test_no_shell_and_no_trust_in_certificates_switched_off(root: Path) -> None:
    found = []
    for name, tree in sources(root):
        for node in ast.walk(tree):
            for key in node.keywords if isinstance(node, ast.Call) else ():
                value = key.value.value if isinstance(key.value, ast.Constant) else None
                off = (key.arg, value) in {("shell", True), ("verify", False),
                                           ("allow_pickle", True), ("check_hostname", False)}  # fmt: skip
                found += [f"{name}:{node.lineno}: {key.arg}={value}"] if off else []
    assert found == []


def test_subprocesses_are_lists_of_words(root: Path) -> None:
    """A command as one string would be split by somebody; ours begin with this Python."""
    for name, tree in sources(root):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and dotted(node.func).startswith("subprocess."):
                assert node.args, name
                assert not isinstance(node.args[0], ast.Constant | ast.JoinedStr), name


def test_the_checker_sees_what_it_looks_for() -> None:
    tree = ast.parse("import os\nos.system('x')\neval('1')\n")
    calls = {dotted(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
    assert calls == {"os.system", "eval"}
    assert calls <= FORBIDDEN_CALLS


@pytest.mark.parametrize("template", ["base.html.j2", "page.html.j2", "compare.html.j2"])
def test_templates_escape(root: Path, template: str) -> None:
    text = (root / "signals/reports/html/templates" / template).read_text(encoding="utf-8")
    assert "{% autoescape false" not in text
