"""``signals doctor``: is everything there that a study needs?"""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Final

import typer

from flows import settings
from flows.cli import screen
from flows.cli.run import AsJson

NEEDED: Final = (
    "numpy", "scipy", "pandas", "pyarrow", "statsmodels", "exchange_calendars", "pydantic",
    "prefect", "fastapi", "sqlalchemy", "yfinance", "typer", "rich",
)  # fmt: skip
OPTIONAL: Final = {
    "bokeh_sampledata": "sample prices (extra: sample)",
    "dask": "clusters (extra: scale)",
    "trafilatura": "articles (extra: news)",
    "asyncpg": "PostgreSQL for Prefect (extra: postgres)",
}
# Found by trying: with newer ones Prefect 3.8 fails, or silently never runs a schedule.
CAPS: Final = {"fastapi": (0, 151), "sqlalchemy": (2, 1), "prefect": (3, 10)}
YAHOO: Final = "https://query2.finance.yahoo.com/v8/finance/chart/SPY?range=1d&interval=1d"


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """One thing that was looked at. ``state``: ok, note (works without), broken."""

    what: str
    state: str
    detail: str


def doctor(
    timeout: Annotated[
        float, typer.Option(min=0.1, max=60.0, help="Seconds to wait for each service.")
    ] = 3.0,
    as_json: AsJson = False,
) -> None:
    """Show versions, the cache's health, and whether Yahoo and the Prefect API answer."""
    found = [_python(), *_packages(), _cache(), _prefect(timeout), _yahoo(timeout)]
    if as_json:
        screen.as_json([{"what": f.what, "state": f.state, "detail": f.detail} for f in found])
    else:
        screen.table(["what", "state", "detail"], [[f.what, f.state, f.detail] for f in found])
    if any(f.state == "broken" for f in found):
        raise typer.Exit(1)


def _python() -> Finding:
    good = sys.version_info >= (3, 11)
    return Finding("python", "ok" if good else "broken", platform.python_version())


def _packages() -> list[Finding]:
    found = []
    for name in NEEDED:
        try:
            installed = version(name)
        except PackageNotFoundError:
            found.append(Finding(name, "broken", "not installed"))
            continue
        cap = CAPS.get(name)
        if cap and _numbers(installed) >= cap:
            text = f"{installed}: needs < {'.'.join(map(str, cap))}"
            found.append(Finding(name, "broken", text))
        else:
            found.append(Finding(name, "ok", installed))
    for name, purpose in OPTIONAL.items():
        try:
            found.append(Finding(name, "ok", version(name)))
        except PackageNotFoundError:
            found.append(Finding(name, "note", f"not installed: {purpose}"))
    return found


def _numbers(text: str) -> tuple[int, ...]:
    parts = []
    for part in text.split("."):
        digits = "".join(c for c in part if c.isdigit())
        parts.append(int(digits) if digits else 0)
    return tuple(parts)


def _cache() -> Finding:
    from flows.options import cache_dir
    from signals.prices import verify

    folder = cache_dir() / "prices"
    if not folder.is_dir():
        return Finding("price cache", "note", f"{folder} is empty; the first run fills it")
    found = verify(cache_dir())
    bad = [f.path.name for f in found if f.status not in ("ok", "leftover")]
    if bad:
        return Finding("price cache", "note", f"{folder}: damaged, fetched anew: {', '.join(bad)}")
    return Finding("price cache", "ok", f"{folder}: {len(found)} series, all as written")


def _prefect(timeout: float) -> Finding:
    url = settings.api_url()
    if url is None:
        return Finding("prefect api", "ok", "none configured: each run starts its own server")
    status, cause = _answer(f"{url.rstrip('/')}/health", timeout)
    if status == 200:
        return Finding("prefect api", "ok", f"{settings.shown(url)} answers")
    told = f"{settings.shown(url)} does not answer: {cause or status}"
    return Finding("prefect api", "note", told)


def _yahoo(timeout: float) -> Finding:
    status, cause = _answer(YAHOO, timeout)
    if status:
        return Finding("yahoo", "ok", f"answers ({status})")
    text = f"cannot be reached ({cause}); studies on files, the sample or the cache still run"
    return Finding("yahoo", "note", text)


def _answer(url: str, timeout: float) -> tuple[int, str]:
    """HTTP status of ``url`` through the user's proxy, or 0 and why there is none."""
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    try:
        request = Request(url, headers={"User-Agent": "Mozilla/5.0"})
        with urlopen(request, timeout=timeout) as answer:
            return int(answer.status), ""
    except HTTPError as error:
        return error.code, str(error.reason)
    except (OSError, HTTPException, ValueError) as error:
        return 0, str(getattr(error, "reason", error))
