"""SEC EDGAR: 8-K filings with the second they were accepted.

The JSON of EDGAR states acceptance times with a ``Z`` that are New York time for some filers;
so the time is read from the filing's own SGML header, which is Eastern. The SEC asks for a
declared user agent and at most ten requests a second.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from signals.errors import TransientError
from signals.providers.web import WebClient

SOURCE: Final = "edgar"
DATA_BASE: Final = "https://data.sec.gov"
ARCHIVE_BASE: Final = "https://www.sec.gov/Archives"
PACE_SECONDS: Final = 0.12
EASTERN: Final = ZoneInfo("America/New_York")
_ACCEPTED: Final = re.compile(r"<ACCEPTANCE-DATETIME>\s*(\d{14})")


@dataclass(frozen=True, slots=True, eq=False)
class Filing:
    """One filing. ``accepted_at`` is ISO-8601 with the Eastern offset; ``items`` its 8-K items."""

    cik: str
    company: str
    accession: str
    form: str
    items: tuple[str, ...]
    accepted_at: str
    url: str


def filings(
    client: WebClient,
    cik: str,
    *,
    forms: Sequence[str] = ("8-K",),
    first: str = "",
    last: str = "",
    data_base: str = DATA_BASE,
    archive_base: str = ARCHIVE_BASE,
) -> list[Filing]:
    """Recent filings of a company filed between two ISO dates, oldest first."""
    number = cik.strip().lstrip("0") or "0"
    answer = client.get(
        f"{data_base}/submissions/CIK{number.zfill(10)}.json", source=SOURCE, pace=PACE_SECONDS
    )
    try:
        whole = json.loads(answer.body)
        recent: dict[str, list[Any]] = whole["filings"]["recent"]
        rows = list(
            zip(recent["accessionNumber"], recent["form"], recent["filingDate"],
                recent.get("items") or [""] * len(recent["form"]), strict=True)
        )  # fmt: skip
    except (ValueError, KeyError, TypeError):
        raise TransientError(SOURCE, "answered with something that is no filing list") from None
    found = []
    for accession, form, filed, items in rows:
        if form not in forms or (first and filed < first) or (last and filed > last):
            continue
        folder = f"{archive_base}/edgar/data/{number}/{str(accession).replace('-', '')}"
        accepted = _accepted(client, f"{folder}/{accession}-index-headers.html")
        parts = tuple(p.strip() for p in str(items).split(",") if p.strip())
        company = str(whole.get("name", ""))
        url = f"{folder}/{accession}-index.htm"
        found.append(Filing(number, company, accession, form, parts, accepted, url))
    return sorted(found, key=lambda f: (f.accepted_at, f.accession))


def _accepted(client: WebClient, url: str) -> str:
    """The acceptance time in a filing's SGML header, as Eastern time with its offset."""
    answer = client.get(url, source=SOURCE, pace=PACE_SECONDS)
    text = answer.body.decode("latin-1").replace("&lt;", "<").replace("&gt;", ">")
    match = _ACCEPTED.search(text)
    if match is None:
        raise TransientError(SOURCE, f"no acceptance time in {url[-60:]}")
    stamp = datetime.strptime(match.group(1), "%Y%m%d%H%M%S").replace(tzinfo=EASTERN)
    return stamp.isoformat()
