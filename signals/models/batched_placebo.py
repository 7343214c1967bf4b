"""CARs of a study's whole pattern of dates moved to placebo dates, many draws at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from signals.frames import Floats, Ints
from signals.models.batched_cars import Windows
from signals.models.batched_rows import ModelForm, RowStore, form_of, row_store
from signals.models.batched_sums import cars_from_sums
from signals.returns.record import EventReturns


@dataclass(frozen=True, slots=True, eq=False)
class PlaceboCars:
    """D draws × n pairs × w windows: ``car`` (D, n, w) decimal, ``variance`` its forecast
    variance, ``df``, ``n_obs``, ``code`` (D, n) as in ``CarBatch``. NaN where undefined."""

    car: Floats
    variance: Floats
    df: Ints
    n_obs: Ints
    code: Ints

    @property
    def scar(self) -> Floats:
        """(D, n, w) CAR/√Var(CAR), ~ t_ν under the null."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.variance > 0, self.car / np.sqrt(self.variance), np.nan)


def placebo_cars(
    returns: EventReturns,
    model: ModelForm | str,
    zeros: Ints,
    windows: Windows,
    *,
    min_returns: int = 1,
    missing: str = "strict",
    rows: RowStore | None = None,
    run: Callable[..., Iterable[Any]] = map,
) -> PlaceboCars:
    """CAR and Var(CAR) with the day zeros of ``returns`` replaced by ``zeros`` (D, n), positions
    in the pairs' own series.

    Running sums are shared by all draws of an asset, so no window is gathered: 2,000 draws × 300
    pairs × 5 windows take about a second. ``returns.dropped`` (dummies of the true dates) is not
    used. The result does not depend on ``run`` (``map`` or a thread pool's). Test:
    tests/models/test_batched_placebo.py.
    """
    form = form_of(model)
    store = row_store(returns, form) if rows is None else rows
    draws, n = zeros.shape
    series = np.broadcast_to(returns.series_index, (draws, n)).reshape(-1)
    found = cars_from_sums(
        store, zeros.reshape(-1), series, windows, min_returns=min_returns, missing=missing, run=run
    )
    shape = (draws, n, len(windows))
    return PlaceboCars(
        found.car.reshape(shape),
        found.variance.reshape(shape),
        found.df.reshape(draws, n),
        found.n_obs.reshape(draws, n),
        found.code.reshape(draws, n),
    )
