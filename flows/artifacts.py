"""What a run leaves on its page in the Prefect UI."""

from __future__ import annotations

import base64
from typing import Any, Final, cast
from uuid import UUID

import pandas as pd
from prefect.artifacts import (
    create_image_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from flows.findings import findings, interval, interval_name, percent, probability
from flows.outcome import Outcome

MOST_BYTES: Final = 500_000
MOST_ROWS: Final = 200  # a table artifact is one row of the server's database


class ProgressArtifact:
    """Progress of one stage, written at each tenth part and at the end."""

    def __init__(self, stage: str, total: int) -> None:
        self.stage = stage
        self.total = total
        self.done = 0
        self.shown = 0.0
        self.artifact: UUID | None = None
        if total:
            made = create_progress_artifact(
                progress=0.0, key=f"progress-{stage}", description=f"{stage}: 0 of {total}"
            )
            self.artifact = cast(UUID, made)  # a coroutine only in asynchronous callers

    def advance(self, steps: int) -> None:
        """``steps`` more are done."""
        self.done += steps
        if self.artifact is None:
            return
        part = 100.0 * self.done / self.total
        if part - self.shown >= 10.0 or self.done == self.total:
            self.shown = part
            text = f"{self.stage}: {self.done} of {self.total}"
            update_progress_artifact(self.artifact, progress=part, description=text)


def publish(outcome: Outcome) -> None:
    """The findings, what was excluded, and where the files are."""
    study = outcome.result.spec.id
    create_table_artifact(
        findings_table(outcome),
        key=f"{study}-findings",
        description="CAR over the primary window, strongest evidence first",
    )
    create_table_artifact(
        excluded_table(outcome),
        key=f"{study}-excluded",
        description="Event-asset pairs that could not be studied, and why",
    )
    claims = rows_of(outcome.result.table("claims"))
    if claims:
        create_table_artifact(
            claims, key=f"{study}-claims", description="What articles said the market did"
        )
    picture = car_path(outcome)
    if picture is not None:
        create_image_artifact(
            image_url=picture,
            key=f"{study}-car-path",
            description="Cumulative abnormal returns around the strongest finding's event",
        )
    create_markdown_artifact(
        summary(outcome), key=f"{study}-summary", description="Where the files are"
    )


def findings_table(outcome: Outcome) -> list[dict[str, Any]]:
    """Rows of the findings table (all of them are in ``car.csv``)."""
    rows = [
        {
            "event": f.event_id,
            "asset": f.ticker,
            "day zero": f.day_zero,
            f"CAR {f.window}": percent(f.car),
            "p": probability(f.p_value),
            interval_name(outcome.result.spec.alpha): interval(f.ci_low, f.ci_high),
            "test": f.test,
            "status": f.status,
            "flags": f.flags,
        }
        for f in findings(outcome.result)[:MOST_ROWS]
    ]
    return rows or [{"event": "none could be studied"}]


def excluded_table(outcome: Outcome) -> list[dict[str, Any]]:
    """Rows of the excluded table (all of them are in ``excluded.csv``)."""
    return rows_of(outcome.result.excluded) or [{"event_id": "none"}]


def rows_of(frame: pd.DataFrame) -> list[dict[str, str]]:
    """The first rows of a table as text, which is what a table artifact can show."""
    shown = frame.head(MOST_ROWS).astype(object)
    rows = shown.where(shown.notna(), "").to_dict("records")
    return [{str(k): str(v) for k, v in row.items()} for row in rows]


def car_path(outcome: Outcome) -> str | None:
    """The CAR path of the strongest finding's event as a data URI: no other host is asked."""
    pictures = {f.stem: f for f in outcome.files if f.suffix == ".png" and "car_path_" in f.name}
    for found in findings(outcome.result):
        file = pictures.get(f"car_path_{found.event_id}")
        if file is not None and file.stat().st_size <= MOST_BYTES:
            text = base64.b64encode(file.read_bytes()).decode("ascii")
            return f"data:image/png;base64,{text}"
    return None


def summary(outcome: Outcome) -> str:
    """A few lines in Markdown: counts, files, seconds."""
    counts = outcome.result.manifest.get("counts", {})
    lines = [f"# {outcome.result.spec.title or outcome.result.spec.id}", ""]
    lines.append(", ".join(f"{name} {value}" for name, value in counts.items()))
    pages = [f for f in outcome.files if f.name == "report.html"]
    lines += ["", *(f"The report: [{p.name}]({p.resolve().as_uri()})" for p in pages)]
    lines += ["", f"Files in `{outcome.out.resolve()}`:", ""]
    lines += [f"- `{file.relative_to(outcome.out)}`" for file in outcome.files]
    lines += ["", "Seconds: " + ", ".join(f"{k[:-2]} {v:.2f}" for k, v in outcome.seconds.items())]
    return "\n".join(lines)
