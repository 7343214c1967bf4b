"""Does a finding survive other models, other estimation lengths, the other reading of its date?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from signals.calibration.cells import cell_panels
from signals.calibration.either import FEWEST_ROWS, either_p, placebo_maxima
from signals.calibration.placebo import PlaceboDates
from signals.frames import Floats, Ints, Labels
from signals.inference import STATISTICS, EventInference, Settings
from signals.models import MODELS
from signals.models.batched import FORMS
from signals.panel import AbnormalPanel, Window
from signals.returns import EventReturns
from signals.sessions.calendar import ALWAYS_OPEN
from signals.spec import StudySpec

DEFAULT_MODELS = ("market", "market_adjusted", "constant_mean")
DEFAULT_LENGTHS = (120, 180, 250)
MOST_PAIRS = 400
SLOW_MODELS = ("garch", "huber", "lad")
MOST_SLOW_PAIRS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Variants:
    """What is varied: ``models`` × ``lengths``, of which ``own_length`` is the study's;
    ``alternative`` (n,) series position of the second reading's day zero, −1 where the date has
    one reading; ``pairs`` the positions shown, ``featured`` those of models fitted one by one."""

    models: tuple[str, ...]
    lengths: tuple[int, ...]
    own_length: int
    alternative: Ints
    pairs: Ints
    featured: Ints


def variants(
    spec: StudySpec, returns: EventReturns, alternative: Ints, subject: Labels
) -> Variants:
    """The study's ``[sensitivity]``, else these defaults: its own model, ``DEFAULT_MODELS`` that
    need no further series and, with placebo studies on, ``SLOW_MODELS``; its own length and 120,
    180, 250. Beyond ``MOST_PAIRS`` pairs the first ones are shown; models that are fitted one by
    one are shown at the study's own length for ``MOST_SLOW_PAIRS``: events on their own
    ``subject`` (n, tickers) first, then assets that trade at all hours, then the others."""
    form = MODELS[spec.model]
    default = [
        name
        for name in DEFAULT_MODELS
        if MODELS[name].regressors in ("none", "market") and form.regressors == "market"
    ]
    models = tuple(dict.fromkeys([spec.model, *(spec.sensitivity.models or default)]))
    if default and not spec.sensitivity.models and spec.calibration.draws:
        models += tuple(name for name in SLOW_MODELS if name not in models)
    lengths = spec.sensitivity.lengths or DEFAULT_LENGTHS
    lengths = tuple(sorted({spec.estimation.length, *lengths}))
    series = [returns.series[s] for s in returns.series_index]
    own = np.asarray([s.ticker == name for s, name in zip(series, subject, strict=True)])
    always = np.asarray([s.calendar == ALWAYS_OPEN for s in series])
    featured = np.lexsort((np.arange(len(returns)), ~always, ~own))[:MOST_SLOW_PAIRS]
    shown = np.arange(min(len(returns), MOST_PAIRS))
    return Variants(models, lengths, spec.estimation.length, alternative, shown, np.sort(featured))


def sensitivity_rows(
    spec: StudySpec,
    returns: EventReturns,
    chosen: Variants,
    settings: Settings,
    dates: PlaceboDates | None = None,
) -> Iterator[dict[str, Any]]:
    """Rows of sensitivity.csv: each shown pair over models × lengths × day-zero choices × windows.

    ``day_zero_choice``: ``stated``; ``alternative``, the second reading of a date without a time;
    ``either``, an inference valid under both: the sum over [0, 1] and, in ``either_p_value``,
    max(|AR₀|/s₀, |AR₁|/s₁) against the same maximum on the placebo ``dates``; without them, or
    for models fitted one by one, on the estimation sessions (``either_method`` says which).
    A variant that cannot be estimated (too few returns, missing windows) has no row.
    Checked by tests/calibration/test_sensitivity.py.
    """
    for model in chosen.models:
        for length in chosen.lengths if model in FORMS else (chosen.own_length,):
            for choice, pairs, zero in _choices(returns, chosen, model):
                panel, index = _panel(spec, returns, model, length, pairs, zero)
                if panel is None:
                    continue
                placebo = None
                if choice == "either":
                    placebo = placebo_maxima(
                        replace(returns, length=length), model, dates, pairs[index],
                        min_returns=_fewest(spec, length), missing=spec.missing,
                    )  # fmt: skip
                yield from _rows(
                    spec, returns, panel, pairs[index], length, choice, settings, placebo
                )


def _choices(
    returns: EventReturns, chosen: Variants, model: str
) -> Iterator[tuple[str, Ints, Ints]]:
    pairs = chosen.pairs if model in FORMS else chosen.featured
    yield "stated", pairs, returns.zero[pairs]
    doubtful = pairs[chosen.alternative[pairs] >= 0]
    if len(doubtful):
        yield "alternative", doubtful, chosen.alternative[doubtful]
        if returns.event_window[0] <= 0 and returns.event_window[1] >= 1:
            earlier = np.minimum(returns.zero[doubtful], chosen.alternative[doubtful])
            yield "either", doubtful, earlier


def _panel(
    spec: StudySpec, returns: EventReturns, model: str, length: int, pairs: Ints, zero: Ints
) -> tuple[AbnormalPanel | None, Ints]:
    """The pairs under one model and estimation length, and which of them could be estimated."""
    parts = [
        (replace(panel, event_id=returns.event_id[pairs[index]]), index)
        for panel, _, index in cell_panels(
            replace(returns, length=length), returns.series_index[pairs], zero, model,
            min_returns=_fewest(spec, length), missing=spec.missing,
        )
    ]  # fmt: skip
    if not parts:
        return None, np.empty(0, dtype=np.int64)
    panel, index = parts[0]
    fine = np.isfinite(panel.sigma)
    return panel.take(fine), index[fine]


def _fewest(spec: StudySpec, length: int) -> int:
    """The estimation returns that a variant of this length must have."""
    return max(FEWEST_ROWS, min(spec.estimation.min_returns, int(0.8 * length)))


def _rows(
    spec: StudySpec,
    returns: EventReturns,
    panel: AbnormalPanel,
    pairs: Ints,
    length: int,
    choice: str,
    settings: Settings,
    placebo: Floats | None,
) -> Iterator[dict[str, Any]]:
    windows: Sequence[Window] = spec.windows if choice != "either" else ((0, 1),)
    either, method = np.full(len(panel), np.nan), np.full(len(panel), "", dtype=object)
    if choice == "either":
        either, method = either_p(panel, placebo)
    for window in windows:
        car = panel.car(window)
        error = np.sqrt(panel.car_variance(window))
        rank = _p_values("rank_p", panel, window, settings)
        conformal = _p_values("conformal_p", panel, window, settings)
        for i in np.flatnonzero(np.isfinite(car)):
            series = returns.series[returns.series_index[pairs[i]]]
            yield {
                "event_id": panel.event_id[i],
                "ticker": panel.ticker[i],
                "first": window[0],
                "last": window[1],
                "model": panel.model,
                "estimation_length": length,
                "day_zero_choice": choice,
                "field": series.price_field,
                "car": car[i],
                "std_error": error[i],
                "rank_p_value": rank[i],
                "conformal_p_value": conformal[i],
                "either_p_value": either[i],
                "either_method": method[i],
            }


def _p_values(name: str, panel: AbnormalPanel, window: Window, settings: Settings) -> Floats:
    found = STATISTICS[name].function(panel, window, settings)
    assert isinstance(found, EventInference)
    return found.p_value
