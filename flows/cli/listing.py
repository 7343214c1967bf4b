"""``signals list``: the registries, as the code has them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from flows.cli import screen
from flows.cli.run import AsJson


class Registry(StrEnum):
    """What can be listed."""

    MODELS = "models"
    STATISTICS = "statistics"
    SOURCES = "sources"
    CALENDARS = "calendars"


def list_registry(
    registry: Annotated[Registry, typer.Argument(help="Which registry.")],
    as_json: AsJson = False,
) -> None:
    """List models, statistics, price sources or calendars, with assumptions and reference."""
    rows = {
        Registry.MODELS: _models,
        Registry.STATISTICS: _statistics,
        Registry.SOURCES: _sources,
        Registry.CALENDARS: _calendars,
    }[registry]()
    if as_json:
        screen.as_json(rows)
        return
    screen.cards(rows)


def _models() -> list[dict[str, str]]:
    from signals.models import MODELS

    return [
        {
            "model": row.name,
            "formula": row.formula,
            "assumptions": row.assumptions,
            "inference": "all" if row.prediction == "forecast" else "rank and placebo only",
            "reference": row.paper,
        }
        for row in MODELS.values()
    ]


def _statistics() -> list[dict[str, str]]:
    from signals.inference import STATISTICS

    return [
        {
            "statistic": row.name,
            "of": "one event" if row.scope == "event" else "a group",
            "null": row.null,
            "distribution": row.distribution,
            "assumptions": row.assumptions,
            "refused when": row.refused_when,
            "reference": row.paper,
        }
        for row in STATISTICS.values()
    ]


def _sources() -> list[dict[str, str]]:
    from signals.prices import PRICE_SOURCES

    return [
        {"source": name, "what": row.description, "needs": row.needs}
        for name, row in PRICE_SOURCES.items()
    ]


def _calendars() -> list[dict[str, str]]:
    from signals.sessions import calendar_names

    return [{"calendar": name} for name in calendar_names()]
