"""What a person or a program reads: results on stdout, everything else on stderr.

A terminal gets colours and borders (``NO_COLOR`` is respected); a pipe gets plain aligned text
without any width limit.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

# Control characters but for tab and line feed, and the marks that turn text around.
_UNSEEN: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def harmless(text: str) -> str:
    """``text`` with its control characters and direction marks shown as codes: a headline may not
    move the cursor, recolour the terminal, or turn a line around."""
    return _UNSEEN.sub(lambda m: f"\\x{ord(m[0]):02x}", text)


def out(text: str) -> None:
    """One line of the result."""
    sys.stdout.write(harmless(text) + "\n")


def note(text: str) -> None:
    """One line of status, on stderr."""
    sys.stderr.write(harmless(text) + "\n")
    sys.stderr.flush()


def error(text: str) -> None:
    """Why a command failed, on stderr."""
    sys.stdout.flush()
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.text import Text

        line = Text.assemble(("error: ", "bold red"), harmless(text))
        Console(stderr=True, soft_wrap=True, highlight=False).print(line)
    else:
        note(f"error: {text}")


def as_json(document: Any) -> None:
    """A JSON document on stdout; a missing number is null."""
    out(json.dumps(_plain(document), indent=2, ensure_ascii=False, allow_nan=False))


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    title: str = "",
    right: Sequence[str] = (),
) -> None:
    """A table; the columns named in ``right`` are aligned to the right."""
    if title:
        out(title)
    if sys.stdout.isatty():
        _rich_table(columns, rows, right)
        return
    widths = [
        max(len(str(c)) for c in (name, *column)) for name, column in _by_column(columns, rows)
    ]
    for row in (columns, *rows):
        cells = (
            cell.rjust(width) if name in right else cell.ljust(width)
            for name, cell, width in zip(columns, row, widths, strict=True)
        )
        out("  ".join(cells).rstrip())


def cards(rows: Sequence[Mapping[str, str]]) -> None:
    """Rows with long texts: on a terminal one paragraph each, headed by the first column."""
    columns = list(rows[0])
    if not sys.stdout.isatty() or len(columns) < 3:
        table(columns, [[row[c] for c in columns] for row in rows])
        return
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console(highlight=False)
    for row in rows:
        console.print(Text(harmless(row[columns[0]]), style="bold"))
        for name in columns[1:]:
            line = Text.assemble((f"{name}: ", "dim"), harmless(row[name]))
            console.print(Padding(line, (0, 0, 0, 2)))


def _by_column(
    columns: Sequence[str], rows: Sequence[Sequence[str]]
) -> list[tuple[str, list[str]]]:
    return [(name, [row[i] for row in rows]) for i, name in enumerate(columns)]


def _rich_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str]
) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=0)
    for name in columns:
        drawn.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        drawn.add_row(
            *(Text(harmless(cell)) for cell in row)
        )  # Text: a headline may hold [brackets]
    Console().print(drawn)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    if hasattr(value, "item"):  # a numpy scalar
        return _plain(value.item())
    return str(value)
