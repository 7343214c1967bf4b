"""An optional further extractor of claims (a language model, say), held to the same evidence.

Off by default. Whatever it answers is data to be checked: a claim is kept only when its quote
stands in the text word for word, its figure stands in the quote, its asset is named in the
article, and every field has the type and the values of the schema. Nothing else of the answer
is used. Checked by ``tests/news/test_extractor.py``.
"""

from __future__ import annotations

import importlib
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from signals.errors import SpecError
from signals.news.article import Article
from signals.news.entities import mentions
from signals.news.language import detect
from signals.news.lexicon import Lexicon
from signals.news.numbers import figures
from signals.news.parse import Parsed, parse
from signals.news.reading import clean

Ask = Callable[[str], "str | Mapping[str, Any]"]
MODULE_VARIABLE: Final = "SIGNALS_EXTRACTOR"
KEY_VARIABLE: Final = "SIGNALS_EXTRACTOR_KEY"
METRICS: Final = ("return", "market_value", "breadth", "company_figure")
FIELDS: Final = ("ticker", "metric", "stated", "unit", "window", "quote")
_MOST: Final = 50


@dataclass(frozen=True, slots=True, eq=False)
class Dropped:
    """An answer, or a claim of one, that was not used, and why."""

    reason: str
    what: str


class CheckedExtractor:
    """Calls ``ask`` with the text of an article and keeps what has evidence. ``dropped`` lists
    what had none."""

    def __init__(self, ask: Ask, lexicon: Lexicon) -> None:
        self._ask = ask
        self._lexicon = lexicon
        self.dropped: list[Dropped] = []

    def __call__(self, article: Article) -> list[dict[str, Any]]:
        language = detect(article.text, self._lexicon.languages).code
        if not language:
            return []
        parsed = parse(article, self._lexicon.languages[language], self._lexicon)
        kept = []
        for raw in self._claims(article):
            row = self._checked(raw, parsed)
            if isinstance(row, Dropped):
                self.dropped.append(row)
            else:
                kept.append(row)
        return kept

    def _claims(self, article: Article) -> list[Any]:
        answer: Any = self._ask(article.text)
        if isinstance(answer, str):
            try:
                answer = json.loads(answer)
            except (ValueError, RecursionError):
                self.dropped.append(Dropped("is not JSON", answer[:80]))
                return []
        claims = answer.get("claims") if isinstance(answer, Mapping) else None
        if not isinstance(claims, list):
            self.dropped.append(Dropped("has no list of claims", type(answer).__name__))
            return []
        return claims[:_MOST]

    def _checked(self, raw: Any, parsed: Parsed) -> dict[str, Any] | Dropped:
        shown = repr(raw)[:80]
        if not isinstance(raw, Mapping) or set(raw) - set(FIELDS):
            return Dropped("does not fit the schema", shown)
        quote, stated, metric = raw.get("quote"), raw.get("stated"), raw.get("metric")
        if not isinstance(quote, str) or not quote.strip():
            return Dropped("has no quote", shown)
        if metric not in METRICS or isinstance(stated, bool) or not isinstance(stated, int | float):
            return Dropped("does not fit the schema", shown)
        if not math.isfinite(float(stated)) or stated == 0:
            return Dropped("states no figure", shown)
        place = _place(quote, parsed.text)
        if place is None:
            return Dropped("its quote is not in the text", shown)
        step = _step(parsed, place, str(metric), abs(float(stated)))
        if step is None:
            return Dropped("its figure is not in the quote", shown)
        tickers = {self._lexicon.entities[m.entity].ticker for m in mentions(parsed, self._lexicon)}
        if raw.get("ticker") not in tickers - {""}:
            return Dropped("its asset is not named in the article", shown)
        return _row(raw, parsed, place, step)


def _place(quote: str, text: str) -> tuple[int, int] | None:
    words = [re.escape(w) for w in quote.split()]
    match = re.search(r"\s+".join(words), text)
    return None if match is None else match.span()


def _step(parsed: Parsed, place: tuple[int, int], metric: str, size: float) -> float | None:
    """The last digit of the figure in the quote that is the stated one, or None."""
    for figure in figures(parsed):
        if place[0] <= figure.start and figure.end <= place[1]:
            scale = 0.01 if figure.kind == "percent" else 1.0
            fits = figure.kind in ({"percent", "count"} if metric == "breadth" else {"percent"})
            if metric in {"market_value", "company_figure"}:
                fits = figure.kind in {"money", "percent"}
            if fits and math.isclose(figure.value * scale, size, rel_tol=1e-6):
                return figure.step * scale
    return None


def _row(
    raw: Mapping[str, Any], parsed: Parsed, place: tuple[int, int], step: float
) -> dict[str, Any]:
    return {
        "event_id": "", "claim_id": "", "ticker": str(raw["ticker"]), "metric": str(raw["metric"]),
        "stated": float(raw["stated"]), "unit": clean(str(raw.get("unit") or "decimal"))[:12],
        "window": clean(str(raw.get("window") or "session"))[:40], "window_first": None,
        "window_last": None, "source": clean(parsed.article.source), "quote_start": place[0],
        "quote_end": place[1], "bound": "exact", "step": step,
        "quote": clean(parsed.text[place[0] : place[1]]), "note": "from the further extractor",
    }  # fmt: skip


def configured(environ: Mapping[str, str], lexicon: Lexicon) -> CheckedExtractor | None:
    """The extractor that the environment names (``SIGNALS_EXTRACTOR=module:function``, its key in
    ``SIGNALS_EXTRACTOR_KEY``), or None: by default there is none.

    The function takes the key and returns a callable of a text. Raises :class:`SpecError` where
    it cannot be had.
    """
    name = environ.get(MODULE_VARIABLE, "")
    if not name:
        return None
    key = environ.get(KEY_VARIABLE, "")
    if not key:
        raise SpecError("is not set", key=KEY_VARIABLE)
    module, _, function = name.partition(":")
    try:
        make = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError):
        raise SpecError(
            "cannot be imported", key=MODULE_VARIABLE, value=name, allowed="module:function"
        ) from None
    return CheckedExtractor(make(key), lexicon)
