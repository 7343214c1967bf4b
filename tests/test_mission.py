"""The mission study on recorded real prices: the checked numbers, and the traps of the data."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from signals import load_study, run_study
from signals.prices import gather, open_source
from signals.reports.result import StudyResult
from signals.study import plan_study

pytestmark = pytest.mark.shared
NOW = datetime(2026, 11, 21, tzinfo=UTC)

# META on SPY, close, simple returns, 250 observations: alpha, beta, sigma, AR and AR/sigma on day
# zero, computed by other hands and given with the recorded prices.
CHECKED = {
    "meta-q2-2024": ("2024-08-01", 0.000281, 1.8011, 0.01937, 0.07347, 3.79),
    "scale-ai-talks": ("2025-06-09", 0.000867, 1.3669, 0.01543, -0.00733, -0.48),
    "meta-q2-2025": ("2025-07-31", 0.001049, 1.3649, 0.01479, 0.11660, 7.89),
    "ai-division-downsizing-report": ("2025-08-19", 0.001093, 1.3615, 0.01562, -0.01441, -0.92),
    "meta-q3-2025": ("2025-10-30", 0.000215, 1.3698, 0.01584, -0.09850, -6.22),
}


def mission(root: Path, folder: Path, cache: Path) -> StudyResult:
    study = load_study(root / "configs" / "meta_ai.toml")
    source = open_source(study.spec, override=f"csv:{folder}", cache_dir=cache, now=lambda: NOW)
    plan = plan_study(study.spec, study.events, now=NOW, source="csv")
    return run_study(study.spec, study.events, gather(source, plan.requests), now=NOW)


@pytest.fixture(scope="module")
def result(shared: Path, root: Path, tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    return mission(root, shared / "market" / "mission", tmp_path_factory.mktemp("cache"))


@pytest.mark.parametrize("event", sorted(CHECKED))
def test_checked_numbers(result: StudyResult, event: str) -> None:
    session, alpha, beta, sigma, ar, ratio = CHECKED[event]
    key = f"event_id == '{event}' and ticker == 'META'"
    day = result.abnormal_returns.query(f"{key} and tau == 0").iloc[0]
    model = result.models.query(key).iloc[0]
    assert day["session"] == session
    assert (model["n_obs"], model["price_field"]) == (250, "close")
    assert model["alpha"] == pytest.approx(alpha, abs=5e-7)
    assert model["beta"] == pytest.approx(beta, abs=5e-5)
    assert model["sigma"] == pytest.approx(sigma, abs=5e-6)
    assert day["ar"] == pytest.approx(ar, abs=5e-6)
    assert day["ar"] / model["sigma"] == pytest.approx(ratio, abs=5e-3)


def test_the_public_reaction_of_meta(result: StudyResult) -> None:
    """Published closes: 751.67 → 666.47 (−11.33 %) on 30 October 2025, 648.35 on the 31st."""
    rows = result.abnormal_returns.query("event_id == 'meta-q3-2025' and ticker == 'META'")
    actual = rows.set_index("tau")["actual_return"]
    assert actual[0] == pytest.approx(666.47 / 751.67 - 1, abs=1e-6)
    assert (1 + actual[0]) * (1 + actual[1]) - 1 == pytest.approx(-0.1375, abs=5e-5)


def test_the_weekend_report_lands_by_calendar(result: StudyResult) -> None:
    zero = result.events.query("event_id == 'scale-ai-talks'").set_index("ticker")["day_zero"]
    assert zero["META"] == "2025-06-09"
    assert zero["FET-USD"] == "2025-06-08"


def test_ambiguous_events_show_both_mappings(result: StudyResult) -> None:
    rows = result.events.query("ticker == 'META'").set_index("event_id")
    for event, first, second in [
        ("ai-division-downsizing-report", "2025-08-19", "2025-08-20"),
        ("ai-bubble-remark", "2025-08-15", "2025-08-18"),
    ]:
        assert rows.loc[event, "day_zero"] == first
        assert rows.loc[event, "alternative_day_zero"] == second
        assert "ambiguous_day_zero" in rows.loc[event, "flags"]


def test_all_pairs_are_accounted_for(result: StudyResult) -> None:
    counts = result.manifest["counts"]
    assert counts["requested"] == 15 * 20 == counts["used"] + counts["excluded"]
    by_code = result.excluded.groupby("code")["ticker"].agg(lambda t: sorted(set(t))).to_dict()
    assert by_code["no_prices"] == ["EL.PA"]
    assert by_code["before_first_price"] == ["RENDER-USD"]
    # These two are recorded as adjusted closes only, and SPY has none: never mixed.
    assert by_code["no_common_field"] == ["ORCL", "SMCI"]


def test_only_equities_without_tokens(
    result: StudyResult, shared: Path, root: Path, tmp_path: Path
) -> None:
    """On the plain daily folder tokens and Paris are excluded by name, and the rest is the same."""
    daily = mission(root, shared / "market" / "daily", tmp_path)
    missing = set(daily.excluded.query("code == 'no_prices'")["ticker"])
    assert missing == {"EL.PA", *(t for t in result.events["ticker"] if t.endswith("-USD"))}
    key = ["event_id", "ticker", "first", "last"]
    ours = daily.car.set_index(key)["car"]
    np.testing.assert_allclose(ours, result.car.set_index(key)["car"].loc[ours.index], rtol=1e-12)


def test_numbers_against_plain_numpy(result: StudyResult, shared: Path) -> None:
    """Every META row again by hand: the CSV files, lstsq, and the closed form of the variance."""
    market = shared / "market" / "mission"
    closes = {
        t: pd.read_csv(market / f"{t}.csv", index_col="date")["close"] for t in ("META", "SPY")
    }
    both = pd.concat(closes, axis=1).dropna().pct_change()
    for event in result.models.query("ticker == 'META'")["event_id"]:
        zero_day = result.events.query(f"event_id == '{event}' and ticker == 'META'")["day_zero"]
        zero = int(both.index.get_loc(zero_day.iloc[0]))
        est, win = both.iloc[zero - 260 : zero - 10], both.iloc[zero : zero + 2]
        x = np.column_stack([np.ones(250), est["SPY"]])
        b, rss = np.linalg.lstsq(x, est["META"].to_numpy(), rcond=None)[:2]
        s2 = rss[0] / 248
        m = est["SPY"].to_numpy()
        spread = ((win["SPY"] - m.mean()).sum()) ** 2 / ((m - m.mean()) ** 2).sum()
        car = (win["META"] - b[0] - b[1] * win["SPY"]).sum()
        row = result.car.query(
            f"event_id == '{event}' and ticker == 'META' and first == 0 and last == 1"
        ).iloc[0]
        assert row["car"] == pytest.approx(car, rel=1e-9)
        assert row["std_error"] == pytest.approx(np.sqrt(s2 * (2 + 4 / 250 + spread)), rel=1e-9)
