"""Each event-asset pair against its own placebo dates."""

from __future__ import annotations

import numpy as np

from signals.calibration.cells import Cells
from signals.calibration.power import min_detectable
from signals.calibration.record import CalibratedEvents
from signals.calibration.single import SingleSizes
from signals.frames import Floats, Ints
from signals.panel import AbnormalPanel, Window
from signals.returns import EventReturns
from signals.spec import StudySpec


def calibrated_events(
    spec: StudySpec,
    returns: EventReturns,
    panel: AbnormalPanel,
    cells: Cells,
    at: Ints,
    singles: SingleSizes,
) -> CalibratedEvents:
    """Calibrated p, smallest detectable effect and the headline test's verdict of every pair.

    ``at`` (D, n) the cells of the placebo studies. Checked by tests/calibration/test_calibrate.py.
    """
    shape = len(panel), len(spec.windows)
    p_value, smallest = np.full(shape, np.nan), np.full(shape, np.nan)
    verdict = np.full(shape, "", dtype=object)
    draws = np.zeros(len(panel))
    for j, window in enumerate(spec.windows):
        observed, scaled = scaled_cars(panel, window, cells, at)
        count = np.isfinite(scaled).sum(axis=0)
        size = np.abs(observed) * (1 - 1e-12)
        with np.errstate(invalid="ignore"):
            beyond = (np.abs(scaled) >= size[None, :]).sum(axis=0)
        fine = np.isfinite(observed) & (count > 0)
        p_value[fine, j] = (1 + beyond[fine]) / (1 + count[fine])
        draws = np.maximum(draws, count)
        if panel.forecast:
            error = np.where(np.isfinite(observed), forecast_error(panel, window), np.nan)
            smallest[:, j] = min_detectable(error, panel.df.astype(float), spec.alpha)
        for i, s in enumerate(returns.series_index):
            found = singles.by_series.get((int(s), window))
            verdict[i, j] = found.verdict if found is not None else ""
    return CalibratedEvents(p_value, draws, smallest, verdict)


def scaled_cars(
    panel: AbnormalPanel, window: Window, cells: Cells, at: Ints
) -> tuple[Floats, Floats]:
    """(n,) CAR/error of the study, and (D, n) of its placebo studies."""
    column = cells.windows.index(window)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = cells.car[:, column] / cells.error[:, column]
        observed = panel.car(window) / forecast_error(panel, window)
    if not len(values):
        return observed, np.full(at.shape, np.nan)
    return observed, np.where(at >= 0, values[at], np.nan)


def forecast_error(panel: AbnormalPanel, window: Window) -> Floats:
    """(n,) √Var(CAR), or σ√L for models without a closed prediction variance."""
    if panel.forecast:
        return np.asarray(np.sqrt(panel.car_variance(window)))
    return np.asarray(panel.sigma * np.sqrt(window[1] - window[0] + 1.0))
