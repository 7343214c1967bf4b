"""Earnings dates, stories and share counts of Yahoo, through the real yfinance, on recorded shapes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from signals.errors import TransientError
from signals.providers import RateLimited, yahoo

CALENDAR = """<html><table><thead><tr><th>Symbol</th><th>Company</th><th>Earnings Date</th><th>EPS Estimate</th>
<th>Reported EPS</th><th>Surprise (%)</th></tr></thead><tbody>
<tr><td>META</td><td>Meta</td><td>July 30, 2025 at 4 PM EDT</td><td>5.9</td><td>7.1</td><td>20</td></tr>
<tr><td>META</td><td>Meta</td><td>January 29, 2025 at 4 PM EST</td><td>6.8</td><td>8.0</td><td>18</td></tr>
</tbody></table></html>"""
STORIES = {
    "data": {"tickerStream": {"stream": [{"content": {"title": "Meta buys"}}, {"ad": ["x"]}]}}
}
SHARES = {
    "timeseries": {
        "result": [{"shares_out": [2.17e9, 2.18e9], "timestamp": [1753833600, 1761782400]}]
    }
}
CHART = {
    "chart": {"result": [{"meta": {"exchangeTimezoneName": "America/New_York"}}], "error": None}
}


class _Response:
    def __init__(self, body: str, status: int = 200) -> None:
        self.text, self.status_code, self.headers, self.cookies = body, status, {}, {}
        self.content, self.ok, self.url, self.reason = body.encode(), status < 400, "", ""

    def json(self) -> Any:
        return json.loads(self.text)

    def raise_for_status(self) -> None:
        return None


Answer = Callable[[str], _Response]


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Answer], None]]:
    """Lets a test say what comes back for each address, below our session."""
    from curl_cffi.requests import Session

    def install(answer: Answer) -> None:
        def request(self: Any, method: Any, url: str, *args: Any, **options: Any) -> _Response:
            if "getcrumb" in url:
                return _Response("crumb")
            return _Response(json.dumps(CHART)) if "/v8/finance/chart/" in url else answer(url)

        monkeypatch.setattr(Session, "request", request)

    yahoo.forget_session()
    yield install
    yahoo.forget_session()


def test_earnings_dates(answering: Callable[[Answer], None]) -> None:
    answering(lambda url: _Response(CALENDAR))
    found = yahoo.earnings_dates("META")
    assert [m.isoformat() for m in found] == [
        "2025-07-30T16:00:00-04:00",
        "2025-01-29T16:00:00-05:00",
    ]


def test_a_symbol_without_a_calendar_has_none(answering: Callable[[Answer], None]) -> None:
    answering(lambda url: _Response("<html>no table</html>"))
    assert yahoo.earnings_dates("NONE") == []


def test_stories(answering: Callable[[Answer], None]) -> None:
    answering(lambda url: _Response(json.dumps(STORIES)))
    assert yahoo.news("META") == [{"content": {"title": "Meta buys"}}]


def test_share_counts(answering: Callable[[Answer], None]) -> None:
    answering(lambda url: _Response(json.dumps(SHARES)))
    assert yahoo.shares_outstanding("META") == [("2025-07-30", 2.17e9), ("2025-10-30", 2.18e9)]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (_Response("busy", 503), TransientError), (_Response("", 429), RateLimited),
        (_Response("<html>oops</html>"), TransientError),
    ],
)  # fmt: skip
def test_an_error_is_never_taken_for_none(
    answering: Callable[[Answer], None], answer: _Response, error: type[Exception]
) -> None:
    answering(lambda url: answer)
    with pytest.raises(error):
        yahoo.news("META")
    if answer.status_code != 200:
        with pytest.raises(error):
            yahoo.earnings_dates("META")
