"""Retries: only for sources that may answer next time, with growing delays."""

from __future__ import annotations

import pytest

from flows import policy
from signals.errors import DataError, SpecError, TransientError


class Flaky:
    """Fails ``times`` times with ``error``, then answers."""

    def __init__(self, times: int, error: Exception) -> None:
        self.left = times
        self.error = error
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.left:
            self.left -= 1
            raise self.error
        return "answer"


def test_a_transient_error_is_asked_again_with_growing_delays() -> None:
    slept: list[float] = []
    flaky = Flaky(3, TransientError("yahoo", "500"))
    assert policy.retrying(flaky, sleep=slept.append) == "answer"
    assert flaky.calls == 4
    for n, seconds in enumerate(slept):
        base = policy.FIRST_DELAY * 2**n
        assert base <= seconds <= base * (1 + policy.JITTER)


def test_the_last_failure_is_the_one_that_is_told() -> None:
    flaky = Flaky(99, TransientError("yahoo", "500"))
    with pytest.raises(TransientError, match="yahoo: 500"):
        policy.retrying(flaky, sleep=lambda _: None)
    assert flaky.calls == 1 + policy.RETRIES


def test_other_errors_are_not_asked_again() -> None:
    flaky = Flaky(1, DataError("bad number", file="A.csv"))
    with pytest.raises(DataError):
        policy.retrying(flaky, sleep=lambda _: None)
    assert flaky.calls == 1


def test_the_first_delay_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(policy.DELAY_VARIABLE, "0.5")
    assert policy.delays() == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "1e9"])
def test_a_delay_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(policy.DELAY_VARIABLE, text)
    with pytest.raises(SpecError, match=policy.DELAY_VARIABLE):
        policy.delays()


def test_the_pace_lets_a_few_through_and_then_slows_down() -> None:
    waits: list[float] = []
    pace = policy.Pace(3, 2.0, clock=lambda: 100.0, sleep=waits.append)
    for _ in range(6):
        pace("META")
    assert waits == [0.5, 1.0, 1.5]


def test_the_pace_forgets_after_a_rest() -> None:
    waits: list[float] = []
    times = iter([0.0, 0.0, 0.0, 60.0, 60.0])
    pace = policy.Pace(2, 1.0, clock=lambda: next(times), sleep=waits.append)
    for _ in range(5):
        pace("META")
    assert waits == [1.0]
