"""What was found, in plain sentences: direction, size, interval, p-value, verdict and power.

Every sentence is a function of numbers; tests/reports/test_prose.py holds each of them to the
right sign, rounding, unit and number, and to saying nothing about causes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from signals.reports.prose.numbers import (
    NO_BREAK,
    bare_probability,
    fixed,
    long_date,
    moment,
    percent,
    percent_interval,
    probability,
    window_text,
)
from signals.reports.prose.words import ENGLISH_WORDS, Words

NAN = math.nan
# Cumulative abnormal returns below this are rounding, not a direction.
_LEVEL = 5e-5


@dataclass(frozen=True, slots=True, eq=False)
class Move:
    """One event–asset pair over one window (decimal returns; NaN: none).

    ``actual`` is the asset's own return over the window, ``p_value`` the headline test's, ``test``
    its name, ``n_obs`` the estimation returns behind it, ``family`` the rows that ``q_value``
    counts. ``days`` are the window's sessions in ISO form, ``benchmark`` is "" where the model's
    market is the study's own.
    """

    asset: str
    first: int
    last: int
    days: tuple[str, ...] = ()
    car: float = NAN
    actual: float = NAN
    ci_low: float = NAN
    ci_high: float = NAN
    p_value: float = NAN
    test: str = ""
    n_obs: int = 0
    q_value: float = NAN
    family: int = 0
    calibrated_p_value: float = NAN
    verdict: str = ""
    min_detectable: float = NAN
    model: str = "market"
    benchmark: str = ""
    quantity: str = "return"
    reason: str = ""

    def detected(self, alpha: float) -> bool:
        return math.isfinite(self.p_value) and self.p_value <= alpha


def finding_sentence(move: Move, alpha: float = 0.05, say: Words = ENGLISH_WORDS) -> str:
    """One finding: what moved how far, or that nothing could be detected and how much could."""
    when = when_phrase(move.first, move.last, move.days, say)
    if not math.isfinite(move.car):
        window = window_text(move.first, move.last)
        reason = move.reason or "–"
        return f"{say('none.undefined', asset=move.asset, window=window, reason=reason)}."
    size = effect(move.car, move.quantity, sign=True)
    if not math.isfinite(move.p_value):
        reason = move.reason or "–"
        return f"{say('none.not_tested', asset=move.asset, size=size, when=when, reason=reason)}."
    evidence = _evidence(move, alpha, say)
    if move.detected(alpha):
        text = f"{_direction(move, when, say)} ({evidence})."
        return f"{text} {_doubt(move, alpha, say)}".rstrip()
    text = say("none.detected", asset=move.asset, when=when)
    text += f" ({say('none.estimate', size=size)}, {evidence})"
    if math.isfinite(move.min_detectable):
        text += f"; {say('none.could_have', size=effect(move.min_detectable, move.quantity))}"
    return f"{text}. {_doubt(move, alpha, say)}".rstrip()


def when_phrase(
    first: int, last: int, days: tuple[str, ...] = (), say: Words = ENGLISH_WORDS
) -> str:
    """``on 30 October 2025`` for one session, ``over the 2 sessions from … to …`` for more, and
    for bars ``over the 2 bars from 30 October 2025, 20:00 UTC``."""
    known = [d for d in days if d]
    if not known:
        return say("when.window", window=window_text(first, last))
    if "T" in known[0]:
        bars = say.count(last - first + 1, "bar")
        return say("when.bars", bars=bars, first=moment(known[0]))
    if last == first:
        return say("when.day", day=long_date(known[0]))
    sessions = say.count(last - first + 1, "session")
    return say("when.span", sessions=sessions, first=long_date(known[0]), last=long_date(known[-1]))


def model_phrase(model: str, benchmark: str = "", say: Words = ENGLISH_WORDS) -> str:
    """What the abnormal return is measured against: ``the market``, ``BTC-USD``, ``its peers``."""
    named = {"constant_mean": "constant_mean", "peer_index": "peers", "synthetic_control": "donors"}
    if model in named:
        return say(f"model.{named[model]}")
    if model in ("ff3", "carhart", "ff5", "ff5_mom"):
        return say("model.factors")
    return benchmark or say("model.market")


def effect(value: float, quantity: str = "return", *, sign: bool = False) -> str:
    """An effect in the unit of the study's quantity: percent for returns, else a bare number."""
    if quantity == "return":
        return percent(value, sign=sign)
    return fixed(value, 2, sign=sign)


def group_sentence(
    by: str,
    label: str,
    window: tuple[int, int],
    *,
    caar: float,
    ci_low: float,
    ci_high: float,
    n_events: int,
    positive: float,
    test: str = "",
    p_value: float = NAN,
    min_detectable: float = NAN,
    verdict: str = "",
    calibrated_p_value: float = NAN,
    alpha: float = 0.05,
    quantity: str = "return",
    say: Words = ENGLISH_WORDS,
) -> str:
    """The mean abnormal return of one group with its interval and its recommended test; where the
    test's p-value and the one calibrated on placebo studies fall on two sides of alpha, that too.
    """
    values = {
        "group": say(f"group.{by}", label=label),
        "window": window_text(*window),
        "size": effect(caar, quantity, sign=True),
        "events": say.count(n_events, "pair"),
        "positive": percent(positive, digits=0),
    }
    interval = _interval(ci_low, ci_high, caar, quantity)
    if interval:
        text = say("group.mean", **values, level=level(alpha), interval=interval)
    else:
        text = say("group.mean_bare", **values)
    if math.isfinite(p_value):
        text += f"; {say('group.test', test=name_of_test(test, say), p=probability(p_value))}"
        if p_value > alpha:
            text += f": {say('group.none')}"
            if math.isfinite(min_detectable):
                size = effect(min_detectable, quantity)
                text += f"; {say('none.could_have', size=size)}"
    text += "."
    doubts = (_verdict(verdict, say), _disagreement(p_value, calibrated_p_value, alpha, say))
    return " ".join([text, *(d for d in doubts if d)])


def claim_sentence(verdict: str, say: Words = ENGLISH_WORDS) -> str:
    """What a claim's verdict means; an unknown verdict comes back as it is."""
    return say.note(f"claim.{verdict}") or verdict


def name_of_test(name: str, say: Words = ENGLISH_WORDS) -> str:
    """A test's name as a reader says it."""
    plain = name.removesuffix(".bars")  # of intraday studies: among the same hours
    return say.note(f"test.{name}") or say.note(f"test.{plain}") or plain


def level(alpha: float) -> str:
    """``95 %`` for alpha 0.05."""
    return f"{100 * (1 - alpha):g}{NO_BREAK}%"


def as_extreme(move: Move) -> int | None:
    """How many of the ``n_obs`` ordinary sessions moved as far, from the rank test's p-value
    p = (1 + count)/(n_obs + 1). None for other tests, and where the test ranked the event among
    fewer rows than the model has (bars of the same hour): p is then no such fraction."""
    bars = bool(move.days) and "T" in move.days[0]
    if move.test != "rank_p" or not move.n_obs or bars or not math.isfinite(move.p_value):
        return None
    count = move.p_value * (move.n_obs + 1) - 1.0
    return round(count) if abs(count - round(count)) < 1e-6 and count > -0.5 else None


def _direction(move: Move, when: str, say: Words) -> str:
    if move.quantity != "return":
        quantity = say(f"quantity.{move.quantity}")
        size = effect(move.car, move.quantity, sign=True)
        return say("move.units", asset=move.asset, quantity=quantity, size=size, when=when)
    values = {
        "asset": move.asset,
        "size": effect(abs(move.car)),
        "model": model_phrase(move.model, move.benchmark, say),
        "when": when,
    }
    if abs(move.car) < _LEVEL:
        return say("move.level", **values)
    down = move.car < 0
    if not math.isfinite(move.actual) or abs(move.actual) < _LEVEL:
        return say("move.below" if down else "move.above", **values)
    if down:
        return say("move.fell" if move.actual < 0 else "move.rose_less", **values)
    return say("move.rose" if move.actual > 0 else "move.fell_less", **values)


def _evidence(move: Move, alpha: float, say: Words) -> str:
    parts = []
    interval = _interval(move.ci_low, move.ci_high, move.car, move.quantity)
    if interval:
        parts.append(say("evidence.interval", level=level(alpha), interval=interval))
    p = probability(move.p_value)
    parts.append(say("evidence.test", p=p, test=name_of_test(move.test, say)))
    if math.isfinite(move.calibrated_p_value):
        p = bare_probability(move.calibrated_p_value)
        parts.append(say("evidence.calibrated", p=p if p[0] in "<>" else f"={NO_BREAK}{p}"))
    if math.isfinite(move.q_value) and move.family:
        q = bare_probability(move.q_value)
        key = "evidence.q_small" if q[0] in "<>" else "evidence.q"
        parts.append(say(key, q=q, rows=say.count(move.family, "pair")))
    text = ", ".join(parts)
    count = as_extreme(move)
    if count is not None:
        key = "evidence.rank" if count == 1 else "evidence.rank.many"
        text += f"; {say(key, count=count, total=say.count(move.n_obs, 'ordinary_day'))}"
    return text


def _doubt(move: Move, alpha: float, say: Words) -> str:
    """The calibration verdict as a sentence, and a disagreement between the two p-values."""
    parts = [
        _verdict(move.verdict, say),
        _disagreement(move.p_value, move.calibrated_p_value, alpha, say),
    ]
    return " ".join(p for p in parts if p)


def _disagreement(p_value: float, calibrated: float, alpha: float, say: Words) -> str:
    if not (math.isfinite(p_value) and math.isfinite(calibrated)):
        return ""
    if (calibrated <= alpha) == (p_value <= alpha):
        return ""
    return say("verdict.disagrees", alpha=f"{alpha:g}", p=bare_probability(calibrated))


def _verdict(verdict: str, say: Words) -> str:
    if not verdict or verdict == "holds":
        return ""
    text = say.note(f"verdict.{verdict}") or verdict
    return f"{text[0].upper()}{text[1:]}."


def _interval(low: float, high: float, value: float, quantity: str) -> str:
    if quantity == "return":
        return percent_interval(low, high, value)
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return f"[{fixed(low, 2)}, {fixed(high, 2)}]"
