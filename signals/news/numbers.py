"""Figures in text: money, percent, points and counts, by a small grammar over the tables.

    figure  = [currency] number [scale…] [currency]        money, or a count
            | number "to" number …                         a range: low and high
            | number percent-word | number "%"             percent
    number  = digits with the separators of the language | a number word

with words before (English, Arabic, Spanish) or behind it (Hindi) that make it a bound: more than,
up to, about. No date, version or model number is a figure. Checked by ``tests/news/test_numbers``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from signals.news.parse import Parsed
from signals.news.terms import Hit
from signals.news.text import Token

BOUNDS: Final = ("at_least", "at_most", "about")
RANGE_GAP: Final = frozenset("-–—‑~")


class Figure(NamedTuple):
    """``value`` in units of ``kind`` (percent as stated: 12 for 12 %; money in ``currency``).

    ``step`` is the size of the last digit stated, in the same unit; ``bound`` is ``exact``,
    ``about``, ``at_least`` or ``at_most``; ``sign`` −1 or +1 where a sign is written, else 0.
    ``first`` … ``last`` are tokens (inclusive).
    """

    kind: str
    value: float
    high: float
    step: float
    bound: str
    currency: str
    sign: int
    first: int
    last: int
    start: int
    end: int


def figures(parsed: Parsed) -> list[Figure]:
    """All figures of an article, in order."""
    by_first = {h.first: h for h in parsed.grammar}
    by_last = {h.last: h for h in parsed.grammar}
    begins = {i for i, t in enumerate(parsed.tokens) if t.text[0].isdigit()}
    begins |= {h.first for h in parsed.grammar if h.get("number") is not None or h.get("scale")}
    found: list[Figure] = []
    last = -1
    for i in sorted(begins):
        figure = _figure(parsed, i, by_first, by_last) if i > last else None
        if figure is not None:
            found.append(figure)
            last = figure.last
    return found


def digits_value(text: str, decimal: str) -> tuple[float, int]:
    """Value and number of decimals of ``1,00,000``, ``39.071``, ``12,5`` … by the language."""
    group = "," if decimal == "." else "."
    if "," in text and "." in text:
        decimal = text[max(text.rfind(","), text.rfind("."))]
        group = "," if decimal == "." else "."
    elif text.count(group) == 1 and len(text) - text.index(group) - 1 != 3:
        decimal, group = group, decimal  # "12,5" in English text: no group has one digit
    elif text.count(decimal) > 1:
        decimal, group = group, decimal
    plain = text.replace(group, "").replace(decimal, ".")
    decimals = len(plain) - plain.index(".") - 1 if "." in plain else 0
    return float(plain), decimals


class _Number(NamedTuple):
    value: float
    step: float
    last: int


def _number(parsed: Parsed, i: int, by_first: dict[int, Hit]) -> _Number | None:
    token = parsed.tokens[i]
    if token.text[0].isdigit():
        if i and _is_name_number(parsed, i):
            return None
        value, decimals = digits_value(token.text, parsed.language.decimal)
        return _Number(value, 10.0**-decimals, i)
    hit = by_first.get(i)
    word = None if hit is None else hit.get("number")
    if hit is None or word is None:
        return None
    return _Number(float(word), 1.0, hit.last)


def _is_name_number(parsed: Parsed, i: int) -> bool:
    """H100, Q3, GPT-4, Llama 3.1: digits that are glued to letters before them."""
    token, before = parsed.tokens[i], parsed.tokens[i - 1]
    gap = parsed.text[before.end : token.start]
    if not before.text[-1].isalpha():
        return False
    if gap == "":
        return not _is_currency_word(parsed, i - 1)
    return gap in {"-", "‑"} and before.text.isascii() and token.text[0].isdigit()


def _is_currency_word(parsed: Parsed, at: int) -> bool:
    return any(h.get("currency") for h in parsed.within(parsed.grammar, at, at + 1))


def _figure(
    parsed: Parsed, i: int, by_first: dict[int, Hit], by_last: dict[int, Hit]
) -> Figure | None:
    number = _number(parsed, i, by_first)
    if number is None:  # Arabic duals: ملياري دولار
        return _bare_scale(parsed, i, by_first)
    currency, first = _currency_before(parsed, i, by_last)
    sign = _sign(parsed, first)
    low, high, step, last = number.value, number.value, number.step, number.last
    second = _range_end(parsed, last, by_first)
    if second is not None and second.value >= low:
        high, step, last = second.value, max(step, second.step), second.last
    factor, last, currency_behind = _scale_and_currency(parsed, last, by_first)
    low, high, step = low * factor, high * factor, step * factor
    currency = currency or currency_behind
    kind = "money" if currency else "count"
    if not currency:
        kind, last = _percent(parsed, last, by_first)
    if kind in {"money", "count"} and second is not None and number.value >= 1000:
        return None  # "2024-25" is a year
    if step >= factor and kind in {"money", "count"}:
        step = _round_step(low, step)
    bound = _bound(parsed, first, last, by_first, by_last)
    tokens = parsed.tokens
    start, end = tokens[first].start, tokens[last].end
    return Figure(kind, low, high, step, bound, currency, sign, first, last, start, end)


def _bare_scale(parsed: Parsed, i: int, by_first: dict[int, Hit]) -> Figure | None:
    """Arabic duals are a number and a scale in one word: ملياري دولار."""
    hit = by_first.get(i)
    scale = hit.get("scale") if hit is not None else None
    if hit is None or scale is None or str(scale)[0] != "2":
        return None
    nxt = by_first.get(hit.last + 1)
    currency = nxt.get("currency") if nxt is not None else None
    if nxt is None or not currency:
        return None
    text = parsed.tokens
    start, end = text[i].start, text[nxt.last].end
    step = float(scale) / 2
    return Figure(
        "money", float(scale), float(scale), step, "exact", currency, 0, i, nxt.last, start, end
    )


def _currency_before(parsed: Parsed, i: int, by_last: dict[int, Hit]) -> tuple[str, int]:
    hit = by_last.get(i - 1)
    if hit is not None and hit.get("currency") and parsed.tokens[i].joined:
        symbol = not parsed.tokens[i - 1].text[0].isalpha()
        short = len(parsed.tokens[i - 1].text) <= 3  # USD 10, Rs 500; never "dollars 10"
        if symbol or short:
            return str(hit.get("currency")), hit.first
    return "", i


def _sign(parsed: Parsed, first: int) -> int:
    start = parsed.tokens[first].start
    before = parsed.text[max(0, start - 2) : start]
    if not before or before[-1] not in "+-−–":
        return 0
    if len(before) > 1 and not (before[0].isspace() or before[0] in "(["):
        return 0  # a hyphen inside a word or a range
    return 1 if before[-1] == "+" else -1


def _range_end(parsed: Parsed, last: int, by_first: dict[int, Hit]) -> _Number | None:
    tokens = parsed.tokens
    if last + 1 >= len(tokens):
        return None
    gap = parsed.text[tokens[last].end : tokens[last + 1].start].strip()
    nxt = last + 1
    if gap in RANGE_GAP and gap:
        if tokens[nxt].text in "$€£₹¥" and nxt + 1 < len(tokens):
            nxt += 1
        return _number(parsed, nxt, by_first) if tokens[nxt].text[0].isdigit() else None
    joins = by_first.get(nxt)
    if joins is not None and joins.get("range_to") and not gap and nxt + 1 < len(tokens):
        after = nxt + 1
        if tokens[after].text in "$€£₹¥" and after + 1 < len(tokens):
            after += 1
        if tokens[after].text[0].isdigit() and tokens[after].joined:
            return _number(parsed, after, by_first)
    return None


def _scale_and_currency(
    parsed: Parsed, last: int, by_first: dict[int, Hit]
) -> tuple[float, int, str]:
    factor, currency, scaled = 1.0, "", False
    while True:
        hit = by_first.get(last + 1)
        if hit is None or not parsed.tokens[hit.first].joined:
            return factor, last, currency
        scale = hit.get("scale")
        if scale is not None and not currency and _scale_fits(parsed, hit, scaled=scaled):
            factor, last, scaled = factor * float(scale), hit.last, True
        elif hit.get("currency") and not currency:
            currency, last = str(hit.get("currency")), hit.last
        else:
            return factor, last, currency


def _scale_fits(parsed: Parsed, hit: Hit, *, scaled: bool) -> bool:
    """A one-letter scale (5m, 3b) is one only right behind its digits."""
    word = parsed.tokens[hit.first]
    if len(word.text) > 1:
        return True
    before = parsed.tokens[hit.first - 1]
    return not scaled and before.end == word.start and before.text[0].isdigit()


def _percent(parsed: Parsed, last: int, by_first: dict[int, Hit]) -> tuple[str, int]:
    hit = by_first.get(last + 1)
    if hit is not None and parsed.tokens[hit.first].joined:
        if hit.get("points"):
            return "points", hit.last
        if hit.get("percent"):
            return "percent", hit.last
    return "count", last


def _round_step(value: float, step: float) -> float:
    """The step of a whole number that ends in zeros: 200 may be rounded to hundreds."""
    while value and step * 10 <= abs(value) and abs(value / (step * 10) % 1) < 1e-9:
        step *= 10
    return step


def _bound(
    parsed: Parsed, first: int, last: int, by_first: dict[int, Hit], by_last: dict[int, Hit]
) -> str:
    tokens: Sequence[Token] = parsed.tokens
    before = by_last.get(first - 1)
    if before is not None and tokens[first].joined:
        for name in BOUNDS:
            if before.get(name):
                return name
    behind = by_first.get(last + 1)
    if behind is not None and tokens[behind.first].joined:
        for name in BOUNDS:
            if behind.get(name) and parsed.language.bound_behind:
                return name
    return "exact"
