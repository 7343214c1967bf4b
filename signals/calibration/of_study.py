"""A finished estimation → how far it can be trusted: placebo studies and sensitivity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from signals.calibration.calibrate import calibrate
from signals.calibration.history import placebo_returns
from signals.calibration.record import Calibration, GroupKey
from signals.calibration.sensitivity import sensitivity_rows, variants
from signals.calibration.studies import MOST_PLACED
from signals.errors import DataError
from signals.estimate import Estimation
from signals.frames import Days, Ints
from signals.inference import Settings
from signals.inference.variance_ratio import variance_panel
from signals.plan import StudyPlan
from signals.prices import PriceBook
from signals.returns import EventReturns
from signals.returns.factors import FactorTable
from signals.spec import StudySpec

DEMANDED_PLACED = 8_000_000  # pairs × draws of `signals calibrate`


@dataclass(frozen=True, slots=True, eq=False)
class PlaceboOptions:
    """What `signals calibrate` asks for beyond a run: ``effect`` to inject (decimal), and
    ``plain_draws`` for the statistics that have no vectorised form. ``demanded``: without any
    possible draw raise instead of going on uncalibrated."""

    effect: float | None = None
    plain_draws: int = 0
    demanded: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Trust:
    """``calibration`` (None: off, or no placebo date is possible) and ``sensitivity`` rows."""

    calibration: Calibration | None
    sensitivity: tuple[Mapping[str, Any], ...]


def trust(
    spec: StudySpec,
    plan: StudyPlan,
    returns: EventReturns,
    estimation: Estimation,
    prices: PriceBook,
    groups: Mapping[GroupKey, Ints],
    factors: FactorTable | None = None,
    options: PlaceboOptions | None = None,
) -> Trust:
    """Placebo studies (``[calibration] draws``, 0: none) and the sensitivity of every CAR.

    Raises :class:`DataError` where placebo studies are demanded and no placebo date is possible.
    """
    options = options or PlaceboOptions()
    panel = estimation.panel
    if panel is None:
        return Trust(None, ())
    if spec.quantity == "variance":
        panel = variance_panel(panel)
    frame = plan.session_events.frame
    long = placebo_returns(spec, returns, estimation.index, prices, factors)
    calibration = None
    if spec.calibration.draws:
        calibration = calibrate(
            spec, long, panel, groups, known=known_dates(frame),
            draws=spec.calibration.draws, effect=options.effect,
            plain_draws=options.plain_draws,
            most_placed=DEMANDED_PLACED if options.demanded else MOST_PLACED,
            everywhere=options.demanded,
        )  # fmt: skip
        if not len(calibration.dates):
            calibration = None
            if options.demanded:
                raise DataError(
                    f"0 of {spec.calibration.draws} placebo draws are possible: no session "
                    "outside the known event windows has prices for its windows",
                    file=spec.file,
                )
    if spec.quantity == "variance":  # the other specifications are of returns
        return Trust(calibration, ())
    settings = Settings(alpha=spec.alpha, seed=spec.seed)
    subject = dict(zip(frame["event_id"], frame["subject"], strict=True))
    subjects = np.asarray([subject[e] for e in long.event_id], dtype=object)
    chosen = variants(spec, long, second_readings(frame, long), subjects)
    dates = None if calibration is None else calibration.dates
    return Trust(calibration, tuple(sensitivity_rows(spec, long, chosen, settings, dates)))


def known_dates(frame: pd.DataFrame) -> dict[str, Days]:
    """Day zeros of all events of each ticker in the plan's table, studied or not."""
    known = frame[frame["position"] >= 0]
    return {
        str(ticker): part["day_zero"].to_numpy("datetime64[D]")
        for ticker, part in known.groupby("ticker")
    }


def second_readings(frame: pd.DataFrame, returns: EventReturns) -> Ints:
    """(n,) position of each pair's alternative day zero in its series, −1 where there is none."""
    other = {
        (event, ticker): day
        for event, ticker, day in zip(
            frame["event_id"], frame["ticker"],
            frame["alternative_day_zero"].to_numpy("datetime64[D]"), strict=True,
        )
        if not np.isnat(day)
    }  # fmt: skip
    found = np.full(len(returns), -1, dtype=np.int64)
    for i, s in enumerate(returns.series_index):
        series = returns.series[s]
        day = other.get((returns.event_id[i], series.ticker))
        if day is None:
            continue
        sessions = series.sessions.astype("datetime64[D]")
        place = int(np.searchsorted(sessions, day))
        if place < len(sessions) and sessions[place] == day:
            found[i] = place
    return found
