"""When a study runs by itself: cron expressions and time zones, checked before anything starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from signals.errors import SpecError, nearest
from signals.spec import StudySpec

DEFAULT_TIMEZONE: Final = "America/New_York"
_CRON_ALLOWED: Final = "five fields, minute hour day month weekday: 30 18 * * 1-5 is 18:30, Mon-Fri"


@dataclass(frozen=True, slots=True, eq=False)
class Timetable:
    """A cron expression on the clock of a time zone: 18:30 stays 18:30 when clocks change."""

    cron: str
    timezone: str


def timetable(
    spec: StudySpec, *, cron: str | None = None, timezone: str | None = None
) -> Timetable | None:
    """The study's timetable: the options where given, else its ``[schedule]``, else None.

    Raises :class:`SpecError` for an expression or a zone that is none, naming where it stands.
    """
    stated = spec.schedule
    if cron is None and stated is None:
        if timezone is not None:
            raise SpecError(
                "says when, but not what: --cron is missing", key="--timezone", value=timezone
            )
        return None
    from_option = cron is not None
    expression = cron if cron is not None else (stated.cron if stated else "")
    zone = timezone or (stated.timezone if stated else DEFAULT_TIMEZONE)
    file = None if from_option else spec.file
    _check_cron(expression, file, "--cron" if from_option else "schedule.cron")
    _check_zone(zone, None if timezone else spec.file, "--timezone" if timezone else
                "schedule.timezone")  # fmt: skip
    return Timetable(expression, zone)


def _check_cron(expression: str, file: Path | None, key: str) -> None:
    from prefect.client.schemas.schedules import CronSchedule
    from pydantic import ValidationError

    try:
        CronSchedule(cron=expression)
    except ValidationError:
        raise SpecError(
            "is not a cron expression", file=file, key=key, value=expression, allowed=_CRON_ALLOWED
        ) from None


def _check_zone(zone: str, file: Path | None, key: str) -> None:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        guess = nearest(zone, available_timezones())
        raise SpecError(
            "is not a time zone" + (f"; did you mean {guess!r}?" if guess else ""),
            file=file, key=key, value=zone, allowed="a name of the IANA list: America/New_York",
        ) from None  # fmt: skip
