"""Prices in one common currency (``[prices] currency``), by the exchange rates of a price source.

A price in euro on a session becomes a price in dollars by that session's rate EURUSD=X. Where a
session has no rate the price is missing: nothing is carried forward. Rates close at another hour
than exchanges do, so a converted return holds a few hours of currency movement that belong to the
neighbouring session; returns in local currency (the default) have no such seam.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from signals.errors import SpecError
from signals.frames import frozen
from signals.prices.history import PRICE_FIELDS, PriceBook, PriceFailure, PriceHistory
from signals.prices.series import digest_of
from signals.prices.source import PriceRequest
from signals.spec import StudySpec

# Sources date exchange rates in London's zone; days without a session there have no rate.
RATE_CALENDAR = "XLON"


def rate_ticker(currency: str, common: str) -> str:
    """``EUR``, ``USD`` → ``EURUSD=X``: how many dollars a euro is."""
    return f"{currency}{common}=X"


def currency_requests(
    spec: StudySpec, requests: Iterable[PriceRequest]
) -> tuple[PriceRequest, ...]:
    """One request for every exchange rate that converting ``requests`` needs, in order."""
    common = spec.prices.currency
    asked = list(requests)
    if common is None or not asked:
        return ()
    stated = currencies(spec)
    foreign = sorted({stated[r.ticker] for r in asked if r.ticker in stated} - {common})
    first, last = min(r.first for r in asked), max(r.last for r in asked)
    return tuple(
        PriceRequest(
            rate_ticker(currency, common), rate_ticker(currency, common), RATE_CALENDAR,
            first, last, interval=asked[0].interval,
        )
        for currency in foreign
    )  # fmt: skip


def currencies(spec: StudySpec) -> dict[str, str]:
    """Currency of every asset and benchmark. A benchmark that is no asset is in the currency of
    the first asset that names it. Raises :class:`SpecError` for an asset that states none."""
    found: dict[str, str] = {}
    for asset in spec.assets:
        if asset.currency is None:
            raise SpecError(
                f"{asset.ticker} states no currency, and returns are asked for in "
                f"{spec.prices.currency}",
                file=spec.file,
                key="assets.currency",
                allowed="three letters, as in EUR",
            )
        found[asset.ticker] = asset.currency
    for asset in spec.assets:
        for benchmark in (asset.benchmark or spec.market.benchmark, *asset.beside):
            if benchmark is not None and asset.currency is not None:
                found.setdefault(benchmark, asset.currency)
    return found


def in_currency(spec: StudySpec, book: PriceBook) -> PriceBook:
    """The book with every price in ``[prices] currency``; as it is where the study names none.

    P in USD = P in EUR × (dollars per euro) on the same date. A series whose rate could not be
    had becomes a failure (``no_exchange_rate``). Checked by tests/prices/test_currency.py.
    """
    common = spec.prices.currency
    if common is None:
        return book
    if spec.intraday:
        raise SpecError(
            "daily closes only", file=spec.file, key="prices.currency", value=common,
            allowed='with interval = "1d", or left out',
        )  # fmt: skip
    stated = currencies(spec)
    histories, failures = dict(book.histories), dict(book.failures)
    for ticker, history in book.histories.items():
        own = stated.get(ticker, common)
        if own == common:
            continue
        rate = book.histories.get(rate_ticker(own, common))
        if rate is None:
            del histories[ticker]
            detail = f"{rate_ticker(own, common)} is needed to express {ticker} in {common}"
            failures[ticker] = PriceFailure(ticker, "no_exchange_rate", detail)
        else:
            histories[ticker] = _converted(history, rate, common)
    return PriceBook(histories, failures, book.source)


def _converted(history: PriceHistory, rate: PriceHistory, common: str) -> PriceHistory:
    factor = np.full(len(history.sessions), np.nan)
    if len(rate.sessions):
        place = np.minimum(np.searchsorted(rate.sessions, history.sessions), len(rate.sessions) - 1)
        same = rate.sessions[place] == history.sessions
        factor[same] = rate.column("close")[place[same]]
    columns = {
        name: frozen(values * factor) if name in PRICE_FIELDS else values
        for name, values in history.columns.items()
    }
    digest = digest_of(history.sessions, columns)
    return replace(history, columns=columns, currency=common, digest=digest)
