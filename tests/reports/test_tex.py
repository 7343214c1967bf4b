"""LaTeX: what stands in the table is what was put in, and no character of it is a command.

No TeX is needed here. By hand, on 2026-11-21, pdfTeX and LuaTeX of TeX Live 2022 compiled the table
of hostile names, every sign of ``tex._SIGNS``, every letter that ``tex._LATIN`` calls safe, and
Arabic and Devanagari (LuaTeX, FreeSerif) without an error.
"""

from __future__ import annotations

import re

import pytest

from signals.reports.exports import latex
from signals.reports.tex import escaped, preamble, scripts
from tests.reports import samples

# What may follow a backslash, and what may stand in the text as it is.
COMMANDS = re.compile(
    r"\\(?:[&%$#_{},/]|char34|(?:text[a-z]+|alpha|beta|sigma|mu|bar|hat|leq|geq|times|rightarrow|pounds"
    r"|ldots|copyright|pm)(?![a-zA-Z]))"
)


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("50 % of A_1 & B", r"50 \% of A\_1 \& B"),
        ("$5 #1 {x} ~^", r"\$5 \#1 \{x\} \textasciitilde{}\textasciicircum{}"),
        (r"\input{/etc/passwd}", r"\textbackslash{}input\{/etc/passwd\}"),
        ("−11.3\u00a0%", r"$-$11.3~\%"),
        ("[0, +1]", "{[}0, +1{]}"),
        ("*star", "{*}star"),
        ("2024–25 — a--b ---", "2024--25 --- a-\\/-b -\\/-\\/-"),
        ("ᾱ and α\u0304", r"$\bar{\alpha}$ and $\bar{\alpha}$"),
        ("σ̂ R̄ β µ", r"$\hat{\sigma}$ $\bar{R}$ $\beta$ $\mu$"),
        ("é, e\u0301, Žižek, EssilorLuxottica", "é, é, Žižek, EssilorLuxottica"),
        ("€5 £3 ≥ 2 × ±", r"\texteuro{}5 \pounds{}3 $\geq$ 2 $\times$ $\pm$"),
        ("\u201cyes\u201d, it\u2019s \"so\"", r"``yes'', it's \char34{}so\char34{}"),
        ("one\n\ntwo\r\nthree", "one two three"),
        ("a\u202eb\x1b[31m\x00", "ab{[}31m"),
        (samples.ARABIC, samples.ARABIC),
        (samples.DEVANAGARI, samples.DEVANAGARI),
        ("", ""),
        (None, "None"),
    ],
)  # fmt: skip
def test_what_is_written(given: object, written: str) -> None:
    assert escaped(given) == written


def test_no_character_of_ascii_is_a_command() -> None:
    every = "".join(map(chr, range(0x20, 0x7F)))
    for text in (every, every[::-1], every * 2):
        left = COMMANDS.sub("", escaped(text))
        assert "\\" not in left
        assert not set(re.sub(r"\$[<>|]\$", "", left)) & set("&%$#_~^")
        assert left.count("{") == left.count("}")


def test_scripts_are_named_above_the_table() -> None:
    assert scripts(["plain", "é − ᾱ σ"]) == ()
    assert scripts(["Ħ"]) == ("Latin",)
    assert scripts([samples.ARABIC, samples.DEVANAGARI]) == ("Arabic", "Devanagari")
    assert "lualatex" not in preamble(["é − ᾱ"])
    above = preamble([samples.ARABIC])
    assert "Arabic" in above
    assert "lualatex" in above
    assert all(line.startswith("% ") for line in above.splitlines())


def test_the_table_is_one_that_compiles() -> None:
    """A row never begins with what ``\\\\`` before it would take for its option, every row has as
    many cells as there are columns, and nothing but the escaped text stands between them.

    Compiled by hand as ``\\documentclass{article} \\usepackage{booktabs,longtable}
    \\begin{document} \\input{main} \\end{document}``.
    """
    result = samples.renamed(samples.hostile(), "A", "[A_1]|<b>&$*ᾱ é")
    text = latex(result)
    assert text.startswith("% Needs \\usepackage{booktabs,longtable}")
    head = re.search(r"\\begin{longtable}{(l+r+)}", text)
    assert head is not None
    rows = text.split("\\endlastfoot\n")[1].split("\\end{longtable}")[0].splitlines()
    assert len(rows) == len(result.car.loc[result.car["first"] == 0].loc[lambda f: f["last"] == 1])
    for row in rows:
        assert row.endswith(r" \\")
        assert row[0] not in "[*"
        assert len(re.split(r"(?<!\\)&", row)) == len(head[1])
    assert r"{[}A\_1{]}$|$$<$b$>$\&\${*}$\bar{\alpha}$ é" in text
