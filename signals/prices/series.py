"""Rows of any source become one :class:`PriceHistory`: sorted, once each, on the calendar.

Every source ends here, so that a row is judged by the same rules wherever it comes from:

* rows out of order are sorted and reported (``unsorted``);
* a session that stands twice with identical values counts once, with different values it is
  missing; both are reported (``duplicate``);
* rows on days without a session are left out and reported (``off_calendar``);
* zero, negative and infinite prices are missing and reported (``non_positive``);
* dates that are shifted by a day are refused (``bad_prices``): every tenth row or more stands on a
  day without a session while every tenth session or more has no row. (Seven days a week on an
  exchange's calendar are not: there no session is missing.)

Nothing is filled in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from signals.frames import Bools, Days, Floats, Ints, frozen
from signals.prices.history import (
    ACTION_FIELDS,
    FIELDS,
    PRICE_FIELDS,
    PriceHistory,
    QualityIssue,
)
from signals.prices.labels import bar_positions, session_dates
from signals.prices.quality import check_quality
from signals.prices.source import PriceRequest, PriceUnavailable
from signals.sessions import TradingCalendar, trading_calendar

SHIFTED_LEAST: Final = 5
SHIFTED_SHARE: Final = 0.10


def assemble(
    request: PriceRequest,
    labels: Days,
    columns: Mapping[str, Floats],
    *,
    source: str,
    currency: str = "",
    name: str = "",
    fetched_at: str = "",
    issues: Iterable[QualityIssue] = (),
) -> PriceHistory:
    """The rows of ``request.first … request.last`` as a history, with everything found wrong.

    Parameters
    ----------
    labels : (R,) session dates ``datetime64[D]``, or UTC bar starts for an intraday request.
    columns : (R,) float64 by field name; unknown names are left out.
    issues : what the source itself has to report about these rows.

    Raises :class:`PriceUnavailable` (``no_prices``) when no row with a price is left.
    Checked by ``tests/prices/test_series.py``.
    """
    calendar = trading_calendar(request.calendar)
    labels = labels.astype("datetime64[D]" if request.interval == "1d" else "datetime64[s]")
    kept = {k: v for k, v in columns.items() if k in FIELDS or k in ACTION_FIELDS}
    found = list(issues)
    labels, kept = _sorted(request.ticker, labels, kept, found)
    inside, on_calendar = _placed(request, calendar, labels)
    labels, kept, on_calendar = labels[inside], _rows(kept, inside), on_calendar[inside]
    if not on_calendar.all():
        _refuse_shifted(request, calendar, labels, on_calendar)
        found.append(_issue(request.ticker, "off_calendar", labels[~on_calendar], "left out"))
        labels, kept = labels[on_calendar], _rows(kept, on_calendar)
    labels, kept = _once(request.ticker, labels, kept, found)
    kept = {k: _positive(request.ticker, k, labels, v, found) for k, v in kept.items()}
    history = PriceHistory(
        ticker=request.ticker,
        calendar=request.calendar,
        sessions=frozen(labels),
        columns={k: frozen(np.ascontiguousarray(v)) for k, v in kept.items()},
        currency=currency,
        name=name,
        source=source,
        fetched_at=fetched_at,
    )
    return finish(history, request, found)


def finish(
    history: PriceHistory, request: PriceRequest, issues: Iterable[QualityIssue]
) -> PriceHistory:
    """The history with its digest and everything known to be wrong with its prices."""
    if not (history.has("close") or history.has("adj_close")):
        raise PriceUnavailable(
            request.ticker,
            "no_prices",
            f"{history.source} has no price of {request.symbol} from {request.first} to "
            f"{request.last}",
        )
    own = check_quality(history, request.interval)
    return replace(
        history, digest=digest_of(history.sessions, history.columns), issues=(*issues, *own)
    )


def digest_of(sessions: Days, columns: Mapping[str, Floats]) -> str:
    """sha256 over the canonical bytes of a series: column names in order, little-endian values,
    one bit pattern for every NaN. Equal content has an equal digest on every machine."""
    digest = hashlib.sha256(sessions.dtype.str.encode())
    digest.update(np.ascontiguousarray(sessions.astype("<M8[s]").astype("<i8")).tobytes())
    for name in sorted(columns):
        values = np.array(columns[name], dtype="<f8")
        values[np.isnan(values)] = np.nan
        values += 0.0  # −0 and 0 are one value
        digest.update(name.encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


def _placed(request: PriceRequest, calendar: TradingCalendar, labels: Days) -> tuple[Bools, Bools]:
    """(R,) inside the dates asked for; (R,) on a session of the calendar."""
    day = session_dates(calendar, request.interval, labels)
    inside = (day >= np.datetime64(request.first, "D")) & (day <= np.datetime64(request.last, "D"))
    if request.interval == "1d":
        return inside, calendar.position(labels) >= 0
    return inside, bar_positions(calendar, labels) >= 0


def _refuse_shifted(
    request: PriceRequest, calendar: TradingCalendar, labels: Days, on_calendar: Bools
) -> None:
    if request.interval != "1d" or (~on_calendar).sum() < SHIFTED_LEAST:
        return
    low, high = np.searchsorted(calendar.sessions, [labels[0], labels[-1]])
    due = max(int(high - low), 1)
    off = float((~on_calendar).mean())
    missing = 1 - len(np.unique(labels[on_calendar])) / due
    if min(off, missing) > SHIFTED_SHARE:
        detail = (
            f"{off:.0%} of its rows stand on days without a session of {request.calendar} and "
            f"{missing:.0%} of the sessions have none: are its dates shifted by a day?"
        )
        raise PriceUnavailable(request.ticker, "bad_prices", detail)


def _sorted(
    ticker: str, labels: Days, columns: Mapping[str, Floats], found: list[QualityIssue]
) -> tuple[Days, dict[str, Floats]]:
    late = np.flatnonzero(labels[1:] < labels[:-1]) + 1
    if not late.size:
        return labels, dict(columns)
    found.append(_issue(ticker, "unsorted", labels[late], "sorted by time"))
    order = np.argsort(labels, kind="stable")
    return labels[order], _rows(columns, order)


def _once(
    ticker: str, labels: Days, columns: Mapping[str, Floats], found: list[QualityIssue]
) -> tuple[Days, dict[str, Floats]]:
    """One row a label; sessions whose repeated rows disagree become missing."""
    repeated = np.zeros(len(labels), dtype=bool)
    repeated[1:] = labels[1:] == labels[:-1]
    if not repeated.any():
        return labels, dict(columns)
    differs = np.zeros(len(labels), dtype=bool)
    for values in columns.values():
        same = (values[1:] == values[:-1]) | (np.isnan(values[1:]) & np.isnan(values[:-1]))
        differs[1:] |= repeated[1:] & ~same
    conflict = np.isin(labels, labels[differs])
    n_conflict = len(np.unique(labels[differs]))
    detail = f"{n_conflict} with conflicting values (missing), the others identical (kept once)"
    found.append(_issue(ticker, "duplicate", labels[repeated], detail))
    kept = {k: np.where(conflict, np.nan, v)[~repeated] for k, v in columns.items()}
    return labels[~repeated], kept


def _positive(
    ticker: str, name: str, labels: Days, values: Floats, found: list[QualityIssue]
) -> Floats:
    if name in ACTION_FIELDS:
        return values
    bad = np.isinf(values) | ((values <= 0) if name in PRICE_FIELDS else (values < 0))
    if not bad.any():
        return values
    first = float(values[bad][0])
    found.append(_issue(ticker, "non_positive", labels[bad], f"{name}, first {first!r}: missing"))
    return np.where(bad, np.nan, values)


def _rows(columns: Mapping[str, Floats], which: Bools | Ints) -> dict[str, Floats]:
    return {k: v[which] for k, v in columns.items()}


def _issue(ticker: str, code: str, labels: Days, detail: str) -> QualityIssue:
    return QualityIssue(ticker, code, str(labels[0]), len(labels), detail)
