"""Is a series about the asset that the study means? Names and currencies, stated and found.

A symbol alone does not say: tokens share tickers, and a listing in pence has the same name as one
in pounds.
"""

from __future__ import annotations

import re

from signals.prices.history import QualityIssue
from signals.prices.source import PriceRequest, PriceUnavailable


def check_identity(
    request: PriceRequest, name: str, currency: str, source: str
) -> list[QualityIssue]:
    """Compare what the study states with what ``source`` returned as name and currency.

    A stated name fits when each of its words is among those found. Raises
    :class:`PriceUnavailable` (``currency_mismatch``, ``name_mismatch``); hands back an issue
    (``name_unchecked``) where the source states neither. Checked by
    ``tests/prices/test_identity.py``.
    """
    if request.currency and currency and currency != request.currency:
        detail = f"the study states {request.currency}, {source} quotes in {currency}"
        raise PriceUnavailable(request.ticker, "currency_mismatch", detail)
    if request.name and name and not _words(request.name) <= _words(name):
        detail = f"the study states {request.name!r}; {request.symbol} is {name!r} at {source}"
        raise PriceUnavailable(request.ticker, "name_mismatch", detail)
    silent = [
        what
        for what, stated, found in (
            ("name", request.name, name),
            ("currency", request.currency, currency),
        )
        if stated and not found
    ]
    if not silent:
        return []
    detail = f"{source} states no {' and no '.join(silent)}: not checked"
    return [QualityIssue(request.ticker, "name_unchecked", "", 1, detail)]


def _words(name: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", name.casefold()))
