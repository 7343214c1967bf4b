"""The same hours on other sessions: what an intraday window is compared with.

A window of an intraday event is a sequence of times of day, perhaps over more than one session.
Its placebos are the sums over exactly these times of day on each of the estimation sessions, so
that an opening hour is compared with opening hours and a night with nights. Where a placebo's
night is over a weekend and the event's is not (or the other way round) the bar is scaled to the
event's kind. Each estimation session counts once: the p-value is (1 + #{≥})/(B + 1).

Assumes that the sessions are exchangeable at the same time of day (Gelbach, Helland & Klick 2013
in the intraday setting). Checked by tests/intraday/test_time_of_day.py.
"""

from __future__ import annotations

import math

import numpy as np

from signals.frames import Bools, Floats
from signals.inference.evidence import gather
from signals.inference.independence import same, shares_one_date
from signals.inference.inference import Inference, Settings, refuse
from signals.panel import AbnormalPanel, Window

FEWEST_SESSIONS = 19


def same_hours(panel: AbnormalPanel, values: Floats, window: Window) -> tuple[Floats, Bools]:
    """Sums (N, S) of ``values`` (N, T) over the window's times of day, one for each estimation
    session on which the window could begin, and which of them are whole (N, S).

    Placebo j of pair i is Σ_c z[j + d_c, s_c]·√v_c with z = value/√(variance of its own row),
    s_c and d_c the slot and session of the window's column c, v_c the event bar's variance: where
    the two variances are alike that is the plain sum of values.
    """
    cells, whole = hour_cells(panel, _scaled(panel, values), window)
    unit = np.sqrt(panel.variance[:, panel.columns(window)])
    with np.errstate(invalid="ignore"):
        sums = (cells * unit[:, None, :]).sum(axis=2)
    whole = whole & np.isfinite(sums)
    return np.where(whole, sums, 0.0), whole


def hour_cells(panel: AbnormalPanel, values: Floats, window: Window) -> tuple[Floats, Bools]:
    """``values`` (N, T) at the window's L times of day: (N, S, L), and the sessions (N, S) on
    which all of them exist."""
    slot, day, slots = panel.slot, panel.day, panel.slots
    assert slot is not None
    assert day is not None
    columns = panel.columns(window)
    slot, day = slot[:, columns], day[:, columns]
    sessions = values.shape[1] // slots
    grid = values.reshape(len(values), sessions, slots)
    begin = np.arange(sessions)[None, :, None] + (day - day[:, :1])[:, None, :]
    inside = begin < sessions
    who = np.arange(len(values))[:, None, None]
    found = grid[who, np.where(inside, begin, 0), slot[:, None, :]]
    found = np.where(inside, found, np.nan)
    return found, np.asarray(np.isfinite(found).all(axis=2))


def _scaled(panel: AbnormalPanel, values: Floats) -> Floats:
    variance = panel.est_variance
    assert variance is not None
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(variance > 0, values / np.sqrt(variance), np.nan)


def same_hours_portfolio_p(panel: AbnormalPanel, window: Window, settings: Settings) -> Inference:
    """Rank p of a group's mean CAR among the group's mean sums over the same hours of the
    estimation sessions: p = (1 + #{|mean sum_j| ≥ |mean CAR|})/(B + 1).

    The members move together in the placebos as they do on the event, so cross-correlation needs
    no model. ``estimate`` is the mean CAR, ``statistic`` its ratio to the placebos' root mean
    square, ``df`` is B. Refused: daily panels, members whose day zero or calendar differ, fewer
    than 19 sessions on which every member has the same hours. Not robust to event-induced
    variance. After Gelbach, Helland & Klick (2013).
    Checked by tests/intraday/test_time_of_day.py.
    """
    name = "same_hours_portfolio_p"
    if panel.slot is None:
        return refuse(name, "daily: the sessions have no time of day", n_events=len(panel))
    used = gather(name, panel, window)
    if isinstance(used, Inference):
        return used
    members, count = used.panel, len(used)
    if not (same(members.calendar) and shares_one_date(members)):
        return refuse(name, "mixed_dates: the members do not share one day zero", n_events=count)
    if not members.complete(window).all():
        return refuse(name, "missing_return: a placebo sum needs every bar", n_events=count)
    free = 1.0 - members.leverage
    with np.errstate(divide="ignore", invalid="ignore"):
        deleted = np.where(free > 1e-12, members.residuals / free, np.nan)
    sums, whole = same_hours(members, deleted, window)
    common = whole.all(axis=0)
    blocks = int(common.sum())
    if blocks < FEWEST_SESSIONS:
        reason = f"short_estimation: {blocks} sessions with the same hours < {FEWEST_SESSIONS}"
        return refuse(name, reason, n_events=count)
    placebos = sums[:, common].mean(axis=0)
    mean = float(members.car(window).mean())
    size = math.sqrt(float((placebos**2).mean()))
    beyond = int((np.abs(placebos) >= abs(mean) - 1e-11 * size).sum())
    return Inference(
        name, mean, mean / size if size > 0 else math.nan, "permutation", df=float(blocks),
        p_value=(1 + beyond) / (blocks + 1), n_events=count, reason=used.reason,
    )  # fmt: skip
