"""What is a claim about the market, whose, over which window; and what is none."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from signals.news.reading import Reading

Read = Callable[..., Reading]
DAY = "2025-10-31"


def _found(reading: Reading) -> list[tuple[str, str, float, str]]:
    return [
        (c["ticker"], c["metric"], round(c["stated"], 6), c["window"])
        for c in reading.claims
        if c["metric"] != "company_figure"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Meta fell 12% by Friday's close.", [("META", "return", -0.12, "Friday's close")]),
        ("Shares of Meta, which owns Facebook, rose 3%.", [("META", "return", 0.03, "session")]),
        ("A 12% drop in Meta shares followed.", [("META", "return", -0.12, "session")]),
        ("Meta stock slid 5% over two days.", [("META", "return", -0.05, "2 days")]),
        ("Meta shares were down 5% on Thursday.", [("META", "return", -0.05, "Thursday")]),
        ("Meta shares jumped 9% after hours.", [("META", "return", 0.09, "after hours")]),
        ("Meta shares fell as much as 9%.", [("META", "return", -0.09, "intraday")]),
        ("Meta shares are up 30% this year.", [("META", "return", 0.30, "year to date")]),
        (
            "Meta lost more than $200 billion in market value in two days.",
            [("META", "market_value", -200e9, "2 days")],
        ),
        ("Meta's market value fell by $50 billion.", [("META", "market_value", -50e9, "session")]),
        ("28 of the top 30 AI tokens fell in the last hour.", [("ai_tokens", "breadth", -0.933333, "1 hour")]),
        ("All but two of the top 30 AI tokens fell.", [("ai_tokens", "breadth", -0.933333, "session")]),
        ("Of the top 30 AI tokens only two rose.", [("ai_tokens", "breadth", 0.066667, "session")]),
        (
            "Amazon, Microsoft and Google fell 2%, 3% and 1%.",
            [("AMZN", "return", -0.02, "session"), ("MSFT", "return", -0.03, "session"),
             ("GOOGL", "return", -0.01, "session")],
        ),
        (
            "Microsoft and Google each fell 2%.",
            [("MSFT", "return", -0.02, "session"), ("GOOGL", "return", -0.02, "session")],
        ),
        (
            "Palantir sank 8%, Oracle 5% and AMD 4%.",
            [("PLTR", "return", -0.08, "session"), ("ORCL", "return", -0.05, "session"),
             ("AMD", "return", -0.04, "session")],
        ),
        ("Meta Platforms Inc. (META) climbed 2.4 percent.", [("META", "return", 0.024, "session")]),
        (
            "Investors wiped $300 billion off Nvidia's value on Monday.",
            [("NVDA", "market_value", -300e9, "Monday")],
        ),
        (
            "Meta revenue rose 22%, and its shares fell 5%.",
            [("META", "return", -0.05, "session")],
        ),
        ("शीर्ष 30 में से 28 AI टोकन गिरे।", [("ai_tokens", "breadth", -0.933333, "session")]),
        ("मेटा के शेयर दो दिनों में 13 प्रतिशत टूटे।", [("META", "return", -0.13, "2 days")]),
        ("تراجع سهم ميتا 12% في ختام تعاملات الجمعة.", [("META", "return", -0.12, "Friday's close")]),
        ("خسرت ميتا 200 مليار دولار من قيمتها السوقية في يومين.", [("META", "market_value", -200e9, "2 days")]),
        ("Las acciones de Meta cayeron un 12 % en dos días.", [("META", "return", -0.12, "2 days")]),
    ],
)  # fmt: skip
def test_claims(read: Read, text: str, expected: list[tuple[str, str, float, str]]) -> None:
    assert _found(read(text, DAY)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Meta cut 5% of its workforce.", "Meta bought a 5% stake in EssilorLuxottica.",
        "Meta's revenue rose 22%.", "Meta holds 60% of the market, the court said.",
        "Meta shares could fall 20%.", "Analysts expect Meta shares to rise 10%.",
        "If results disappoint, Meta shares fall 10%.", "Meta shares did not fall 12%.",
        "Meta's market value is $1.9 trillion.", "Meta's market value fell to $1.5 trillion.",
        "Two years ago Meta shares fell 26%.", "Meta's daily users grew 6%.",
        "The chip stocks fell 3%, Meta said.", "Prices of Meta's headsets fell 20%.",
        "Trading volume in Nvidia shares jumped 40%.", "Meta's stock needs to rise 15%.",
        "Short interest in Tesla stock rose 5%.", "Shares of small firms fell 2%, Meta said.",
        "Tesla cut prices by 5% and the shares dipped.", "Zuckerberg controls 61% of Meta's shares.",
        "The probability that Meta shares fall 10% is small.",
        "Meta raised prices by 10%.", "Meta's new model is 12% faster.",
        "मेटा अपने 5% कर्मचारियों की छंटनी करेगा।", "قد يتراجع سهم ميتا 10%.",
        "سيتراجع سهم ميتا 10% بحسب محللين.", "मेटा के शेयर 10% गिर सकते हैं।",
    ],
)  # fmt: skip
def test_none_is_invented(read: Read, text: str) -> None:
    assert _found(read(text, DAY)) == []


def test_the_quote_is_where_it_says(read: Read) -> None:
    text = "Rivals rose. Shares of Meta fell 12% on Friday, its worst day."
    (claim,) = read(text, DAY).claims
    assert text[claim["quote_start"] : claim["quote_end"]] == "Shares of Meta fell 12% on Friday"
    assert claim["quote"] == "Shares of Meta fell 12% on Friday"
    assert claim["step"] == pytest.approx(0.01)


def test_company_figures_are_kept_apart(read: Read) -> None:
    reading = read("Meta reported quarterly revenue of $39.071 billion, up 22%.", DAY)
    assert ("META", "company_figure", 39.071e9) in [
        (c["ticker"], c["metric"], c["stated"]) for c in reading.claims
    ]


def test_only_two_fell_where_the_article_says_nearly_all_did(read: Read) -> None:
    slip = (
        "AI tokens are in trouble: almost all assets fell. Of the top 30 AI tokens only two fell."
    )
    plain = "Of the top 30 AI tokens only two fell."
    assert _found(read(slip, DAY))[0][2] == pytest.approx(-28 / 30, abs=1e-6)
    assert "all but 2" in read(slip, DAY).claims[0]["note"]
    assert _found(read(plain, DAY))[0][2] == pytest.approx(-2 / 30, abs=1e-6)
