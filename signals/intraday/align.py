"""Event-asset pairs and price histories → every pair's day-zero bar in a series of bar returns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from signals.errors import EventError
from signals.frames import Floats, Ints, Labels
from signals.prices import PriceBook, PriceHistory
from signals.returns import benchmark_calendars
from signals.returns.bars import bar_returns, prevailing_alignment, quotes_of
from signals.returns.beside import further_benchmarks
from signals.sessions import trading_calendar
from signals.sessions.bars import Alignment, BarCalendar, bar_calendar, windows_in_sessions
from signals.spec import StudySpec

# Sessions beyond the reach of the windows: half days have fewer bars than are counted with.
MARGIN = 3
_NAT = np.datetime64("NaT", "s")


@dataclass(frozen=True, slots=True, eq=False)
class BarSeries:
    """Returns ``y`` (B,) of one asset and ``x`` (B, p) of its benchmarks on the bars of its own
    calendar; ``names`` (p,) are ``market`` and the tickers of further benchmarks."""

    ticker: str
    benchmark: str
    bars: BarCalendar
    y: Floats
    x: Floats
    names: tuple[str, ...]
    price_field: str = "close"


@dataclass(frozen=True, slots=True, eq=False)
class BarPairs:
    """N pairs as positions ``zero`` (N,) in the bars of ``series[series_index]``.

    ``rows`` (N,) are their rows in ``frame``, the pair table with day zero as a bar (its start,
    UTC): ``rule`` is then ``overnight_gap`` or ``bar``. ``failures`` are the pairs that have no
    series, ``waiting`` (n,) the rows whose day-zero bar has not ended yet, ``closed`` the start of
    the last ended bar of each calendar.
    """

    frame: pd.DataFrame
    rows: Ints
    series: tuple[BarSeries, ...]
    series_index: Ints
    zero: Ints
    failures: tuple[EventError, ...]
    waiting: Ints
    closed: dict[str, np.datetime64]

    def labels(self, column: str) -> Labels:
        return self.frame.loc[self.rows, column].to_numpy(object)


def align_bars(
    spec: StudySpec,
    frame: pd.DataFrame,
    prices: PriceBook,
    clock: np.datetime64,
    skip: frozenset[int] = frozenset(),
) -> BarPairs:
    """Build the bar series that the pairs of ``frame`` need and find each pair's day-zero bar.

    ``frame`` is ``SessionEvents.frame``; rows in ``skip`` (left out for another reason) are passed
    over. Hours cut from the open and by the clock are told apart for each pair by the bars around
    it and never mixed. Checked by tests/intraday/test_align.py.
    """
    table = frame.copy()
    table["day_zero"] = table["day_zero"].astype("datetime64[s]")
    failures: list[EventError] = []
    series: list[BarSeries] = []
    found: list[tuple[int, int, int]] = []
    waiting: list[int] = []
    closed: dict[str, np.datetime64] = {}
    usable = table[~table.index.isin(list(skip))]
    outside = usable[usable["position"] < 0]
    failures += [
        EventError(str(e), str(t), "sessions", "outside_calendar", f"{c} has no session for it")
        for e, t, c in outside[["event_id", "ticker", "calendar"]].itertuples(index=False)
    ]
    usable = usable[usable["position"] >= 0]
    for (ticker, bench, _), part in usable.groupby(["ticker", "benchmark", "calendar"]):
        refused = _refused(spec, part, prices)
        failures += [EventError(str(e), str(ticker), *why) for e, why in refused]
        if refused:
            continue
        history = prices.histories[str(ticker)]
        for bars, some in _by_alignment(spec, part, history):
            last = bars.starts[max(int(np.searchsorted(bars.ends, clock, side="right")) - 1, 0)]
            closed[bars.name] = max(closed.get(bars.name, last), last)
            zero = _land(table, some, bars)
            late = bars.ends[zero] > clock
            waiting += some[late].tolist()
            if not late.all():
                series.append(_series(spec, str(ticker), str(bench), bars, prices))
                found += [
                    (int(r), len(series) - 1, int(z))
                    for r, z in zip(some[~late], zero[~late], strict=True)
                ]
    found.sort()
    chosen = np.asarray(found, dtype=np.int64).reshape(-1, 3)
    return BarPairs(
        table, chosen[:, 0], tuple(series), chosen[:, 1], chosen[:, 2], tuple(failures),
        np.asarray(sorted(waiting), dtype=np.int64), closed,
    )  # fmt: skip


def _refused(
    spec: StudySpec, part: pd.DataFrame, prices: PriceBook
) -> list[tuple[str, tuple[str, str, str]]]:
    """(event, (stage, code, detail)) of the pairs of one asset that cannot be aligned: all of
    them, or none."""
    ticker, bench = str(part["ticker"].iloc[0]), str(part["benchmark"].iloc[0])
    why: tuple[str, str, str] | None = None
    wanted = [] if spec.model == "constant_mean" else [bench, *further_benchmarks(spec, ticker)]
    for name, code in [(ticker, "no_prices"), *((b, "no_benchmark") for b in wanted)]:
        history, cause = prices.histories.get(name), prices.failures.get(name)
        if history is None:
            code = cause.code if cause is not None and name == ticker else code  # noqa: PLW2901
            detail = cause.detail if cause is not None else f"no prices for {name}"
            why = ("prices", code, detail)
        elif not history.has("open") and _closes(history.calendar):
            detail = f"{name} has no opening prices: gaps cannot be told from first bars"
            why = ("prices", "no_open", detail)
        if why is not None:
            break
    return [] if why is None else [(str(e), why) for e in part["event_id"]]


def _closes(calendar: str) -> bool:
    known = trading_calendar(calendar)
    return bool((known.closes[:-1] < known.opens[1:]).any())


def _by_alignment(
    spec: StudySpec, part: pd.DataFrame, history: PriceHistory
) -> Iterator[tuple[BarCalendar, Ints]]:
    """The pairs of one asset by the way in which the hours around them are cut."""
    event, estimation = windows_in_sessions(spec)
    place = part["position"].to_numpy(np.int64)
    low, high = place + estimation[0] - MARGIN, place + event[1] + MARGIN
    kinds = prevailing_alignment(history, spec.prices.interval, low, high)
    options: tuple[Alignment, ...] = ("open", "clock")
    for kind in options:
        here = np.asarray([k == kind for k in kinds], dtype=bool)
        if here.any():
            bars = bar_calendar(
                history.calendar, spec.prices.interval, kind,
                int(low[here].min()), int(high[here].max()),
            )  # fmt: skip
            yield bars, part.index.to_numpy(np.int64)[here]


def _land(table: pd.DataFrame, rows: Ints, bars: BarCalendar) -> Ints:
    """Day-zero bar of each row, written into the table with its rule and second reading."""
    first = table.loc[rows, "instant_used"].to_numpy("datetime64[us]")
    second = table.loc[rows, "instant_second"].to_numpy("datetime64[us]")
    zero = bars.reacting_position(first)
    other = bars.reacting_position(np.where(np.isnat(second), first, second))
    differs = other != zero
    table.loc[rows, "day_zero"] = bars.starts[zero]
    table.loc[rows, "alternative_day_zero"] = np.where(differs, bars.starts[other], _NAT)
    table.loc[rows, "rule"] = np.where(bars.gap[zero], "overnight_gap", "bar").astype(object)
    doubtful = rows[differs]
    flags = table.loc[doubtful, "flags"].str.replace(r";?ambiguous_day_zero", "", regex=True)
    table.loc[doubtful, "flags"] = (flags + ";ambiguous_day_zero").str.lstrip(";")
    return zero


def _series(
    spec: StudySpec, ticker: str, bench: str, bars: BarCalendar, prices: PriceBook
) -> BarSeries:
    own = prices.histories[ticker]
    y = bar_returns(bars, quotes_of(own, bars), spec.returns)
    if spec.model == "constant_mean":
        return BarSeries(ticker, bench, bars, y, np.empty((len(bars), 0)), ())
    names = (bench, *further_benchmarks(spec, ticker))
    calendars = benchmark_calendars(spec)
    columns = []
    for name in names:
        history = prices.histories[name]
        theirs = bars
        if calendars.get(name, bars.name) != bars.name:
            known = trading_calendar(history.calendar)
            low, high = np.searchsorted(known.sessions, bars.sessions[[0, -1]])
            theirs = bar_calendar(
                history.calendar, bars.interval, bars.alignment, int(low) - 1, int(high) + 1
            )
        columns.append(bar_returns(bars, quotes_of(history, theirs), spec.returns))
    return BarSeries(ticker, bench, bars, y, np.column_stack(columns), ("market", *names[1:]))
