"""News from the web: feeds, SEC filings, GDELT."""

from __future__ import annotations

from typing import Final

from signals.errors import DataError, TransientError
from signals.news.article import Article, Skipped
from signals.news.markup import safe_url, titled
from signals.news.read import Unusable, read_bytes
from signals.news.sources.protocol import Found, NewsRequest, SourceTools
from signals.providers import edgar as edgar_service
from signals.providers import feeds as feed_service
from signals.providers import gdelt as gdelt_service

# What an item of an 8-K reports, in the words of the catalogue and in ours.
ITEMS: Final = {
    "1.01": ("deal", "enters a material agreement"),
    "1.03": ("other", "reports a bankruptcy or receivership"),
    "2.01": ("deal", "completes an acquisition or sale"),
    "2.02": ("earnings_call", "reports results of operations"),
    "2.05": ("restructuring", "reports costs of exit or disposal"),
    "2.06": ("other", "reports a material impairment"),
    "3.01": ("regulation", "reports a notice on its listing"),
    "4.02": ("controversy", "withdraws financial statements"),
    "5.02": ("other", "reports a change of directors or officers"),
    "7.01": ("other", "makes a disclosure under Regulation FD"),
    "8.01": ("other", "reports another event"),
}
_FIRST: Final = ("2.02", "2.01", "1.01", "2.05", "4.02", "3.01")


def feeds(tools: SourceTools, request: NewsRequest) -> Found:
    """Items of feeds (or single pages) by address. A feed that cannot be used is skipped with
    its reason; one that may answer next time stops nothing else, but is raised at the end."""
    articles: list[Article] = []
    skipped: list[Skipped] = []
    down: list[TransientError] = []
    for url in request.urls:
        try:
            made, lost = read_bytes(feed_service.fetch(tools.client, url), url, ".xml", url)
        except (Unusable, DataError) as error:
            skipped.append(Skipped(url, str(error)))
        except TransientError as error:
            down.append(error)
        else:
            articles += made
            skipped += lost
    if down and not articles and not skipped:
        raise down[0]
    skipped += [Skipped(e.source, e.detail) for e in down]
    return Found(tuple(articles), tuple(skipped))


def edgar(tools: SourceTools, request: NewsRequest) -> Found:
    """8-K filings of tickers whose CIK ``entities.toml`` states."""
    by_ticker = {e.ticker: e for e in tools.lexicon.entities.values() if e.ticker and e.cik}
    articles: list[Article] = []
    skipped: list[Skipped] = []
    for ticker in request.tickers:
        entity = by_ticker.get(ticker)
        if entity is None:
            skipped.append(Skipped(ticker, "no CIK in entities.toml"))
            continue
        found = edgar_service.filings(
            tools.client,
            entity.cik,
            first=request.first,
            last=request.last,
            data_base=tools.bases.get("edgar_data", edgar_service.DATA_BASE),
            archive_base=tools.bases.get("edgar_archive", edgar_service.ARCHIVE_BASE),
        )
        articles += [_filing(f, ticker, entity.name) for f in found]
    return Found(tuple(articles), tuple(skipped))


def _filing(filing: edgar_service.Filing, ticker: str, name: str) -> Article:
    known = [i for i in (*_FIRST, *filing.items) if i in filing.items and i in ITEMS]
    category, words = ITEMS[known[0]] if known else ("other", "files a report")
    items = ", ".join(filing.items)
    note = f"{filing.form} items {items}" if items else filing.form
    return titled(
        f"{name} {words} ({filing.form})", f"{note}.", filing.url, filing.url,
        filing.accepted_at, "filing", category=category, ticker=ticker, subject=ticker, note=note,
    )  # fmt: skip


def gdelt(tools: SourceTools, request: NewsRequest) -> Found:
    """Headlines that GDELT saw; their times are bounds, so they wait for a person."""
    base = tools.bases.get("gdelt", gdelt_service.BASE)
    found = gdelt_service.pages(tools.client, request.query, request.first, request.last, base=base)
    articles, skipped = [], []
    for page in found:
        url = safe_url(page.url)
        if not page.title.strip() or not url:
            skipped.append(Skipped(page.url[:200] or "gdelt", "has no title or no address"))
        else:
            articles.append(titled(page.title, "", url, url, page.seen, "gdelt"))
    return Found(tuple(articles), tuple(skipped))
