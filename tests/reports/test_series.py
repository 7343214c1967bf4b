"""What the charts draw: the table's own numbers, and ordinary days counted by hand."""

from __future__ import annotations

import numpy as np
from scipy import stats

from signals.reports.figures import series
from tests.reports import samples


def test_path_ends_in_the_tables_car_and_interval() -> None:
    result = samples.hostile()
    panel = result.panel
    assert panel is not None
    paths = series.car_paths(panel, result.spec.alpha)
    whole = (int(panel.tau[0]), int(panel.tau[-1]))
    rows = series.window_rows(result.car, whole).set_index(["event_id", "ticker"])
    place = series.pair_index(panel)
    for key, i in place.items():
        assert paths.car[i, -1] == rows.loc[key, "car"]
        np.testing.assert_allclose(
            paths.car[i, -1] - paths.half[i, -1], rows.loc[key, "ci_low"], rtol=1e-12
        )


def test_band_is_the_t_quantile_times_the_forecast_error() -> None:
    result = samples.plain()
    panel = result.panel
    assert panel is not None
    paths = series.car_paths(panel, 0.05)
    error = np.sqrt(panel.car_variance((-2, 0)))
    want = stats.t.ppf(0.975, panel.df) * error
    np.testing.assert_allclose(paths.half[:, 2], want, rtol=1e-12)


def test_ordinary_sums_by_hand() -> None:
    panel = samples.plain().panel
    assert panel is not None
    deleted = panel.residuals[0] / (1.0 - panel.leverage[0])
    by_hand = [deleted[t] + deleted[t + 1] for t in range(len(deleted) - 1)]
    by_hand = [v for v in by_hand if np.isfinite(v)]
    np.testing.assert_allclose(series.ordinary_sums(panel, 0, (0, 1)), by_hand, rtol=1e-12)


def test_rank_p_counts_the_bars_beyond_the_event() -> None:
    """The histogram tells the same story as the rank test: p = (1 + count)/(M + 1)."""
    result = samples.hostile()
    panel = result.panel
    assert panel is not None
    rows = series.window_rows(result.car, (0, 0)).set_index(["event_id", "ticker"])
    for key, i in series.pair_index(panel).items():
        days = series.ordinary_sums(panel, i, (0, 0))
        count = int((np.abs(days) >= abs(rows.loc[key, "car"])).sum())
        assert rows.loc[key, "rank_p_value"] == (1 + count) / (len(days) + 1)


def test_histogram_holds_every_value_and_the_event() -> None:
    values = np.array([-0.02, 0.0, 0.01, 0.03])
    counts, edges = series.histogram(values, -0.5)
    assert counts.sum() == 4
    assert edges[0] < -0.5 < edges[-1]
    counts, edges = series.histogram(np.empty(0), float("nan"))
    assert counts.sum() == 0
    assert len(edges) == len(counts) + 1


def test_subject_first_else_the_strongest() -> None:
    result = samples.hostile()
    assert set(series.subject_of(result).values()) == {"A"}
    assert series.main_ticker(result) == "A"
    other = samples.renamed(result, "A", "A2")
    assert series.main_ticker(other) == "A2"
