"""The methods that this report used, with formulas and papers, from the registries themselves."""

from __future__ import annotations

from typing import Any

from signals.inference import STATISTICS
from signals.models import MODELS
from signals.reports.prose.sentences import name_of_test
from signals.reports.prose.words import Words
from signals.reports.result import StudyResult


def methods(result: StudyResult, say: Words) -> dict[str, Any]:
    """The study's model, the general definitions, and every statistic that appears."""
    model = MODELS.get(result.spec.model)
    used = set(result.statistics["statistic_name"]) | set(result.car["headline_test"].dropna())
    used |= {"car_t"} if len(result.car) else set()
    return {
        "title": say("methods.model", name=result.spec.model),
        "model": []
        if model is None
        else [
            (say("methods.formula"), model.formula),
            (say("methods.assumptions"), model.assumptions),
            (say("methods.paper"), model.paper),
        ],
        "general": [say("methods.car"), say("methods.day_zero"), say("methods.jump")],
        "statistics": [
            {
                "name": row.name,
                "said": name_of_test(row.name, say),
                "null": row.null,
                "assumptions": row.assumptions,
                "distribution": row.distribution,
                "paper": row.paper,
                "refused": row.refused_when,
            }
            for row in STATISTICS.values()
            if row.name in used
        ],
    }
