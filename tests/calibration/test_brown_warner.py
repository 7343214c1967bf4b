"""Brown and Warner's experiment: its statistics are the registry's, its draws what they say."""

from __future__ import annotations

import numpy as np
import pytest

from signals.calibration import brown_warner as module
from signals.calibration.brown_warner import Experiment, brown_warner
from signals.inference import Settings, battery
from tests.calibration.worlds import World, pairs_on, panel_of_draw, series_of


@pytest.mark.parametrize("clustered", [False, True])
def test_draws_are_the_registry_s_studies(clustered: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    series = series_of(World(assets=30, sessions=400, rho=0.3))
    drawn: list[tuple[np.ndarray, np.ndarray]] = []
    real = module._draw

    def remember(*args):
        drawn.append(real(*args))
        return drawn[-1]

    monkeypatch.setattr(module, "_draw", remember)
    found = brown_warner(series, Experiment(20, 12, clustered, length=120))
    asset, zero = drawn[0]
    assert (len(np.unique(zero[0])) == 1) == clustered
    for d in (0, 9):
        returns = pairs_on(series, ["2020-01-02"], event_window=(0, 0), assets=asset[d].tolist())
        ids = np.asarray([f"e{k}" for k in range(12)], dtype=object)
        from dataclasses import replace

        panel = panel_of_draw(replace(returns, event_id=ids), zero[d], min_returns=120)
        for inference, _ in battery(panel, (0, 0), Settings(), list(found)):
            mine = found[inference.name][d]
            if np.isfinite(mine):
                assert mine == pytest.approx(inference.p_value, abs=1e-9), inference.name
    assert np.isfinite(found["grank_t"]).all()


def test_seeded_and_blocks_do_not_matter_for_the_first_draws() -> None:
    series = series_of(World(assets=20, sessions=300))
    one = brown_warner(series, Experiment(30, 5, False, length=120))
    two = brown_warner(series, Experiment(30, 5, False, length=120))
    np.testing.assert_array_equal(one["bmp_t"], two["bmp_t"])
    other = brown_warner(series, Experiment(30, 5, False, length=120, seed=1))
    assert not np.array_equal(one["bmp_t"], other["bmp_t"])


def test_long_windows_on_random_dates_are_refused() -> None:
    with pytest.raises(ValueError, match="one-session"):
        brown_warner(series_of(World(assets=5)), Experiment(3, 5, False, window=(0, 1)))


@pytest.mark.shared
@pytest.mark.slow
def test_clustered_size_on_real_returns(shared: object) -> None:
    """Issue: adjusted BMP, portfolio and GRANK within [3 %, 8 %] on the 2023–2026 panel."""
    from tests.size.panel_sizes import panel, rates

    found = rates(brown_warner(panel("2023"), Experiment(2_000, 50, True)), 0.05)
    for name in ("adjusted_bmp_t", "portfolio_t", "portfolio_rank_p", "grank_t"):
        assert 3 <= found[name] <= 8, (name, found[name])
    assert found["cross_sectional_t"] > 20


@pytest.mark.shared
@pytest.mark.slow
def test_real_earnings_dates_show_their_variance(shared: object) -> None:
    from tests.size.panel_sizes import earnings, panel

    text = earnings(panel("2023"))
    ratio = float(text.split("return ")[1].split(" ")[0])
    assert 6 < ratio < 12
