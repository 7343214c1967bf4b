"""When to ask again: one retry policy, used by the flow and by ``--direct`` alike."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

from signals.errors import SpecError, TransientError

T = TypeVar("T")

RETRIES: Final = 3
JITTER: Final = 0.5  # a delay is drawn from [d, 1.5 d]
DELAY_VARIABLE: Final = "SIGNALS_RETRY_SECONDS"
FIRST_DELAY: Final = 2.0
TIMEOUT_VARIABLE: Final = "SIGNALS_RUN_SECONDS"
RUN_TIMEOUT: Final = 3600.0

# One rate limit for everybody who asks Yahoo: five at once, two more each second.
RATE_LIMIT_NAME: Final = "yahoo"
RATE_LIMIT_SLOTS: Final = 5
RATE_LIMIT_PER_SECOND: Final = 2.0
# Prefect counts the running tasks that carry a tag under this name.
CONNECTIONS_NAME: Final = "tag:yahoo"
CONNECTIONS: Final = 4


def first_delay() -> float:
    """Seconds before the first retry (``SIGNALS_RETRY_SECONDS``, default 2)."""
    return _seconds(DELAY_VARIABLE, FIRST_DELAY, most=3600)


def run_timeout() -> float:
    """Seconds after which a flow run is given up (``SIGNALS_RUN_SECONDS``, default an hour)."""
    return _seconds(TIMEOUT_VARIABLE, RUN_TIMEOUT, most=7 * 86400)


def _seconds(variable: str, default: float, *, most: float) -> float:
    text = os.environ.get(variable, "").strip()
    if not text:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= most:
        raise SpecError(
            "is not a time", key=variable, value=text, allowed=f"seconds, 0 to {most:g}"
        )
    return seconds


def delays() -> list[float]:
    """Seconds before each retry: exponential, 2, 4, 8 by default (jitter is added to each)."""
    return [first_delay() * 2**n for n in range(RETRIES)]


class Pace:
    """In-process politeness: ``slots`` calls at once, then ``per_second`` more each second.

    What Prefect's global limit does for all runs of a server, this does for one process.
    """

    def __init__(
        self,
        slots: int = RATE_LIMIT_SLOTS,
        per_second: float = RATE_LIMIT_PER_SECOND,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.interval = 1 / per_second
        self.burst = (slots - 1) * self.interval
        self.clock = clock
        self.sleep = sleep
        self.next = float("-inf")
        self.lock = threading.Lock()

    def __call__(self, symbol: str) -> None:
        """Wait for a turn to ask for ``symbol``."""
        with self.lock:
            now = self.clock()
            turn = max(self.next, now - self.burst)
            self.next = turn + self.interval
        if turn > now:
            self.sleep(turn - now)


def retrying(call: Callable[[], T], *, sleep: Callable[[float], None] = time.sleep) -> T:
    """``call()``, asked again only after a :class:`TransientError`.

    Checked by ``tests/flows/test_policy.py``.
    """
    for delay in delays():
        try:
            return call()
        except TransientError:
            sleep(delay * random.uniform(1, 1 + JITTER))
    return call()
