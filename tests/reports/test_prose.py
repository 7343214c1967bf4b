"""Sentences: the right sign, rounding, unit and number, and never a word about causes."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from html import unescape

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.reports.html import render
from signals.reports.prose import (
    ENGLISH_WORDS,
    LANGUAGES,
    Move,
    finding_sentence,
    group_sentence,
    model_phrase,
    when_phrase,
)
from signals.reports.prose.either import either_sentences
from signals.reports.prose.moves import findings, group_sentences, lead, summary
from signals.reports.prose.numbers import (
    bare_probability,
    fixed,
    listed,
    long_date,
    percent,
    percent_interval,
    probability,
    window_text,
)
from signals.reports.prose.sentences import as_extreme, claim_sentence
from tests.reports import samples

CAUSAL = re.compile(
    r"\b(because|caused?|causing|due to|led to|leads to|as a result|thanks to|drove|driven by|"
    r"triggered|sparked|sent the|in response to|reacted to|impact of|owing to)\b",
    re.IGNORECASE,
)
FELL = Move(
    "META", 0, 0, ("2025-10-30",), car=-0.0985, actual=-0.1133, ci_low=-0.1297, ci_high=-0.0673,
    p_value=2 / 251, test="rank_p", n_obs=250,
)  # fmt: skip


def said(text: str) -> str:
    """A sentence with ordinary spaces."""
    return text.replace("\u00a0", " ")


def test_a_fall_is_told_with_size_interval_p_and_ordinary_days() -> None:
    assert said(finding_sentence(FELL)) == (
        "META fell 9.8 % more than the market explains on 30 October 2025 (95 % interval "
        "[−13.0, −6.7], p = 0.008, rank test; 1 of 250 ordinary days was as extreme)."
    )


@pytest.mark.parametrize(
    ("car", "actual", "start"),
    [
        (-0.05, -0.06, "META fell 5.0 % more than"),
        (-0.05, 0.02, "META rose, but 5.0 % less than"),
        (0.05, 0.06, "META rose 5.0 % more than"),
        (0.05, -0.02, "META fell, but 5.0 % less than"),
        (0.05, 0.0, "META ended 5.0 % above what"),
        (-0.05, math.nan, "META ended 5.0 % below what"),
    ],
)
def test_direction_follows_both_signs(car: float, actual: float, start: str) -> None:
    move = replace(FELL, car=car, actual=actual)
    assert said(finding_sentence(move)).startswith(start)


def test_nothing_found_says_what_could_have_been_seen() -> None:
    move = replace(
        FELL, car=0.004, ci_low=-0.027, ci_high=0.035, p_value=0.62, min_detectable=0.0441
    )
    text = said(finding_sentence(move))
    assert text.startswith("No detectable effect on META on 30 October 2025")
    assert text.endswith("; this study could have seen ≥ 4.4 %.")
    assert "fell" not in text


def test_without_a_smallest_effect_nothing_is_said_of_it() -> None:
    text = finding_sentence(replace(FELL, p_value=0.5))
    assert "could have seen" not in text
    assert "nan" not in text.lower()


def test_calibration_is_told_where_it_matters() -> None:
    liberal = finding_sentence(replace(FELL, verdict="liberal"))
    assert "rejects too often" in liberal
    assert "placebo" not in finding_sentence(replace(FELL, verdict="holds"))
    both = said(finding_sentence(replace(FELL, calibrated_p_value=0.2)))
    assert "calibrated p = 0.200 on placebo dates" in both
    assert "different sides of 0.05" in both
    assert "different sides" not in finding_sentence(replace(FELL, calibrated_p_value=0.01))


def test_q_value_names_its_family() -> None:
    text = said(finding_sentence(replace(FELL, q_value=0.0312, family=1)))
    assert "q = 0.031 over 1 event–asset pair;" in text
    assert "q < 0.001 over 249 event–asset pairs" in said(
        finding_sentence(replace(FELL, q_value=1e-7, family=249))
    )


def test_ordinary_days_come_from_the_rank_test_only() -> None:
    assert as_extreme(FELL) == 1
    assert as_extreme(replace(FELL, p_value=1 / 251)) == 0
    assert as_extreme(replace(FELL, test="conformal_p")) is None
    assert as_extreme(replace(FELL, p_value=1 / 41)) is None
    assert "0 of 250 ordinary days were as extreme" in said(
        finding_sentence(replace(FELL, p_value=1 / 251))
    )


def test_undefined_windows_give_their_reason() -> None:
    move = Move("META", 0, 1, reason="window_open: 2025-10-31 has not closed yet")
    text = finding_sentence(move)
    assert text == (
        "META: no result over the window [0, +1] (window_open: 2025-10-31 has not closed yet)."
    )


def test_volume_is_no_percentage() -> None:
    move = replace(FELL, quantity="volume", car=1.234, ci_low=0.9, ci_high=1.6)
    text = said(finding_sentence(move))
    assert "abnormal log volume of +1.23" in text
    assert "1.23 %" not in text
    assert "fell" not in text


def test_when_one_session_or_many() -> None:
    assert said(when_phrase(0, 0, ("2025-01-02",))) == "on 2 January 2025"
    assert said(when_phrase(0, 1, ("2025-01-02", "2025-01-03"))) == (
        "over the 2 sessions from 2 January 2025 to 3 January 2025"
    )
    assert when_phrase(-1, 1) == "over the window [−1, +1]"


def test_when_in_bars() -> None:
    days = ("2025-10-30T20:00:00", "2025-10-30T21:00:00")
    assert said(when_phrase(0, 1, days)) == "over the 2 bars from 30 October 2025, 20:00 UTC"
    one = replace(FELL, days=days[:1])
    assert "over the 1 bar from 30 October 2025, 20:00 UTC" in said(finding_sentence(one))
    # Bars are ranked among those of their own hour, not among all of the model's rows.
    assert "as extreme" not in finding_sentence(one)


def test_the_yardstick_is_named() -> None:
    assert model_phrase("market") == "the market"
    assert model_phrase("market", "BTC-USD") == "BTC-USD"
    assert model_phrase("ff5") == "its factors"
    assert model_phrase("constant_mean") == "its average return"


def test_group_sentence_counts_one_and_many() -> None:
    values = {"caar": -0.011, "ci_low": -0.02, "ci_high": -0.002, "positive": 0.4}
    many = said(group_sentence("all", "all", (0, 1), n_events=215, **values))
    assert many == (
        "Mean abnormal return of all pairs over [0, +1]: −1.1 %, 95 % interval [−2.0, −0.2] "
        "(215 event–asset pairs, 40 % above zero)."
    )
    one = group_sentence("ticker", "META", (0, 0), n_events=1, **values)
    assert "(1 event–asset pair," in one
    silent = said(
        group_sentence(
            "all",
            "all",
            (0, 1),
            n_events=3,
            **values,
            test="bmp_t",
            p_value=0.4,
            min_detectable=0.02,
        )
    )
    assert silent.endswith("p = 0.400: no detectable effect; this study could have seen ≥ 2.0 %.")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0985, "9.8 %"), (0.00516, "0.52 %"), (-0.00001, "0.00 %"), (0.009999, "1.0 %"),
        (-0.1, "−10.0 %"), (math.nan, "–"), (12.5, "1,250.0 %"),
    ],
)  # fmt: skip
def test_percent_rounds_and_signs(value: float, text: str) -> None:
    assert said(percent(value)) == text


def test_numbers_as_text() -> None:
    assert fixed(-0.004, 2) == "0.00"
    assert fixed(1234.5, 1, sign=True) == "+1,234.5"
    assert said(percent(0.005, sign=True)) == "+0.50 %"
    assert percent_interval(-0.13, -0.068) == "[−13.0, −6.8]"
    assert percent_interval(math.nan, 0.1) == ""
    assert [said(probability(p)) for p in (0.0004, 0.031, 0.9999, math.nan)] == [
        "p < 0.001", "p = 0.031", "p > 0.999", "",
    ]  # fmt: skip
    assert said(long_date("2025-10-30T09:30:00")) == "30 October 2025"
    assert long_date("soon") == "soon"
    assert window_text(-10, 10) == "[−10, +10]"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(list("abcdefgh"), most=3) == "a, b, c and 5 more"
    assert listed(["a"]) == "a"


@given(st.floats(0.0, 1.0))
def test_no_p_value_is_ever_zero_or_one(p: float) -> None:
    text = bare_probability(p)
    assert text not in ("0.000", "1.000")
    assert text


finite = st.floats(-0.9, 3.0, allow_nan=False)


@given(car=finite, actual=finite, p=st.floats(0.0001, 1.0), half=st.floats(0.0, 0.5))
def test_every_sentence_keeps_the_sign_and_blames_nobody(
    car: float, actual: float, p: float, half: float
) -> None:
    move = replace(
        FELL, car=car, actual=actual, p_value=p, ci_low=car - half, ci_high=car + half,
        min_detectable=half,
    )  # fmt: skip
    text = finding_sentence(move)
    assert not CAUSAL.search(text)
    assert "nan" not in text.lower()
    assert "−0.0 " not in said(text)
    assert text.endswith(".")
    if p <= 0.05 and abs(car) > 5e-5:
        worse = any(w in text for w in ("fell 0", "fell 1", "rose, but", "below")) or bool(
            re.search(r"META fell \d", text)
        )
        assert worse == (car < 0)
    elif p > 0.05:
        assert text.startswith("No detectable effect")


def test_no_string_of_any_language_speaks_of_causes() -> None:
    for texts in LANGUAGES.values():
        for key, text in texts.items():
            assert not CAUSAL.search(text), key


def test_every_language_has_every_key() -> None:
    english = LANGUAGES["en"].keys()
    for name, texts in LANGUAGES.items():
        assert texts.keys() == english, name


def test_claims_in_words() -> None:
    assert claim_sentence("supported") == "the prices agree"
    assert claim_sentence("new verdict") == "new verdict"


def test_findings_of_a_study_have_the_tables_numbers() -> None:
    result = samples.hostile()
    found = findings(result)
    car = result.car.set_index(["event_id", "ticker", "first", "last"])
    first, last = result.spec.primary
    key = ("e1", "A")
    assert found[key].move.car == car.loc[(*key, first, last), "car"]
    assert found[key].detected
    assert said(found[key].sentence).startswith("A fell ")
    assert said(found["e3", "A"].sentence).startswith("A rose ")
    ps = [f.move.p_value for f in found.values()]
    assert ps == sorted(ps)


def test_lead_counts_pairs_and_what_chance_gives() -> None:
    lines = lead(samples.hostile())
    assert lines[0].startswith("5 events on 3 assets: 15 event–asset pairs asked for, 15 studied")
    assert "of 15 event–asset pairs have p ≤ 5" in lines[1]
    assert "about none or one would by chance alone" in lines[1]
    q = [0.01] + [0.9] * (len(samples.hostile().car) - 1)
    one = samples.with_car(samples.hostile(), q_value=q, headline_p_value=q)
    rows = one.car[(one.car["first"] == 0) & (one.car["last"] == 1)]
    some = int((rows["q_value"] <= 0.05).sum())
    verb = "has" if some == 1 else "have"
    assert f"{some} of 15 event–asset pairs {verb} q ≤" in lead(one)[2]


def test_lead_says_when_a_test_is_too_coarse_for_its_family() -> None:
    result = samples.hostile()
    lines = lead(samples.with_car(result, q_value=0.5))
    assert said(lines[-1]) == (
        "With 100 sessions to compare with, p cannot fall below 0.010: over 15 event–asset pairs "
        "no single finding could reach q ≤ 5 %."
    )
    t_tests = samples.with_car(result, q_value=0.5, headline_test="car_t")
    assert "cannot fall below" not in " ".join(lead(t_tests))


def test_summary_is_plain_text_with_every_event() -> None:
    text = summary(samples.hostile())
    for event in ("e1", "e2", "e3", "e4", "e5"):
        assert f"\n{event}: " in text
    assert "<" not in text.split("\n", 1)[1].replace("p\u00a0<", "").replace("q\u00a0<", "")


def test_group_sentences_name_a_recommended_test_only() -> None:
    result = samples.hostile()
    statistics = result.statistics
    spoken = group_sentences(result, ("all",))["all", "all"]
    window = result.spec.primary
    rows = statistics[
        (statistics["group_by"] == "all") & (statistics["first"] == window[0])
        & (statistics["last"] == window[1]) & (statistics["status"] == "ok")
    ]  # fmt: skip
    refused = rows[~rows["recommended"].astype(bool)]["statistic_name"]
    assert "Mean abnormal return of all pairs" in spoken
    for name in refused:
        assert f"{ENGLISH_WORDS.note(f'test.{name}') or name}:" not in spoken


@pytest.mark.parametrize("method", ["placebo dates", "estimation sessions"])
def test_a_date_with_two_readings_is_told_whichever_is_right(method: str) -> None:
    result = samples.plain()
    rows = [
        {"event_id": "quiet-1", "ticker": "A", "first": 0, "last": 1, "model": model,
         "estimation_length": 100, "day_zero_choice": choice, "field": "close", "car": -0.031,
         "std_error": 0.01, "either_p_value": 0.012, "either_method": method}
        for model in ("market", "constant_mean") for choice in ("stated", "either")
    ]  # fmt: skip
    doubtful = replace(result, tables={**result.tables, "sensitivity": pd.DataFrame(rows)})
    found = either_sentences(doubtful)
    assert set(found) == {("quiet-1", "A")}
    text = said(found["quiet-1", "A"])
    assert text.startswith("Whichever of the two sessions held the news: p = 0.012")
    assert ("placebo dates" in text) == (method == "placebo dates")
    assert text.endswith("together they are −3.1 %.")
    assert text in said(unescape(render(doubtful)))
    assert either_sentences(result) == {}


def test_a_group_whose_two_p_values_disagree_says_so() -> None:
    values = {"caar": 0.02, "ci_low": 0.001, "ci_high": 0.039, "n_events": 20, "positive": 0.7}
    common = {**values, "test": "adjusted_bmp_t", "p_value": 0.03}
    agree = group_sentence("all", "all", (0, 1), **common, calibrated_p_value=0.041)
    assert "different sides" not in agree
    assert group_sentence("all", "all", (0, 1), **common) == agree
    differ = said(group_sentence("all", "all", (0, 1), **common, calibrated_p_value=0.0812))
    assert differ == said(agree) + (
        " The textbook p-value and the one calibrated on placebo dates (0.081) fall on different "
        "sides of 0.05."
    )
