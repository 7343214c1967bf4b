"""The deployments of a study: itself on a schedule, and the refresh of its prices."""

from __future__ import annotations

import flows.prefect_defaults  # noqa: F401  (before Prefect)

# isort: split
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefect import serve
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.schedules import Cron
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.news_flow import news_flow
from flows.prices_flow import prices_flow
from flows.schedule import Timetable
from flows.study_flow import study_flow
from signals.prices import source_name
from signals.spec import StudySpec

# A second run of the same deployment would only wait for the first one's files.
ONE_AT_A_TIME = ConcurrencyLimitConfig(
    limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW
)


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """One study to serve: its timetable (None: only when somebody asks), folder, source."""

    spec: StudySpec
    timetable: Timetable | None
    out: Path
    prices: str | None = None
    feeds: tuple[str, ...] = ()


def deployments(served: Sequence[Served]) -> list[Any]:
    """Three deployments for each study; paths are absolute, because runs start anywhere.

    The news has a schedule where there are feeds to ask; its form takes others.
    """
    made: list[Any] = []
    for one in served:
        source = source_name(one.spec, one.prices)
        file = str(one.spec.file.resolve())
        schedule = (
            Cron(one.timetable.cron, timezone=one.timetable.timezone) if one.timetable else None
        )
        made.append(
            study_flow.to_deployment(
                name=one.spec.id,
                description=one.spec.title or None,
                parameters={"study": file, "out": str(one.out.resolve()), "prices": one.prices},
                schedule=schedule,
                paused=False,  # the pause of an earlier shutdown ends here
                concurrency_limit=ONE_AT_A_TIME,
                tags=["study", one.spec.id, source],
            )
        )
        made.append(
            prices_flow.to_deployment(
                name=one.spec.id,
                description=f"Prices of {one.spec.title or one.spec.id}: fetch what is missing",
                parameters={"study": file, "prices": one.prices},
                paused=False,
                concurrency_limit=ONE_AT_A_TIME,
                tags=["prices", one.spec.id, source],
            )
        )
        made.append(
            news_flow.to_deployment(
                name=one.spec.id,
                description=f"News for {one.spec.title or one.spec.id}: events, or what waits",
                parameters={"study": file, "feeds": list(one.feeds)},
                schedule=schedule if one.feeds else None,
                paused=False,
                concurrency_limit=ONE_AT_A_TIME,
                tags=["news", one.spec.id],
            )
        )
    return made


def serve_studies(served: Sequence[Served], url: str, *, limit: int) -> None:
    """Register the deployments with the API at ``url`` and run them when they are due, until
    interrupted. Runs are processes of their own: one that hangs can be cancelled in the UI."""
    # Prefect may have been imported (to check a timetable) before the server had an address.
    with temporary_settings({PREFECT_API_URL: url}):
        serve(*deployments(served), limit=limit, print_starting_message=False)
