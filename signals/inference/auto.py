"""Which statistics a group gets, and which of them is recommended, from what the data look like."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from signals.inference.correlation import correlation
from signals.inference.evidence import names as event_names
from signals.inference.evidence import spread
from signals.inference.independence import disjoint_subset, situation, windows_share_sessions
from signals.inference.inference import Inference, Settings, refuse
from signals.panel import AbnormalPanel, Window

# Statistics that draw random numbers: in the battery when named, or where they are recommended.
COSTLY = frozenset({"skewness_adjusted_t", "bhar_skewness_t", "stationary_bootstrap", "sign_flip"})
# Statistics that take all sessions for alike: bars of different hours are not.
SESSIONS_ONLY = frozenset({
    "brown_warner_t", "corrado_rank_z", "calendar_time_t", "calendar_time_wls_t",
    "calendar_time_hac_t", "jaffe_mandelker_z", "stationary_bootstrap", "portfolio_t",
    "portfolio_rank_p", "hotelling_f", "grank_t", "grank_z",
})  # fmt: skip
# Statistics that compare hours: nothing to say of sessions unless asked for by name.
HOURS_ONLY = frozenset({"same_hours_portfolio_p"})
UNEQUAL_BARS = "intraday: takes bars of all hours for alike (see same_hours_portfolio_p)"
# Above this ratio of event-window to estimation-window spread, event variance has risen and the
# portfolio, which assumes that it has not, loses the headline.
RAISED_VARIANCE = 1.5


def battery(
    panel: AbnormalPanel,
    window: Window,
    settings: Settings,
    names: Sequence[str] | Literal["auto"] = "auto",
) -> list[tuple[Inference, bool]]:
    """Every asked-for group statistic of the panel over ``window``, each with ``recommended``.

    ``auto``: all cheap statistics, and of those that draw random numbers the recommended ones,
    in registry order. Events without a complete window are left out; of each ticker's events
    the disjoint ones are used, and those left out are named in ``reason``. r̄ is computed once.
    Names of single-event statistics are passed over: they have no group number.
    """
    from signals.inference import STATISTICS

    used = np.isfinite(panel.car(window))
    panel = panel if used.all() else panel.take(used)
    kept, left = disjoint_subset(panel, window)
    note = f"left out (overlapping windows): {event_names(panel, left)}" if len(left) else ""
    panel = panel.take(kept) if len(left) else panel
    settings = replace(settings, correlation=correlation(panel, window))
    advised = recommended(panel, window, settings)
    rows = [row for row in STATISTICS.values() if row.scope == "group"]
    if names == "auto":
        rows = [row for row in rows if row.name not in COSTLY or row.name in advised]
        if panel.slot is None:
            rows = [row for row in rows if row.name not in HOURS_ONLY]
    else:
        rows = [row for row in rows if row.name in set(names)]
    found: list[tuple[Inference, bool]] = []
    for row in rows:
        if panel.slot is not None and row.name in SESSIONS_ONLY:
            inference: object = refuse(row.name, UNEQUAL_BARS, n_events=len(panel))
        else:
            inference = row.function(panel, window, settings)
        assert isinstance(inference, Inference)
        if note:
            reason = f"{inference.reason}; {note}" if inference.reason else note
            inference = replace(inference, reason=reason)
        found.append((inference, row.name in advised and inference.status == "ok"))
    return found


def recommended(panel: AbnormalPanel, window: Window, settings: Settings) -> frozenset[str]:
    """Names of the statistics that METHODS recommends for this group and window."""
    count = len(panel)
    if count < 2:
        return frozenset()
    kind = situation(panel)
    if panel.slot is not None and kind == "one_event_several_assets":
        return frozenset({"same_hours_portfolio_p", "adjusted_bmp_t"})
    if kind == "one_event_several_assets":
        advised = {"portfolio_t", "portfolio_rank_p"}
        if _variance_raised(panel, window, settings):
            advised = {"adjusted_bmp_t"}
        if count >= 10:
            advised |= {"adjusted_bmp_t", "grank_t"}
        # Not hotelling_f: on real returns it rejects 24 % of true nulls (docs/calibration.md).
        return frozenset(advised)
    if kind == "one_asset_several_events":
        return frozenset({"bmp_t", "sign_flip"} if count >= 6 else {"bmp_t"})
    several = {"corrado_rank_z", "grank_t", "calendar_time_t"}
    if windows_share_sessions(panel, window):
        # Signs take events as independent: 40 % of true nulls on a shared date (docs/sizes.md).
        return frozenset(several | {"adjusted_bmp_t"})
    return frozenset(several | {"bmp_t", "generalized_sign_z"})


def _variance_raised(panel: AbnormalPanel, window: Window, settings: Settings) -> bool:
    """sd(SCAR)/√(1−r̄) > 1.5: the event raised the variance, beyond what correlation hides."""
    scar = panel.scar(window)
    scar = scar[np.isfinite(scar)]
    r_bar = settings.correlation.r_bar if settings.correlation else math.nan
    if len(scar) < 3 or not r_bar < 1:
        return False
    return spread(scar) / math.sqrt(1 - r_bar) > RAISED_VARIANCE
