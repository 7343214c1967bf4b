"""No secret in the repository, in a log, a report or a manifest; the lock is what is installed."""

from __future__ import annotations

import importlib.util
import sys
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.flows.conftest import Command, Study

SECRET = "hunter2-very-private"  # not a secret


def scanner(root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("find_secrets", root / ".ci/find_secrets.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_no_secret_in_the_repository(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(root)
    if not (root / ".git").exists():
        pytest.skip("not a git checkout")
    assert scanner(root).main([]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("line", [
    "-----BEGIN " + "RSA PRIVATE KEY-----",
    "key = 'AKIA" + "ABCDEFGHIJKLMNOP'",
    "url = 'postgresql://signals:" + "s3cr3tpw@db/prefect'",
    "api_key = '" + "q8Zr2Lx0Vb7Tn4Kd9Wm1" + "'",
    "ghp_" + "a1B2" * 9,
])  # fmt: skip
def test_the_scan_finds_secrets(root: Path, line: str) -> None:
    assert scanner(root).secrets_in(line)
    assert not scanner(root).secrets_in(line + "  # not a secret")


@pytest.mark.parametrize("line", [
    "password = getpass()", "url = 'postgresql://user:${PASSWORD}@db/x'", "token = 'META'",
])  # fmt: skip
def test_the_scan_leaves_plain_lines_alone(root: Path, line: str) -> None:
    assert not scanner(root).secrets_in(line)


def test_a_secret_of_the_environment_reaches_no_file_and_no_screen(
    study: Study, signals: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PREFECT_API_AUTH_STRING", "PREFECT_API_KEY", "SIGNALS_LLM_KEY", "AWS_SECRET"):
        monkeypatch.setenv(name, f"user:{SECRET}")
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{SECRET}@127.0.0.1:9")
    monkeypatch.setenv("SIGNALS_CACHE", str(tmp_path / "cache"))
    ended = signals("run", "--direct", "--json", study.file, "--out", tmp_path / "out")
    assert ended.code == 0, ended.err
    told = signals("doctor", "--timeout", "0.1")
    for text in (ended.out, ended.err, told.out, told.err):
        assert SECRET not in text
    for file in (*(tmp_path / "out").rglob("*"), *(tmp_path / "cache").rglob("*")):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes(), file


def test_a_password_in_prefects_address_is_not_shown(
    study: Study, signals: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", f"http://user:{SECRET}@127.0.0.1:9/api")
    ended = signals("run", study.file)
    assert ended.code == 3
    assert SECRET not in ended.out + ended.err
    told = signals("doctor", "--timeout", "0.1")
    assert SECRET not in told.out + told.err


def test_what_is_installed_is_what_is_locked(root: Path) -> None:
    """Every installed distribution that the lock names has exactly the locked version."""
    locked: dict[str, str] = {}
    for line in (root / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if "==" not in line:
            continue
        wanted = Requirement(line)
        if wanted.marker is None or wanted.marker.evaluate():
            locked[canonicalize_name(wanted.name)] = next(iter(wanted.specifier)).version
    assert len(locked) > 100
    other = []
    for package in metadata.distributions():
        name = canonicalize_name(package.metadata["Name"] or "")
        if name in locked and locked[name] != package.version:
            other.append(f"{name} {package.version}, locked {locked[name]}")
    assert other == []
    assert sys.version_info >= (3, 11)
