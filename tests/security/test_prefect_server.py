"""Prefect's server as we start it: on the loopback only, and closed to who has no password."""

from __future__ import annotations

import base64
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psutil
import pytest

from tests.faults.campaign import prefect_api

pytestmark = [pytest.mark.slow, pytest.mark.flow]
AUTH = "signals:loopback"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    os.environ["PREFECT_SERVER_API_AUTH_STRING"] = AUTH
    try:
        with prefect_api(tmp_path_factory.mktemp("prefect")) as url:
            yield url
    finally:
        os.environ.pop("PREFECT_SERVER_API_AUTH_STRING", None)


def asked(url: str, auth: str = "") -> int:
    headers = {"Content-Type": "application/json"}
    if auth:
        headers["Authorization"] = f"Basic {base64.b64encode(auth.encode()).decode()}"
    try:
        with urlopen(Request(f"{url}/flows/filter", data=b"{}", headers=headers), timeout=30) as r:
            return int(r.status)
    except HTTPError as error:
        return error.code


def test_without_a_password_there_is_nothing_to_see(api: str) -> None:
    assert asked(api) == 401
    assert asked(api, "signals:wrong") == 401
    assert asked(api, AUTH) == 200


def test_it_listens_on_the_loopback_only(api: str) -> None:
    port = int(api.split(":")[2].split("/", maxsplit=1)[0])
    listening = {
        c.laddr.ip
        for c in psutil.net_connections("inet")
        if c.status == psutil.CONN_LISTEN and c.laddr.port == port
    }
    assert listening == {"127.0.0.1"}
    own = [
        a.address for n in psutil.net_if_addrs().values() for a in n if a.family == socket.AF_INET
    ]
    for address in set(own) - {"127.0.0.1"}:
        with socket.socket() as probe:
            probe.settimeout(2)
            assert probe.connect_ex((address, port)) != 0


def test_nobody_binds_to_every_address(root: Path) -> None:
    for file in (*(root / "flows").rglob("*.py"), *(root / "signals").rglob("*.py")):
        assert "0.0.0.0" not in file.read_text(encoding="utf-8"), file
