"""Reads and checks a study file and hands on a :class:`StudySpec`."""

from signals.spec.read import parse_study, read_study
from signals.spec.study import (
    AssetSpec,
    EstimationSpec,
    FactorsSpec,
    MatchSpec,
    PricesSpec,
    SharesSpec,
    StudySpec,
    Window,
)

__all__ = [
    "AssetSpec",
    "EstimationSpec",
    "FactorsSpec",
    "MatchSpec",
    "PricesSpec",
    "SharesSpec",
    "StudySpec",
    "Window",
    "parse_study",
    "read_study",
]
