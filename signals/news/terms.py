"""Finding the phrases of a table in tokens: one dictionary look-up a word, longest phrase first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from signals.news.text import Token, words_of

Forms = Callable[[str], tuple[str, ...]]
Payload = tuple[str, Any]


class Hit(NamedTuple):
    """A phrase found: tokens ``first`` … ``last`` (inclusive), and what it may mean."""

    first: int
    last: int
    start: int
    end: int
    payloads: tuple[Payload, ...]

    def get(self, group: str) -> Any:
        """The value of this phrase in ``group``, or None."""
        for name, value in self.payloads:
            if name == group:
                return value
        return None


def plain(word: str) -> tuple[str, ...]:
    """The forms of a word in a language that writes nothing onto it."""
    return (word,)


def prefixed(prefixes: Sequence[str]) -> Forms:
    """Forms of a word without the letters that are written onto it (Arabic و ال …)."""
    longest_first = sorted({p for raw in prefixes for p in words_of(raw)}, key=len, reverse=True)

    def forms(word: str) -> tuple[str, ...]:
        found = [word]
        for prefix in longest_first:
            if word.startswith(prefix) and len(word) - len(prefix) >= 2:
                found.append(word[len(prefix) :])
        return tuple(dict.fromkeys(found))

    return forms


class TermIndex:
    """Phrases with payloads. ``find`` is linear in the number of tokens."""

    __slots__ = ("_cache", "_exact", "_forms", "_lengths", "_wild")

    def __init__(self, forms: Forms = plain) -> None:
        self._forms = forms
        self._exact: dict[str, dict[tuple[str, ...], list[Payload]]] = {}
        self._wild: dict[str, list[Payload]] = {}
        self._lengths: tuple[int, ...] = ()
        self._cache: dict[str, tuple[tuple[tuple[str, ...], tuple[Payload, ...]], ...]] = {}

    def add(self, phrase: str, group: str, value: Any) -> None:
        """Add a phrase; one that ends in ``*`` matches any ending of its last word."""
        words = words_of(phrase)
        if not words:
            return
        if len(words) == 1 and words[0].endswith("*"):
            self._wild.setdefault(words[0][:-1], []).append((group, value))
        else:
            known = self._exact.setdefault(words[0], {})
            payloads = known.setdefault(words[1:], [])
            if (group, value) not in payloads:
                payloads.append((group, value))
        self._lengths = tuple(sorted({len(w) for w in self._wild}, reverse=True))
        self._cache.clear()

    def add_all(self, phrases: Iterable[str], group: str, value: Any = True) -> None:
        for phrase in phrases:
            self.add(phrase, group, value)

    def find(self, found: Sequence[Token], *, inside: bool = False) -> list[Hit]:
        """All phrases in order; at each place the longest. With ``inside`` also the
        shorter ones there, and those that begin inside another phrase."""
        hits: list[Hit] = []
        i, n = 0, len(found)
        cache = self._cache
        while i < n:
            word = found[i].text
            options = cache.get(word)
            if options is None:
                options = cache[word] = self._options(word)
            step = 1
            for rest, payloads in options:
                last = i + len(rest)
                if last < n and self._follows(found, i, rest):
                    hits.append(Hit(i, last, found[i].start, found[last].end, payloads))
                    if not inside:
                        step = len(rest) + 1
                        break
            i += step
        return hits

    def _options(self, word: str) -> tuple[tuple[tuple[str, ...], tuple[Payload, ...]], ...]:
        merged: dict[tuple[str, ...], list[Payload]] = {}
        for form in self._forms(word):
            for rest, payloads in self._exact.get(form, {}).items():
                merged.setdefault(rest, []).extend(p for p in payloads)
            for length in self._lengths:
                payloads = self._wild.get(form[:length], []) if len(form) >= length else []
                if payloads:
                    merged.setdefault((), []).extend(payloads)
        unique = {rest: tuple(dict.fromkeys(p)) for rest, p in merged.items()}
        return tuple(sorted(unique.items(), key=lambda item: -len(item[0])))

    def _follows(self, found: Sequence[Token], at: int, rest: tuple[str, ...]) -> bool:
        for k, word in enumerate(rest, start=at + 1):
            token = found[k]
            if not token.joined:
                return False
            if word[-1] == "*":
                if not any(f.startswith(word[:-1]) for f in self._forms(token.text)):
                    return False
            elif token.text != word and word not in self._forms(token.text):
                return False
        return True
