"""Yahoo's prices as a price source: what the study asked for, or why it cannot be had.

What is checked before a price is believed:

* the currency, name and time zone that Yahoo returns, against the request and its calendar;
* that the answer is whole: it may not begin after the first trade that Yahoo itself states, nor
  end before the last one (one session of delay is reported as ``incomplete``);
* that prices keep their unit (pence and pounds): a change is ``bad_prices``;
* that the newest bar is finished: a session (intraday: a bar) that has not closed by ``now`` is
  left out, so that it is never stored.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from signals.errors import SpecError, TransientError
from signals.frames import Days
from signals.prices.history import PriceHistory, QualityIssue
from signals.prices.identity import check_identity
from signals.prices.labels import closed_through, finished
from signals.prices.series import assemble
from signals.prices.source import PriceRequest, PriceUnavailable, interval_seconds
from signals.providers import NoSuchSeries
from signals.providers.yahoo import INTERVALS, KEPT_DAYS, ChartAnswer, fetch_chart
from signals.providers.yahoo_answer import SOURCE
from signals.sessions import trading_calendar

# Yahoo's first trade is an instant of a time zone of its own choice: a few sessions of slack.
_SLACK_SESSIONS: Final = 5
_SYMBOL: Final = re.compile(r"[A-Za-z0-9^][A-Za-z0-9.^=_&-]{0,63}")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, eq=False)
class YahooSource:
    """Prices from Yahoo, uncached (see :class:`signals.prices.cache.CachedSource`).

    ``now`` is the clock; ``timeout`` bounds each HTTP request in seconds; ``before_request`` is
    called with the symbol before Yahoo is asked (a flow's rate limit). Checked by
    ``tests/providers/test_yahoo_source.py``.
    """

    now: Callable[[], datetime] = _now
    timeout: float = 20.0
    before_request: Callable[[str], None] | None = None
    name: str = SOURCE

    def load(self, request: PriceRequest) -> PriceHistory:
        """Ask Yahoo; raises :class:`PriceUnavailable` or :class:`TransientError` with the cause."""
        _check_request(request)
        clock = self.now()
        first, clipped = _kept_from(request, clock)
        if self.before_request is not None:
            self.before_request(request.symbol)
        try:
            answer = fetch_chart(
                request.symbol,
                first,
                request.last,
                interval=request.interval,
                timeout=self.timeout,
            )
        except NoSuchSeries as error:
            raise PriceUnavailable(request.ticker, error.code, error.detail) from None
        _check_symbol(request, answer)
        name = " / ".join(dict.fromkeys(answer.names))
        issues = [*clipped, *check_identity(request, name, answer.currency, self.name)]
        _check_zone(request, answer)
        ended = finished(request, answer.labels, clock)
        priced = ended & np.isfinite(answer.columns["close"])
        if not priced.any():
            detail = f"all {len(ended)} rows from {first} to {request.last} are without a price"
            raise PriceUnavailable(request.ticker, "no_prices", detail)
        issues += _whole(request, answer.labels[priced], answer, first, clock)
        issues += _put_right(request, answer)
        history = assemble(
            request,
            answer.labels[ended],
            {k: v[ended] for k, v in answer.columns.items()},
            source=self.name,
            currency=answer.currency,
            name=name,
            fetched_at=clock.isoformat(timespec="seconds"),
            issues=issues,
        )
        return _refuse_units(history)


def _check_request(request: PriceRequest) -> None:
    if not _SYMBOL.fullmatch(request.symbol):  # it becomes a part of an address
        detail = f"{request.symbol[:40]!r} cannot be a symbol of Yahoo"
        raise PriceUnavailable(request.ticker, "no_prices", detail)
    if request.interval not in INTERVALS:
        raise SpecError(
            "Yahoo has no bars of this length",
            key="prices.interval",
            value=request.interval,
            allowed=INTERVALS,
        )


def _kept_from(request: PriceRequest, now: datetime) -> tuple[str, list[QualityIssue]]:
    """The first day that Yahoo still has bars of, and a note where that is later than asked."""
    days = KEPT_DAYS.get(request.interval)
    if days is None:
        return request.first, []
    oldest = (now - timedelta(days=days)).date().isoformat()
    if oldest <= request.first:
        return request.first, []
    if oldest > request.last:
        detail = (
            f"Yahoo keeps {request.interval} bars for {days} days only, back to {oldest}; "
            f"the finest that it still has from {request.first} on: {_finest(request.first, now)}"
        )
        raise PriceUnavailable(request.ticker, "no_prices", detail)
    detail = (
        f"{request.interval} bars are kept for {days} days; asked from {request.first}: "
        f"from there on the finest is {_finest(request.first, now)}"
    )
    return oldest, [QualityIssue(request.ticker, "clipped", oldest, 1, detail)]


def _finest(first: str, now: datetime) -> str:
    """The shortest interval of which Yahoo still has bars from ``first`` on."""
    reaching = [
        interval
        for interval, days in KEPT_DAYS.items()
        if (now - timedelta(days=days)).date().isoformat() <= first
    ]
    return min(reaching, key=lambda i: (interval_seconds(i), i), default="1d")  # 1h, not 60m


def _check_symbol(request: PriceRequest, answer: ChartAnswer) -> None:
    if answer.symbol.casefold() != request.symbol.casefold():
        detail = f"asked for {request.symbol}, Yahoo answered {answer.symbol}: renamed?"
        raise PriceUnavailable(request.ticker, "name_mismatch", detail)


def _check_zone(request: PriceRequest, answer: ChartAnswer) -> None:
    """A time zone that is not the calendar's shifts sessions by a day: refused.

    Zones are compared by their offset at the ends of the answer: one zone has many names.
    """
    expected = ZoneInfo(trading_calendar(request.calendar).timezone)
    try:
        found = ZoneInfo(answer.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        detail = f"unknown time zone {answer.timezone!r} in Yahoo's answer"
        raise PriceUnavailable(request.ticker, "bad_prices", detail) from None
    for label in answer.labels[[0, -1]]:
        noon = datetime.fromisoformat(f"{label.astype('datetime64[D]')}T12:00:00+00:00")
        if noon.astimezone(expected).utcoffset() != noon.astimezone(found).utcoffset():
            detail = (
                f"Yahoo dates the rows in {answer.timezone}; the calendar {request.calendar} "
                f"keeps {expected.key}"
            )
            raise PriceUnavailable(request.ticker, "bad_prices", detail)


def _whole(
    request: PriceRequest, priced: Days, answer: ChartAnswer, first: str, now: datetime
) -> list[QualityIssue]:
    """Raises where the answer is a part only; reports one missing newest session.

    ``priced`` (P,) are the labels that have a price.
    """
    calendar = trading_calendar(request.calendar)
    days = priced.astype("datetime64[D]")
    earliest, newest = days.min(), days.max()
    if answer.first_trade is not None:
        traded = np.datetime64(answer.first_trade.date().isoformat(), "D")
        due = max(traded, np.datetime64(first, "D"))
        late = _sessions_between(calendar.sessions, due, earliest)
        if late > _SLACK_SESSIONS:
            detail = f"a partial answer: it begins on {earliest}, {late} sessions after {due}"
            raise TransientError(SOURCE, detail, ticker=request.ticker)
    due = np.datetime64(closed_through(calendar, now, request.last), "D")
    if answer.last_trade is not None:
        due = min(due, np.datetime64(answer.last_trade.date().isoformat(), "D"))
    missing = _sessions_between(calendar.sessions, newest, due)
    if missing > 1:
        detail = f"a partial answer: it ends on {newest}, {missing} sessions before {due}"
        raise TransientError(SOURCE, detail, ticker=request.ticker)
    if missing == 1:
        detail = "the newest closed session is not in the answer yet"
        return [QualityIssue(request.ticker, "incomplete", str(due), 1, detail)]
    return []


def _sessions_between(sessions: Days, a: np.datetime64, b: np.datetime64) -> int:
    """Sessions after ``a`` up to ``b`` (of the calendar); 0 when b is not after a."""
    low, high = np.searchsorted(sessions, [a, b], side="right")
    return max(int(high - low), 0)


def _put_right(request: PriceRequest, answer: ChartAnswer) -> list[QualityIssue]:
    """What yfinance tidied up without a word."""
    found = []
    if answer.repeated.size:
        conflicts = answer.conflicting.size
        detail = f"{conflicts} with conflicting values (missing), the others identical (kept once)"
        first, count = str(answer.repeated[0]), answer.repeated.size
        found.append(QualityIssue(request.ticker, "duplicate", first, count, detail))
    if answer.unordered:
        detail = "rows of Yahoo's answer were out of order; sorted by time"
        first = str(answer.labels[0])
        found.append(QualityIssue(request.ticker, "unsorted", first, answer.unordered, detail))
    return found


def _refuse_units(history: PriceHistory) -> PriceHistory:
    """Prices that change their unit on the way make every return across the change nonsense."""
    for issue in history.issues:
        if issue.code == "unit":
            detail = f"{issue.session}: {issue.detail}"
            raise PriceUnavailable(history.ticker, "bad_prices", detail)
    return history
