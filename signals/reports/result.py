"""The result of a study: the tables of the CSV reports, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from signals.frames import TABLES
from signals.panel import AbnormalPanel
from signals.prices import PriceBook
from signals.spec import StudySpec


@dataclass(frozen=True, slots=True, eq=False)
class StudyResult:
    """Everything a study found. Each table has exactly the columns of ``frames.TABLES``.

    ``manifest`` is what ``manifest.json`` holds without its ``run`` object. ``panel`` is the
    abnormal-return panel (None when no event could be studied), ``prices`` the book used.
    """

    spec: StudySpec
    tables: Mapping[str, pd.DataFrame]
    manifest: Mapping[str, Any]
    prices: PriceBook
    panel: AbnormalPanel | None = None
    run: Mapping[str, Any] = field(default_factory=dict)

    def table(self, name: str) -> pd.DataFrame:
        """One table by its CSV's name; an empty one where the study did not make it."""
        found = self.tables.get(name)
        if found is not None:
            return found
        return pd.DataFrame(columns=list(TABLES[name].all))

    @property
    def events(self) -> pd.DataFrame:
        return self.table("events")

    @property
    def models(self) -> pd.DataFrame:
        return self.table("models")

    @property
    def abnormal_returns(self) -> pd.DataFrame:
        return self.table("abnormal_returns")

    @property
    def car(self) -> pd.DataFrame:
        return self.table("car")

    @property
    def caar(self) -> pd.DataFrame:
        return self.table("caar")

    @property
    def aar(self) -> pd.DataFrame:
        return self.table("aar")

    @property
    def statistics(self) -> pd.DataFrame:
        return self.table("statistics")

    @property
    def excluded(self) -> pd.DataFrame:
        return self.table("excluded")
