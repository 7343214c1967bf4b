"""The tables of ``configs/news`` as indexes: languages, entities, categories.

A user adds a name, a word or a whole language by editing TOML; nothing here knows any of them.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from signals.errors import SpecError, nearest
from signals.news.terms import Forms, TermIndex, plain, prefixed
from signals.news.text import fold, words_of

REQUIRED_TERMS: Final = (
    "percent", "points", "market", "market_value", "company", "company_value", "members", "only",
    "except", "nearly_all", "of_link", "top", "hedge", "negated", "denied", "denied_not",
    "recalled", "current", "future", "clause", "clause_end", "and", "close", "intraday",
    "extended", "level", "at_least", "at_most", "about", "company_ref", "stake", "versus_words",
    "fiscal", "quarter", "half", "results",
)  # fmt: skip
OPTIONAL_TERMS: Final = (
    "level_after", "range_to", "past_verb", "future_verb", "after_close", "before_open",
    "conditional", "forecast", "since", "ago_before", "wipes", "not_bare", "filler", "cause", "off",
)  # fmt: skip
REQUIRED_VALUES: Final = (
    "scale", "currency", "number", "direction", "unit", "window", "weekday", "month", "relative",
    "ordinal",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """One language table, indexed. ``index`` finds grammar words, ``stopwords`` votes for it."""

    code: str
    name: str
    scripts: tuple[str, ...]
    decimal: str
    stopwords: frozenset[str]
    abbreviations: frozenset[str]
    bound_behind: bool
    index: TermIndex
    forms: Forms
    verb_forms: Forms


@dataclass(frozen=True, slots=True, eq=False)
class Entity:
    """A company, token, index or sector that news is about.

    ``ticker`` is empty for a private one. ``weak`` names count only with their evidence: see
    :mod:`signals.news.entities`.
    """

    id: str
    name: str
    ticker: str
    kind: str
    cik: str = ""
    fiscal_year_end: int = 12
    context: frozenset[str] = frozenset()
    against: frozenset[str] = frozenset()
    not_next: frozenset[str] = frozenset()
    not_before: frozenset[str] = frozenset()
    products: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class CategoryRule:
    """A sentence that holds a word of each group in ``all`` (and none of ``none``) speaks for
    ``category`` with ``score``."""

    category: str
    all: tuple[str, ...]
    none: tuple[str, ...]
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """Everything that events are recognised by."""

    languages: Mapping[str, Language]
    entities: Mapping[str, Entity]
    names: Mapping[str, TermIndex]
    clues: Mapping[str, TermIndex]
    words: Mapping[str, TermIndex]
    rules: tuple[CategoryRule, ...]
    categories: tuple[str, ...]
    folder: Path = field(default=Path("configs/news"))


def news_folder(study: Path | None = None) -> Path:
    """Where the tables are: ``configs/news`` here, ``news`` beside the study file, or those that
    come with the package (in a wheel, or in a checkout)."""
    here = Path(__file__).resolve()
    places = [Path("configs/news"), here.parent / "tables", here.parents[2] / "configs" / "news"]
    if study is not None:
        places.insert(0, study.parent / "news")
    for place in places:
        if (place / "entities.toml").is_file():
            return place
    raise SpecError("there are no tables of names and words", allowed="--tables DIR")


@functools.lru_cache(maxsize=8)
def load_lexicon(folder: Path) -> Lexicon:
    """Read ``languages/*.toml``, ``entities.toml`` and ``categories.toml`` of a folder.

    Raises :class:`SpecError` with file and key for a table that cannot be used.
    """
    files = sorted((folder / "languages").glob("*.toml"))
    if not files:
        raise SpecError("holds no language table", file=folder / "languages")
    languages = {lang.code: lang for lang in map(_language, files)}
    entities = _entities(folder / "entities.toml")
    words, rules, categories = _categories(folder / "categories.toml", languages)
    return Lexicon(
        languages,
        {e.id: e for e, _, _ in entities},
        {code: _names(entities, lang.forms) for code, lang in languages.items()},
        {code: _clues(entities, lang.forms) for code, lang in languages.items()},
        words,
        rules,
        categories,
        folder,
    )


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SpecError("there is no such file", file=file) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SpecError(f"is not TOML: {error}", file=file) from None


def _language(file: Path) -> Language:
    raw = _toml(file)
    for key in ("code", "name", "scripts", "decimal", "stopwords", "terms", "values"):
        if key not in raw:
            raise SpecError("is missing", file=file, key=key)
    _complete(raw["terms"], REQUIRED_TERMS, OPTIONAL_TERMS, file, "terms")
    _complete(raw["values"], REQUIRED_VALUES, (), file, "values")
    forms = prefixed(raw["prefixes"]) if raw.get("prefixes") else plain
    index = TermIndex(forms)
    for group, phrases in raw["terms"].items():
        index.add_all(phrases, group)
    for group, values in raw["values"].items():
        for phrase, value in values.items():
            index.add(phrase, group, value)
    for prefix in raw.get("future_prefixes", []):
        # A verb of direction in its future form is a forecast, no move.
        index.add_all([prefix + p for p in raw["values"]["direction"] if " " not in p], "hedge")
    return Language(
        raw["code"],
        raw["name"],
        tuple(raw["scripts"]),
        raw["decimal"],
        frozenset(fold(w).text for w in raw["stopwords"]),
        frozenset(fold(w).text for w in raw.get("abbreviations", [])),
        bool(raw.get("bound_behind", False)),
        index,
        forms,
        prefixed([*raw["prefixes"], *raw["future_prefixes"]])
        if raw.get("future_prefixes")
        else forms,
    )


def _complete(
    table: Mapping[str, Any],
    required: tuple[str, ...],
    optional: tuple[str, ...],
    file: Path,
    where: str,
) -> None:
    for key in required:
        if key not in table:
            raise SpecError("is missing", file=file, key=f"{where}.{key}")
    for key in table:
        if key not in required and key not in optional:
            guess = nearest(key, required)
            hint = f"; did you mean {guess!r}?" if guess else ""
            raise SpecError(f"unknown key{hint}", file=file, key=f"{where}.{key}")


Row = tuple[Entity, tuple[str, ...], tuple[str, ...]]
_ENTITY_KEYS: Final = (
    "id", "name", "ticker", "kind", "names", "weak", "context", "against", "not_next",
    "not_before", "products", "cik", "fiscal_year_end",
)  # fmt: skip


def _entities(file: Path) -> list[Row]:
    rows: list[Row] = []
    for raw in _toml(file).get("entity", []):
        for key in raw:
            if key not in _ENTITY_KEYS:
                raise SpecError("unknown key", file=file, key=key, allowed=_ENTITY_KEYS)
        for key in ("id", "name", "kind", "names"):
            if key not in raw:
                raise SpecError("is missing", file=file, key=f"entity.{key}", value=raw.get("id"))
        ticker = raw.get("ticker", "")
        groups = {
            k: frozenset(" ".join(words_of(w)) for w in raw.get(k, []))
            for k in ("context", "against", "not_next", "not_before", "products")
        }
        entity = Entity(
            raw["id"],
            raw["name"],
            "" if ticker == "private" else ticker,
            raw["kind"],
            raw.get("cik", ""),
            raw.get("fiscal_year_end", 12),
            **groups,
        )
        rows.append((entity, tuple(raw["names"]), tuple(raw.get("weak", []))))
    if not rows:
        raise SpecError("names no entity", file=file)
    return rows


def _names(rows: list[Row], forms: Forms) -> TermIndex:
    index = TermIndex(forms)
    for entity, names, weak in rows:
        index.add_all(names, "strong", entity.id)
        index.add_all(weak, "weak", entity.id)
        index.add_all(entity.products, "product", entity.id)
    return index


def _clues(rows: list[Row], forms: Forms) -> TermIndex:
    index = TermIndex(forms)
    for entity, _, _ in rows:
        for group in ("context", "against"):
            index.add_all(getattr(entity, group), group, entity.id)
    return index


def _categories(
    file: Path, languages: Mapping[str, Language]
) -> tuple[dict[str, TermIndex], tuple[CategoryRule, ...], tuple[str, ...]]:
    raw = _toml(file)
    words = {code: TermIndex(lang.verb_forms) for code, lang in languages.items()}
    groups = raw.get("words", {})
    for group, by_language in groups.items():
        for code, phrases in by_language.items():
            if code in words:
                words[code].add_all(phrases, group)
    rules: list[CategoryRule] = []
    names: list[str] = []
    for category in raw.get("category", []):
        names.append(category["id"])
        for rule in category.get("rules", []):
            needed, unwanted = tuple(rule["all"]), tuple(rule.get("none", ()))
            for group in (*needed, *unwanted):
                if group not in groups:
                    raise SpecError(
                        "unknown word group", file=file, key=category["id"], value=group
                    )
            rules.append(CategoryRule(category["id"], needed, unwanted, float(rule["score"])))
    if not rules:
        raise SpecError("holds no category with rules", file=file)
    return words, tuple(rules), tuple(dict.fromkeys([*names, "other"]))
