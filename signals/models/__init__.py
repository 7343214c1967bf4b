"""Expected-return models: the registry, and the one way to fit a model to an event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from signals.errors import SpecError, nearest
from signals.models import ols, peers, robust, synthetic, timing, volatility
from signals.models.diagnose import diagnose
from signals.models.fit import FitError, ModelFit, Sample
from signals.models.trade_to_trade import fit_trade_to_trade

__all__ = ["MODELS", "FitError", "ModelFit", "ModelRow", "Sample", "diagnose", "fit_model"]


@dataclass(frozen=True, slots=True, eq=False)
class ModelRow:
    """One expected-return model.

    ``regressors``: what ``Sample.x_*`` must hold (``market``: one column of that name;
    ``factors``: the columns of ``factors``; ``peers``/``donors``: one column per asset).
    ``excess``: the sample must carry the risk-free rate, the model subtracts it.
    ``prediction``: as :class:`ModelFit`. ``coefficients``: k of METHODS (ν = M − k), None where
    it depends on the study. ``neighbours``: sessions before and after each row that the model
    reads. ``batched``: plain least squares that the batched engine may compute.
    """

    name: str
    fit: Callable[[Sample], ModelFit]
    regressors: Literal["none", "market", "factors", "peers", "donors"]
    formula: str
    assumptions: str
    paper: str
    coefficients: int | None
    factors: tuple[str, ...] = ()
    excess: bool = False
    prediction: Literal["forecast", "rank_only"] = "forecast"
    batched: bool = False
    neighbours: int = 0


_IID = "serially uncorrelated disturbances of constant variance; normal for exact t"

MODELS: Final[Mapping[str, ModelRow]] = {
    "constant_mean": ModelRow(
        "constant_mean",
        ols.fit_constant_mean,
        "none",
        formula="E[R] = mean of the estimation returns",
        assumptions=_IID,
        paper="Brown & Warner 1985",
        coefficients=1,
        batched=True,
    ),
    "market_adjusted": ModelRow(
        "market_adjusted",
        ols.fit_market_adjusted,
        "market",
        formula="E[R] = R_m; σ² = ΣAR²/M, ν = M",
        assumptions="α = 0 and β = 1; " + _IID,
        paper="Brown & Warner 1985",
        coefficients=0,
        batched=True,
    ),
    "market": ModelRow(
        "market",
        ols.fit_market,
        "market",
        formula="E[R] = a + b·R_m",
        assumptions=_IID,
        paper="MacKinlay 1997",
        coefficients=2,
        batched=True,
    ),
    "multi_market": ModelRow(
        "multi_market",
        ols.fit_multi_market,
        "market",
        formula="E[R] = a + b·R_m + Σ c_j·R_j over the asset's further benchmarks",
        assumptions=_IID,
        paper="MacKinlay 1997",
        coefficients=None,
    ),
    "capm": ModelRow(
        "capm",
        ols.fit_capm,
        "market",
        formula="E[R] = r_f + a + b·(R_m − r_f)",
        assumptions=_IID,
        paper="Campbell, Lo & MacKinlay 1997",
        coefficients=2,
        excess=True,
        batched=True,
    ),
    "capm_strict": ModelRow(
        "capm_strict",
        ols.fit_capm_strict,
        "market",
        formula="E[R] = r_f + b·(R_m − r_f)",
        assumptions="α = 0; " + _IID,
        paper="Campbell, Lo & MacKinlay 1997",
        coefficients=1,
        excess=True,
        batched=True,
    ),
    "ff3": ModelRow(
        "ff3",
        ols.fit_ff3,
        "factors",
        formula="E[R] = r_f + a + b'(mkt_rf, smb, hml)",
        assumptions=_IID,
        paper="Fama & French 1993",
        coefficients=4,
        factors=ols.FF3,
        excess=True,
        batched=True,
    ),
    "carhart": ModelRow(
        "carhart",
        ols.fit_carhart,
        "factors",
        formula="E[R] = r_f + a + b'(mkt_rf, smb, hml, mom)",
        assumptions=_IID,
        paper="Carhart 1997",
        coefficients=5,
        factors=ols.CARHART,
        excess=True,
        batched=True,
    ),
    "ff5": ModelRow(
        "ff5",
        ols.fit_ff5,
        "factors",
        formula="E[R] = r_f + a + b'(mkt_rf, smb, hml, rmw, cma)",
        assumptions=_IID,
        paper="Fama & French 2015",
        coefficients=6,
        factors=ols.FF5,
        excess=True,
        batched=True,
    ),
    "ff5_mom": ModelRow(
        "ff5_mom",
        ols.fit_ff5_mom,
        "factors",
        formula="E[R] = r_f + a + b'(mkt_rf, smb, hml, rmw, cma, mom)",
        assumptions=_IID,
        paper="Fama & French 2015; Carhart 1997",
        coefficients=7,
        factors=ols.FF5_MOM,
        excess=True,
        batched=True,
    ),
    "scholes_williams": ModelRow(
        "scholes_williams",
        timing.fit_scholes_williams,
        "market",
        formula="E[R] = a + β·R_m, β = (b₋₁ + b₀ + b₊₁)/(1 + 2ρ_m)",
        assumptions="prices lag the market by less than one session",
        paper="Scholes & Williams 1977",
        coefficients=2,
        prediction="rank_only",
    ),
    "dimson": ModelRow(
        "dimson",
        timing.fit_dimson,
        "market",
        formula="E[R] = a + β·R_m, β = Σ b_j over one lag, now and one lead",
        assumptions="prices lag the market by up to one session",
        paper="Dimson 1979",
        coefficients=4,
        prediction="rank_only",
        neighbours=1,
    ),
    "fowler_rorke": ModelRow(
        "fowler_rorke",
        timing.fit_fowler_rorke,
        "market",
        formula="dimson with w₋₁ = w₊₁ = (1 + ρ)/(1 + 2ρ)",
        assumptions="prices lag the market by up to one session",
        paper="Fowler & Rorke 1983",
        coefficients=4,
        prediction="rank_only",
        neighbours=1,
    ),
    "garch": ModelRow(
        "garch",
        volatility.fit_garch,
        "market",
        formula="E[R] = a + b·R_m, h = ω + αe² + βh",
        assumptions="GARCH(1,1) variance; uncertainty of the coefficients is not included",
        paper="Bollerslev 1986",
        coefficients=5,
    ),
    "huber": ModelRow(
        "huber",
        robust.fit_huber,
        "market",
        formula="E[R] = a + b·R_m by Huber's M-estimator, c = 1.345",
        assumptions="a line holds for most sessions",
        paper="Huber 1964",
        coefficients=2,
        prediction="rank_only",
    ),
    "lad": ModelRow(
        "lad",
        robust.fit_lad,
        "market",
        formula="E[R] = a + b·R_m by least absolute deviations",
        assumptions="the median of R given R_m is a line",
        paper="Koenker & Bassett 1978",
        coefficients=2,
        prediction="rank_only",
    ),
    "theil_sen": ModelRow(
        "theil_sen",
        robust.fit_theil_sen,
        "market",
        formula="b = median slope of all pairs, a = median(R) − b·median(R_m)",
        assumptions="a line holds for most sessions",
        paper="Theil 1950; Sen 1968",
        coefficients=2,
        prediction="rank_only",
    ),
    "peer_index": ModelRow(
        "peer_index",
        peers.fit_peer_index,
        "peers",
        formula="E[R] = a + b·(equal-weighted peers)",
        assumptions="the event does not move the peers; " + _IID,
        paper="MacKinlay 1997",
        coefficients=2,
    ),
    "synthetic_control": ModelRow(
        "synthetic_control",
        synthetic.fit_synthetic_control,
        "donors",
        formula="E[R] = Σ w_j·R_j, w ≥ 0, Σw = 1",
        assumptions="the event does not move the donors; any unit was as likely to be treated",
        paper="Abadie, Diamond & Hainmueller 2010",
        coefficients=None,
        prediction="rank_only",
    ),
}


def fit_model(name: str, sample: Sample) -> ModelFit:
    """The named model on one event's rows. ``FitError`` where these rows do not allow it,
    :class:`SpecError` for a name that is no model."""
    row = model_row(name)
    if sample.span_est is not None:
        return fit_trade_to_trade(name, sample)
    return row.fit(sample)


def model_row(name: str) -> ModelRow:
    """The registry row, or a :class:`SpecError` that suggests the nearest name."""
    row = MODELS.get(name)
    if row is None:
        guess = nearest(name, MODELS)
        raise SpecError(
            "unknown model" + (f"; did you mean {guess!r}?" if guess else ""),
            key="study.model",
            value=name,
            allowed=MODELS,
        )
    return row
