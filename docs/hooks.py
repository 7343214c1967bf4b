"""What the documentation takes from the program itself: registries, file columns, command line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

MARK = re.compile(r"<!-- generated: (\w+) -->")


def on_config(config: Any) -> Any:
    """Leave out of the navigation the pages that this checkout does not have."""
    config["nav"] = _present(config["nav"], Path(config["docs_dir"]))
    return config


def _present(items: list[Any], folder: Path) -> list[Any]:
    kept: list[Any] = []
    for item in items:
        ((title, target),) = item.items()
        if isinstance(target, list):
            inside = _present(target, folder)
            if inside:
                kept.append({title: inside})
        elif (folder / target).is_file():
            kept.append(item)
    return kept


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Fill in ``<!-- generated: NAME -->``."""
    return MARK.sub(lambda found: GENERATED[found.group(1)](), markdown)


def models() -> str:
    from signals.models import MODELS

    rows = [
        (f"`{m.name}`", m.formula, m.assumptions, "forecast error" if m.prediction == "forecast"
         else "ranks and placebo only", m.paper)
        for m in MODELS.values()
    ]  # fmt: skip
    return table(("model", "E[R]", "assumes", "inference", "paper"), rows)


def statistics() -> str:
    from signals.inference import STATISTICS

    parts = []
    for scope, title in (("event", "One event of one asset"), ("group", "Groups of events")):
        rows = [
            (f"`{s.name}`", s.null, s.assumptions, s.distribution, s.paper, s.refused_when)
            for s in STATISTICS.values()
            if s.scope == scope
        ]
        heads = ("statistic", "null", "assumes", "reference", "paper", "refused when")
        parts.append(f"### {title}\n\n{table(heads, rows)}")
    return "\n\n".join(parts)


def files() -> str:
    from signals.frames import TABLES

    rows = [
        (f"`{name}.csv`", ", ".join(f"`{k}`" for k in shape.key),
         ", ".join(f"`{c}`" for c in shape.columns))
        for name, shape in TABLES.items()
    ]  # fmt: skip
    return table(("file", "key", "columns"), rows)


def table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table; cells cannot break out of it."""
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join("| " + " | ".join(_cell(c) for c in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


GENERATED = {"models": models, "statistics": statistics, "files": files}
