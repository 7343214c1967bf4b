"""A real Chromium, axe-core, and the pages that it looks at.

Without them the tests are skipped visibly; with SIGNALS_NO_SKIPS=1 (.ci/run) that is a failure.
Screenshots are kept in ``reports/screenshots`` of the checkout (git-ignored).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from signals.reports.html import render
from tests.conftest import ROOT
from tests.reports import samples

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium", "chromium-browser", "google-chrome")
AXE = "axe-core@4.14.1"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, headless, offline: the pages must not want a network.

    Of one module, not of the session: while it is open, Playwright's event loop runs in this
    thread, and no other test of the worker could start one."""
    program = os.environ.get("SIGNALS_CHROMIUM") or next(
        filter(None, map(shutil.which, NAMES)), None
    )
    if program is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=program, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The accessibility checker's source, from the npm registry."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not on this machine: axe-core cannot be had")
    folder = tmp_path_factory.mktemp("axe")
    command = [npm, "pack", AXE, "--silent", "--pack-destination", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    packed = next(folder.glob("axe-core-*.tgz"), None)
    if done.returncode or packed is None:
        pytest.skip(f"axe-core could not be fetched: {done.stderr.strip()[-200:]}")
    with tarfile.open(packed) as archive:
        member = archive.extractfile("package/axe.min.js")
        assert member is not None
        return member.read().decode("utf-8")


@pytest.fixture(scope="session")
def shots() -> Path:
    """Where the screenshots are kept to be looked at."""
    folder = ROOT / "reports" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the hostile study as a file."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render(samples.hostile(), command="signals run s.toml"), encoding="utf-8")
    return path


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[..., Any]]:
    """``opened(path, width=…, scheme=…)``: a page whose errors and requests are written down in
    ``page.errors`` and ``page.requests``."""
    contexts = []

    def open_page(path: Path, *, width: int = 1440, scheme: str = "light", after: str = "") -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
        )
        contexts.append(context)
        page = context.new_page()
        page.errors = []
        page.requests = []
        page.on("console", lambda m: page.errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: page.errors.append(str(e)))
        page.on("dialog", lambda d: (page.errors.append(f"dialog: {d.message}"), d.dismiss()))
        page.on("request", lambda r: page.requests.append(r.url))
        page.goto(path.as_uri() + after)
        page.wait_for_selector("html.js")
        return page

    yield open_page
    for context in contexts:
        context.close()
