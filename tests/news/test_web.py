"""The polite client: who it is, how often it asks, what it keeps, and which errors mean what."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from signals.errors import DataError, TransientError
from signals.providers import RateLimited
from signals.providers.web import WebClient
from tests.news.loopback import Loopback, Reply, loopback


@pytest.fixture
def server() -> Iterator[Loopback]:
    with loopback() as state:
        yield state


def _client(**more: object) -> WebClient:
    return WebClient(pace=0.0, timeout=5.0, **more)  # type: ignore[arg-type]


def test_it_says_who_it_is(server: Loopback) -> None:
    server.replies["/a"] = Reply(b"hello")
    answer = _client(user_agent="tester/1 (me@example.org)").get(f"{server.base}/a", source="t")
    assert answer.body == b"hello"
    assert server.asked[0][1]["User-Agent"] == "tester/1 (me@example.org)"


@pytest.mark.parametrize(
    ("sent", "asked"), [("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since")]
)
def test_an_unchanged_answer_is_not_sent_again(
    server: Loopback, tmp_path: Path, sent: str, asked: str
) -> None:
    def reply(headers: dict[str, str]) -> Reply:
        if headers.get(asked) == "mark":
            return Reply(status=304)
        return Reply(b"body", headers={sent: "mark"})

    server.replies["/a"] = reply
    first = _client(folder=tmp_path).get(f"{server.base}/a", source="t")
    again = _client(folder=tmp_path).get(f"{server.base}/a", source="t")  # another process
    assert (first.body, first.cached) == (b"body", False)
    assert (again.body, again.cached) == (b"body", True)


def test_a_damaged_copy_is_asked_for_again(server: Loopback, tmp_path: Path) -> None:
    server.replies["/a"] = Reply(b"body", headers={"ETag": "mark"})
    _client(folder=tmp_path).get(f"{server.base}/a", source="t")
    next(tmp_path.glob("*.body")).write_bytes(b"damaged")
    answer = _client(folder=tmp_path).get(f"{server.base}/a", source="t")
    assert answer.body == b"body"
    assert "If-None-Match" not in server.asked[-1][1]


def test_each_host_is_asked_at_its_pace(server: Loopback) -> None:
    server.replies["/a"] = Reply(b"x")
    slept: list[float] = []
    client = WebClient(pace=2.0, sleep=slept.append, clock=lambda: 100.0)
    for _ in range(3):
        client.get(f"{server.base}/a", source="t")
    assert slept == [2.0, 4.0]


@pytest.mark.parametrize("status", [408, 500, 502, 503])
def test_what_may_be_right_next_time(server: Loopback, status: int) -> None:
    server.replies["/a"] = Reply(status=status)
    with pytest.raises(TransientError, match=str(status)):
        _client().get(f"{server.base}/a", source="gdelt")


def test_a_request_to_pause_says_how_long(server: Loopback) -> None:
    server.replies["/a"] = Reply(status=429, headers={"Retry-After": "7"})
    with pytest.raises(RateLimited) as caught:
        _client().get(f"{server.base}/a", source="gdelt")
    assert caught.value.retry_after == 7.0


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_what_will_not(server: Loopback, status: int) -> None:
    server.replies["/a"] = Reply(status=status)
    with pytest.raises(DataError, match=str(status)):
        _client().get(f"{server.base}/a", source="t")


def test_no_server_and_half_an_answer(server: Loopback) -> None:
    server.replies["/cut"] = Reply(b"half", cut=100)
    with pytest.raises(TransientError):
        _client().get(f"{server.base}/cut", source="t")
    with pytest.raises(TransientError):
        _client().get("http://127.0.0.1:9/a", source="t")


def test_limits_of_where_and_how_much(server: Loopback) -> None:
    server.replies["/big"] = Reply(b"x" * 1001)
    server.replies["/away"] = Reply(status=302, headers={"Location": "file:///etc/passwd"})
    with pytest.raises(DataError, match="more than"):
        _client(max_bytes=1000).get(f"{server.base}/big", source="t")
    with pytest.raises(DataError):
        _client().get(f"{server.base}/away", source="t")
    for url in ("file:///etc/passwd", "ftp://example.org/x", "nonsense", ""):
        with pytest.raises(DataError, match="web address"):
            _client().get(url, source="t")
