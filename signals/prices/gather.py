"""Which series a study needs, and all of them in one book."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from signals.errors import TransientError
from signals.prices.history import PriceBook, PriceFailure, PriceHistory
from signals.prices.source import PriceRequest, PriceSource, PriceUnavailable
from signals.spec import AssetSpec, StudySpec


def requests_for(
    spec: StudySpec,
    tickers: Iterable[str],
    first: str,
    last: str,
    *,
    source: str | None = None,
) -> tuple[PriceRequest, ...]:
    """One request for each ticker and each benchmark of these, in order of ticker.

    ``first`` and ``last`` are ISO dates, both included; ``source`` is the name of the source that
    will be asked (its own symbols are used), by default the study's. A benchmark that is no asset
    of the study is on the calendar of ``[market]`` when it is the market's benchmark, else on
    that of the first asset that names it. Checked by ``tests/prices/test_gather.py``.
    """
    source = source or spec.prices.source
    stated = {a.ticker: a for a in spec.assets}
    wanted: dict[str, PriceRequest] = {}

    def add(ticker: str, calendar: str) -> None:
        asset = stated.get(ticker, AssetSpec(ticker=ticker))
        wanted.setdefault(
            ticker,
            PriceRequest(
                ticker=ticker,
                symbol=asset.symbol.get(source, ticker),
                calendar=asset.calendar or calendar,
                first=first,
                last=last,
                name=asset.name,
                currency=asset.currency,
                interval=spec.prices.interval,
            ),
        )

    market = spec.market
    listed = list(dict.fromkeys(tickers))
    for ticker in listed:
        add(ticker, market.calendar)
    for ticker in listed:
        asset = stated.get(ticker, AssetSpec(ticker=ticker))
        benchmark = asset.benchmark or market.benchmark
        if benchmark is not None:
            own = asset.calendar or market.calendar
            add(benchmark, market.calendar if benchmark == market.benchmark else own)
            for further in asset.beside:
                add(further, own)
    return tuple(wanted[t] for t in sorted(wanted))


def gather(
    source: PriceSource,
    requests: Iterable[PriceRequest],
    *,
    on_loaded: Callable[[str], None] | None = None,
) -> PriceBook:
    """Load every request: histories by ticker, and the tickers that cannot be had with their cause.

    A source that is down for one ticker does not keep the others from being loaded (and cached):
    all requests are tried, then the first :class:`TransientError` is raised, which says how many
    tickers were concerned. A :class:`DataError` stops at once. ``on_loaded`` is called with each
    ticker that is done, whatever came of it.
    """
    histories: dict[str, PriceHistory] = {}
    failures: dict[str, PriceFailure] = {}
    down: list[TransientError] = []
    count = 0
    for request in requests:
        count += 1
        try:
            histories[request.ticker] = source.load(request)
        except PriceUnavailable as error:
            failures[request.ticker] = PriceFailure(error.ticker, error.code, error.detail)
        except TransientError as error:
            down.append(error)
        if on_loaded is not None:
            on_loaded(request.ticker)
    if len(down) == 1:
        raise down[0]
    if down:
        tickers = ", ".join(str(e.ticker) for e in down[:5]) + (" …" if len(down) > 5 else "")
        detail = f"{len(down)} of {count} series could not be fetched ({tickers}); {down[0].detail}"
        raise TransientError(down[0].source, detail, ticker=down[0].ticker) from down[0]
    return PriceBook(histories, failures, source.name)
