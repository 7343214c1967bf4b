"""What a price source is: something that answers one request with a series or its cause."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Protocol

from signals.prices.history import PriceHistory

_SECONDS: Final = {"m": 60, "h": 3600, "d": 86400}
_FILE_NAME: Final = re.compile(r"[A-Za-z0-9^][A-Za-z0-9.^=_-]{0,63}")


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
    def name(self) -> str:
        """The source's name in the registry."""
        ...

    def load(self, request: PriceRequest) -> PriceHistory:
        """The series, on the sessions of ``request.calendar``."""
        ...


def interval_seconds(interval: str) -> int:
    """Length of a bar in seconds: ``5m`` → 300, ``1h`` → 3600, ``1d`` → 86400."""
    return int(interval[:-1]) * _SECONDS[interval[-1]]


def plain_file_name(symbol: str) -> bool:
    """True where ``symbol`` can be a file name as it is: it names no folder and leaves none."""
    return _FILE_NAME.fullmatch(symbol) is not None
