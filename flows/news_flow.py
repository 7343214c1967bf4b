"""The collection of news as a flow: feeds and filings become events, or wait for review."""

from __future__ import annotations

import flows.prefect_defaults  # noqa: F401  (before Prefect)

# isort: split
from datetime import UTC, date, datetime
from pathlib import Path

from prefect import Task, flow, runtime, tags
from prefect.artifacts import create_table_artifact

from flows.artifacts import rows_of
from flows.cli.collect import collect
from flows.study_flow import PLAIN, retries
from signals.errors import SpecError


def run_name() -> str:
    """``news meta_ai 2025-10-31``: the study file's name and the day."""
    given = runtime.flow_run.parameters
    return f"news {Path(str(given['study'])).stem} {datetime.now(UTC):%Y-%m-%d}"


@flow(name="news", flow_run_name=run_name, persist_result=False)
def news_flow(
    study: str,
    feeds: list[str] | None = None,
    articles: list[str] | None = None,
    edgar: list[str] | None = None,
    stories: list[str] | None = None,
    since: date | None = None,
    until: date | None = None,
) -> int:
    """Collect news into a study's events; what is undated or doubtful waits for `signals review`.

    Args:
        study: path of the study file (TOML)
        feeds: addresses of RSS or Atom feeds
        articles: files or folders of articles
        edgar: tickers whose 8-K filings are read
        stories: tickers whose news on Yahoo is read
        since: first day
        until: last day
    """
    from signals.events.review import read_review, review_file, waiting
    from signals.spec import read_study

    spec = read_study(study)
    if not (feeds or articles or edgar or stories):
        raise SpecError(
            "nothing to collect", key="feeds", allowed="feeds, articles, edgar, stories"
        )

    def ask() -> None:
        collect(
            study=Path(study), feeds=feeds, articles=[Path(a) for a in articles or ()] or None,
            edgar=edgar, stories=stories, since=since.isoformat() if since else "",
            until=until.isoformat() if until else "",
        )  # fmt: skip

    with tags("news", spec.id):
        step: Task[[], None] = Task(
            ask, name="collect", task_run_name="collect", **PLAIN, **retries()
        )
        step()
    review = review_file(spec.file.parent / spec.events.files[0])
    left = waiting(read_review(review)) if review.is_file() else None
    create_table_artifact(
        rows_of(left) if left is not None and len(left) else [{"event_id": "nothing waits"}],
        key=f"{spec.id}-review",
        description=f"What waits for `signals review {review.name}`",
    )
    return 0 if left is None else len(left)
