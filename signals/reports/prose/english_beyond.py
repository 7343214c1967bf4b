"""The strings of the sections on speed, breadth and spillovers, in English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

BEYOND: Final[Mapping[str, str]] = {
    "section.reaction": "How fast the price moved",
    "section.breadth": "Breadth: how many of a group fell",
    "section.spillovers": "Spillovers: who moved beyond the market",
    "reaction.gap": "{ticker}, {event}: {car} by the close{night}; {half}, {ninety}.",
    "reaction.night": ", {gap} of it in the overnight gap",
    "reaction.overshot": ", after {gap} in the overnight gap",
    "reaction.half_at_once": "half was there with the first bar",
    "reaction.half_after": "half was reached after {bars}",
    "reaction.ninety_at_once": "nine tenths as well",
    "reaction.ninety_after": "nine tenths after {bars}",
    "reaction.drift": "After the first bar it went on by {drift} ({p}).",
    "reaction.leak": "It had moved before the news: {leak} over the bars {window} ({p}).",
    "reaction.weak": (
        "{pairs} moved by the close no more than on the same hours of ordinary days: their "
        "times would describe noise."
    ),
    "breadth.seen": (
        "Window {window}: {rows} of an event and a group; in {count} of them the number that fell "
        "or rose is rare (p ≤ {alpha}) among ordinary runs of the same prices. Chance alone gives "
        "at most about {expected}."
    ),
    "breadth.row": "{event}: {fell} of {n} {group} fell; on ordinary days {usual} ({p}).",
    "breadth.rose": "{event}: {rose} of {n} {group} rose; on ordinary days {usual} ({p}).",
    "spill.none": (
        "Window {window}: of no role can it be said that it moved beyond the market, after Holm's "
        "correction over the roles of the event."
    ),
    "spill.some": (
        "Window {window}: {count} moved beyond the market, after Holm's correction over the roles "
        "of the event:"
    ),
    "spill.row": "{event}: {role} {car} (p after Holm {p})",
    "spill.undecided": (
        "{count} undecided: beyond every placebo window, but these are so few that the corrected p "
        "cannot be small: {rows}."
    ),
    "placebo.bars": (
        "Single events are compared with the same hours of the estimation sessions: their p-values "
        "are placebo p-values already. Intraday studies have no placebo study, so the tests of "
        "groups are not checked on placebo dates and their verdicts are blank."
    ),
    "placebo.none": (
        "The tests are not checked on placebo dates of these prices: [calibration] draws = 0."
    ),
    "test.placebo_p.bars": "placebo test at the same hours",
    "test.rank_p.bars": "rank test at the same hours",
    "chart.reaction": "From the news to the close: {ticker}, {event}",
    "chart.reaction_note": (
        "Cumulated abnormal return from day zero's bar to the close of its session; dots: half and "
        "nine tenths of the day's move; dotted: the move at the close."
    ),
    "chart.reaction_bars": "bars after the news",
    "chart.reaction_gap": "overnight gap",
    "chart.reaction_share": "of the move",
    "chart.breadth": "Share of {group} that fell, window {window}",
    "chart.breadth_note": (
        "Grey: from the mean to the 95 % quantile of ordinary days. Returns are raw, not abnormal."
    ),
    "chart.breadth_axis": "fell, %",
    "chart.breadth_usual": "ordinary days: mean to 95 %",
    "chart.rare": "rare (p ≤ {alpha})",
    "chart.usual": "not rare",
    "chart.spillovers": "{name}: mean abnormal return by role, window {window}",
    "chart.spillovers_note": (
        "A role is a group of the study's assets; the subject is the company of the news."
    ),
    "chart.up": "moved up",
    "chart.down": "moved down",
    "chart.no": "did not move",
    "chart.undecided": "undecided",
    "control.role": "Role",
    "noun.role.one": "role",
    "noun.role.many": "roles",
    "column.role": "role",
    "column.moved": "moved",
    "column.tickers": "assets",
    "column.test": "test",
    "column.n_assets": "assets",
    "column.n_fell": "fell",
    "column.share_fell": "share that fell",
    "column.placebo_mean": "ordinary days: mean",
    "column.placebo_q95": "ordinary days: 95 % quantile",
    "column.n_placebos": "ordinary windows",
    "column.p_value_fell": "p (so many fall)",
    "column.p_value_rose": "p (so many rise)",
    "column.equal_weighted": "group, equal weights",
    "column.equal_weighted_p_value": "p (equal weights)",
    "column.value_weighted": "group, value weights",
    "column.value_weighted_p_value": "p (value weights)",
    "column.car_to_close": "CAR to the close",
    "column.gap_share": "share in the gap",
    "column.half_minutes": "minutes to half",
    "column.ninety_minutes": "minutes to nine tenths",
    "column.drift_car": "drift after the first bar",
    "column.drift_p_value": "p (drift)",
    "column.leakage_car": "before the news",
    "column.leakage_p_value": "p (before the news)",
    "column.portfolio_p_value": "p (portfolio)",
    "column.adjusted_bmp_p_value": "p (adjusted BMP)",
    "column.hotelling_p_value": "p (Hotelling)",
}
