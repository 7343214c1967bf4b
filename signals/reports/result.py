"""The result of a study: the tables of the CSV reports, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from signals.frames import TABLES
from signals.panel import AbnormalPanel
from signals.prices import PriceBook
from signals.spec import StudySpec

if TYPE_CHECKING:
    from signals.calibration import Calibration
    from signals.reports.figures import Plots


@dataclass(frozen=True, slots=True, eq=False)
class StudyResult:
    """Everything a study found. Each table has exactly the columns of ``frames.TABLES``.

    ``manifest`` is what ``manifest.json`` holds without its ``run`` object. ``panel`` is the
    abnormal-return panel (None when no event could be studied), ``prices`` the book used,
    ``placebo_studies`` what ``calibration.csv`` comes from (None: off, or not possible).
    """

    spec: StudySpec
    tables: Mapping[str, pd.DataFrame]
    manifest: Mapping[str, Any]
    prices: PriceBook
    panel: AbnormalPanel | None = None
    run: Mapping[str, Any] = field(default_factory=dict)
    placebo_studies: Calibration | None = None

    def table(self, name: str) -> pd.DataFrame:
        """One table by its CSV's name; an empty one where the study did not make it."""
        found = self.tables.get(name)
        if found is not None:
            return found
        return pd.DataFrame(columns=list(TABLES[name].all) if name in TABLES else [])

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

    @property
    def claims(self) -> pd.DataFrame:
        return self.table("claims")

    @property
    def calibration(self) -> pd.DataFrame:
        return self.table("calibration")

    @property
    def sensitivity(self) -> pd.DataFrame:
        return self.table("sensitivity")

    @property
    def regression(self) -> pd.DataFrame:
        return self.table("regression")

    @property
    def plot(self) -> Plots:
        """The figures: ``result.plot.car_path("meta-q3-2025")``."""
        from signals.reports.figures import Plots

        return Plots(self)

    def summary(self) -> str:
        """The findings in plain sentences."""
        from signals.reports.prose.moves import summary

        return summary(self)

    def write(self, out: str | Path, **options: Any) -> list[Path]:
        """Tables, manifest, page and figures into a folder; the options of
        :func:`signals.reports.publish.publish`."""
        from signals.reports.publish import publish

        return publish(self, Path(out), **options)

    def _repr_html_(self) -> str:
        from signals.reports.html.notebook import notebook

        return notebook(self)
