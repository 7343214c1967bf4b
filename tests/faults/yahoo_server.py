"""A Yahoo of our own on the loopback interface, reached by the real yfinance client.

It is an HTTPS proxy with its own certificate authority. A client that finds ``HTTPS_PROXY`` and the
CA variables of :attr:`YahooServer.environment` talks to it as if it were Yahoo: the URLs, TLS,
cookies, crumb and chart answers have their real shape, and no code of the client is replaced. It
works in this process and in a subprocess alike::

    with YahooServer([generated("META")]) as server:
        server.inject("META", "http_503", times=2)      # the next two chart requests fail
        subprocess.run([...], env={**os.environ, **server.environment})

    with YahooServer([...]) as server, server.reached():  # in this process
        YahooSource(...).load(...)

``server.requests`` lists what was asked (host, path, parameters). :data:`FAULTS` names the faults.
"""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import datetime as dt
import functools
import http.server
import ipaddress
import json
import math
import os
import random
import socket
import socketserver
import ssl
import struct
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

HOSTS = (
    "fc.yahoo.com", "finance.yahoo.com", "query1.finance.yahoo.com", "query2.finance.yahoo.com",
    "guce.yahoo.com", "consent.yahoo.com",
)  # fmt: skip
CRUMB = "loopback.crumb"
PRICE_KEYS = ("open", "high", "low", "close")


@dataclasses.dataclass(frozen=True)
class Listing:
    """One series that the server knows. ``days`` are session dates; each column is as long.

    ``bars`` (UTC instants with columns of their own) answer intraday requests.
    """

    symbol: str
    days: Sequence[dt.date]
    columns: Mapping[str, Sequence[float | None]]
    currency: str = "USD"
    name: str = ""
    timezone: str = "America/New_York"
    instrument: str = "EQUITY"
    dividends: Mapping[dt.date, float] = dataclasses.field(default_factory=dict)
    bars: Sequence[dt.datetime] = ()
    bar_columns: Mapping[str, Sequence[float | None]] = dataclasses.field(default_factory=dict)

    def instant(self, day: dt.date) -> int:
        """Yahoo dates a day by its opening instant; tokens by UTC midnight."""
        opening = dt.time(0, 0) if self.timezone == "UTC" else dt.time(9, 30)
        return int(dt.datetime.combine(day, opening, ZoneInfo(self.timezone)).timestamp())


def from_csv(path: Path, symbol: str, **options: Any) -> Listing:
    """A listing from a recorded price file (date, close and whatever else it has)."""
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    keys = [k for k in (*PRICE_KEYS, "adj_close", "volume") if k in rows[0]]
    columns = {k: [float(r[k]) if r[k] else None for r in rows] for k in keys}
    if not any(v is not None for v in columns.get("adj_close", ())):
        columns.pop("adj_close", None)
    return Listing(symbol, [dt.date.fromisoformat(r["date"]) for r in rows], columns, **options)


def generated(
    symbol: str,
    first: str = "2023-01-02",
    last: str = "2024-12-31",
    *,
    sessions: Sequence[dt.date] | None = None,
    seed: int = 7,
    **options: Any,
) -> Listing:
    """A random walk on ``sessions`` (default: weekdays), two decimals, with every column."""
    draw = random.Random(f"{symbol}{seed}")
    start, stop = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
    span = [start + dt.timedelta(days=i) for i in range((stop - start).days + 1)]
    days = list(sessions) if sessions is not None else [d for d in span if d.weekday() < 5]
    price, closes = 100.0, []
    for _ in days:
        price *= math.exp(draw.gauss(0.0003, 0.015))
        closes.append(round(price, 2))
    columns: dict[str, list[float | None]] = {
        "open": list(closes),
        "high": [round(c * 1.01, 2) for c in closes],
        "low": [round(c * 0.99, 2) for c in closes],
        "close": list(closes),
        "adj_close": [round(c * 0.98, 4) for c in closes],
        "volume": [draw.randrange(10**6, 10**7) for _ in closes],
    }
    options.setdefault("name", f"{symbol} Incorporated")
    return Listing(symbol, days, columns, **options)


# ── faults ────────────────────────────────────────────────────────────────────────────────────
# Each takes the handler, the listing (None where unknown) and the honest chart, and answers.

Fault = Callable[["_Handler", dict[str, Any]], None]


def _status(code: int, body: str, **headers: str) -> Fault:
    def answer(handler: _Handler, chart: dict[str, Any]) -> None:
        handler.reply(code, body, {k.replace("_", "-"): v for k, v in headers.items()})

    return answer


def _error(code: str, description: str) -> str:
    return json.dumps(
        {"chart": {"result": None, "error": {"code": code, "description": description}}}
    )


def _data(change: Callable[[dict[str, Any]], None]) -> Fault:
    """A fault in the rows: the chart is honest but for ``change`` of its result."""

    def answer(handler: _Handler, chart: dict[str, Any]) -> None:
        change(chart["chart"]["result"][0])
        handler.reply(200, json.dumps(chart))

    return answer


def _each_column(result: dict[str, Any], change: Callable[[str, list[Any]], list[Any]]) -> None:
    quote = result["indicators"]["quote"][0]
    for key in quote:
        quote[key] = change(key, quote[key])
    for block in result["indicators"].get("adjclose", []):
        block["adjclose"] = change("adjclose", block["adjclose"])


def _null_rows(result: dict[str, Any]) -> None:
    middle = len(result["timestamp"]) // 2
    _each_column(result, lambda k, v: [*v[:middle], None, None, None, *v[middle + 3 :]])


def _all_null(result: dict[str, Any]) -> None:
    _each_column(result, lambda k, v: [None] * len(v))


def _out_of_order(result: dict[str, Any]) -> None:
    result["timestamp"] = result["timestamp"][::-1]
    _each_column(result, lambda k, v: v[::-1])


def _duplicated(result: dict[str, Any]) -> None:
    at = len(result["timestamp"]) // 2
    result["timestamp"] = [*result["timestamp"][: at + 1], *result["timestamp"][at:]]
    _each_column(result, lambda k, v: [*v[: at + 1], *v[at:]])


def _conflicting(result: dict[str, Any]) -> None:
    at = len(result["timestamp"]) // 2
    _duplicated(result)
    _each_column(result, lambda k, v: [*v[:at], v[at] * 2 if v[at] else None, *v[at + 1 :]])


def _negative(result: dict[str, Any]) -> None:
    at = len(result["timestamp"]) // 2
    _each_column(result, lambda k, v: [*v[:at], -v[at], *v[at + 1 :]] if k == "close" else v)


def _scaled(ratio: float) -> Callable[[dict[str, Any]], None]:
    def change(result: dict[str, Any]) -> None:
        at = len(result["timestamp"]) // 2
        prices = {*PRICE_KEYS, "adjclose"}
        _each_column(
            result,
            lambda k, v: [*v[:at], *(x and x * ratio for x in v[at:])] if k in prices else v,
        )

    return change


def _frozen(result: dict[str, Any]) -> None:
    at = len(result["timestamp"]) // 2
    _each_column(result, lambda k, v: [*v[:at], *[v[at]] * (len(v) - at)])


def _meta(**changes: Any) -> Callable[[dict[str, Any]], None]:
    def change(result: dict[str, Any]) -> None:
        result["meta"].update(changes)

    return change


def _part(pick: Callable[[int], slice]) -> Callable[[dict[str, Any]], None]:
    def change(result: dict[str, Any]) -> None:
        kept = pick(len(result["timestamp"]))
        result["timestamp"] = result["timestamp"][kept]
        _each_column(result, lambda k, v: v[kept])

    return change


def _no_rows(result: dict[str, Any]) -> None:
    del result["timestamp"]
    result["indicators"] = {"quote": [{}], "adjclose": [{}]}


def _live_bar(result: dict[str, Any]) -> None:
    """The session after the last one, still trading: its row is the latest quote."""
    last = dt.datetime.fromtimestamp(result["timestamp"][-1], dt.UTC)
    ahead = 3 if last.weekday() == 4 and result["meta"]["exchangeTimezoneName"] != "UTC" else 1
    result["timestamp"].append(int((last + dt.timedelta(days=ahead)).timestamp()))
    _each_column(result, lambda k, v: [*v, (v[-1] or 1) * 1.05])


def _truncated(handler: _Handler, chart: dict[str, Any]) -> None:
    body = json.dumps(chart)
    handler.reply(200, body[: len(body) // 2])


def _reset_mid_body(handler: _Handler, chart: dict[str, Any]) -> None:
    body = json.dumps(chart).encode()
    handler.head(200, len(body))
    handler.wfile.write(body[: len(body) // 2])
    handler.reset()


def _cut_mid_body(handler: _Handler, chart: dict[str, Any]) -> None:
    body = json.dumps(chart).encode()
    handler.head(200, len(body))
    handler.wfile.write(body[: len(body) // 2])
    handler.close_connection = True


def _refused(handler: _Handler, chart: dict[str, Any]) -> None:
    handler.reset()


def _slow_drip(handler: _Handler, chart: dict[str, Any]) -> None:
    body = json.dumps(chart).encode()
    handler.head(200, len(body))
    for i in range(len(body)):
        if handler.owner.closing.wait(0.05):
            return
        handler.wfile.write(body[i : i + 1])


def _hang(handler: _Handler, chart: dict[str, Any]) -> None:
    handler.owner.closing.wait(60)
    handler.reset()


def _ten_megabytes(handler: _Handler, chart: dict[str, Any]) -> None:
    chart["padding"] = "x" * 10_000_000
    handler.reply(200, json.dumps(chart))


_HTML = "<!DOCTYPE html><html><body>Will be right back...</body></html>"
_UNAUTHORIZED = json.dumps(
    {"finance": {"result": None, "error": {"code": "Unauthorized", "description": "Invalid Crumb"}}}
)

FAULTS: Mapping[str, Fault] = {
    "not_found": _status(404, _error("Not Found", "No data found, symbol may be delisted")),
    "bare_404": _status(404, _HTML),
    "no_such_range": _status(
        400, _error("Bad Request", "Data doesn't exist for startDate = 1, endDate = 2")
    ),
    "bad_crumb": _status(401, _UNAUTHORIZED),
    "forbidden": _status(403, _HTML),
    "rate_limited": _status(429, "Too Many Requests\r\n"),
    "rate_limited_with_pause": _status(429, "Too Many Requests\r\n", Retry_After="7"),
    "http_500": _status(500, "Internal Server Error"),
    "http_502_html": _status(502, _HTML),
    "http_503": _status(503, ""),
    "refused": _refused,
    "reset_mid_body": _reset_mid_body,
    "cut_mid_body": _cut_mid_body,
    "truncated_json": _truncated,
    "html": _status(200, _HTML),
    "empty_body": _status(200, ""),
    "empty_result": _status(200, json.dumps({"chart": {"result": [], "error": None}})),
    "null_result": _status(200, json.dumps({"chart": {"result": None, "error": None}})),
    "no_rows": _data(_no_rows),
    "null_rows": _data(_null_rows),
    "all_null": _data(_all_null),
    "out_of_order": _data(_out_of_order),
    "duplicated_rows": _data(_duplicated),
    "conflicting_rows": _data(_conflicting),
    "negative_price": _data(_negative),
    "times_100": _data(_scaled(100.0)),
    "unadjusted_split": _data(_scaled(0.25)),
    "frozen": _data(_frozen),
    "wrong_currency": _data(_meta(currency="EUR")),
    "pence": _data(_meta(currency="GBp")),
    "wrong_timezone": _data(_meta(exchangeTimezoneName="Pacific/Auckland")),
    "unknown_timezone": _data(_meta(exchangeTimezoneName="Mars/Olympus")),
    "renamed": _data(_meta(longName="Another Company", shortName="Another Company")),
    "other_symbol": _data(_meta(symbol="OTHER")),
    "nameless": _data(_meta(longName=None, shortName=None, currency=None)),
    "starts_late": _data(_part(lambda n: slice(n // 2, n))),
    "ends_early": _data(_part(lambda n: slice(0, n // 2))),
    "one_session_late": _data(_part(lambda n: slice(0, n - 1))),
    "live_bar": _data(_live_bar),
    "slow_drip": _slow_drip,
    "hang": _hang,
    "ten_megabytes": _ten_megabytes,
}
# Faults of the connection and the service meet every chart request, the time-zone probe included;
# these, of the rows, only a request for rows.
_ROWS = frozenset(FAULTS) - {
    "not_found", "bare_404", "bad_crumb", "forbidden", "rate_limited", "rate_limited_with_pause",
    "http_500", "http_502_html", "http_503", "refused", "html", "empty_body", "empty_result",
    "null_result", "slow_drip", "hang",
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Asked:
    """One request that reached the server."""

    host: str
    path: str
    params: Mapping[str, str]


class YahooServer:
    """The server: a context manager. ``listings`` may be replaced while it runs."""

    def __init__(self, listings: Sequence[Listing]) -> None:
        self.listings = {x.symbol: x for x in listings}
        self.requests: list[Asked] = []
        self.closing = threading.Event()
        self._faults: dict[str, list[tuple[str, float]]] = {}
        self._lock = threading.Lock()
        self._folder = tempfile.TemporaryDirectory(prefix="signals-yahoo-")
        ca, chain = _certificates()
        self.ca_file = Path(self._folder.name, "ca.pem")
        self.ca_file.write_bytes(ca)
        chain_file = Path(self._folder.name, "server.pem")
        chain_file.write_bytes(chain)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(chain_file)
        self.tls.set_alpn_protocols(["http/1.1"])
        self._tcp = _Tcp(("127.0.0.1", 0), _Handler)
        self._tcp.owner = self
        self.port = int(self._tcp.server_address[1])
        self._thread = threading.Thread(target=self._tcp.serve_forever, args=(0.05,), daemon=True)

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs in its environment to take this server for Yahoo."""
        proxy, ca = f"http://127.0.0.1:{self.port}", str(self.ca_file)
        proxies = dict.fromkeys(("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"), proxy)
        bundles = dict.fromkeys(("CURL_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), ca)
        return {**proxies, **bundles, "NO_PROXY": "", "no_proxy": ""}

    def inject(self, symbol: str, fault: str, times: float = math.inf) -> None:
        """The next ``times`` chart requests for ``symbol`` (``*``: any) meet ``fault``."""
        if fault not in FAULTS:
            raise KeyError(f"{fault}: one of {', '.join(sorted(FAULTS))}")
        with self._lock:
            self._faults.setdefault(symbol, []).append((fault, times))

    def heal(self) -> None:
        """No more faults."""
        with self._lock:
            self._faults.clear()

    def charts(self, symbol: str) -> list[Asked]:
        """The requests for rows of ``symbol`` so far."""
        wanted = f"/v8/finance/chart/{symbol}"
        with self._lock:
            return [r for r in self.requests if r.path == wanted and "period1" in r.params]

    @contextlib.contextmanager
    def reached(self) -> Iterator[YahooServer]:
        """This process reaches the server; its own connection to Yahoo is forgotten around it."""
        from signals.providers import yahoo

        before = {k: os.environ.get(k) for k in self.environment}
        yahoo.forget_session()
        os.environ.update(self.environment)
        try:
            yield self
        finally:
            for key, value in before.items():
                if value is None:
                    del os.environ[key]
                else:
                    os.environ[key] = value
            yahoo.forget_session()

    def __enter__(self) -> YahooServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._tcp.shutdown()
        self._tcp.server_close()
        self._thread.join(5)
        self._folder.cleanup()

    def note(self, asked: Asked) -> None:
        with self._lock:
            self.requests.append(asked)

    def next_fault(self, symbol: str, rows: bool) -> str | None:
        """The fault that this chart request meets, used up by one."""
        with self._lock:
            for key in (symbol, "*"):
                waiting = self._faults.get(key, [])
                for i, (fault, times) in enumerate(waiting):
                    if fault in _ROWS and not rows:
                        continue
                    waiting[i] = (fault, times - 1)
                    if times <= 1:
                        del waiting[i]
                    return fault
        return None


class _Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64
    owner: YahooServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is part of the game."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    host = ""

    @property
    def owner(self) -> YahooServer:
        return self.server.owner  # type: ignore[attr-defined]

    def do_CONNECT(self) -> None:
        """The client wants a tunnel: answer its TLS as the host it asked for."""
        self.host = self.path.rsplit(":", 1)[0]
        self.connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            self.connection = self.owner.tls.wrap_socket(self.connection, server_side=True)
        except (ssl.SSLError, OSError):
            self.close_connection = True
            return
        self.rfile = self.connection.makefile("rb")
        self.wfile = socketserver._SocketWriter(self.connection)  # type: ignore[attr-defined]
        self.close_connection = False

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()
        self.connection.close()  # the TLS socket is not the one that the server will close

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        params = {k: v[0] for k, v in parse_qs(parts.query).items()}
        path = unquote(parts.path)
        self.owner.note(Asked(self.host, path, params))
        if path.startswith("/v8/finance/chart/"):
            self._chart(path.removeprefix("/v8/finance/chart/"), params)
        elif path == "/v1/test/getcrumb":
            self.reply(200, CRUMB)
        elif self.host == "fc.yahoo.com":
            cookie = "A3=loopback; Domain=.yahoo.com; Path=/; Max-Age=31557600; Secure; HttpOnly"
            self.reply(404, "", {"Set-Cookie": cookie})  # the real one answers 404 as well
        elif path.startswith(("/v10/finance/quoteSummary/", "/v7/finance/quote")):
            body = {"quoteSummary": {"result": None, "error": {"code": "Not Found"}}}
            self.reply(404, json.dumps(body))
        else:
            self.reply(200, "<html><body>consent</body></html>")

    def _chart(self, symbol: str, params: Mapping[str, str]) -> None:
        listing = self.owner.listings.get(symbol)
        fault = self.owner.next_fault(symbol, "period1" in params)
        chart = _chart(listing, params) if listing else None
        if fault is not None:
            FAULTS[fault](self, chart or {})
        elif chart is None:
            self.reply(404, _error("Not Found", "No data found, symbol may be delisted"))
        else:
            self.reply(400 if chart["chart"]["error"] else 200, json.dumps(chart))

    def head(self, code: int, length: int, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(code)
        self.send_header("Content-Type", "application/json;charset=utf-8")
        self.send_header("Content-Length", str(length))
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.end_headers()

    def reply(self, code: int, body: str, headers: Mapping[str, str] | None = None) -> None:
        raw = body.encode()
        self.head(code, len(raw), headers)
        self.wfile.write(raw)

    def reset(self) -> None:
        """End the connection as a crashed server does: with a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Silence: ``server.requests`` is the log."""


def _chart(listing: Listing, params: Mapping[str, str]) -> dict[str, Any]:
    """The honest answer to a chart request, in Yahoo's shape."""
    interval = params.get("interval", "1d")
    if interval == "1d":
        stamps = [listing.instant(d) for d in listing.days]
        columns = listing.columns
    else:
        stamps = [int(b.timestamp()) for b in listing.bars]
        columns = listing.bar_columns
    meta = _chart_meta(listing, interval, stamps)
    low = int(params.get("period1", stamps[-1] if stamps else 0))
    high = int(params.get("period2", 2**40))
    kept = [i for i, s in enumerate(stamps) if low <= s < high]
    if not kept:
        text = f"Data doesn't exist for startDate = {low}, endDate = {high}"
        return json.loads(_error("Bad Request", text))
    nothing: list[float | None] = [None] * len(stamps)
    quote = {k: [columns.get(k, nothing)[i] for i in kept] for k in (*PRICE_KEYS, "volume")}
    result: dict[str, Any] = {
        "meta": meta,
        "timestamp": [stamps[i] for i in kept],
        "indicators": {"quote": [quote]},
    }
    if interval == "1d" and "adj_close" in columns:
        result["indicators"]["adjclose"] = [{"adjclose": [columns["adj_close"][i] for i in kept]}]
    paid = {
        str(s): {"amount": amount, "date": s}
        for day, amount in listing.dividends.items()
        if low <= (s := listing.instant(day)) < high
    }
    if paid:
        result["events"] = {"dividends": paid}
    return {"chart": {"result": [result], "error": None}}


def _chart_meta(listing: Listing, interval: str, stamps: Sequence[int]) -> dict[str, Any]:
    meta: dict[str, Any] = {
        "currency": listing.currency,
        "symbol": listing.symbol,
        "exchangeName": "NMS",
        "instrumentType": listing.instrument,
        "firstTradeDate": stamps[0] if stamps else None,
        "regularMarketTime": stamps[-1] + 6 * 3600 if stamps else None,
        "gmtoffset": 0,
        "timezone": "UTC",
        "exchangeTimezoneName": listing.timezone,
        "regularMarketPrice": 1.0,
        "longName": listing.name or listing.symbol,
        "shortName": listing.name or listing.symbol,
        "priceHint": 2,
        "dataGranularity": interval,
        "range": "",
        "validRanges": ["1d", "5d", "1mo", "1y", "max"],
    }
    if interval != "1d":
        zone = ZoneInfo(listing.timezone)
        days = sorted({b.astimezone(zone).date() for b in listing.bars})
        opening, closing = dt.time(9, 30), dt.time(16, 0)
        meta["tradingPeriods"] = [
            [
                {
                    "timezone": "EST",
                    "gmtoffset": 0,
                    "start": int(dt.datetime.combine(d, opening, zone).timestamp()),
                    "end": int(dt.datetime.combine(d, closing, zone).timestamp()),
                }
            ]
            for d in days
        ]
    return meta


@functools.lru_cache(maxsize=1)
def _certificates() -> tuple[bytes, bytes]:
    """A certificate authority for this process, and a server's key and certificate (PEM)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    def builder(subject: x509.Name, issuer: x509.Name, key: Any) -> x509.CertificateBuilder:
        start = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + dt.timedelta(days=30))
        )

    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = named("Signals test authority")
    ca = (
        builder(ca_name, ca_name, ca_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    names = [x509.DNSName(h) for h in HOSTS]
    leaf = (
        builder(named("finance.yahoo.com"), ca_name, key)
        .add_extension(
            x509.SubjectAlternativeName(
                [*names, x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            ),
            critical=False,
        )
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return ca.public_bytes(pem), secret + leaf.public_bytes(pem)


if __name__ == "__main__":  # by hand: python -m tests.faults.yahoo_server
    with YahooServer([generated("META"), generated("SPY")]) as running:
        for key, value in running.environment.items():
            print(f"export {key}={value}")
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(1)
