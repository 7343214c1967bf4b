"""Events × assets → day zero, each asset by its own calendar.

Day zero is the first session whose close-to-close return can hold the reaction: announced before
that session's close (the real close, early closes included) → that session; at or after the close
or on a day without a session → the next session; tokens that trade always → the UTC day.
A date without a time has up to two readings; the first is studied, the second shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from signals.errors import DataError, SpecError, nearest
from signals.events import Catalogue
from signals.frames import Bools, Days
from signals.sessions.calendar import ALWAYS_OPEN, TradingCalendar, trading_calendar
from signals.spec import StudySpec

_HOUR = np.timedelta64(60 * 60 * 1_000_000, "us")
_MINUTE = np.timedelta64(60 * 1_000_000, "us")
_TICK = np.timedelta64(1, "us")
_NAT = np.datetime64("NaT", "us")


@dataclass(frozen=True, slots=True, eq=False)
class SessionEvents:
    """One row for each event-asset pair that the study asks for, sorted by event and ticker.

    ``frame`` columns: ``event_id ticker category subject headline announced_at precision group
    benchmark calendar timing`` (text), ``day_zero`` and ``alternative_day_zero``
    (``datetime64[s]`` session labels, NaT where there is none), ``position`` (of day zero among
    the calendar's sessions, −1 beyond its end), ``rule`` (``before_close | after_close |
    no_session | utc_day``) and ``flags`` (words separated by ``;``). ``instant_used`` and
    ``instant_second`` are the UTC instants of the two readings, the second NaT where there is one
    reading only.
    """

    frame: pd.DataFrame

    def __len__(self) -> int:
        return len(self.frame)


def match_events(
    spec: StudySpec, catalogue: Catalogue, *, as_of: np.datetime64 | None = None
) -> SessionEvents:
    """Pair every event with the assets it is studied on and find each pair's day zero.

    ``as_of`` (UTC instant): events announced after it do not exist for this study.
    Raises :class:`SpecError` or :class:`DataError` for unknown tickers, groups and calendars.
    """
    market = trading_calendar(spec.market.calendar)
    events = _readings(catalogue.frame, market)
    if as_of is not None:
        events = events[events["first_reading"].to_numpy("datetime64[us]") <= as_of]
    pairs = _pairs(spec, events)
    parts = [
        _land(part, trading_calendar(str(name)))
        for name, part in pairs.groupby("calendar", sort=True)
    ]
    columns = [
        "event_id", "ticker", "category", "subject", "headline", "announced_at", "precision",
        "group", "benchmark", "calendar", "timing", "day_zero", "position", "rule",
        "alternative_day_zero", "flags", "instant_used", "instant_second",
    ]  # fmt: skip
    frame = pd.concat(parts) if parts else pairs.reindex(columns=columns)
    frame = frame[columns].sort_values(["event_id", "ticker"], kind="stable")
    return SessionEvents(frame.reset_index(drop=True))


def as_of_instant(day: str, calendar: str) -> np.datetime64:
    """The end of ``day`` in the time zone of ``calendar``, as a UTC instant."""
    try:
        midnight = pd.Timestamp(datetime.strptime(day, "%Y-%m-%d"))
        end = (midnight + pd.Timedelta(days=1)).tz_localize(trading_calendar(calendar).timezone)
    except (ValueError, pd.errors.OutOfBoundsDatetime):
        raise SpecError("is not a date", key="--as-of", value=day, allowed="YYYY-MM-DD") from None
    utc = end.tz_convert("UTC").tz_localize(None)
    closing: np.datetime64 = np.asarray([utc.to_datetime64()], dtype="datetime64[us]")[0]
    return closing - _TICK


def _readings(frame: pd.DataFrame, market: TradingCalendar) -> pd.DataFrame:
    """Adds the instants at which each event may have become known, and what is doubtful."""
    instant = frame["instant"].dt.tz_localize(None).to_numpy("datetime64[us]")
    date = frame["date"].to_numpy("datetime64[D]")
    timing = frame["timing"].to_numpy(object)
    precision = frame["precision"].to_numpy(object)
    by_day = precision == "day"
    where = np.where(by_day, market.position(date), -1)
    session = where >= 0
    opens, closes = market.opens[where], market.closes[where]
    middle = opens + (closes - opens) // 2
    # A date on which the market has no session: noon in its own time zone.
    noon = pd.Series(date.astype("datetime64[us]") + 12 * _HOUR).dt.tz_localize(
        market.timezone, ambiguous="NaT", nonexistent="shift_forward"
    )
    noon_utc = noon.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]")
    first = np.select(
        [~by_day, ~session, timing == "pre_open", timing == "post_close"],
        [instant, noon_utc, opens - _MINUTE, closes],
        middle,
    ).astype("datetime64[us]")
    doubtful = by_day & session & np.isin(timing, ["", "unknown"])
    second = np.full(len(frame), _NAT)
    second[doubtful] = closes[doubtful]
    hourly = precision == "hour"
    second[hourly] = instant[hourly] + _HOUR - _TICK
    return frame.assign(
        timing=np.where(by_day & (timing == ""), "unknown", timing),
        first_reading=first,
        second_reading=second,
        date_only=doubtful,
    )


def _pairs(spec: StudySpec, events: pd.DataFrame) -> pd.DataFrame:
    """One row for each event and asset, with the asset's group, benchmark and calendar."""
    named = events["tickers"] != ""
    listed = _one_a_row(events[named])
    if not spec.assets:
        if not named.all():
            row = events[~named].iloc[0]
            raise SpecError(
                f"no [[assets]] are listed and the event {row['event_id']!r} names no tickers",
                file=spec.file,
                key="assets",
                allowed="[[assets]] in the study file, or tickers in every row of the events file",
            )
        return listed.assign(
            group="", benchmark=spec.market.benchmark or "", calendar=spec.market.calendar
        )
    assets = pd.DataFrame(
        {
            "ticker": a.ticker,
            "group": a.group,
            "benchmark": a.benchmark or spec.market.benchmark or "",
            "calendar": a.calendar or spec.market.calendar,
        }
        for a in spec.assets
    )
    unknown = sorted(set(listed["ticker"]) - set(assets["ticker"]))
    if unknown:
        guess = nearest(unknown[0], assets["ticker"])
        event = listed.loc[listed["ticker"] == unknown[0], "event_id"].iloc[0]
        raise DataError(
            f"the event {event!r} names a ticker that is not among the study's assets"
            + (f"; did you mean {guess!r}?" if guess else ""),
            file=", ".join(spec.events.files),
            column="tickers",
            value=unknown[0],
            allowed=list(assets["ticker"]),
        )
    rest = _matched(spec, events[~named], assets)
    return pd.concat([listed.merge(assets, on="ticker"), rest], ignore_index=True)


def _one_a_row(events: pd.DataFrame) -> pd.DataFrame:
    """One row for each ticker that an event names, each once. Only events that name several are
    taken apart."""
    several = events["tickers"].str.contains(";", regex=False).to_numpy(bool)
    one = events[~several].assign(ticker=events["tickers"][~several])
    if not several.any():
        return one
    many = events[several].assign(
        ticker=events.loc[several, "tickers"].str.split(r"\s*;\s*", regex=True)
    )
    many = many.explode("ticker").drop_duplicates(["event_id", "ticker"])
    return pd.concat([one, many]).sort_index(kind="stable")


def _matched(spec: StudySpec, events: pd.DataFrame, assets: pd.DataFrame) -> pd.DataFrame:
    """Events without tickers of their own: by ``[[match]]``, else on every asset."""
    rules: dict[str, set[str]] = {}
    groups = set(assets["group"])
    for rule in spec.match:
        for group in rule.groups:
            if group not in groups:
                raise SpecError(
                    "no asset belongs to this group",
                    file=spec.file,
                    key="match.groups",
                    value=group,
                    allowed=sorted(groups - {""}),
                )
        rules.setdefault(rule.category, set()).update(rule.groups)
    crossed = events.merge(assets, how="cross")
    if not rules:
        return crossed
    keep = [
        category not in rules or group in rules[category]
        for category, group in zip(crossed["category"], crossed["group"], strict=True)
    ]
    return crossed[np.asarray(keep, dtype=bool)]


def _land(pairs: pd.DataFrame, calendar: TradingCalendar) -> pd.DataFrame:
    """Day zero of every pair on one calendar."""
    first = pairs["first_reading"].to_numpy("datetime64[us]")
    second = pairs["second_reading"].to_numpy("datetime64[us]")
    zero, position = _session(calendar, first)
    other, _ = _session(calendar, np.where(np.isnat(second), first, second))
    differs = (other != zero) & ~np.isnat(other)
    alternative = np.where(differs, other, np.datetime64("NaT", "s"))
    rule, no_session = _rule(calendar, first, position)
    hour = (pairs["precision"] == "hour").to_numpy() & differs
    flags = _words(
        {
            "date_only": pairs["date_only"].to_numpy(bool),
            "hour_contains_close": hour,
            "no_session": no_session,
            "ambiguous_day_zero": differs,
        },
        len(pairs),
    )
    return pairs.assign(
        day_zero=zero,
        position=position,
        rule=rule,
        alternative_day_zero=alternative,
        flags=flags,
        instant_used=first,
        instant_second=second,
    )


def _session(calendar: TradingCalendar, instant: Days) -> tuple[Days, np.ndarray]:
    position = calendar.reacting_position(instant)
    # Before the first known close the first session would be taken for news of any age.
    too_early = instant < calendar.opens[0] - np.timedelta64(7, "D")
    outside = (position >= len(calendar.sessions)) | too_early
    safe = np.where(outside, 0, position)
    label = calendar.sessions[safe].astype("datetime64[s]")
    return np.where(outside, np.datetime64("NaT", "s"), label), np.where(outside, -1, position)


def _rule(
    calendar: TradingCalendar, instant: Days, position: np.ndarray
) -> tuple[np.ndarray, Bools]:
    if calendar.name == ALWAYS_OPEN:
        return np.full(len(instant), "utc_day", dtype=object), np.zeros(len(instant), dtype=bool)
    local = pd.Series(instant).dt.tz_localize("UTC").dt.tz_convert(calendar.timezone)
    day = local.dt.tz_localize(None).to_numpy("datetime64[D]")
    on_session = calendar.position(day) >= 0
    same = calendar.sessions[np.maximum(position, 0)] == day
    rule = np.where(
        same & (position >= 0), "before_close", np.where(on_session, "after_close", "no_session")
    )
    return rule.astype(object), ~on_session


def _words(masks: dict[str, Bools], count: int) -> np.ndarray:
    out = np.full(count, "", dtype=object)
    for word, mask in masks.items():
        sep = np.where(out[mask] == "", "", ";")
        out[mask] = out[mask] + sep.astype(object) + word
    return out
