"""Pictures of a run in Prefect's UI, by headless Chromium.

As a script, for the docs: ``python tests/flows/ui_shots.py http://127.0.0.1:4200 RUN_ID STUDY_ID
FOLDER``.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def chromium() -> str | None:
    """The Chromium of this machine, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@dataclass(slots=True)
class Shots:
    """What was seen: the text of each page by name, and every host that was asked."""

    texts: dict[str, str] = field(default_factory=dict)
    hosts: set[str] = field(default_factory=set)


def take(ui: str, run_id: str, study: str, folder: Path, program: str) -> Shots:
    """Open the run, its artifacts and the deployments; keep a picture and the text of each."""
    from playwright.sync_api import sync_playwright

    seen = Shots()
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.on("request", lambda r: seen.hosts.add(urlsplit(r.url).hostname or ""))
        run = f"{ui}/runs/flow-run/{run_id}"
        _shot(page, run, "run", folder, seen, wait="text=Completed")
        page.get_by_text("Artifacts", exact=True).last.click()
        _shot(page, None, "artifacts", folder, seen, wait=f"text={study}-findings")
        page.get_by_text(f"{study}-findings").first.click()
        _shot(page, None, "findings", folder, seen, wait="text=day zero")
        _shot(page, f"{ui}/deployments", "deployments", folder, seen, wait=f"text={study}")
        browser.close()
    return seen


def _shot(page: Any, url: str | None, name: str, folder: Path, seen: Shots, *, wait: str) -> None:
    if url is not None:
        page.goto(url)
    page.wait_for_selector(wait, timeout=60_000)
    page.wait_for_timeout(3_000)  # charts draw themselves after their data has come
    seen.texts[name] = page.inner_text("body")
    page.screenshot(path=str(folder / f"{name}.png"))


if __name__ == "__main__":
    found = chromium()
    if found is None:
        sys.exit("no Chromium on this machine")
    print(sorted(take(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]), found).hosts))
