"""``report.html``: one self-contained page that opens from disk and needs no network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from signals.reports.html import assets
from signals.reports.prose.words import Words
from signals.reports.result import StudyResult

if TYPE_CHECKING:
    from jinja2 import Environment

    from signals.reports.compare import Report

__all__ = ["render"]


def render(
    result: StudyResult,
    *,
    command: str | None = None,
    previous: StudyResult | Report | Path | None = None,
    language: str = "en",
) -> str:
    """The whole report as one HTML text.

    Parameters
    ----------
    command : the command line that makes this report, shown under provenance.
    previous : an earlier run (result or its folder): a section says what moved since then.
    language : a key of :data:`signals.reports.prose.words.LANGUAGES`.

    Checked by tests/reports/test_html.py and, in a real browser, by tests/browser.
    """
    from signals.reports.compare import changes_since
    from signals.reports.html.page import context

    say = Words(language)
    changed = None if previous is None else changes_since(previous, result, say)
    values = context(result, say, command=command, previous=changed)
    return fill("page.html.j2", say, charts=values["has_panel"], **values)


def fill(template: str, say: Words, *, charts: bool, data: object = None, **values: object) -> str:
    """A template with the style sheet, the scripts and their policy. ``charts``: with Plotly."""
    script = assets.script()
    packed, digest = assets.plotly() if charts else ("", "")
    allowed = [assets.digest(script), *([digest] if digest else [])]
    return (
        _environment()
        .get_template(template)
        .render(
            t=say,
            policy=assets.policy(*allowed),
            style=assets.text("report.css"),
            script=script,
            plotly=packed,
            data=assets.data_block(data or {}),
            **values,
        )
    )


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("signals.reports.html", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
