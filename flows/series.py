"""The price series of a study as rows that a person reads."""

from __future__ import annotations

from typing import Any

from signals.prices import PriceBook


def series_rows(book: PriceBook) -> list[dict[str, Any]]:
    """One row for each ticker: its span, source and digest, or why there is none."""
    rows: list[dict[str, Any]] = []
    for ticker in sorted({*book.histories, *book.failures}):
        found = book.histories.get(ticker)
        if found is None:
            failed = book.failures[ticker]
            rows.append(_row(ticker, failed.code, source=book.source, remarks=failed.detail))
            continue
        bounds = [str(s)[:10] for s in found.sessions[[0, -1]]] if len(found.sessions) else ["", ""]
        remarks = "; ".join(f"{i.code} {i.session} ({i.count})" for i in found.issues)
        rows.append(
            _row(
                ticker, "ok", first=bounds[0], last=bounds[1], sessions=len(found.sessions),
                source=found.source, fetched_at=found.fetched_at, digest=found.digest,
                remarks=remarks,
            )
        )  # fmt: skip
    return rows


def _row(
    ticker: str,
    status: str,
    *,
    first: str = "",
    last: str = "",
    sessions: int = 0,
    source: str = "",
    fetched_at: str = "",
    digest: str = "",
    remarks: str = "",
) -> dict[str, Any]:
    return {
        "ticker": ticker, "status": status, "first": first, "last": last, "sessions": sessions,
        "source": source, "fetched_at": fetched_at, "digest": digest, "remarks": remarks,
    }  # fmt: skip
