"""The outside world, one thin adapter for each service.

An adapter hands on an answer or its cause: :class:`NoSuchSeries` (asking again will not help) or
:class:`signals.errors.TransientError` (it may). It never hands on an empty answer.
"""

from __future__ import annotations

from signals.errors import TransientError


class NoSuchSeries(Exception):
    """A service answered that it has nothing under this name, or nothing that can be used.

    ``code`` is one of those of :class:`signals.prices.history.PriceFailure`.
    """

    def __init__(self, symbol: str, code: str, detail: str) -> None:
        self.symbol = symbol
        self.code = code
        self.detail = detail
        super().__init__(f"{symbol}: {detail}")


class RateLimited(TransientError):
    """The service asks for a pause. ``retry_after`` in seconds, where it says how long."""

    def __init__(
        self,
        source: str,
        detail: str,
        *,
        ticker: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.retry_after = retry_after
        super().__init__(source, detail, ticker=ticker)


__all__ = ["NoSuchSeries", "RateLimited"]
