"""Which columns the page shows of each table, in order."""

from __future__ import annotations

from typing import Final

CARS: Final = (
    "event_id", "ticker", "group", "window", "car", "ci", "headline_p_value", "headline_test",
    "p_value", "calibrated_p_value", "calibration_verdict", "q_value", "holm_p", "romano_wolf_p",
    "min_detectable", "bhar", "n_returns", "status", "reason", "flags",
)  # fmt: skip
STATISTICS: Final = (
    "group_by", "group", "window", "statistic_name", "statistic", "p_value", "calibrated_p_value",
    "calibration_verdict", "min_detectable", "r_bar", "n_events", "recommended", "status", "reason",
)  # fmt: skip
CAAR: Final = (
    "group_by", "group", "window", "n_events", "caar", "ci", "median", "share_positive",
    "std_error_method",
)  # fmt: skip
EXCLUDED: Final = ("event_id", "ticker", "stage", "code", "detail")
CLAIMS: Final = (
    "event_id", "ticker", "metric", "stated", "measured", "window", "verdict", "meaning", "quote",
    "reason",
)  # fmt: skip
CALIBRATION: Final = (
    "statistic_name", "window", "alpha", "level", "rejection_rate", "ci", "verdict",
    "min_detectable", "draws", "effective_draws",
)  # fmt: skip
MODELS: Final = (
    "event_id", "ticker", "model", "engine", "n_obs", "alpha", "beta", "sigma", "r_squared",
    "price_field", "estimation_first", "estimation_last", "durbin_watson", "ljung_box_p",
    "breusch_pagan_p", "jarque_bera_p",
)  # fmt: skip
DAYS: Final = ("tau", "session", "actual_return", "expected_return", "ar", "std_error", "sar")
NEIGHBOURS: Final = (
    "ticker", "group", "car", "ci", "headline_p_value", "headline_test", "calibrated_p_value",
    "calibration_verdict", "q_value", "min_detectable", "reason",
)  # fmt: skip
ISSUES: Final = ("ticker", "code", "session", "count", "detail")
SERIES: Final = ("ticker", "source", "currency", "first", "last", "rows", "digest")

# Tables with a place of their own; any other that a study has is shown under "Further tables".
PLACED: Final = frozenset(
    {
        "events", "models", "abnormal_returns", "car", "caar", "aar", "statistics", "claims",
        "calibration", "sensitivity", "excluded", "changes",
    }
)  # fmt: skip
