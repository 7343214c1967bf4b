"""Signals: how far did these prices move because of this news, and could chance have done it?

>>> from signals import load_study
>>> study = load_study("configs/facebook_2012.toml")
>>> study.spec.id
'facebook-2012'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from signals.load import Study as Study
    from signals.load import load_study as load_study
    from signals.reports.result import StudyResult as StudyResult
    from signals.study import run_study as run_study

_WHERE = {
    "Study": "signals.load",
    "StudyResult": "signals.reports.result",
    "load_study": "signals.load",
    "run_study": "signals.study",
}

__all__ = ["Study", "StudyResult", "load_study", "run_study"]


def __getattr__(name: str) -> Any:
    # statsmodels costs a second to import: a caller that only checks a study never pays it.
    if name in _WHERE:
        import importlib

        return getattr(importlib.import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'signals' has no attribute {name!r}")
