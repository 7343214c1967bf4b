"""What a statistic hands on, and what a registry row says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from signals.frames import Floats
from signals.panel import AbnormalPanel, Window

NAN = float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Inference:
    """One group statistic over one window: a number that can be stood behind, or a reason.

    ``estimate`` is the effect in the panel's units (mean CAR, mean SCAR, mean rank …),
    ``statistic`` the test statistic, ``distribution`` its reference law (``t``, ``normal``,
    ``F``, ``binomial``, ``randomization``, ``bootstrap``, ``permutation``), ``df`` the degrees
    of freedom where there are any, ``p_value`` two-sided. ``status`` is ``ok`` or
    ``not_applicable``; then every number is NaN and ``reason`` says why.
    """

    name: str
    estimate: float = NAN
    statistic: float = NAN
    distribution: str = ""
    df: float = NAN
    p_value: float = NAN
    n_events: int = 0
    r_bar: float = NAN
    status: Literal["ok", "not_applicable"] = "ok"
    reason: str = ""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class EventInference:
    """One single-event statistic for all N events of a panel (arrays of shape (N,)).

    NaN means not applicable; ``reasons`` (N,) then says why, else ``""``.
    """

    name: str
    statistic: Floats
    df: Floats
    p_value: Floats
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Settings:
    """What a statistic may need beside the panel. ``draws`` counts bootstrap replications."""

    alpha: float = 0.05
    seed: int = 20250730
    draws: int = 9_999


GroupStatistic = Callable[[AbnormalPanel, Window, Settings], Inference]
SingleStatistic = Callable[[AbnormalPanel, Window, Settings], EventInference]


@dataclass(frozen=True, slots=True, eq=False)
class StatisticRow:
    """One row of the registry ``STATISTICS``: what is tested, on what assumptions, and by whom."""

    name: str
    function: GroupStatistic | SingleStatistic
    scope: Literal["event", "group"]
    family: str
    null: str
    assumptions: str
    distribution: str
    paper: str
    refused_when: str


def refuse(name: str, reason: str, *, n_events: int = 0, r_bar: float = NAN) -> Inference:
    """The Inference of a statistic that does not apply here."""
    return Inference(name, n_events=n_events, r_bar=r_bar, status="not_applicable", reason=reason)
