"""Requests, series and a source of our own making for the tests of the price room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from signals.frames import Days, Floats
from signals.prices import PriceHistory, PriceRequest
from signals.prices.history import QualityIssue
from signals.prices.labels import closed_through
from signals.prices.series import assemble
from signals.sessions import trading_calendar


def asked(
    ticker: str = "META",
    first: str = "2024-01-02",
    last: str = "2024-03-28",
    *,
    calendar: str = "XNYS",
    interval: str = "1d",
    **more: str,
) -> PriceRequest:
    symbol = more.pop("symbol", ticker)
    return PriceRequest(ticker, symbol, calendar, first, last, interval=interval, **more)


def sessions(first: str, last: str, calendar: str = "XNYS") -> Days:
    every = trading_calendar(calendar).sessions
    return every[(every >= np.datetime64(first)) & (every <= np.datetime64(last))]


def walk(n: int, seed: int = 1, start: float = 100.0) -> Floats:
    steps = np.random.default_rng(seed).normal(0.0005, 0.012, n)
    return np.round(start * np.exp(np.cumsum(steps)), 4)


def made(
    labels: Days | Sequence[str], columns: Mapping[str, Sequence[float]], **more: str
) -> PriceHistory:
    """A history from rows as they stand, over all of time."""
    labels = np.asarray(labels, dtype="datetime64")
    request = asked(first="1990-01-01", last="2035-01-01", **more)
    values = {k: np.asarray(v, dtype=np.float64) for k, v in columns.items()}
    return assemble(request, labels, values, source="made")


def codes(issues: Sequence[QualityIssue]) -> dict[str, int]:
    return {i.code: i.count for i in issues}


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    instant: datetime

    def __call__(self) -> datetime:
        return self.instant

    def to(self, text: str) -> None:
        self.instant = datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass
class OwnSource:
    """A source whose history the test writes, and which counts what it was asked."""

    labels: Days
    columns: dict[str, Floats]
    clock: Clock
    name: str = "own"
    currency: str = "USD"
    series_name: str = "Meta Platforms, Inc."
    error: Exception | None = None
    requests: list[PriceRequest] = field(default_factory=list)

    def load(self, request: PriceRequest) -> PriceHistory:
        self.requests.append(request)
        if self.error is not None:
            raise self.error
        calendar = trading_calendar(request.calendar)
        newest = np.datetime64(closed_through(calendar, self.clock(), request.last))
        have = self.labels.astype("datetime64[D]") <= newest
        return assemble(
            request,
            self.labels[have],
            {k: v[have] for k, v in self.columns.items()},
            source=self.name,
            currency=self.currency,
            name=self.series_name,
            fetched_at=self.clock().isoformat(timespec="seconds"),
        )
