"""News on either of two sessions, on real prices: the published size is what is measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.size import panel_sizes
from tests.size.either_size import either_sizes


@pytest.mark.shared
@pytest.mark.parametrize("name", ["2023", "2015"])
def test_a_doubtful_date_keeps_its_size_on_real_days(
    shared: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panel_sizes, "MARKET", shared / "market")
    series = panel_sizes.panel(name)
    found = either_sizes(series[:: max(len(series) // 160, 1)][:160])
    assert 3.5 <= found.loc["placebo dates", "5%"] <= 6.5
    assert 8.0 <= found.loc["placebo dates", "10%"] <= 12.0
