"""A cache around a price source that fetches what is missing and notices restated history.

A stored series is trusted as far as it was asked for. A request beyond that fetches the missing
sessions and the last stored ones again; where these no longer agree, history was restated
(dividend, split, correction): the series is fetched whole and what changed is recorded.

What happens when the source is down: a series that covers the request is used. One that ends
early is used only within ``max_age`` days of its fetch, and says so (``stale_cache``); otherwise
the :class:`TransientError` stands and tells its age. The stored file always stays as it is.

Intraday bars are kept for good: a source forgets them after weeks, the cache does not.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

from signals.errors import TransientError
from signals.frames import Days, frozen
from signals.prices.history import PriceHistory, QualityIssue
from signals.prices.identity import check_identity
from signals.prices.labels import closed_through, session_dates
from signals.prices.merge import (
    OVERLAP,
    compared,
    joined,
    refuse_loss,
    restated_issue,
    unlike,
)
from signals.prices.revisions import Revision, is_restated, record
from signals.prices.series import finish
from signals.prices.source import PriceRequest, PriceSource, PriceUnavailable
from signals.prices.store import (
    CorruptSeries,
    StoredSeries,
    locked,
    read_series,
    series_path,
    write_series,
)
from signals.providers import RateLimited
from signals.sessions import trading_calendar

# Issues of the source's rows are stored; those of the prices are found anew each time.
_STORED_CODES: Final = frozenset(
    (
        "unsorted",
        "duplicate",
        "off_calendar",
        "non_positive",
        "name_unchecked",
        "incomplete",
        "clipped",
        "restated",
    )
)


# A source that says itself that it ends early may only be late: for so many days it is asked again.
LATE_DAYS: Final = 14


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, eq=False)
class CachedSource:
    """``inner`` with its series kept under ``cache_dir/prices/<source>/``.

    ``refresh`` fetches every series whole; ``max_age`` (days) is how old a series may be that is
    used although its newest sessions could not be fetched (None: never). Safe to share between
    threads and processes. Checked by ``tests/prices/test_cache.py``.
    """

    inner: PriceSource
    cache_dir: Path
    now: Callable[[], datetime] = _now
    max_age: float | None = None
    refresh: bool = False
    _revisions: list[Revision] = field(default_factory=list)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @property
    def name(self) -> str:
        """The name of the source inside."""
        return self.inner.name

    @property
    def revisions(self) -> tuple[Revision, ...]:
        """What this object saw restated so far."""
        with self._guard:
            return tuple(self._revisions)

    def load(self, request: PriceRequest) -> PriceHistory:
        """The series asked for, from the cache as far as it reaches; what raises is said above."""
        path = series_path(self.cache_dir, self.name, request.symbol, request.interval)
        with locked(path):
            stored, notes = _stored(path, self.name, request)
            target = str(
                closed_through(trading_calendar(request.calendar), self.now(), request.last)
            )
            covered = _covers(stored, request, target)
            if stored is not None and covered and not self.refresh:
                return _hand_on(stored, request, notes)
            try:
                fresh, seen = self._fetch(stored, request, target)
            except TransientError as error:
                if stored is None:
                    raise
                return self._do_without(stored, request, target, error, notes)
            except PriceUnavailable as error:
                if stored is None or error.code != "no_prices":
                    raise
                detail = f"{error.detail}; stored until {_end(stored)}"
                gone = QualityIssue(request.ticker, "delisted", _end(stored), 1, detail)
                return _hand_on(stored, request, [*notes, gone])
            notes += self._keep(path, fresh, seen)
        return _hand_on(fresh, request, notes)

    def _fetch(
        self, stored: StoredSeries | None, request: PriceRequest, target: str
    ) -> tuple[StoredSeries, tuple[Revision, ...]]:
        """The series as it now is, and what that changes in the stored one."""
        moment = self.now().isoformat(timespec="seconds")
        if stored is None:
            return _as_stored(self.inner.load(request), request, target, moment), ()
        tail = not self.refresh and stored.asked_first <= request.first
        if tail or request.interval != "1d":
            first = _overlap_start(stored) if tail else request.first
            asked = replace(request, first=first, last=max(request.last, stored.through))
            part = _as_stored(self.inner.load(asked), asked, target, moment)
            seen = compared(stored, part)
            if request.interval != "1d":
                # Older bars cannot be had again: they stay, and the series says so for good.
                told = (restated_issue(request.ticker, seen),) if is_restated(seen) else ()
                return joined(stored, replace(part, issues=(*part.issues, *told))), seen
            if not (is_restated(seen) or unlike(stored, part)):
                return joined(stored, part), seen
        whole = replace(
            request,
            first=min(request.first, stored.asked_first),
            last=max(request.last, stored.through),
        )
        fresh = _as_stored(self.inner.load(whole), whole, max(target, stored.through), moment)
        refuse_loss(stored, fresh, self.name)
        return fresh, compared(stored, fresh)

    def _keep(
        self, path: Path, series: StoredSeries, seen: tuple[Revision, ...]
    ) -> list[QualityIssue]:
        """Store the series and its revisions; what cannot be written is an issue, not a loss."""
        with self._guard:
            self._revisions.extend(seen)
        notes = []
        if is_restated(seen) and series.interval == "1d":
            notes.append(restated_issue(series.ticker, seen))
        try:
            record(path.parent, seen)
            write_series(path, series)
        except OSError as error:
            detail = f"the series could not be stored: {error.strerror or error}"
            notes.append(QualityIssue(series.ticker, "cache_not_written", "", 1, detail))
        return notes

    def _do_without(
        self,
        stored: StoredSeries,
        request: PriceRequest,
        target: str,
        error: TransientError,
        notes: Iterable[QualityIssue],
    ) -> PriceHistory:
        """The stored series where it may be used although the source is down, else the error."""
        behind = _behind(stored, request, target)
        age = (self.now() - datetime.fromisoformat(stored.fetched_at)).total_seconds() / 86400
        state = f"stored until {_end(stored)} ({behind} sessions behind), {age:.1f} days old"
        begins = stored.asked_first <= request.first
        young = self.max_age is not None and age <= self.max_age
        if begins and (behind == 0 or young):
            detail = f"{error.detail}; used as {state}"
            stale = QualityIssue(request.ticker, "stale_cache", _end(stored), behind, detail)
            return _hand_on(stored, request, [*notes, stale])
        advice = "; --max-age DAYS would use it" if begins else ", and it begins too late"
        detail = f"{error.detail}; {state}{advice}"
        if isinstance(error, RateLimited):
            pause = error.retry_after
            raise RateLimited(
                error.source, detail, ticker=request.ticker, retry_after=pause
            ) from error
        raise TransientError(error.source, detail, ticker=request.ticker) from error


def _stored(
    path: Path, source: str, request: PriceRequest
) -> tuple[StoredSeries | None, list[QualityIssue]]:
    """The stored series if it is whole and this request's; a note where it is damaged."""
    try:
        found = read_series(path)
    except CorruptSeries as error:
        detail = f"{path.name}: {error.detail}" + _kept_aside(path, error, request)
        return None, [QualityIssue(request.ticker, "cache_corrupt", "", 1, detail)]
    if found is None:
        return None, []
    same = (found.source, found.symbol, found.calendar, found.interval) == (
        source, request.symbol, request.calendar, request.interval,
    )  # fmt: skip
    return (found if same else None), []


def _kept_aside(path: Path, error: CorruptSeries, request: PriceRequest) -> str:
    """Bars of another format cannot be fetched again: they are moved aside, not written over."""
    if error.status != "other_format" or request.interval == "1d":
        return ""
    aside = path.with_name(f"{path.stem}.other-format")
    try:
        path.replace(aside)
    except OSError:
        return ""
    return f"; kept as {aside.name}"


def _covers(stored: StoredSeries | None, request: PriceRequest, target: str) -> bool:
    return stored is not None and stored.asked_first <= request.first and stored.through >= target


def _as_stored(
    history: PriceHistory, request: PriceRequest, target: str, moment: str
) -> StoredSeries:
    late = next((i.session for i in history.issues if i.code == "incomplete"), None)
    last = str(session_dates(trading_calendar(request.calendar), request.interval,
                             history.sessions[-1:])[0])  # fmt: skip
    through = target if late is None else _session_before(request.calendar, late)
    if last < through and _days_apart(target, moment) <= LATE_DAYS:
        through = last
    return StoredSeries(
        source=history.source,
        symbol=request.symbol,
        ticker=request.ticker,
        calendar=request.calendar,
        interval=request.interval,
        # What the source no longer keeps (`clipped`) will not come back: it counts as asked for.
        asked_first=request.first,
        through=through,
        fetched_at=history.fetched_at or moment,
        sessions=history.sessions,
        columns=history.columns,
        currency=history.currency,
        name=history.name,
        issues=tuple(i for i in history.issues if i.code in _STORED_CODES),
    )


def _days_apart(day: str, moment: str) -> float:
    instant = datetime.fromisoformat(moment)
    return (instant - datetime.fromisoformat(day).replace(tzinfo=UTC)).total_seconds() / 86400


def _session_before(calendar: str, session: str) -> str:
    sessions = trading_calendar(calendar).sessions
    return str(sessions[max(int(np.searchsorted(sessions, np.datetime64(session, "D"))) - 1, 0)])


def _overlap_start(stored: StoredSeries) -> str:
    """The session from which a tail is fetched: the last stored ones are asked for again."""
    days = np.unique(_days(stored))
    return str(days[-min(OVERLAP, len(days))])


def _days(stored: StoredSeries) -> Days:
    return session_dates(trading_calendar(stored.calendar), stored.interval, stored.sessions)


def _end(stored: StoredSeries) -> str:
    return str(_days(stored)[-1])


def _behind(stored: StoredSeries, request: PriceRequest, target: str) -> int:
    """Closed sessions of the request that the stored series was never asked for."""
    sessions = trading_calendar(request.calendar).sessions
    through, due = np.datetime64(stored.through, "D"), np.datetime64(target, "D")
    low, high = np.searchsorted(sessions, [through, due], side="right")
    return max(int(high - low), 0)


def _hand_on(
    stored: StoredSeries, request: PriceRequest, notes: Iterable[QualityIssue]
) -> PriceHistory:
    """The part of the stored series that was asked for."""
    named = check_identity(request, stored.name, stored.currency, stored.source)
    days = _days(stored)
    inside = (days >= np.datetime64(request.first, "D")) & (
        days <= np.datetime64(request.last, "D")
    )
    history = PriceHistory(
        ticker=request.ticker,
        calendar=request.calendar,
        sessions=frozen(stored.sessions[inside]),
        columns={k: frozen(v[inside]) for k, v in stored.columns.items()},
        currency=stored.currency,
        name=stored.name,
        source=stored.source,
        fetched_at=stored.fetched_at,
    )
    own = (
        i
        for i in stored.issues
        if i.code != "name_unchecked"
        and i.session[:10] <= request.last
        and (not i.session or i.session[:10] >= request.first)
    )
    return finish(history, request, [*named, *own, *notes])
