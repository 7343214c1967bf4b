"""The house's docstrings as Markdown for the reference.

Sections become bold lines, ``name : what it is`` a list, reST roles plain code, typed tables and
doctests code blocks. Nothing has to be parsed by anybody else, so nothing can warn.
"""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension, Object

ROLE = re.compile(r":(?:class|func|mod|data|meth|attr|exc):`~?([^`]+)`")
ITEM = re.compile(r"^(\*{0,2}[\w.][\w.,* ]*) : (.+)$")
NAME = re.compile(r"^[\w.]+(, [\w.]+)*$")
DASHES = re.compile(r"^-{3,}$")
RULE = re.compile(r"^=+( +=+)+$")


class HouseStyle(Extension):
    """Rewrites every docstring that the reference shows."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = rewritten(obj.docstring.value)


def rewritten(text: str) -> str:
    """One docstring as Markdown."""
    lines = ROLE.sub(r"``\1``", text).splitlines()
    out: list[str] = []
    rules, code, section = 0, False, False
    for at, line in enumerate(lines):
        after = lines[at + 1] if at + 1 < len(lines) else ""
        if RULE.match(line):
            rules += 1
            out += ["", "```text", line] if rules % 3 == 1 else [line]
            out += ["```", ""] if rules % 3 == 0 else []
        elif rules % 3:
            out.append(line)
        elif code or line.startswith(">>> "):
            out += [] if code else ["", "```python"]
            code = bool(line.strip())
            out.append(line if code else "```\n")
        elif DASHES.match(after) and line.strip():
            section = True
            out += ["", f"**{line}**", ""]
        elif not DASHES.match(line):
            out.append(_item(line, after) if section else line)
    return "\n".join([*out, "```"] if code else out)


def _item(line: str, after: str) -> str:
    described = ITEM.match(line)
    if described:
        return f"- `{described.group(1)}`: {described.group(2)}"
    if NAME.match(line) and after.startswith("    "):
        return f"- `{line}`:"
    return line
