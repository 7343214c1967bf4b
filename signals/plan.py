"""What a study will do, before any price is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from signals.errors import SpecError, nearest
from signals.events import Catalogue
from signals.inference import STATISTICS
from signals.inference.second_stage import check_formula
from signals.models import MODELS
from signals.prices import PriceRequest, requests_for
from signals.prices.currency import currency_requests
from signals.sessions import (
    Overlaps,
    SessionEvents,
    as_of_instant,
    find_overlaps,
    match_events,
    trading_calendar,
)
from signals.sessions.bars import windows_in_sessions
from signals.spec import StudySpec

PLACEBO_HISTORY = 756
"""Market sessions before the first estimation session that placebo dates may use (3 years)."""


@dataclass(frozen=True, slots=True, eq=False)
class StudyPlan:
    """What a study will do, before any price is read: where each event lands, and the series
    that it needs (``requests``)."""

    spec: StudySpec
    session_events: SessionEvents
    overlaps: Overlaps
    requests: tuple[PriceRequest, ...]

    def tickers_of_event(self) -> dict[str, set[str]]:
        """The assets that each event is studied on."""
        frame = self.session_events.frame
        return {str(e): set(t) for e, t in frame.groupby("event_id")["ticker"]}


def plan_study(
    spec: StudySpec,
    catalogue: Catalogue,
    *,
    as_of: str | None = None,
    now: datetime | None = None,
    source: str | None = None,
) -> StudyPlan:
    """Match events to sessions and list the price series needed (no I/O).

    ``source`` names the price source that will be asked, where it is not the study's own.

    Raises :class:`SpecError` for an unknown model or statistic, a benchmark that is needed and
    not named, or an unknown calendar.
    """
    check_names(spec)
    end = None if as_of is None else as_of_instant(as_of, spec.market.calendar)
    matched = match_events(spec, catalogue, as_of=end)
    frame = matched.frame
    overlaps = find_overlaps(
        frame["ticker"].to_numpy(object),
        frame["position"].to_numpy(np.int64),
        *windows_in_sessions(spec),
    )
    requests = _requests(spec, matched, clock_of(end, now), source)
    return StudyPlan(spec, matched, overlaps, requests)


def check_names(spec: StudySpec) -> None:
    """Raise :class:`SpecError` for models and statistics that are in no registry, and for a
    benchmark that the model needs and nobody names."""
    if spec.model not in MODELS:
        raise _unknown(spec, "study.model", spec.model, list(MODELS))
    for name in () if spec.statistics == "auto" else spec.statistics:
        if name not in STATISTICS:
            raise _unknown(spec, "study.statistics", name, list(STATISTICS))
    if MODELS[spec.model].regressors == "factors" and spec.returns == "log":
        raise SpecError(
            f"the model {spec.model!r} has simple factor returns: they cannot be mixed with log",
            file=spec.file,
            key="study.returns",
            value="log",
            allowed="simple",
        )
    if spec.regression is not None:
        check_formula(spec.regression.formula, spec.file)
    if spec.intraday:
        _check_intraday(spec)
    several = [a.ticker for a in spec.assets if a.beside]
    if several and spec.model != "multi_market":
        raise SpecError(
            f"{several[0]} has several benchmarks, and this model takes one",
            file=spec.file,
            key="study.model",
            value=spec.model,
            allowed="multi_market, or one benchmark for each asset",
        )
    if MODELS[spec.model].regressors == "market" and spec.market.benchmark is None:
        without = [a.ticker for a in spec.assets if a.benchmark is None]
        if without or not spec.assets:
            raise SpecError(
                f"the model {spec.model!r} needs a benchmark"
                + (f" for {', '.join(without)}" if without else ""),
                file=spec.file,
                key="market.benchmark",
                allowed="a ticker, here or with each asset",
            )


# What the weighted regression of bars is made for.
BAR_MODELS = ("market", "multi_market", "constant_mean", "market_adjusted")


def _check_intraday(spec: StudySpec) -> None:
    for key, value, allowed in (
        ("study.model", spec.model, BAR_MODELS),
        ("study.quantity", spec.quantity, ("return",)),
    ):
        if value not in allowed:
            problem = f"is not for bars of {spec.prices.interval}"
            raise SpecError(problem, file=spec.file, key=key, value=value, allowed=allowed)


def _unknown(spec: StudySpec, key: str, value: str, known: list[str]) -> SpecError:
    guess = nearest(value, known)
    return SpecError(
        "unknown name" + (f"; did you mean {guess!r}?" if guess else ""),
        file=spec.file,
        key=key,
        value=value,
        allowed=known,
    )


def clock_of(end: np.datetime64 | None, now: datetime | None) -> np.datetime64:
    """The study's present (UTC): ``now``, or the end of the as-of day where that is earlier."""
    moment = (now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None)
    clock = np.datetime64(moment, "us")
    return clock if end is None else min(end, clock)


def _requests(
    spec: StudySpec, matched: SessionEvents, clock: np.datetime64, source: str | None
) -> tuple[PriceRequest, ...]:
    frame = matched.frame[matched.frame["position"] >= 0]
    tickers = sorted(frame["ticker"].unique())
    if not tickers:
        return ()
    first, last = [], []
    event_window, estimation_window = windows_in_sessions(spec)
    for name, part in frame.groupby("calendar"):
        sessions = trading_calendar(str(name)).sessions
        low = int(part["position"].min()) + estimation_window[0] - 5
        high = int(part["position"].max()) + event_window[1] + (2 if spec.intraday else 0)
        first.append(sessions[max(low, 0)])
        last.append(sessions[min(high, len(sessions) - 1)])
    until = min(max(last), clock.astype("datetime64[D]"))
    begin = min(first)
    if spec.calibration.draws and not spec.intraday:
        market = trading_calendar(spec.market.calendar).sessions
        begin = market[max(int(np.searchsorted(market, begin)) - PLACEBO_HISTORY, 0)]
    donors = [d for t in tickers for d in spec.donors.get(t, ()) if d not in tickers]
    wanted = [*tickers, *dict.fromkeys(donors)]
    found = requests_for(spec, wanted, str(begin), str(until), source=source)
    return (*found, *currency_requests(spec, found))


def last_closed(matched: SessionEvents, clock: np.datetime64) -> dict[str, np.datetime64]:
    """The last session of each calendar that has closed at ``clock``."""
    closed: dict[str, np.datetime64] = {}
    for name in sorted(matched.frame["calendar"].unique()):
        calendar = trading_calendar(str(name))
        place = int(np.searchsorted(calendar.closes, clock, side="right")) - 1
        closed[str(name)] = calendar.sessions[max(place, 0)]
    return closed
