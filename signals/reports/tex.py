"""Text as LaTeX shows it: nothing of it is a command, and every engine of TeX compiles it.

Checked by ``tests/reports/test_tex.py`` without TeX; compiled by hand with pdfTeX and LuaTeX of
TeX Live 2022 (see there).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

PACKAGES: Final = r"% Needs \usepackage{booktabs,longtable}; pdflatex also \usepackage[T1]{fontenc}"
OTHER_SCRIPTS: Final = (
    "% Letters of {scripts}: compile with lualatex or xelatex, a font that has them (fontspec)\n"
    "% and the language of the text (babel, polyglossia), which joins and orders the letters."
)

_SIGNS: Final = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"$<$", ">": r"$>$", "|": r"$|$", '"': r"\char34{}", "`": r"\textasciigrave{}",
    "'": r"\textquotesingle{}",
    # A row that begins with one of these would be read as an option of the line before.
    "[": "{[}", "]": "{]}", "*": "{*}",
    "\u00a0": "~", "\u202f": r"\,", "\u2009": r"\,",
    "−": "$-$", "–": "--", "—": "---", "‐": "-", "‑": "-", "‘": "`", "’": "'", "“": "``", "”": "''",
    "…": r"\ldots{}", "•": r"$\bullet$", "→": r"$\rightarrow$", "←": r"$\leftarrow$",
    "×": r"$\times$", "÷": r"$\div$", "±": r"$\pm$", "≤": r"$\leq$", "≥": r"$\geq$",
    "≠": r"$\neq$", "≈": r"$\approx$", "∞": r"$\infty$", "√": r"$\sqrt{}$", "·": r"$\cdot$",
    "∑": r"$\sum$", "∈": r"$\in$", "°": r"$^{\circ}$", "²": "$^{2}$", "³": "$^{3}$", "¹": "$^{1}$",
    "€": r"\texteuro{}", "£": r"\pounds{}", "¥": r"\textyen{}", "™": r"\texttrademark{}",
    "®": r"\textregistered{}", "©": r"\copyright{}",
}  # fmt: skip
_GREEK: Final = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta",
    "η": "eta", "θ": "theta", "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu",
    "ξ": "xi", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "υ": "upsilon", "φ": "varphi",
    "χ": "chi", "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta",
    "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma", "Υ": "Upsilon", "Φ": "Phi", "Ψ": "Psi",
    "Ω": "Omega", "µ": "mu",
}  # fmt: skip
_ACCENTS: Final = {"\u0304": "bar", "\u0302": "hat", "\u0303": "tilde", "\u0305": "bar"}
_JOINERS: Final = "\u200c\u200d"  # of Persian and Devanagari
# A letter with an accent of mathematics (ᾱ, R̄); hyphens in a row; any other character.
_TOKEN: Final = re.compile(rf"[A-Za-z{''.join(_GREEK)}][{''.join(_ACCENTS)}]|--+|.")
# What pdflatex sets as it stands, with the encoding T1.
_LATIN: Final = re.compile(r"(?![ĦħĸĿŀŉŦŧſ])[\x20-\x7e\u00a1-\u017f\u0218-\u021b]")


def escaped(text: object) -> str:
    """``text`` for the body of a LaTeX table. Line breaks become spaces, control characters and
    marks of direction are left out; letters beyond Latin and Greek stay as they are."""
    return "".join(map(_written, _TOKEN.findall(_plain(str(text)))))


def _written(token: str) -> str:
    if token.startswith("--"):
        return "\\/".join(token)  # hyphens of a name are no dash
    letter = f"\\{_GREEK[token[0]]}" if token[0] in _GREEK else token[0]
    if len(token) == 2:
        return f"$\\{_ACCENTS[token[1]]}{{{letter}}}$"
    return _SIGNS.get(token) or (f"${letter}$" if token in _GREEK else token)


def _plain(text: str) -> str:
    """One line of characters that can be seen; Greek letters apart from their accents."""
    line = re.sub(r"[\r\n\t\v\f\x85\u2028\u2029]+", " ", text)
    seen = (c for c in unicodedata.normalize("NFC", line) if c in _JOINERS or _visible(c))
    return "".join(unicodedata.normalize("NFD", c) if "ἀ" <= c <= "῾" else c for c in seen)


def _visible(sign: str) -> bool:
    return unicodedata.category(sign) not in {"Cc", "Cf", "Cn", "Co", "Cs"}


def scripts(texts: Iterable[str]) -> tuple[str, ...]:
    """The scripts among ``texts`` that pdflatex does not set, by name (``ARABIC``)."""
    found = {
        unicodedata.name(c, "other").split()[0].title()
        for text in texts
        for c in escaped(text)
        if not _LATIN.fullmatch(c) and c.isalpha()
    }
    return tuple(sorted(found))


def preamble(texts: Iterable[str]) -> str:
    """What the table needs, as comments to stand above it."""
    names = scripts(texts)
    told = OTHER_SCRIPTS.format(scripts=", ".join(names)) if names else ""
    return "\n".join(filter(None, [PACKAGES, told])) + "\n"
