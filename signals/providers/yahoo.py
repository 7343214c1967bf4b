"""Yahoo's chart service through yfinance: the answer, or its cause.

The only module that imports yfinance. yfinance does the talking (cookies, crumb, browser-like
TLS) and the parsing; but it also hides failures: it drops repeated and null rows, keeps error
answers in a cache of the process, and lets a status code turn into a ``KeyError``. So it talks
through a session of ours that keeps the last chart answer of each thread, and what went wrong is
judged from that answer. Nothing is retried here: the caller decides.
"""

from __future__ import annotations

import logging
import os
import threading
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np

from signals.errors import TransientError
from signals.frames import Days, Floats
from signals.providers import NoSuchSeries
from signals.providers.yahoo_answer import SOURCE, Seen, cause, chart_of

# How many days back Yahoo keeps bars of each length (less one, for the hour of the request).
KEPT_DAYS: Final[Mapping[str, int]] = {
    "1m": 7, "2m": 59, "5m": 59, "15m": 59, "30m": 59, "90m": 59, "60m": 729, "1h": 729,
}  # fmt: skip
INTERVALS: Final = ("1d", *KEPT_DAYS)
_FIELDS: Final = {
    "Open": "open",
    "High": "high",
    "Low": "low",
    "Close": "close",
    "Adj Close": "adj_close",
    "Volume": "volume",
    "Dividends": "dividend",
    "Stock Splits": "split",
}


@dataclass(frozen=True, slots=True, eq=False)
class ChartAnswer:
    """One answer of Yahoo, as it came.

    ``labels`` (R,) are dates in the exchange's own time zone (daily) or UTC bar starts;
    ``columns`` (R,) float64 by our field names, NaN where Yahoo has null. yfinance puts some rows
    right without saying so: ``repeated`` are the labels that stood twice, ``conflicting`` those of
    them whose rows disagree (NaN here), ``unordered`` counts rows that were out of order.
    ``first_trade`` and ``last_trade`` are UTC instants where Yahoo states them.
    """

    symbol: str
    names: tuple[str, ...]
    currency: str
    timezone: str
    labels: Days
    columns: Mapping[str, Floats]
    repeated: Days
    conflicting: Days
    unordered: int = 0
    first_trade: datetime | None = None
    last_trade: datetime | None = None


_seen = threading.local()
_setup = threading.Lock()
_session: Any = None
_turns: dict[str, threading.Lock] = {}


def fetch_chart(
    symbol: str,
    first: str,
    last: str,
    *,
    interval: str = "1d",
    timeout: float = 20.0,
) -> ChartAnswer:
    """The rows of ``symbol`` from ``first`` to ``last`` (dates, both included).

    Raises :class:`NoSuchSeries` or :class:`TransientError` (:class:`RateLimited` for 429), each
    with what Yahoo said. ``timeout`` bounds each HTTP request, its body included, in seconds.
    Checked by ``tests/providers/test_yahoo.py`` against a loopback server.
    """
    yf = _yfinance(timeout)
    end = (datetime.fromisoformat(last) + timedelta(days=1)).date().isoformat()
    with _turn(symbol):
        seen = _seen.answer = Seen()
        forget_answers()  # an error answer of an earlier try would be served again
        try:
            frame = yf.Ticker(symbol, session=_session).history(
                start=first,
                end=end,
                interval=interval,
                auto_adjust=False,
                actions=True,
                keepna=True,
                timeout=timeout,
            )
        except Exception as error:
            # Whatever yfinance raised, the cause stands in the answer. `from error` keeps a fault
            # in our own use of yfinance visible in a debug log.
            raise cause(symbol, seen, error) from error
    if frame.empty:
        raise cause(symbol, seen, None)
    return _answer(symbol, seen, frame, interval)


def earnings_dates(symbol: str, *, limit: int = 100, timeout: float = 20.0) -> list[datetime]:
    """Known results releases of ``symbol``, newest first, to the hour at best (with offset).

    Yahoo keeps them on a page, so this is scraped. An empty list where it lists none; errors as
    of :func:`fetch_chart`. Checked by ``tests/news/test_yahoo_extras.py``.
    """
    frame = _asked(symbol, timeout, lambda ticker: ticker.get_earnings_dates(limit=limit))
    return [] if frame is None else [moment.to_pydatetime() for moment in frame.index]


def news(symbol: str, *, count: int = 30, timeout: float = 20.0) -> list[dict[str, Any]]:
    """Recent stories on ``symbol`` as Yahoo sends them; errors as of :func:`fetch_chart`."""
    return list(_asked(symbol, timeout, lambda ticker: ticker.get_news(count=count)) or [])


def shares_outstanding(symbol: str, *, timeout: float = 20.0) -> list[tuple[str, float]]:
    """Share counts of ``symbol`` with their days (ISO), oldest first, over the last 18 months."""
    series = _asked(symbol, timeout, lambda ticker: ticker.get_shares_full())
    if series is None:
        return []
    return [(day.date().isoformat(), float(count)) for day, count in series.items()]


def option_chain(symbol: str, day: str, *, timeout: float = 20.0) -> tuple[str, Any] | None:
    """The first expiry (ISO) on or after ``day`` and its options as yfinance has them (``calls``,
    ``puts``, ``underlying``); None where none is on offer. Errors as of :func:`fetch_chart`."""

    def ask(ticker: Any) -> tuple[str, Any] | None:
        expiry = next((e for e in sorted(ticker.options) if e >= day), None)
        return None if expiry is None else (expiry, ticker.option_chain(expiry))

    found: tuple[str, Any] | None = _asked(symbol, timeout, ask)
    return found


def _asked(symbol: str, timeout: float, ask: Callable[[Any], Any]) -> Any:
    """What yfinance makes of a page other than the chart; its errors are never taken for "none"."""
    yf = _yfinance(timeout)
    with _turn(symbol):
        seen = _seen.page = Seen()
        forget_answers()
        try:
            answer = ask(yf.Ticker(symbol, session=_session))
        except Exception as error:
            if seen.status in (0, 200):  # nothing came, or something that yfinance cannot read
                raise TransientError(SOURCE, f"no usable answer: {error}", ticker=symbol) from error
            raise cause(symbol, seen, error) from error
        finally:
            _seen.page = None
    if seen.status >= 400:
        raise cause(symbol, seen, None)
    return answer


def reachable(*, timeout: float = 10.0) -> str:
    """Empty where Yahoo answers a small request, else why it does not (for ``signals doctor``)."""
    today = datetime.now(UTC).date()
    first = (today - timedelta(days=10)).isoformat()
    try:
        fetch_chart("SPY", first, today.isoformat(), timeout=timeout)
    except (NoSuchSeries, TransientError) as error:
        return str(error)
    return ""


def _turn(symbol: str) -> threading.Lock:
    """One thread at a time asks about a symbol: yfinance would hand a second one the answer that
    the first has just left in its cache, and no request of its own would say what it was."""
    with _setup:
        return _turns.setdefault(symbol, threading.Lock())


def forget_answers() -> None:
    """Empty yfinance's cache of answers: it keeps errors too, for the life of the process."""
    from yfinance.data import YfData

    YfData(session=_session).cache_get.cache_clear()


def forget_session() -> None:
    """Drop the session, its cookies and its crumb; the next request starts afresh."""
    global _session  # noqa: PLW0603 - yfinance keeps one session a process, so do we
    from yfinance.data import SingletonMeta

    with _setup:
        _session = None
        SingletonMeta._instances.clear()


def _yfinance(timeout: float) -> Any:
    """yfinance, set up once in this process to raise what it would hide."""
    global _session  # noqa: PLW0603
    with _setup:
        import yfinance as yf

        # Its pandas deprecations are not ours to act on. After the import, which puts a filter of
        # its own in front, and each time, because a test run restores the filters.
        warnings.filterwarnings("ignore", module="yfinance")
        logging.getLogger("yfinance").setLevel(logging.CRITICAL)  # causes are raised, not logged
        if _session is None:
            # yfinance keeps time zones and cookies in databases on disk, which lock up when they
            # are shared and break when the disk is full. Inside of a file there can be none:
            # it then keeps them in memory.
            yf.set_tz_cache_location(str(Path(__file__, "nowhere")))
            _session = _new_session()
        yf.config.debug.hide_exceptions = False
        yf.config.network.retries = 0
        _session.limit = timeout
    return yf


def _new_session() -> Any:
    from curl_cffi.requests import Session

    class RecordingSession(Session):  # type: ignore[type-arg]
        """Keeps the last chart answer of each thread, and lets no request outlast the limit."""

        limit = 20.0

        def request(self, method: Any, url: str, *args: Any, **options: Any) -> Any:
            asked = options.get("timeout")
            options["timeout"] = min(float(asked), self.limit) if asked else self.limit
            seen: Seen | None = getattr(_seen, "answer", None)
            if seen is None or "/v8/finance/chart/" not in url:
                response = super().request(method, url, *args, **options)
                page: Seen | None = getattr(_seen, "page", None)
                if page is not None:
                    page.status, page.body = response.status_code, response.text[:2000]
                return response
            seen.status, seen.body, seen.retry_after = 0, "", None
            response = super().request(method, url, *args, **options)
            seen.status, seen.body = response.status_code, response.text
            seen.retry_after = response.headers.get("Retry-After")
            return response

    # curl_cffi looks the certificates up once, when it is imported; the environment may have
    # been set after that.
    named = (os.environ.get(k) for k in ("CURL_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"))
    bundle: Any = next((p for p in named if p and Path(p).is_file()), True)
    return RecordingSession(impersonate="chrome", verify=bundle)


def _answer(symbol: str, seen: Seen, frame: Any, interval: str) -> ChartAnswer:
    chart = chart_of(seen.body)
    if chart is None or not chart.get("result"):
        raise cause(symbol, seen, None)
    raw = chart["result"][0]
    meta = raw["meta"]
    stamps = np.asarray(raw["timestamp"], dtype=np.int64)
    if interval == "1d":
        labels = frame.index.tz_localize(None).to_numpy().astype("datetime64[D]")
    else:
        labels = frame.index.tz_convert("UTC").tz_localize(None).to_numpy()
        labels = labels.astype("datetime64[s]")
    columns = {
        own: frame[theirs].to_numpy(dtype=np.float64)
        for theirs, own in _FIELDS.items()
        if theirs in frame.columns
    }
    # yfinance writes 0 for a volume that is null; a session without a close has none.
    columns["volume"] = np.where(np.isfinite(columns["close"]), columns["volume"], np.nan)
    repeated, conflicting = _repeats(raw, str(meta["exchangeTimezoneName"]), interval)
    conflict = np.isin(labels, conflicting)
    if conflict.any():  # yfinance would take the first of them
        columns = {k: np.where(conflict, np.nan, v) for k, v in columns.items()}
    if raw.get("indicators", {}).get("adjclose") is None:
        columns.pop("adj_close", None)  # yfinance repeats the close where Yahoo adjusts nothing
    return ChartAnswer(
        symbol=str(meta.get("symbol") or symbol),
        names=tuple(str(meta[k]) for k in ("longName", "shortName") if meta.get(k)),
        currency=str(meta.get("currency") or ""),
        timezone=str(meta.get("exchangeTimezoneName") or ""),
        labels=labels,
        columns=columns,
        repeated=repeated,
        conflicting=conflicting,
        unordered=int((np.diff(stamps) < 0).sum()),
        first_trade=_instant(meta.get("firstTradeDate")),
        last_trade=_instant(meta.get("regularMarketTime")),
    )


def _repeats(raw: Mapping[str, Any], zone: str, interval: str) -> tuple[Days, Days]:
    """The labels that stand more than once, and those of them whose rows disagree on the close.

    The last two rows may share a day: the second is then the live quote, which replaces the first.
    """
    import pandas as pd

    at = pd.to_datetime(raw["timestamp"], unit="s", utc=True)
    at = at.tz_convert(zone).normalize() if interval == "1d" else at
    unit = "datetime64[D]" if interval == "1d" else "datetime64[s]"
    labels = at.tz_localize(None).to_numpy().astype(unit)
    close = np.array(raw["indicators"]["quote"][0]["close"], dtype=np.float64)
    if len(labels) > 1 and labels[-1] == labels[-2]:
        labels, close = np.delete(labels, -2), np.delete(close, -2)
    order = np.argsort(labels, kind="stable")
    labels, close = labels[order], close[order]
    again = labels[1:] == labels[:-1]
    same = (close[1:] == close[:-1]) | (np.isnan(close[1:]) & np.isnan(close[:-1]))
    return np.unique(labels[1:][again]), np.unique(labels[1:][again & ~same])


def _instant(stamp: Any) -> datetime | None:
    return datetime.fromtimestamp(stamp, UTC) if isinstance(stamp, int | float) else None
