"""``signals init``: a new study to start from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final

import typer

from flows.cli import screen
from signals.errors import SpecError

TEMPLATES: Final = Path(__file__).with_name("templates")


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that does not exist yet, "
                                           "or an empty one.")],
) -> None:  # fmt: skip
    """Write a new study to start from: a commented study file, events, and how to go on."""
    files = starter_files(folder)
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        screen.out(str(path))
    study = next(iter(files))
    screen.note(f"next: signals check {study}")


def starter_files(folder: Path) -> dict[Path, str]:
    """The files of a new study by path, the study file first.

    Raises :class:`SpecError` where the folder is a file or holds something already.
    """
    if folder.exists() and not folder.is_dir():
        raise SpecError("is a file, not a folder", key="DIR", value=str(folder))
    if folder.is_dir() and any(folder.iterdir()):
        raise SpecError(
            "is not empty; nothing was written", key="DIR", value=str(folder),
            allowed="a new or empty folder",
        )  # fmt: skip
    name = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-")[:64] or "my-study"
    names = {"study.toml": "study.toml", "events.csv": "events.csv", "README.md": "README.md"}
    return {
        folder / target: (TEMPLATES / f"{source}.in")
        .read_text(encoding="utf-8")
        .replace("@ID@", name)
        for target, source in names.items()
    }
