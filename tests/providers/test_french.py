"""Kenneth French's library through pandas-datareader, answered by a transport of the test's own.

URL, unzipping and parsing are the library's; only the wire is replaced. The figures in the files
here are made up in the published layout.
"""

from __future__ import annotations

import io
import sys
import zipfile

import numpy as np
import pytest
import requests
from requests.adapters import BaseAdapter

from signals.errors import SpecError, TransientError
from signals.providers import NoSuchSeries, RateLimited
from signals.providers.french import FILES, fetch_factors

HEADERS = {
    "three": ",Mkt-RF,SMB,HML,RF",
    "five": ",Mkt-RF,SMB,HML,RMW,CMA,RF",
    "momentum": ",Mom   ",
}


def published(dataset, rows=60, header=None, first=None):
    """A zip in the library's layout: a notice, a blank line, the table, a blank line, a notice."""
    header = HEADERS[dataset] if header is None else header
    columns = header.count(",")
    days = [
        d for d in np.arange("2025-01-02", "2025-12-31", dtype="datetime64[D]") if np.is_busday(d)
    ]
    lines = [header]
    for i, day in enumerate(days[:rows]):
        cells = [f"{(i % 7 - 3) * 0.31 + j:8.2f}" for j in range(columns)]
        if i == 5:
            cells[0] = "  -99.99"
        lines.append(str(day).replace("-", "") + "," + ",".join(cells))
    if first is not None:
        lines[1] = first
    text = "\r\n".join(
        [
            "This file was created by a test.",
            "The layout is the library's.",
            "",
            *lines,
            "",
            "Copyright",
            "",
        ]
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"{FILES[dataset][0]}.csv", text)
    return packed.getvalue()


class Wire(BaseAdapter):
    """Answers every request with one status and body, or fails as the network would."""

    def __init__(self, body=b"", status=200, headers=None, failure=None):
        super().__init__()
        self.body, self.status, self.headers = body, status, headers or {}
        self.failure, self.asked = failure, []

    def send(self, request, **_):
        self.asked.append(request.url)
        if self.failure is not None:
            raise self.failure
        response = requests.Response()
        response.status_code, response.url, response.request = self.status, request.url, request
        response.headers.update(self.headers)
        response.raw = io.BytesIO(self.body)
        return response

    def close(self):
        """Nothing is held open."""


def ask(dataset="five", **wire):
    session = requests.Session()
    adapter = Wire(**wire)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return adapter, lambda: fetch_factors(dataset, session=session)


@pytest.mark.parametrize("dataset", list(FILES))
def test_published_file_is_read_in_percent(dataset):
    wire, fetch = ask(dataset, body=published(dataset))
    answer = fetch()
    assert len(wire.asked) == 1
    assert wire.asked[0].endswith(f"/{FILES[dataset][0]}_CSV.zip")
    assert tuple(answer.columns) == FILES[dataset][1]
    assert answer.sessions.dtype == np.dtype("datetime64[D]")
    assert (str(answer.sessions[0]), len(answer.sessions)) == ("2025-01-02", 60)
    first = answer.columns[FILES[dataset][1][0]]
    np.testing.assert_allclose(first[:5], [-0.93, -0.62, -0.31, 0.0, 0.31], atol=1e-12)
    assert np.isnan(first[5])
    assert np.isfinite(np.delete(first, 5)).all()


@pytest.mark.parametrize(
    ("wire", "kind", "said"),
    [
        ({"status": 503}, TransientError, "HTTP 503"),
        ({"status": 408}, TransientError, "HTTP 408"),
        ({"status": 404}, NoSuchSeries, "HTTP 404"),
        ({"status": 429, "headers": {"Retry-After": "7"}}, RateLimited, "HTTP 429"),
        ({"failure": requests.ConnectionError("connection refused")}, TransientError, "refused"),
        ({"failure": requests.Timeout("timed out")}, TransientError, "timed out"),
        ({"body": b"<html>maintenance</html>"}, TransientError, "no factor file"),
        ({"body": b""}, TransientError, "no factor file"),
        ({"body": published("five")[:-40]}, TransientError, "no factor file"),
        ({"body": published("five", rows=3)}, TransientError, "no table"),
        (
            {"body": published("five", header=",Mkt-RF,SMB,HML,RMW,RF")},
            NoSuchSeries,
            "no column cma",
        ),
        ({"body": published("five", first="20250102,a,b,c,d,e,f")}, TransientError, "mkt_rf"),
        ({"body": published("five", first="20250103,1,1,1,1,1,1")}, TransientError, "not in order"),
        ({"body": published("five", first="20250601,1,1,1,1,1,1")}, TransientError, "sorted"),
    ],
)
def test_every_fault_has_its_cause(wire, kind, said):
    _, fetch = ask(**wire)
    with pytest.raises(kind, match=said) as caught:
        fetch()
    if kind is RateLimited:
        assert caught.value.retry_after == 7
    if kind is TransientError:
        assert (caught.value.source, caught.value.ticker) == ("french", "five")


def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas_datareader.famafrench", None)
    with pytest.raises(SpecError, match="not installed") as caught:
        fetch_factors("three")
    assert caught.value.key == "factors.source"
