"""What an article says the *market* did: returns, market value gained or lost, breadth.

A claim needs a figure, a direction, and something that has a price, all in one clause (or carried
over from the clause before); see :mod:`signals.news.claim_parts` for which noun a figure belongs
to. Forecasts, conditions, denials and old moves that are only recalled are no claims. Results of
the company itself are kept apart as ``company_figure``. Checked by ``tests/news``.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from signals.news.breadth import breadth_claims
from signals.news.categories import Status
from signals.news.claim_assets import asset_of
from signals.news.claim_parts import Scope, direction_of, noun_of
from signals.news.clauses import Clause, clause_of, clauses
from signals.news.coordination import shared_figures
from signals.news.dates import DateMention
from signals.news.entities import Mention
from signals.news.lexicon import Entity, Lexicon
from signals.news.numbers import Figure
from signals.news.parse import Parsed, Sentence
from signals.news.windows import SESSION, Window, counted_digits, window_of

LARGEST_RETURN: Final = 30.0  # 3,000 %: beyond it a figure is no return of a session or year


class MarketClaim(NamedTuple):
    """``stated`` is signed and decimal for returns and breadth, currency units for values.
    ``step`` is the size of the last digit stated (same unit as ``stated``)."""

    entity: str
    ticker: str
    metric: str
    stated: float
    unit: str
    window: Window
    start: int
    end: int
    bound: str
    step: float
    note: str = ""


def market_claims(
    parsed: Parsed,
    dates: list[DateMention],
    found: list[Status],
    mentions: list[Mention],
    subject: Entity | None,
    lexicon: Lexicon,
    found_figures: list[Figure],
) -> list[MarketClaim]:
    """All claims of an article, in order, each once."""
    dated = {t for d in dates for t in range(d.first, d.last + 1)}
    all_figures = [f for f in found_figures if f.first not in dated]
    claims: list[MarketClaim] = []
    for sentence, status in zip(parsed.sentences, found, strict=True):
        if status.recalled or status.denied:
            continue
        mine = [f for f in all_figures if sentence.first <= f.first < sentence.last]
        if not mine:
            continue
        parts = clauses(parsed, sentence, mine)
        scope = Scope(parsed, sentence, parts, mine, mentions, subject, lexicon)
        claims += _breadth(scope)
        shared = shared_figures(scope)
        for figure in mine:
            if figure.first in shared:
                claims += _shared(scope, figure, shared[figure.first])
                continue
            claim = _claim(scope, figure)
            if claim is not None:
                claims.append(claim)
    return _once(claims)


def _claim(scope: Scope, figure: Figure) -> MarketClaim | None:
    if figure.kind not in {"percent", "money"}:
        return None
    at = clause_of(scope.clauses, figure.first)
    clause = scope.clauses[at]
    if _unreal(scope, at):
        return None
    noun = noun_of(scope, figure, at)
    if noun is None:
        return None
    direction = direction_of(scope, figure, clause)
    if noun.kind == "company":
        return _company_figure(scope, figure, noun.value_noun, direction, clause)
    if direction == 0:
        return None
    if figure.kind == "percent":
        if (
            noun.kind not in {"market", "bare", "market_value"}
            or figure.value > 100 * LARGEST_RETURN
        ):
            return None
        metric, stated, step, unit = (
            "return", direction * figure.value / 100, figure.step / 100, "decimal"
        )  # fmt: skip
    else:
        if noun.kind != "market_value":
            return None
        metric, stated, step, unit = (
            "market_value", direction * figure.value, figure.step, figure.currency
        )  # fmt: skip
    entity = asset_of(scope, noun, at)
    if entity is None or not entity.ticker:
        return None
    window = _window(scope, at)
    return _made(scope, entity, metric, stated, unit, window, clause, figure.bound, step)


def _shared(scope: Scope, figure: Figure, names: tuple[str, ...]) -> list[MarketClaim]:
    """The return of each name of a list (see :mod:`signals.news.coordination`)."""
    at = clause_of(scope.clauses, figure.first)
    turns = [h for c in scope.clauses[: at + 1] for h in c.of("direction") if not h.get("not_bare")]
    if not turns or any(_unreal(scope, k) for k in range(at + 1)):
        return []
    turn = min(turns, key=lambda h: abs(h.first - figure.first))
    stated = int(turn.get("direction")) * figure.value / 100
    made = []
    for name in names:
        entity = scope.lexicon.entities[name]
        if entity.ticker:
            made.append(
                _made(scope, entity, "return", stated, "decimal", _window(scope, at),
                      scope.clauses[at], figure.bound, figure.step / 100)
            )  # fmt: skip
    return made


def _made(
    scope: Scope,
    entity: Entity,
    metric: str,
    stated: float,
    unit: str,
    window: Window,
    clause: Clause,
    bound: str,
    step: float,
) -> MarketClaim:
    tokens = scope.parsed.tokens
    start, end = tokens[clause.first].start, tokens[clause.last - 1].end
    if scope.parsed.text[end : end + 1] in {"%", "٪", "％"}:
        end += 1
    return MarketClaim(
        entity.id, entity.ticker, metric, stated, unit, window, start, end, bound, step
    )


def _window(scope: Scope, at: int) -> Window:
    digits = counted_digits(scope.parsed, scope.clauses[at])
    return digits or window_of(scope.parsed, scope.clauses, at, scope.figures)


def _unreal(scope: Scope, at: int) -> bool:
    """Forecasts and possibilities in the clause, conditions before it, a negated verb."""
    clause = scope.clauses[at]
    if clause.has("hedge"):
        return True
    if any(c.has("conditional") for c in scope.clauses[: at + 1]):
        return True
    if any(c.has("forecast") for c in scope.clauses):
        return True
    directions = clause.of("direction")
    for hit in clause.of("negated"):
        if any(-3 <= d.first - hit.last <= 4 for d in directions):
            return True
    if at and scope.clauses[at - 1].has("hedge"):
        # "analysts expect, on average, a fall of 5 %": the verb of the forecast stands before.
        before = scope.clauses[at - 1]
        return not before.has("direction") and not clause_has_finite_verb(scope, clause)
    return False


def clause_has_finite_verb(scope: Scope, clause: Clause) -> bool:
    """Whether a clause names its own asset and direction, so that it stands by itself."""
    named = any(clause.first <= m.first < clause.last for m in scope.mentions)
    return clause.has("direction") and (named or clause.has("market"))


def _company_figure(
    scope: Scope, figure: Figure, value_noun: bool, direction: int, clause: Clause
) -> MarketClaim | None:
    """Revenue, profit and their growth: kept, so that the report can say that prices alone
    cannot check them."""
    entity = scope.subject_of(clause)
    if not value_noun or entity is None or not entity.ticker:
        return None
    if figure.kind == "money":
        if figure.value < 1e6:
            return None
        stated, unit, step = figure.value, figure.currency, figure.step
    elif direction:
        stated, unit, step = direction * figure.value / 100, "decimal", figure.step / 100
    else:
        return None
    window = Window("quarter") if clause.has("quarter") else Window("reporting period")
    return _made(scope, entity, "company_figure", stated, unit, window, clause, figure.bound, step)


def _breadth(scope: Scope) -> list[MarketClaim]:
    made = []
    for share in breadth_claims(scope):
        at = clause_of(scope.clauses, share.token)
        if _unreal(scope, at):
            continue
        window = _window(scope, at)
        if window is SESSION:
            window = next(
                (w for k in range(len(scope.clauses)) if (w := _window(scope, k)) is not SESSION),
                SESSION,
            )
        sentence: Sentence = scope.sentence
        last = scope.parsed.tokens[sentence.last - 1].end
        made.append(
            MarketClaim(
                share.entity.id, share.entity.ticker, "breadth", share.stated, "decimal", window,
                scope.parsed.tokens[sentence.first].start, last, "exact", 1.0 / share.members,
                share.note,
            )
        )  # fmt: skip
    return made


def _once(claims: list[MarketClaim]) -> list[MarketClaim]:
    kept: dict[tuple[str, str, float, str], MarketClaim] = {}
    for claim in claims:
        key = (claim.ticker, claim.metric, round(claim.stated, 9), claim.unit)
        known = kept.get(key)
        if known is None or (known.window.words == "session" != claim.window.words):
            kept[key] = claim
    return sorted(kept.values(), key=lambda c: (c.start, c.metric, c.stated))
