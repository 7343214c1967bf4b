"""A Prefect server of our own, for users who have none: a child process on the loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from signals.errors import SpecError, TransientError

LOOPBACK: Final = "127.0.0.1"
PORT: Final = 4200
PATIENCE: Final = 180.0


@contextmanager
def own_server(port: int = PORT, *, patience: float = PATIENCE) -> Iterator[str]:
    """Start ``prefect server`` on the loopback; yields the URL of its API, ends it afterwards.

    Raises :class:`SpecError` where the port is taken, :class:`TransientError` where the server
    does not answer within ``patience`` seconds.
    """
    _refuse_taken(port)
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", LOOPBACK,
               "--port", str(port), "--log-level", "WARNING"]  # fmt: skip
    # A session of its own: Ctrl-C at the terminal reaches us, and we end the server last.
    child = subprocess.Popen(
        command, env=_environment(port), stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        url = f"http://{LOOPBACK}:{port}/api"
        _wait(url, child, patience)
        yield url
    finally:
        child.terminate()
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait(5)


def _environment(port: int) -> dict[str, str]:
    # The server may not look for another server's API; its page looks at port 4200 if not told.
    kept = {k: v for k, v in os.environ.items() if k != "PREFECT_API_URL"}
    return {"PREFECT_SERVER_UI_API_URL": f"http://{LOOPBACK}:{port}/api", **kept}


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        if probe.connect_ex((LOOPBACK, port)) == 0:
            raise SpecError(
                "something listens there already", key="--port", value=port,
                allowed="a free port; or PREFECT_API_URL, where it is a Prefect server",
            )  # fmt: skip


def _wait(url: str, child: subprocess.Popen[bytes], patience: float) -> None:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if child.poll() is not None:
            raise TransientError("prefect server", f"ended at once (exit {child.returncode})")
        try:
            with urlopen(f"{url}/health", timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.25)
    raise TransientError("prefect server", f"does not answer after {patience:g} s at {url}")
