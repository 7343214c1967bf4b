"""Statistics without a vectorised form: the registry's own function on placebo panels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from signals.calibration.cells import cell_panels
from signals.calibration.vectorized import VECTORIZED
from signals.frames import Floats, Ints, Labels
from signals.inference import STATISTICS, Inference, Settings
from signals.inference.correlation import correlation
from signals.panel import AbnormalPanel, Window
from signals.returns import EventReturns
from signals.spec import StudySpec

BOOTSTRAP_DRAWS = 499  # of a statistic that draws random numbers itself, inside one placebo study


def plain_names(wanted: Sequence[str] | str) -> list[str]:
    """The group statistics asked for that have no vectorised form, in registry order."""
    rows = [r.name for r in STATISTICS.values() if r.scope == "group" and r.name not in VECTORIZED]
    return rows if wanted == "auto" else [name for name in rows if name in wanted]


def plain_p_values(
    returns: EventReturns,
    event_id: Labels,
    zero: Ints,
    members: Ints,
    spec: StudySpec,
    window: Window,
    settings: Settings,
) -> dict[str, Floats]:
    """name → (d,) p-values of the placebo studies ``zero`` (d, n) of the pairs ``members``."""
    names = plain_names(spec.statistics)
    found = {name: np.full(len(zero), np.nan) for name in names}
    settings = replace(settings, draws=BOOTSTRAP_DRAWS, correlation=None)
    if len(members) < 2 or not names:
        return found
    for d, row in enumerate(zero):
        placed = members[row[members] >= 0]
        panel = _panel(returns, event_id, row, placed, spec)
        if panel is None or len(panel) < 2:
            continue
        here = replace(settings, correlation=correlation(panel, window))
        for name in names:
            inference = STATISTICS[name].function(panel, window, here)
            assert isinstance(inference, Inference)
            found[name][d] = inference.p_value
    return found


def _panel(
    returns: EventReturns, event_id: Labels, row: Ints, placed: Ints, spec: StudySpec
) -> AbnormalPanel | None:
    """One placebo study's panel of the pairs placed in it."""
    if len(placed) < 2:
        return None
    parts = [
        replace(panel, event_id=event_id[placed[index]])
        for panel, _, index in cell_panels(
            returns, returns.series_index[placed], row[placed], spec.model,
            min_returns=spec.estimation.min_returns, missing=spec.missing,
        )
    ]  # fmt: skip
    return parts[0] if len(parts) == 1 else None
