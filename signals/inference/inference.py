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

    NaN means not applicable; ``reasons`` (N,) then says why, else ``""``. ``flags`` (N,) as
    in :class:`Inference`; empty when the statistic has none.
    """

    name: str
    statistic: Floats
    df: Floats
    p_value: Floats
    reasons: tuple[str, ...]
    flags: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Correlation:
    """Mean cross-correlation r̄ of one panel over one window (see ``correlation.py``).

    ``r_bar`` is NaN when undefined; ``reason`` then says why. ``overlapping`` counts the pairs
    of events whose windows share a session. ``covariance`` (D,) holds, for each calendar session
    of the windows, Σ_{i<j} σ_iσ_jρ_ij over the events whose window has it (None when undefined).
    """

    r_bar: float
    reason: str
    overlapping: int
    n_events: int
    covariance: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Settings:
    """What a statistic may need beside the panel. ``draws`` counts bootstrap replications.

    ``correlation`` is r̄ of exactly the panel and window that are passed with these settings;
    the battery computes it once for all statistics. Without it each computes its own.
    """

    alpha: float = 0.05
    seed: int = 20250730
    draws: int = 9_999
    correlation: Correlation | None = None


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
