"""The study file as a checked, frozen record.

Each table of the TOML file is one model here; a key that is not listed here is an error.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    field_serializer,
    field_validator,
    model_validator,
)

from signals.spec.defaults import CLOSE, window_of, window_text, with_defaults

Window = tuple[int, int]
Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Ticker = Annotated[str, Field(pattern=r"^[A-Za-z0-9^][A-Za-z0-9.^=_-]{0,31}$")]
Fraction = Annotated[float, Field(gt=0, lt=1)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class EstimationSpec(_Table):
    """``[estimation]``: the sessions from which normal returns are learnt."""

    length: int = Field(250, ge=2, le=5000)
    gap: int = Field(0, ge=0, le=5000)
    min_returns: int = Field(120, ge=2, le=5000)


class PricesSpec(_Table):
    """``[prices]``: where prices come from and which column is used."""

    source: Literal["yahoo", "csv", "parquet", "sample"] = "yahoo"
    path: str | None = None
    interval: Annotated[str, Field(pattern=r"^[1-9][0-9]*(m|h|d)$")] = "1d"
    field: Literal["auto", "close", "adj_close"] = "auto"
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None


class MarketSpec(_Table):
    """``[market]``: benchmark and calendar of assets that name none. ``benchmarks`` names the
    benchmark of each calendar (region) that has one of its own: ``XPAR = "^FCHI"``."""

    benchmark: Ticker | None = None
    calendar: str = "XNYS"
    benchmarks: dict[str, Ticker] = Field(default_factory=dict)


class FactorsSpec(_Table):
    """``[factors]``: factor returns for the factor models."""

    source: Literal["french", "csv"] = "french"
    path: str | None = None
    unit: Literal["percent", "decimal"] | None = None


class EventsSpec(_Table):
    """``[events]``: catalogue files, relative to the study file."""

    files: tuple[str, ...] = Field(min_length=1)

    @field_validator("files", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value


class AssetSpec(_Table):
    """``[[assets]]``: one asset of the study. ``benchmark`` may be a list: the first is the market,
    the others (``beside``) are further factors of the market model."""

    ticker: Ticker
    group: str = ""
    calendar: str | None = None
    benchmark: Ticker | None = None
    beside: tuple[Ticker, ...] = ()
    symbol: dict[str, str] = Field(default_factory=dict)
    name: str | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None

    @model_validator(mode="before")
    @classmethod
    def _several_benchmarks(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        named, beside = value.get("benchmark"), value.get("beside")
        if isinstance(named, list) and named:
            return {**value, "benchmark": named[0], "beside": tuple(named[1:])}
        return {**value, "beside": tuple(beside)} if isinstance(beside, list) else value


class MatchSpec(_Table):
    """``[[match]]``: which groups an event category is studied on."""

    category: str
    groups: tuple[str, ...] = Field(min_length=1)

    @field_validator("groups", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value


class CalibrationSpec(_Table):
    """``[calibration]``: placebo studies of every run (0 draws: off)."""

    draws: int = Field(500, ge=0, le=1_000_000)


class SensitivitySpec(_Table):
    """``[sensitivity]``: what the specification curve varies."""

    models: tuple[str, ...] = ()
    lengths: tuple[int, ...] = ()

    @field_validator("models", "lengths", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value


class RegressionSpec(_Table):
    """``[regression]``: second-stage regression of CARs on events' own columns."""

    formula: str
    window: Window | None = None

    @field_validator("window", mode="before")
    @classmethod
    def _pair(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value


class ScheduleSpec(_Table):
    """``[schedule]``: when the study runs by itself."""

    cron: str
    timezone: str = "America/New_York"


class RunnerSpec(_Table):
    """``[runner]``: an existing Dask cluster, and how many pairs make one chunk of a large study
    (memory grows with it: about 12 kB a pair at 250 estimation sessions)."""

    address: str | None = None
    chunk: int = Field(8_192, ge=256, le=1_000_000)


class SharesSpec(_Table):
    """One line of ``[shares]``: shares outstanding on a stated day."""

    count: float = Field(gt=0)
    as_of: str


class StudySpec(_Table):
    """A whole study file. Windows are in sessions around day zero, both ends included."""

    id: Identifier
    title: str = ""
    model: str = "market"
    returns: Literal["simple", "log"] = "simple"
    event_window: Window = (-10, 10)
    car_windows: tuple[Window, ...] = ((0, 0), (0, 1), (-1, 1), (0, 5), (-10, 10))
    statistics: Literal["auto"] | tuple[str, ...] = "auto"
    alpha: Fraction = 0.05
    seed: int = Field(20250730, ge=0)
    missing: Literal["strict", "available", "trade_to_trade"] = "strict"
    overlap: Literal["flag", "exclude", "dummy"] = "flag"
    primary_window: Window | None = None
    quantity: Literal["return", "volume", "variance"] = "return"
    engine: Literal["auto", "statsmodels", "batched"] = "auto"

    estimation: EstimationSpec = EstimationSpec()
    prices: PricesSpec = PricesSpec()
    market: MarketSpec = MarketSpec()
    factors: FactorsSpec | None = None
    events: EventsSpec
    assets: tuple[AssetSpec, ...] = ()
    match: tuple[MatchSpec, ...] = ()
    calibration: CalibrationSpec = CalibrationSpec()
    sensitivity: SensitivitySpec = SensitivitySpec()
    regression: RegressionSpec | None = None
    donors: dict[str, tuple[Ticker, ...]] = Field(default_factory=dict)
    schedule: ScheduleSpec | None = None
    runner: RunnerSpec = RunnerSpec()
    shares: dict[str, SharesSpec] = Field(default_factory=dict)

    file: Path = Path("study.toml")

    @model_validator(mode="before")
    @classmethod
    def _defaults_by_interval(cls, value: Any) -> Any:
        return with_defaults(value)

    @field_validator("event_window", "primary_window", mode="before")
    @classmethod
    def _pair(cls, value: object) -> object:
        return window_of(value)

    @field_validator("car_windows", mode="before")
    @classmethod
    def _pairs(cls, value: object) -> object:
        return tuple(window_of(v) for v in value) if isinstance(value, list) else value

    @field_serializer("event_window", "primary_window", "car_windows", when_used="json")
    def _shown(self, value: Any) -> Any:
        return window_text(value)

    @field_validator("statistics", "assets", "match", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    @field_validator("donors", mode="before")
    @classmethod
    def _donor_lists(cls, value: object) -> object:
        if isinstance(value, dict):
            return {k: tuple(v) if isinstance(v, list) else v for k, v in value.items()}
        return value

    @model_validator(mode="after")
    def _windows_make_sense(self) -> StudySpec:
        first, last = self.event_window
        if first > last:
            raise ValueError(f"event_window: first {first} stands after last {last}")
        if not self.car_windows:
            raise ValueError("car_windows: at least one window is needed")
        named = [("car_windows", w) for w in self.car_windows]
        if self.primary_window is not None:
            named.append(("primary_window", self.primary_window))
        for key, (a, b) in [("event_window", self.event_window), *named]:
            if b == CLOSE and not self.intraday:
                raise ValueError(f'{key}: "close" needs an intraday prices.interval')
            if a > b:
                raise ValueError(f"{key}: [{a}, {b}]: first stands after last")
            # To the close the panel reaches by itself.
            if a < first or last < b < CLOSE:
                raise ValueError(
                    f"{key}: [{a}, {b}] reaches outside event_window [{first}, {last}]"
                )
        if self.estimation.min_returns > self.estimation.length:
            raise ValueError(
                f"estimation.min_returns: {self.estimation.min_returns} is more than "
                f"estimation.length {self.estimation.length}"
            )
        tickers = [a.ticker for a in self.assets]
        for ticker in tickers:
            if tickers.count(ticker) > 1:
                raise ValueError(f"assets: ticker {ticker} is listed twice")
        return self

    @property
    def intraday(self) -> bool:
        """True where tau counts bars of a day, not sessions."""
        return not self.prices.interval.endswith("d")

    @property
    def windows(self) -> tuple[Window, ...]:
        """The CAR windows, each once, in file order."""
        return tuple(dict.fromkeys(self.car_windows))

    @property
    def primary(self) -> Window:
        """The window whose p-values form the family of tests: ``primary_window``,
        else [0, 1] where it is among the CAR windows, else the first of these."""
        if self.primary_window is not None:
            return self.primary_window
        return (0, 1) if (0, 1) in self.car_windows else self.car_windows[0]

    @property
    def estimation_window(self) -> Window:
        """First and last tau of the estimation window."""
        last = self.event_window[0] - self.estimation.gap - 1
        return last - self.estimation.length + 1, last
