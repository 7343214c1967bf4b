"""What a price source is: something that answers one request with a series or its cause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from signals.prices.history import PriceHistory


class PriceUnavailable(Exception):
    """A source has no usable series for a ticker, and asking again will not help.

    ``code`` as in :class:`signals.prices.history.PriceFailure`.
    """

    def __init__(self, ticker: str, code: str, detail: str) -> None:
        self.ticker = ticker
        self.code = code
        self.detail = detail
        super().__init__(f"{ticker}: {detail}")


@dataclass(frozen=True, slots=True, eq=False)
class PriceRequest:
    """One series that the study needs. ``first``/``last`` are ISO dates, both included.

    ``symbol`` is the source's own name; ``name`` and ``currency``, where stated, are checked
    against what the source returns.
    """

    ticker: str
    symbol: str
    calendar: str
    first: str
    last: str
    name: str | None = None
    currency: str | None = None
    interval: str = "1d"


class PriceSource(Protocol):
    """One source of prices. ``load`` raises :class:`PriceUnavailable` (becomes exclusions),
    :class:`signals.errors.TransientError` (retry) or :class:`signals.errors.DataError` (stop)."""

    @property
    def name(self) -> str: ...

    def load(self, request: PriceRequest) -> PriceHistory: ...
