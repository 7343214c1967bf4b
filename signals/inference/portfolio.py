"""The equal-weighted portfolio of a group as one asset, and the joint F of its members."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from signals.frames import Bools, Floats
from signals.inference.evidence import SHORTEST_ESTIMATION, gather
from signals.inference.independence import same, shares_one_date, windows_share_sessions
from signals.inference.inference import EventInference, Inference, Settings, refuse
from signals.inference.single_event import car_t, conformal_p, least_squares, rank_p
from signals.panel import AbnormalPanel, Window


@dataclass(frozen=True, slots=True, eq=False)
class CommonRows:
    """A group's series on its complete common estimation rows.

    ``design`` (M, k) and ``event_design`` (W, k) shared regressors; ``residuals`` (M, N) and
    ``ar`` (W, N) of each member re-estimated on these rows; ``rows`` (T,) marks them; ``inverse``
    (k, k); ``leverage`` (M,); ``df`` ν = M − k.
    """

    design: Floats
    event_design: Floats
    residuals: Floats
    ar: Floats
    rows: Bools
    inverse: Floats
    leverage: Floats
    df: int


def portfolio_t(panel: AbnormalPanel, window: Window, settings: Settings) -> Inference:
    """Prediction-error t of the equal-weighted portfolio, estimated as one asset; t_ν.

    The portfolio's own return is regressed on the shared regressors over the complete common
    rows, so cross-correlation is in its residual variance. ``estimate`` is the portfolio's CAR.
    Refused: assets with different calendars or benchmarks; several dates with windows that
    share a session (over many dates the portfolio exists in event time only); fewer than 30
    common rows; models that are not least squares. Not robust to event-induced variance.
    Brown & Warner (1980); Campbell, Lo & MacKinlay (1997). Checked by
    tests/inference/test_portfolio.py (statsmodels OLS), tests/size.
    """
    return _as_one_asset("portfolio_t", panel, window, settings)


def portfolio_rank_p(panel: AbnormalPanel, window: Window, settings: Settings) -> Inference:
    """Single-event p of the equal-weighted portfolio: ``rank_p`` for one session, for longer
    windows ``conformal_p`` (the headline single-event tests). Refused as ``portfolio_t``.

    Gelbach, Helland & Klick (2013); Chernozhukov, Wüthrich & Zhu (2021). Checked by
    tests/inference/test_portfolio.py, tests/size.
    """
    return _as_one_asset("portfolio_rank_p", panel, window, settings)


def _as_one_asset(name: str, panel: AbnormalPanel, window: Window, settings: Settings) -> Inference:
    used = gather(name, panel, window)
    if isinstance(used, Inference):
        return used
    portfolio = portfolio_panel(used.panel, window)
    if isinstance(portfolio, str):
        return refuse(name, portfolio, n_events=len(used))
    if name == "portfolio_t":
        found: EventInference = car_t(portfolio, window, settings)
        law = "t"
    else:
        single = rank_p if window[0] == window[1] else conformal_p
        found = single(portfolio, window, settings)
        law = "permutation"
    if found.reasons[0]:
        return refuse(name, found.reasons[0], n_events=len(used))
    return Inference(
        name, float(portfolio.car(window)[0]), float(found.statistic[0]), law,
        df=float(found.df[0]), p_value=float(found.p_value[0]), n_events=len(used),
        reason=used.reason, flags=found.flags[0] or used.flags,
    )  # fmt: skip


def portfolio_panel(panel: AbnormalPanel, window: Window) -> AbnormalPanel | str:
    """The group's equal-weighted portfolio as a panel of one, or why there is none."""
    refusal = not_one_portfolio(panel, window)
    if refusal:
        return refusal
    common = common_rows(panel)
    if isinstance(common, str):
        return common
    e = common.residuals.mean(axis=1)
    ar = common.ar.mean(axis=1)
    width = panel.residuals.shape[1]
    residuals, leverage, actual = (np.full((1, width), np.nan) for _ in range(3))
    residuals[0, common.rows] = e
    leverage[0, common.rows] = common.leverage
    actual[0, common.rows] = panel.est_actual[:, common.rows].mean(axis=0)
    est_design = np.full((1, width, common.design.shape[1]), np.nan)
    est_design[0, common.rows] = common.design
    sigma = math.sqrt(float(e @ e) / common.df)
    raw = panel.actual.mean(axis=0)
    return replace(
        panel.take([0]),
        event_id=np.array(["portfolio"], dtype=object),
        ticker=np.array(["portfolio"], dtype=object),
        actual=raw[None], expected=(raw - ar)[None], ar=ar[None],
        variance=np.full((1, len(panel.tau)), sigma**2),
        design=common.event_design[None], inverse=common.inverse[None],
        sigma=np.array([sigma]), df=np.array([common.df]), n_obs=np.array([len(e)]),
        residuals=residuals, leverage=leverage, est_actual=actual, est_design=est_design,
        missing="strict",
    )  # fmt: skip


def common_rows(panel: AbnormalPanel) -> CommonRows | str:
    """Re-estimate every member on the complete common rows with the mean regressors.

    Members that share a date share their regressors, and a least-squares residual does not
    change when a multiple of a regressor is added to the return: regressing the members' own
    residuals on the common rows is regressing their returns. Members on several dates have
    regressors of their own; then the returns, rebuilt as X b + AR, are regressed on the mean
    regressors in event time. The answer is a reason where no portfolio can be formed.
    """
    panel = panel.own_columns()
    rows = np.asarray(np.isfinite(panel.residuals).all(axis=0))
    m, k = int(rows.sum()), panel.design.shape[2]
    if m < SHORTEST_ESTIMATION:
        return f"short_estimation: {m} complete common estimation rows < {SHORTEST_ESTIMATION}"
    before, after = panel.residuals[:, rows].T, panel.ar.T
    designs, events = panel.est_design[:, rows], panel.design
    if k and not shares_one_date(panel):
        before, after = _returns(panel, rows)
        design, event_design = designs.mean(axis=0), events.mean(axis=0)
    else:
        design, event_design = designs[0], events[0]
        if k and not bool((designs == design).all()):
            return "mixed_benchmark: the members' regressors differ on the same sessions"
    if k == 0:
        nothing = np.zeros((0, 0))
        return CommonRows(design, event_design, before, after, rows, nothing, np.zeros(m), m)
    q, r = np.linalg.qr(design)
    size = np.abs(np.diag(r))
    if size.min() <= 1e-12 * size.max():
        return "rank_deficient: the shared regressors are collinear on the common rows"
    root = np.linalg.solve(r, np.eye(k))
    shift = root @ (q.T @ before)
    with np.errstate(invalid="ignore"):
        ar = after - event_design @ shift
    return CommonRows(
        design, event_design, before - design @ shift, ar, rows, root @ root.T,
        (q**2).sum(axis=1), m - k,
    )  # fmt: skip


def _returns(panel: AbnormalPanel, rows: Bools) -> tuple[Floats, Floats]:
    """(M, N) estimation and (W, N) event returns on the model's left-hand side."""
    fitted = (panel.est_actual - panel.residuals)[:, rows]
    q, r = np.linalg.qr(panel.est_design[:, rows])
    b = np.linalg.solve(r, np.einsum("nmk,nm->nk", q, fitted)[:, :, None])
    with np.errstate(invalid="ignore"):
        event = panel.ar + (panel.design @ b)[:, :, 0]
    return panel.est_actual[:, rows].T, event.T


def not_one_portfolio(panel: AbnormalPanel, window: Window, *, one_date: bool = False) -> str:
    """Why these events cannot be one asset, or an empty string. ``one_date``: they must share it.

    Refused: models that are not least squares, mixed calendars or benchmarks, several dates
    with windows that share a session.
    """
    if panel.slot is not None:
        return "intraday: bars of unequal variance (see same_hours_portfolio_p)"
    if not least_squares(panel):
        return f"model: {panel.model} cannot be re-estimated on a portfolio by least squares"
    if not same(panel.calendar):
        return f"mixed_calendar: {', '.join(sorted(set(panel.calendar)))}"
    if not same(panel.benchmark):
        return f"mixed_benchmark: {', '.join(sorted(set(panel.benchmark)))}"
    if one_date and not shares_one_date(panel):
        return "mixed_dates: the events do not share one day zero"
    if not shares_one_date(panel) and windows_share_sessions(panel, window):
        return "mixed_dates: several dates, and windows that share a session"
    return ""
