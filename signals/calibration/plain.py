"""Statistics without a vectorised form: the registry's own function on placebo panels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from signals.calibration.cells import cell_panels
from signals.calibration.correlate_dates import Correlations
from signals.calibration.threads import in_threads
from signals.calibration.vectorized import VECTORIZED
from signals.frames import Floats, Ints, Labels
from signals.inference import STATISTICS, Inference, Settings
from signals.inference.inference import Correlation
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
    chosen: Ints,
    members: Mapping[Window, Ints],
    spec: StudySpec,
    settings: Settings,
    correlations: Correlations | None = None,
) -> dict[Window, dict[str, Floats]]:
    """window → name → (d,) p-values of the draws ``chosen`` (d,) of the placebo studies ``zero``
    (D, n) of each window's ``members``. ``correlations`` of the same D draws spare each study its
    own ρ."""
    names = plain_names(spec.statistics)
    if not names or not members:
        return {}
    settings = replace(settings, draws=BOOTSTRAP_DRAWS, correlation=None)
    everyone = np.unique(np.concatenate(list(members.values())))

    def of_draw(d: int) -> dict[tuple[Window, str], float]:
        found: dict[tuple[Window, str], float] = {}
        placed = everyone[zero[d, everyone] >= 0]
        panel = _panel(returns, event_id, zero[d], placed, spec)
        if panel is None:
            return found
        for window, index in members.items():
            mine = np.isin(placed, index)
            if mine.sum() < 2:
                continue
            part = panel.take(mine)
            here = replace(
                settings, correlation=_correlation(correlations, d, placed[mine], part, window)
            )
            for name in names:
                inference = STATISTICS[name].function(part, window, here)
                assert isinstance(inference, Inference)
                found[window, name] = inference.p_value
        return found

    done = in_threads(of_draw, chosen.tolist())
    none = float("nan")
    return {
        w: {name: np.asarray([p.get((w, name), none) for p in done]) for name in names}
        for w in members
    }


def _correlation(
    correlations: Correlations | None,
    d: int,
    members: Ints,
    panel: AbnormalPanel,
    window: Window,
) -> Correlation | None:
    """The draw's r̄ and covariances where they are known for just these pairs, else None."""
    if correlations is None or not np.isfinite(panel.car(window)).all():
        return None
    return correlations.of_draw(d, members, panel, window)


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
            variance=spec.quantity == "variance",
        )
    ]  # fmt: skip
    return parts[0] if len(parts) == 1 else None
