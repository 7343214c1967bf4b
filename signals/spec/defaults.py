"""What a study means where it says nothing, and how windows are written."""

from __future__ import annotations

from typing import Any, Final

CLOSE: Final = 1_000_000
"""Last bound of a window that ends with day zero's session: ``"close"`` in intraday studies."""

# Intraday: bars around day zero, learnt from fewer sessions than a daily study.
INTRADAY: Final = {
    "event_window": [-10, "close"],
    "car_windows": [[0, 0], [0, 1], [0, 5], [0, "close"], [-10, -1]],
}
INTRADAY_ESTIMATION: Final = {"length": 40, "min_returns": 30}


def with_defaults(study: Any) -> Any:
    """The raw tables of a study with the defaults that depend on other keys filled in: those of
    the interval, and the benchmark of each asset's region (``[market] benchmarks``)."""
    if not isinstance(study, dict):
        return study
    prices, market = study.get("prices"), study.get("market")
    interval = prices.get("interval", "1d") if isinstance(prices, dict) else "1d"
    if isinstance(interval, str) and not interval.endswith("d"):
        stated = study.get("estimation", {})
        if isinstance(stated, dict):
            stated = {**INTRADAY_ESTIMATION, **stated}
        study = {**INTRADAY, **study, "estimation": stated}
    regions = market.get("benchmarks") if isinstance(market, dict) else None
    if isinstance(regions, dict) and isinstance(study.get("assets"), list | tuple):
        named = [_with_region(asset, regions) for asset in study["assets"]]
        study = {**study, "assets": named}
    return study


def window_of(value: object) -> object:
    """A list as a tuple, ``"close"`` as its number; anything else as it is."""
    if not isinstance(value, list):
        return value
    return tuple(CLOSE if k == 1 and v == "close" else v for k, v in enumerate(value))


def window_text(value: Any) -> Any:
    """A window, or several, as they are written in the study file."""
    if value and isinstance(value[0], tuple):
        return [window_text(v) for v in value]
    return value and [value[0], "close" if value[1] == CLOSE else value[1]]


def _with_region(asset: Any, regions: dict[str, Any]) -> Any:
    if not isinstance(asset, dict) or "benchmark" in asset:
        return asset
    named = regions.get(asset.get("calendar", ""))
    return asset if named is None else {**asset, "benchmark": named}
