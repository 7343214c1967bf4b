"""Each rule finds its fault, says where, and leaves sound prices alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signals.prices import ISSUE_CODES
from signals.prices.quality import summary

from .making import codes, made, sessions, walk

DAYS = sessions("2023-01-03", "2023-12-29")
CLOSE = walk(len(DAYS))


def test_sound_prices_raise_nothing() -> None:
    assert made(DAYS, {"close": CLOSE}).issues == ()


def test_gap_counts_sessions_without_any_price() -> None:
    close = CLOSE.copy()
    close[100:103] = np.nan
    kept = np.delete(np.arange(len(DAYS)), [50])
    (issue,) = made(DAYS[kept], {"close": close[kept]}).issues
    assert (issue.code, issue.count, issue.session) == ("gap", 4, str(DAYS[50]))


def test_a_late_start_is_no_gap() -> None:
    close = np.where(np.arange(len(DAYS)) < 80, np.nan, CLOSE)
    assert made(DAYS, {"close": close}).issues == ()


@pytest.mark.parametrize(("run", "found"), [(4, False), (5, True), (30, True)])
def test_stale_from_five_equal_closes(run: int, found: bool) -> None:
    close = CLOSE.copy()
    close[60 : 60 + run] = close[60]
    issues = made(DAYS, {"close": close}).issues
    assert codes(issues) == ({"stale": run} if found else {})


@pytest.mark.parametrize(
    ("factor", "code", "says"),
    [
        (100.0, "unit", "another unit"),
        (0.01, "unit", "another unit"),
        (0.5, "jump", "split"),
        (0.25, "jump", "split"),
        (0.1, "jump", "split"),
        (1.8, "jump", "1.8"),
    ],
)
def test_jumps_units_and_splits(factor: float, code: str, says: str) -> None:
    close = CLOSE.copy()
    close[120:] *= factor / (close[120] / close[119])
    (issue,) = made(DAYS, {"close": close}).issues
    assert (issue.code, issue.session) == (code, str(DAYS[120]))
    assert says in issue.detail


def test_a_violent_asset_is_judged_by_its_own_scale() -> None:
    steps = np.random.default_rng(3).normal(0, 0.10, len(DAYS))
    steps[100] = np.log(1.5)
    assert "jump" not in codes(made(DAYS, {"close": 100 * np.exp(np.cumsum(steps))}).issues)


def test_inconsistent_bars_and_partial_adjustment() -> None:
    high, low, adjusted = CLOSE * 1.01, CLOSE * 0.99, CLOSE * 0.9
    high[10], adjusted[:30] = CLOSE[10] * 0.9, np.nan
    columns = {"close": CLOSE, "high": high, "low": low, "adj_close": adjusted}
    found = codes(made(DAYS, columns).issues)
    assert found == {"inconsistent_bar": 1, "adj_close_partial": 30}
    assert summary(made(DAYS, columns).issues) == dict(sorted(found.items()))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.just(1e-308), st.just(1e308)),
        min_size=3,
        max_size=60,
    )
)
def test_no_price_makes_a_rule_stumble(prices: list[float]) -> None:
    usable = [p for p in prices if np.isfinite(p) and p > 0]
    if not usable:
        return
    history = made(DAYS[: len(prices)], {"close": prices})
    assert all(i.code in ISSUE_CODES and i.count > 0 for i in history.issues)
    close = history.column("close")
    assert close[np.isfinite(close)].tolist() == usable


@pytest.mark.shared
def test_a_padded_listing_and_a_hole_are_found_in_a_recorded_panel(shared: Path) -> None:
    (file,) = (shared / "market" / "panel").glob("sp500_adjclose_2023*.csv.gz")
    panel = pd.read_csv(file, index_col="date", parse_dates=["date"])
    days = panel.index.to_numpy().astype("datetime64[D]")
    found = {
        t: codes(made(days, {"adj_close": panel[t].to_numpy(dtype=float)}).issues) for t in panel
    }
    assert "stale" in found["SW"], "padded before it was listed"
    assert "gap" in found["FISV"]
    stale = {t for t, c in found.items() if "stale" in c}
    assert stale == {"SW"}, "no false alarm among 498 stocks"
    assert sum("jump" in c or "unit" in c for c in found.values()) <= 12
