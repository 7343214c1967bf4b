"""The result of a study and everything that is written from it."""

from signals.reports.result import StudyResult
from signals.reports.write import write

__all__ = ["StudyResult", "write"]
