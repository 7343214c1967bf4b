"""Which language a text is in: the script first, then words, then py3langid, all limited to what
the tables know. A language without a table is named as such, never taken for another one."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from signals.news.lexicon import Language
from signals.news.text import fold, tokens

SAMPLE: Final = 2000
PREFIX: Final = 600  # py3langid on more costs time and changes nothing
SCRIPTS: Final = {
    "devanagari": "\u0900-\u097f",
    "arabic": "\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff",
    "han": "\u3400-\u9fff\u3040-\u30ff",
    "cyrillic": "\u0400-\u04ff",
    "greek": "\u0370-\u03ff",
    "hebrew": "\u0590-\u05ff",
    "hangul": "\uac00-\ud7af",
    "bengali": "\u0980-\u09ff",
    "tamil": "\u0b80-\u0bff",
    "thai": "\u0e00-\u0e7f",
    "latin": "A-Za-z\u00c0-\u024f",
}
_COUNTS: Final = {name: re.compile(f"[{chars}]") for name, chars in SCRIPTS.items()}
# Foreign names stay Latin in every script: a quarter of the letters decides for the other one.
SHARE_OF_OTHER_SCRIPT: Final = 0.25
NEIGHBOURS: Final = ("fr", "de", "pt", "it", "nl", "fa", "ur", "mr", "ne", "tr", "pl", "id", "vi")
_SURE_WORDS: Final = 2
CLOSE_CALL: Final = 8.0  # letters of a headline cannot tell languages that lie this close
_SURE_SCRIPT_WORDS: Final = 8  # so many settle it where a script is not shared by half the world


class Detected(NamedTuple):
    """``code`` of the language (empty when no table fits), and what decided."""

    code: str
    evidence: str


def detect(text: str, languages: Mapping[str, Language]) -> Detected:
    """The language of ``text`` among ``languages``."""
    sample = text[:SAMPLE]
    script = main_script(sample)
    if not script:
        return Detected("", "no letters")
    able = [lang for lang in languages.values() if script in lang.scripts]
    if not able:
        return Detected("", f"no table for the {script} script")
    if script == "han" and len(able) == 1:
        return Detected(able[0].code, "script han")
    votes = _votes(sample, able)
    ranked = sorted(votes.items(), key=lambda item: (-item[1], item[0]))
    best, count = ranked[0]
    second = ranked[1][1] if len(ranked) > 1 else 0
    if script != "latin" and count >= _SURE_SCRIPT_WORDS and count > 2 * second:
        return Detected(best, f"script {script}, {count} common words")
    behind = _letter_statistics(sample, tuple(sorted(languages)))
    guess = min(behind, key=lambda code: behind[code], default="")
    if count >= _SURE_WORDS and count > 2 * second and (guess in (best, "") or count >= 5):
        return Detected(best, f"script {script}, {count} common words")
    if guess != best and count > votes.get(guess, 0) and behind.get(best, 0.0) <= CLOSE_CALL:
        return Detected(best, f"script {script}, {count} common words")
    if guess in languages and script in languages[guess].scripts:
        return Detected(guess, f"script {script}, py3langid")
    if len(able) == 1 and script != "latin" and count >= 1:
        return Detected(best, f"script {script}")
    return Detected("", f"py3langid says {guess or 'nothing'}; there is no table for it")


def main_script(text: str) -> str:
    """The script of most letters; another script than Latin wins from a quarter on."""
    counts = {name: len(pattern.findall(text)) for name, pattern in _COUNTS.items()}
    total = sum(counts.values())
    if not total:
        return ""
    other = max((n for n in counts if n != "latin"), key=lambda n: counts[n])
    return other if counts[other] >= SHARE_OF_OTHER_SCRIPT * total else "latin"


def _votes(sample: str, able: list[Language]) -> dict[str, int]:
    """Common words of each language; where there are hardly any (a headline), its other words."""
    found = tokens(fold(sample))
    votes = {lang.code: sum(t.text in lang.stopwords for t in found) for lang in able}
    if max(votes.values()) > _SURE_WORDS:
        return votes
    letters = [t for t in found if t.text[0].isalpha()]
    return {lang.code: votes[lang.code] + len(lang.index.find(letters)) for lang in able}


@functools.lru_cache(maxsize=4)
def _identifier(codes: tuple[str, ...]) -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    known = [c for c in (*codes, *NEIGHBOURS) if c in set(identifier.labels)]
    identifier.set_languages(list(dict.fromkeys(known)))
    return identifier


def _letter_statistics(sample: str, codes: tuple[str, ...]) -> dict[str, float]:
    """How far each language lies behind the likeliest one (log likelihood; 0: the likeliest)."""
    try:
        identifier = _identifier(codes)
    except ImportError:  # the extra is not installed: words alone decide
        return {}
    ranked = identifier.rank(sample[:PREFIX])
    return {str(code): float(ranked[0][1] - value) for code, value in ranked}
