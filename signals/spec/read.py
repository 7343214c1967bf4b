"""Reading a study file: TOML text in, :class:`StudySpec` out, every fault with its place."""

from __future__ import annotations

import re
import tomllib
import types
from pathlib import Path
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from signals.errors import SpecError, nearest
from signals.spec.study import StudySpec

STUDY_KEYS = frozenset(StudySpec.model_fields) - {
    "estimation", "prices", "market", "factors", "events", "assets", "match", "calibration",
    "sensitivity", "regression", "donors", "schedule", "runner", "shares", "file",
}  # fmt: skip
TABLE_KEYS = (frozenset(StudySpec.model_fields) - STUDY_KEYS - {"file"}) | {"study"}


def read_study(path: str | Path) -> StudySpec:
    """Read and check a study file.

    Raises
    ------
    SpecError
        naming file, line, key, value and what is allowed; unknown keys suggest the nearest.
    """
    file = Path(path)
    text = _text(file)
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise SpecError(
            f"is not valid TOML: {error}", file=file, line=int(line[1]) if line else None
        ) from None
    return parse_study(raw, file=file, text=text)


def parse_study(raw: dict[str, Any], *, file: Path, text: str = "") -> StudySpec:
    """Check the parsed tables of a study file (see :func:`read_study`)."""
    for key in raw:
        if key not in TABLE_KEYS:
            _unknown(key, TABLE_KEYS, file, text, prefix="")
    if not isinstance(raw.get("study"), dict):
        raise SpecError("the table [study] is missing", file=file, key="study")
    for key in raw["study"]:
        if key not in STUDY_KEYS:
            _unknown(key, STUDY_KEYS, file, text, prefix="study.")
    flat = {**raw["study"], **{k: v for k, v in raw.items() if k != "study"}, "file": file}
    try:
        return StudySpec.model_validate(flat)
    except ValidationError as error:
        raise _spec_error(error, file, text) from None


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SpecError("there is no such study file", file=file) from None
    except IsADirectoryError:
        raise SpecError("is a folder, not a study file", file=file) from None
    except UnicodeDecodeError as error:
        raise SpecError(f"is not UTF-8 text (byte {error.start})", file=file) from None
    except (OSError, ValueError) as error:
        raise SpecError(f"cannot be read: {error}", file=file) from None


def _unknown(key: str, known: frozenset[str], file: Path, text: str, *, prefix: str) -> None:
    guess = nearest(key, known)
    hint = f"; did you mean {guess!r}?" if guess else ""
    raise SpecError(
        f"unknown key{hint}",
        file=file,
        line=_line_of(text, key),
        key=prefix + key,
        allowed=sorted(known),
    )


def _spec_error(error: ValidationError, file: Path, text: str) -> SpecError:
    first = error.errors(include_url=False)[0]
    where = [str(p) for p in first["loc"]]
    key = ".".join(where)
    if where and where[0] in STUDY_KEYS:
        key = "study." + key
    last = next((w for w in reversed(where) if not w.isdigit()), "")
    line = _line_of(text, last)
    if first["type"] == "extra_forbidden":
        known = _fields_at(where[:-1])
        guess = nearest(where[-1], known)
        hint = f"; did you mean {guess!r}?" if guess else ""
        return SpecError(f"unknown key{hint}", file=file, line=line, key=key, allowed=sorted(known))
    if first["type"] == "missing":
        return SpecError("is missing", file=file, key=key)
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "value_error":
        named = message.split(":", 1)[0]
        return SpecError(message, file=file, line=_line_of(text, named.rsplit(".", 1)[-1]))
    allowed = (first.get("ctx") or {}).get("expected")
    return SpecError(
        message[0].lower() + message[1:],
        file=file,
        line=line,
        key=key,
        value=first.get("input"),
        allowed=allowed,
    )


def _fields_at(path: list[str]) -> set[str]:
    """The known keys of the table at ``path`` of the study file."""
    here: type[BaseModel] = StudySpec
    for step in path:
        if step not in here.model_fields:
            continue
        for model in _models_in(here.model_fields[step].annotation):
            here = model
    return set(here.model_fields)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and not get_origin(annotation):
        return [annotation] if issubclass(annotation, BaseModel) else []
    if get_origin(annotation) in (Union, types.UnionType, tuple, dict):
        return [m for a in get_args(annotation) for m in _models_in(a)]
    return []


def _line_of(text: str, key: str) -> int | None:
    """Line on which ``key`` is first set, found by its text (tomllib keeps no places)."""
    if not key or not text:
        return None
    pattern = re.compile(
        rf"^\s*(\[+\s*)?[\"']?{re.escape(key)}[\"']?\s*(=|\.|\])|[{{,]\s*{re.escape(key)}\s*="
    )
    for number, line in enumerate(text.splitlines(), start=1):
        if pattern.search(line):
            return number
    return None
