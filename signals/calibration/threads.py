"""Placebo work in threads: numpy lets go of the interpreter, and no part depends on another."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

THREADS = 2  # more gain nothing: the work is memory traffic

Item = TypeVar("Item")
Found = TypeVar("Found")


def in_threads(function: Callable[[Item], Found], items: Iterable[Item]) -> list[Found]:
    """``function`` of every item, in the items' order. Threads change the time taken, not one
    number (tests/calibration/test_studies.py runs it with one and with two)."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(function, items))


def pipelined(function: Callable[[Item], Found], items: Iterable[Item]) -> Iterator[Found]:
    """``function`` of every item in order, while the next item is being made; few are held."""
    with ThreadPoolExecutor(THREADS) as pool:
        waiting: deque[Future[Found]] = deque()
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > THREADS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
