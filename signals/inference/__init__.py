"""Statistics: one file per family."""

from signals.inference.inference import (
    EventInference,
    GroupStatistic,
    Inference,
    Settings,
    SingleStatistic,
    StatisticRow,
    refuse,
)

__all__ = [
    "EventInference",
    "GroupStatistic",
    "Inference",
    "Settings",
    "SingleStatistic",
    "StatisticRow",
    "refuse",
]
