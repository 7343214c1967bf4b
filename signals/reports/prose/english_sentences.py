"""English: the sentences that are built from results. None of them says that news *caused* a
move: an event study measures what happened at the same time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SENTENCES: Final[Mapping[str, str]] = {
    # nouns, counted
    "noun.event.one": "event",
    "noun.event.many": "events",
    "noun.asset.one": "asset",
    "noun.asset.many": "assets",
    "noun.pair.one": "event–asset pair",
    "noun.pair.many": "event–asset pairs",
    "noun.session.one": "session",
    "noun.session.many": "sessions",
    "noun.bar.one": "bar",
    "noun.bar.many": "bars",
    "noun.claim.one": "claim",
    "noun.claim.many": "claims",
    "noun.row.one": "row",
    "noun.row.many": "rows",
    "noun.ordinary_day.one": "ordinary day",
    "noun.ordinary_day.many": "ordinary days",
    "verb.have.one": "has",
    "verb.have.many": "have",
    # when
    "when.day": "on {day}",
    "when.span": "over the {sessions} from {first} to {last}",
    "when.bars": "over the {bars} from {first}",
    "when.window": "over the window {window}",
    # how far, against what the model expects
    "move.fell": "{asset} fell {size} more than {model} explains {when}",
    "move.rose": "{asset} rose {size} more than {model} explains {when}",
    "move.fell_less": "{asset} fell, but {size} less than {model} explains {when}",
    "move.rose_less": "{asset} rose, but {size} less than {model} explains {when}",
    "move.below": "{asset} ended {size} below what {model} explains {when}",
    "move.above": "{asset} ended {size} above what {model} explains {when}",
    "move.level": "{asset} moved as {model} explains {when}",
    "move.units": "{asset}: {quantity} of {size} {when}",
    "quantity.volume": "abnormal log volume",
    "quantity.variance": "an abnormal variance measure",
    "model.constant_mean": "its average return",
    "model.market": "the market",
    "model.factors": "its factors",
    "model.peers": "its peers",
    "model.donors": "its synthetic control",
    # evidence
    "evidence.interval": "{level} interval {interval}",
    "evidence.test": "{p}, {test}",
    "evidence.rank": "{count} of {total} was as extreme",
    "evidence.rank.many": "{count} of {total} were as extreme",
    "evidence.q": "q\u00a0=\u00a0{q} over {rows}",
    "evidence.q_small": "q\u00a0{q} over {rows}",
    "evidence.calibrated": "calibrated p\u00a0{p} on placebo dates",
    "verdict.holds": "on placebo dates this test keeps its size",
    "verdict.liberal": (
        "on placebo dates this test rejects too often: read its p-value as too small"
    ),
    "verdict.conservative": "on placebo dates this test rejects too rarely",
    "verdict.too few draws": "too few placebo dates to check this test",
    "verdict.disagrees": (
        "The textbook p-value and the one calibrated on placebo dates ({p}) fall on different "
        "sides of {alpha}."
    ),
    # a date with two readings
    "either.placebo dates": (
        "Whichever of the two sessions held the news: {p}, by the larger of the two abnormal "
        "returns against that of {asset}'s placebo dates; together they are {size}."
    ),
    "either.estimation sessions": (
        "Whichever of the two sessions held the news: {p}, by the larger of the two abnormal "
        "returns against that of any two neighbouring sessions of {asset}'s estimation window; "
        "together they are {size}."
    ),
    # nothing found
    "none.detected": "No detectable effect on {asset} {when}",
    "none.could_have": "this study could have seen ≥ {size}",
    "none.estimate": "estimate {size}",
    "none.not_tested": "{asset}: {size} {when}, not tested ({reason})",
    "none.undefined": "{asset}: no result over the window {window} ({reason})",
    # the study as a whole
    "study.asked": (
        "{events} on {assets}: {requested} asked for, {used} studied, {pending} still open, "
        "{excluded} left out (listed below with the reason)."
    ),
    "study.significant": (
        "Over {window}, {found} of {tested} {have} p ≤ {alpha}; about {chance} would by chance "
        "alone if nothing had happened."
    ),
    "study.after_correction": (
        "After correction for many tests, {found} of {tested} {have} q ≤ {alpha}."
    ),
    "study.coarse": (
        "With {sessions} to compare with, p cannot fall below {p}: over {tested} no single finding "
        "could reach q ≤ {alpha}."
    ),
    "study.nothing": "No event of this study could be measured.",
    # power
    "power.seen": (
        "On these dates and prices the study would have seen, with 80 % power at {alpha}, "
        "{quantity} over {window} of {tests}."
    ),
    "power.return": "a mean abnormal return",
    "power.volume": "a mean abnormal log volume",
    "power.variance": "a mean excess of the squared standardized returns",
    "power.by": "{size} by the {test}",
    "power.never": (
        "On these dates and prices no test of all pairs that keeps its size finds an effect over "
        "{window} with 80 % power."
    ),
    "power.liberal": (
        "Rejecting too often already without an effect, and so without a power worth the name: "
        "{tests}."
    ),
    "power.event": (
        "One event on one asset, by the t test with its forecast error: {median} over {window} at "
        "the median of {pairs}, from {low} to {high}."
    ),
    # tests, as a reader says them
    "test.rank_p": "rank test",
    "test.conformal_p": "conformal test",
    "test.placebo_p": "rolling-window test",
    "test.car_t": "t test with the forecast error",
    "test.portfolio_t": "portfolio t test",
    "test.portfolio_rank_p": "portfolio rank test",
    "test.cross_sectional_t": "cross-sectional t test",
    "test.bmp_t": "standardized cross-sectional test (BMP)",
    "test.adjusted_bmp_t": "BMP test adjusted for cross-correlation",
    "test.patell_z": "Patell test",
    "test.adjusted_patell_z": "Patell test adjusted for cross-correlation",
    "test.corrado_rank_z": "Corrado rank test",
    "test.grank_t": "generalized rank test",
    "test.generalized_sign_z": "generalized sign test",
    "test.same_hours_portfolio_p": "portfolio rank test among the same hours",
    "test.sign_flip": "exact sign-flip test",
    "test.brown_warner_t": "Brown–Warner t test",
    "test.wilcoxon": "Wilcoxon signed-rank test",
    "test.sign_z": "sign test",
    "test.sign_binomial": "exact sign test",
    "test.grank_z": "generalized rank z test",
    "test.hotelling_f": "joint F test (Hotelling)",
    # groups
    "group.all": "all pairs",
    "group.category": "events of category {label}",
    "group.group": "assets of group {label}",
    "group.event": "assets around {label}",
    "group.ticker": "events of {label}",
    "group.mean": (
        "Mean abnormal return of {group} over {window}: {size}, {level} interval {interval} "
        "({events}, {positive} above zero)"
    ),
    "group.mean_bare": (
        "Mean abnormal return of {group} over {window}: {size} ({events}, {positive} above zero)"
    ),
    "group.test": "{test}: {p}",
    "group.none": "no detectable effect",
    # claims
    "claim.supported": "the prices agree",
    "claim.contradicted": "the prices say otherwise",
    "claim.unverifiable": "prices alone cannot tell",
    # flags and codes of the tables, in words
    "flag.date_only": "only the date of the announcement is known",
    "flag.ambiguous_day_zero": "two readings of day zero: {alternative} is the other one",
    "flag.short_estimation": "fewer than 60 estimation returns",
    "flag.missing_return": "a return inside the window is missing",
    "flag.contaminated_estimation": "other events lie inside the estimation window",
    # terminal and notebook summary
    "summary.more": "… and {count} more in car.csv",
    # changes since an earlier run
    "change.same": "Nothing moved over the primary window since the earlier run.",
    "change.moved": "{count} over the primary window differ from the earlier run.",
}
